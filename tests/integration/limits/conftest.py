"""The stores of the conformance suite: SQLite as the desktop's backend uses it, PostgreSQL as a server does."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.integration.limits.grounds import Ground, postgres_ground, sqlite_ground


@pytest.fixture
def sqlite_store(sqlite_url: str) -> Iterator[Ground]:
    with sqlite_ground(sqlite_url) as ground:
        yield ground


@pytest.fixture(params=["sqlite", "postgresql"])
def ground(request: pytest.FixtureRequest) -> Iterator[Ground]:
    if request.param == "sqlite":
        yield request.getfixturevalue("sqlite_store")
        return
    url = request.getfixturevalue("migrated_postgres_url")
    with postgres_ground(request.getfixturevalue("postgres_server"), url) as made:
        yield made
