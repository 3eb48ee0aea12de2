"""A real sandbox, each database, and the sending half of a backend on both."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from huntaze_backend.core.db import Database
from tests.helpers.sending_house import House, Process, Sandbox, build_house, sandbox_process, visiting


@pytest.fixture(scope="session")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    """One process for all tests; `sandbox` is what a test sees of it."""
    with sandbox_process(tmp_path_factory.mktemp("platform")) as process:
        yield process


@pytest.fixture
async def sandbox(platform: Process) -> AsyncIterator[Sandbox]:
    async with visiting(platform) as made:
        yield made


@pytest.fixture
async def house(database: Database, sandbox: Sandbox) -> AsyncIterator[House]:
    """Quick timing, no spacing, ten sends in two seconds; its worker runs."""
    made = await build_house(database, sandbox)
    made.start()
    yield made
    await made.end()


@pytest.fixture
async def still_house(database: Database, sandbox: Sandbox) -> AsyncIterator[House]:
    """The same, but nothing is sent until the test starts the worker."""
    made = await build_house(database, sandbox)
    yield made
    await made.end()
