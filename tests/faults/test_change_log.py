"""The change log's race in its short form; `make faults` runs it at length."""

from collections.abc import AsyncIterator

import pytest

from huntaze_backend.core.db import Database
from huntaze_contract.ids import new_id
from tests.helpers.change_race import Commit, Found, plain_sequence, prepare, race

WRITERS = 16


async def raced(database: Database, *, writing: list[Database], each: int) -> Found:
    agency_id = new_id()
    await prepare(database, agency_id)
    return await race(writing, database, agency_id, writers=WRITERS, each=each, seed=7)


@pytest.fixture
async def postgres(migrated_postgres_url: str) -> AsyncIterator[Database]:
    opened = Database.open(migrated_postgres_url)
    yield opened
    await opened.close()


async def test_a_restarted_reader_sees_every_change_of_sixteen_writers_once(database: Database) -> None:
    found = await raced(database, writing=[database], each=40)
    assert found.violations() == []
    assert len(found.commits) == WRITERS * 40
    assert found.restarts > 0


async def test_a_plain_sequence_would_lose_changes_and_the_race_sees_it(postgres: Database) -> None:
    with plain_sequence(at_once=True):
        found = await raced(postgres, writing=[postgres], each=40)
    assert found.lost > 0
    assert any("never seen" in violation for violation in found.violations())


def test_the_judge_sees_each_promise_that_is_broken() -> None:
    first, second = Commit(("a",), (1, 1), 0.0, 1.0), Commit(("b",), (2, 2), 2.0, 3.0)
    fine = Found([first, second], seen=[(1, "a"), (2, "b")], log={"a": 1, "b": 2})
    assert fine.violations() == []
    gap = Commit(("b",), (3, 3), 2.0, 3.0)
    swapped = [Commit(("a",), (2, 2), 0.0, 1.0), Commit(("b",), (1, 1), 2.0, 3.0)]
    torn = Commit(("b", "c"), (2, 4), 2.0, 3.0)
    broken = {
        "of one commit": Found([first, torn], seen=[(1, "a"), (2, "b"), (4, "c")], log={"a": 1, "b": 2, "c": 4}),
        "never seen": Found([first, second], seen=[(1, "a")], log={"a": 1, "b": 2}),
        "twice": Found([first, second], seen=[(1, "a"), (2, "b"), (2, "b")], log={"a": 1, "b": 2}),
        "gaps": Found([first, gap], seen=[(1, "a"), (3, "b")], log={"a": 1, "b": 3}),
        "latest place": Found([first, second], seen=[(1, "a"), (1, "b")], log={"a": 1, "b": 1}),
        "stands after it": Found(swapped, seen=[(1, "b"), (2, "a")], log={"a": 2, "b": 1}),
    }
    for words, found in broken.items():
        assert any(words in violation for violation in found.violations()), words
