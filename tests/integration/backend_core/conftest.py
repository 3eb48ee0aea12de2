"""The application over each database, with a seeded agency."""

from collections.abc import AsyncIterator

import pytest

from huntaze_backend.core.db import Database
from tests.helpers.house import House, house_over


@pytest.fixture
async def house(database: Database) -> AsyncIterator[House]:
    async with house_over(database) as made:
        yield made
