"""The outbox and the drafts: one transaction, the order of writing, and every change of state by the law of sending."""

import os
import signal
import subprocess
import sys
from datetime import timedelta

import pytest

from huntaze_contract import outgoing, wire
from huntaze_contract.outgoing import State
from huntaze_desktop.cache import Cache, CacheKey, apply, open_cache, outbox, people, timeline
from huntaze_desktop.cache.changes import NotHereError
from huntaze_desktop.model.entities import Member
from tests.helpers.agency import KEY, NOON, Agency, changed


@pytest.fixture
def conversation(cache: Cache, agency: Agency) -> wire.Conversation:
    fan = agency.fan("Daniel Reyes")
    conversation = agency.conversation(fan)
    cache.write(lambda c: apply.apply_changes(c, [changed(fan), changed(conversation)]))
    return conversation


def test_sending_stores_the_message_and_removes_the_draft(
    cache: Cache, conversation: wire.Conversation, me: Member
) -> None:
    cache.write(lambda c: outbox.save_draft(c, conversation.id, "Hello Dan", NOON))
    sent, touched = cache.write(lambda c: outbox.put(c, conversation.id, "Hello Daniel", NOON))
    assert touched.outbox
    assert touched.conversations == {conversation.id}
    assert cache.read(lambda c: outbox.draft(c, conversation.id)) == ""
    (row,) = cache.timeline(lambda c: timeline.newest(c, conversation.id, me, 60)).rows
    assert (row.id, row.text, row.state, row.local, row.mine) == (sent, "Hello Daniel", State.QUEUED_LOCAL, True, True)
    (item,) = cache.read(people.outbox_items)
    assert (item.fan_name, item.text) == ("Daniel Reyes", "Hello Daniel")


def test_a_message_to_nobody_is_refused(cache: Cache) -> None:
    with pytest.raises(NotHereError):
        cache.write(lambda c: outbox.put(c, "nobody", "Hello", NOON))


def test_an_empty_draft_is_no_draft(cache: Cache) -> None:
    cache.write(lambda c: outbox.save_draft(c, "x", "words", NOON))
    cache.write(lambda c: outbox.save_draft(c, "x", "", NOON))
    assert cache.read(lambda c: outbox.draft(c, "x")) == ""


def test_messages_keep_the_order_of_writing_when_the_clock_is_set_back(
    cache: Cache, conversation: wire.Conversation, me: Member
) -> None:
    for index in range(5):
        cache.write(lambda c, i=index: outbox.put(c, conversation.id, f"{i}", NOON - timedelta(hours=i)))
    rows = cache.timeline(lambda c: timeline.newest(c, conversation.id, me, 60)).rows
    assert [row.text for row in rows] == ["0", "1", "2", "3", "4"]
    assert [row.at for row in rows] == sorted(row.at for row in rows)
    waiting = cache.read(outbox.waiting)
    assert [row.device_seq for row in waiting] == sorted(row.device_seq for row in waiting)


def test_of_each_conversation_the_first_may_go_unless_a_person_has_to_look_before(
    cache: Cache, conversation: wire.Conversation, agency: Agency
) -> None:
    other = agency.conversation(agency.fan("Mia"))
    cache.write(lambda c: apply.apply_changes(c, [changed(other)]))
    talks = (conversation.id, other.id, conversation.id, other.id)
    first, second, third, _ = [cache.write(lambda c, t=talk: outbox.put(c, t, "hello", NOON))[0] for talk in talks]

    def heads(most: int = 9) -> list[str]:
        return [row.id for row in cache.read(lambda c: outbox.heads(c, most))]

    assert heads() == [first, second]
    assert heads(most=1) == [first]
    cache.write(lambda c: outbox.advance(c, first, outgoing.Overtake("colleague_replied")))
    assert heads() == [second], "what stands behind it waits too"
    cache.write(lambda c: outbox.confirm(c, first))
    assert heads() == [first, second]
    cache.write(lambda c: outbox.remove(c, first))
    assert heads() == [second, third]


def test_device_numbers_are_never_given_twice(cache: Cache, conversation: wire.Conversation) -> None:
    first, _ = cache.write(lambda c: outbox.put(c, conversation.id, "one", NOON))
    cache.write(lambda c: outbox.take_back(c, first))
    second, _ = cache.write(lambda c: outbox.put(c, conversation.id, "two", NOON))
    found = cache.read(lambda c: outbox.get(c, second))
    assert found is not None
    assert found.device_seq == 2


def test_what_came_before_is_written_down_at_the_first_attempt_only(
    cache: Cache, conversation: wire.Conversation, agency: Agency
) -> None:
    before = agency.message(conversation, "before", direction="out", state="ready", author_id=agency.me.id)
    cache.write(lambda c: apply.apply_changes(c, [changed(before)]))
    mine, _ = cache.write(lambda c: outbox.put(c, conversation.id, "after", NOON))
    first = cache.write(lambda c: outbox.begin_attempt(c, mine, agency.me.id))
    later = agency.message(conversation, "later", direction="out", state="ready", author_id=agency.me.id)
    cache.write(lambda c: apply.apply_changes(c, [changed(later)]))
    second = cache.write(lambda c: outbox.begin_attempt(c, mine, agency.me.id))
    assert first is not None
    assert second is not None
    assert (first.prev_id, first.attempts) == (before.id, 1)
    assert (second.prev_id, second.attempts) == (before.id, 2)
    cache.write(lambda c: outbox.forget_attempts(c, mine))
    third = cache.write(lambda c: outbox.begin_attempt(c, mine, agency.me.id))
    assert third is not None
    assert (third.prev_id, third.attempts) == (later.id, 1)


def test_no_request_begins_for_what_waits_for_a_person_by_now(
    cache: Cache, conversation: wire.Conversation, agency: Agency
) -> None:
    mine, _ = cache.write(lambda c: outbox.put(c, conversation.id, "hello", NOON))
    cache.write(lambda c: outbox.advance(c, mine, outgoing.Expire()))
    assert cache.write(lambda c: outbox.begin_attempt(c, mine, agency.me.id)) is None
    waits = cache.read(lambda c: outbox.get(c, mine))
    assert waits is not None
    assert waits.attempts == 0
    cache.write(lambda c: outbox.confirm(c, mine))
    assert cache.write(lambda c: outbox.begin_attempt(c, mine, agency.me.id)) is not None


def test_states_change_by_the_law_of_sending_alone(cache: Cache, conversation: wire.Conversation) -> None:
    mine, _ = cache.write(lambda c: outbox.put(c, conversation.id, "hello", NOON))
    cache.write(lambda c: outbox.advance(c, mine, outgoing.Expire()))
    with pytest.raises(outgoing.IllegalTransitionError):
        cache.write(lambda c: outbox.advance(c, mine, outgoing.Expire()))
    assert cache.read(lambda c: outbox.heads(c, 9)) == []
    cache.write(lambda c: outbox.confirm(c, mine))
    assert [row.id for row in cache.read(lambda c: outbox.heads(c, 9))] == [mine]
    (item,) = cache.read(people.outbox_items)
    assert item.state is State.QUEUED_LOCAL


def test_a_rejected_message_is_written_anew_under_another_id(cache: Cache, conversation: wire.Conversation) -> None:
    old, _ = cache.write(lambda c: outbox.put(c, conversation.id, "hello", NOON))
    assert cache.write(lambda c: outbox.write_anew(c, old, NOON)) is None
    cache.write(lambda c: outbox.advance(c, old, outgoing.Reject("NOT_FOUND")))
    cache.write(lambda c: outbox.save_draft(c, conversation.id, "something else", NOON))
    fresh = cache.write(lambda c: outbox.write_anew(c, old, NOON))
    assert fresh is not None
    (row,) = cache.read(lambda c: outbox.heads(c, 9))
    assert (row.id, row.text, row.state) == (fresh[0], "hello", State.QUEUED_LOCAL)
    assert row.id != old
    assert cache.read(lambda c: outbox.draft(c, conversation.id)) == "something else"


_SEND_AND_DIE = """
import os, signal, sys, pathlib
from sqlalchemy import text
from huntaze_desktop.cache import open_cache, outbox
from tests.helpers.agency import NOON
cache = open_cache(pathlib.Path(sys.argv[1]), sys.argv[2])
conversation, moment = sys.argv[3], sys.argv[4]
def send(connection):
    outbox.put(connection, conversation, "hello", NOON)
    if moment == "before the commit":
        os.kill(os.getpid(), signal.SIGKILL)
cache.write(send)
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize("moment", ["before the commit", "after the commit"])
def test_a_kill_leaves_either_the_draft_or_the_message_and_never_both(
    cache: Cache, conversation: wire.Conversation, moment: str
) -> None:
    cache.write(lambda c: outbox.save_draft(c, conversation.id, "hello", NOON))
    path = cache.path
    cache.close()
    done = subprocess.run(
        [sys.executable, "-c", _SEND_AND_DIE, str(path), KEY, conversation.id, moment],
        check=False,
        timeout=60,
        cwd=os.getcwd(),  # noqa: PTH109
    )
    assert done.returncode == -signal.SIGKILL
    again = open_cache(path, CacheKey(KEY))
    try:
        drafted = again.read(lambda c: outbox.draft(c, conversation.id))
        queued = [row.text for row in again.read(outbox.waiting)]
        expected = ("hello", []) if moment == "before the commit" else ("", ["hello"])
        assert (drafted, queued) == expected
        assert again.read(lambda c: c.exec_driver_sql("PRAGMA integrity_check").scalar_one()) == "ok"
        assert again.read(lambda c: c.exec_driver_sql("PRAGMA cipher_integrity_check").all()) == []
    finally:
        again.close()
