"""An orchestrator over the fake provider, with a ledger that admits everything."""

from collections.abc import AsyncIterator

import pytest

from tests.helpers.ai_house import AiHouse, ai_house
from tests.helpers.ledgers import NullLedger


@pytest.fixture
async def house() -> AsyncIterator[AiHouse]:
    async with ai_house(NullLedger()) as made:
        yield made
        assert made.ledger.open == set(), "a reservation was left open"


@pytest.fixture
async def no_local() -> AsyncIterator[AiHouse]:
    """The same without a floor."""
    async with ai_house(NullLedger(), with_local=False) as made:
        yield made
        assert made.ledger.open == set(), "a reservation was left open"
