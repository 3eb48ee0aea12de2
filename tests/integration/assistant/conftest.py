"""The application over each database, once without a model and once with the fake provider."""

from collections.abc import AsyncIterator

import pytest

from huntaze_backend.core.db import Database
from tests.helpers.ai_provider import FakeProvider
from tests.helpers.assistant_house import with_models
from tests.helpers.house import House, house_over


@pytest.fixture
async def house(database: Database) -> AsyncIterator[House]:
    """Nobody is configured: the local provider answers."""
    async with house_over(database) as made:
        yield made


@pytest.fixture
async def fake() -> AsyncIterator[FakeProvider]:
    async with FakeProvider() as made:
        yield made


@pytest.fixture
async def rich_house(database: Database, fake: FakeProvider) -> AsyncIterator[House]:
    """OpenAI is configured, and it is the fake."""
    async with house_over(database, adapters=with_models(fake)) as made:
        yield made
