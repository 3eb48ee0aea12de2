"""A real encrypted store in a folder of its own, and an agency that fills it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from huntaze_desktop.cache import Cache, CacheKey, open_cache
from huntaze_desktop.model.entities import Member
from tests.helpers.agency import KEY, Agency


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "cache.db"


@pytest.fixture
def cache(path: Path) -> Iterator[Cache]:
    store = open_cache(path, CacheKey(KEY))
    yield store
    store.close()


@pytest.fixture
def agency() -> Agency:
    return Agency()


@pytest.fixture
def me(agency: Agency) -> Member:
    return Member(agency.me.id, agency.me.name, "chatter")
