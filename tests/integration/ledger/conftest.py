"""A ledger over each of the two databases."""

from collections.abc import AsyncIterator

import pytest

from huntaze_backend.core.db import Database
from huntaze_backend.engines.ledger.adapters.sql_ledger import SqlLedger
from tests.helpers.ledgers import PRICES


@pytest.fixture
async def ledger(database: Database) -> AsyncIterator[SqlLedger]:
    """With the prices of the tests; what it was told is committed before the database is closed."""
    made = SqlLedger(database, PRICES)
    yield made
    await made.drain()
