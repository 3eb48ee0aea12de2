"""Changes that wait, laid over the server's rows: what is shown, what is counted, what is queued."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection

from huntaze_contract import wire
from huntaze_contract.ids import new_id
from huntaze_desktop.cache import Cache, CacheKey, Touched, apply, changes, listing, notices, open_cache, ops, outbox
from huntaze_desktop.cache.migrations import MIGRATIONS, migrate
from huntaze_desktop.model.listing import ConversationListing, ConversationQuery, ListFilter
from tests.helpers.agency import KEY, NOON, Agency, changed, snapshot_page


class Desk:
    def __init__(self, cache: Cache, agency: Agency) -> None:
        self.cache, self.agency = cache, agency
        self.put(agency.me, agency.creator)

    def put(self, *rows: Any) -> None:
        self.cache.write(lambda c: apply.apply_changes(c, [changed(row) for row in rows]))

    def talk(self, name: str = "Dan", **more: Any) -> wire.Conversation:
        fan = self.agency.fan(name)
        conversation = self.agency.conversation(fan, **more)
        self.put(fan, conversation)
        return conversation

    def do(self, change: Callable[[Connection], Any]) -> Any:
        return self.cache.write(change)

    def shown(self, chosen: ListFilter = ListFilter.ALL, text: str = "") -> ConversationListing:
        reader = listing.Reader(self.agency.me.id, NOON)
        return self.cache.read(lambda c: listing.listing(c, ConversationQuery(filter=chosen, text=text), reader))

    def begun(self) -> list[ops.PendingOp]:
        return self.cache.write(lambda c: ops.begin(c, 50))


@pytest.fixture
def desk(cache: Cache, agency: Agency) -> Desk:
    return Desk(cache, agency)


def test_what_the_fan_writes_later_brings_a_conversation_back(desk: Desk) -> None:
    talk = desk.talk(waiting_since=NOON)
    seen = desk.agency.message(talk, "hello", at=NOON - timedelta(minutes=5))
    desk.put(seen)
    desk.do(lambda c: changes.snooze(c, talk.id, NOON + timedelta(hours=1), NOON - timedelta(minutes=1)))
    desk.do(lambda c: changes.set_done(c, [talk.id], NOON - timedelta(minutes=1), done=True))
    assert desk.shown().total == 0
    assert desk.shown(ListFilter.SNOOZED).total == 1
    desk.put(desk.agency.message(talk, "are you there?", at=NOON))
    (row,) = desk.shown().rows
    assert (row.done, row.snoozed_until, row.waiting_since) == (False, None, NOON)


def test_a_read_mark_leaves_what_came_after_it_unread(desk: Desk) -> None:
    talk = desk.talk(unread=3)
    rows = [desk.agency.message(talk, f"{n}") for n in range(3)]
    desk.put(*rows)
    desk.do(lambda c: changes.mark_read(c, talk.id, rows[1].id, NOON))
    assert desk.shown().rows[0].unread == 1
    desk.do(lambda c: changes.mark_unread(c, talk.id, NOON))
    assert desk.shown(ListFilter.UNREAD).rows[0].marked_unread
    desk.do(lambda c: changes.mark_read(c, talk.id, rows[2].id, NOON))
    assert desk.shown(ListFilter.UNREAD).total == 0
    # Reading and drafting happen by themselves: the row is not marked for them.
    assert desk.shown().rows[0].changes == 1
    assert [op.kind for op in desk.begun()] == ["mark_unread", "mark_read"]
    assert desk.do(lambda c: changes.mark_read(c, talk.id, rows[2].id, NOON)) == Touched()


def test_an_op_on_its_way_is_never_changed_nor_dropped(desk: Desk) -> None:
    talk = desk.talk()
    desk.do(lambda c: changes.snooze(c, talk.id, NOON + timedelta(hours=1), NOON))
    (first,) = desk.begun()
    desk.do(lambda c: changes.snooze(c, talk.id, None, NOON))
    assert [op.op_id for op in desk.begun()][:1] == [first.op_id]
    assert len(desk.begun()) == 2
    assert desk.shown().total == 1


def test_what_found_no_way_out_may_be_replaced(desk: Desk) -> None:
    talk = desk.talk()
    desk.do(lambda c: changes.snooze(c, talk.id, NOON + timedelta(hours=1), NOON))
    batch = desk.begun()
    desk.do(lambda c: ops.never_left(c, batch))
    desk.do(lambda c: changes.snooze(c, talk.id, None, NOON))
    assert [op.body["until"] for op in desk.begun()] == [None]


def test_an_edit_behind_an_edit_waits_and_takes_the_new_version_as_its_base(desk: Desk) -> None:
    talk = desk.talk()
    fan = desk.agency.fan("Eve")
    note = desk.agency.note(fan, "one")
    desk.put(fan, note)
    desk.do(lambda c: changes.edit_note(c, note.id, "two", note.ver, NOON))
    (first,) = desk.begun()
    desk.do(lambda c: changes.edit_note(c, note.id, "three", note.ver, NOON))
    assert [op.op_id for op in desk.begun()] == [first.op_id]
    desk.do(lambda c: notices.settle(c, first, wire.OpResult(op_id=first.op_id, outcome="applied"), NOON))
    assert desk.begun() == []
    newer = note.model_copy(update={"text": "two", "ver": desk.agency.next_seq()})
    desk.put(newer)
    desk.do(lambda c: ops.drop(c, [first.op_id]))
    (second,) = desk.begun()
    assert second.body["edit"] == {"text": "three", "base_ver": newer.ver}
    assert talk.id


def test_a_draft_is_brought_once_and_goes_with_the_message(desk: Desk) -> None:
    talk = desk.talk()
    for words in ("H", "He", "Hello"):
        desk.do(lambda c, words=words: outbox.save_draft(c, talk.id, words, NOON))
    desk.do(lambda c: outbox.put(c, talk.id, "Hello", NOON))
    assert [(op.kind, op.body["text"]) for op in desk.begun()] == [("save_draft", "")]
    desk.do(lambda c: outbox.save_draft(c, "nobody", "kept here", NOON))
    desk.do(lambda c: outbox.save_draft(c, talk.id, "x" * 10_001, NOON))
    assert len(desk.cache.read(lambda c: outbox.draft(c, talk.id))) == 10_001
    assert len(desk.begun()) == 1


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(st.tuples(st.booleans(), st.booleans(), st.booleans(), st.integers(0, 2)), min_size=1, max_size=6),
    steps=st.lists(st.tuples(st.integers(0, 5), st.sampled_from(["done", "open", "away", "back", "me", "none"]))),
)
def test_counts_sections_and_rows_agree_whatever_waits(
    desk: Desk, rows: list[tuple[bool, bool, bool, int]], steps: list[tuple[int, str]]
) -> None:
    """The counts exchange the rows that look different for their looks; asked one by one, they are the same."""
    desk.do(lambda c: [c.exec_driver_sql(f"DELETE FROM {table}") for table in ("pending_ops", "conversations")])
    talks = []
    for index, (done, away, mine, waits) in enumerate(rows):
        since = NOON - timedelta(minutes=4 * waits) if waits else None
        talks.append(
            desk.talk(
                f"Fan {index}",
                done_at=NOON if done else None,
                snoozed_until=NOON + timedelta(hours=1) if away else None,
                assignee_id=desk.agency.me.id if mine else None,
                waiting_since=since,
                unread=waits,
            )
        )
    for at, what in steps:
        of = talks[at % len(talks)].id
        change: dict[str, Callable[[Connection], Touched]] = {
            "done": lambda c, of=of: changes.set_done(c, [of], NOON, done=True),
            "open": lambda c, of=of: changes.set_done(c, [of], NOON, done=False),
            "away": lambda c, of=of: changes.snooze(c, of, NOON + timedelta(hours=2), NOON),
            "back": lambda c, of=of: changes.snooze(c, of, None, NOON),
            "me": lambda c, of=of: changes.assign(c, of, desk.agency.me.id, "", NOON),
            "none": lambda c, of=of: changes.assign(c, of, None, "", NOON),
        }
        desk.do(change[what])
    by_filter = {chosen: desk.shown(chosen) for chosen in ListFilter}
    counts = by_filter[ListFilter.ALL].counts
    assert counts.all + counts.snoozed == len(talks)
    for chosen, shown in by_filter.items():
        assert getattr(counts, chosen.value) == shown.total == len(shown.rows)
        assert sum(section.count for section in shown.sections) == shown.total
        order = [
            (row.waiting_since or NOON + timedelta(days=9), -row.last_at.timestamp(), row.id) for row in shown.rows
        ]
        assert order == sorted(order)
    one_by_one = [
        desk.cache.read(lambda c, of=talk.id: listing.row(c, of, listing.Reader(desk.agency.me.id, NOON)))
        for talk in talks
    ]
    assert (
        sum(row is not None and row.assigned_to_me and row.snoozed_until is None for row in one_by_one) == counts.mine
    )


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    doings=st.lists(st.tuples(st.sampled_from(["send", "draft", "tag", "note", "read", "done"]), st.integers(0, 2))),
    kept=st.sets(st.integers(0, 2)),
    page=st.integers(1, 4),
)
def test_a_full_resync_changes_no_row_of_what_this_computer_did(
    desk: Desk, doings: list[tuple[str, int]], kept: set[int], page: int
) -> None:
    """I9 of the research, byte for byte: whatever the server says anew, and whatever it no longer has."""
    talks = [desk.talk(f"Fan {n}", unread=1) for n in range(3)]
    for index, (what, at) in enumerate(doings):
        talk = talks[at]
        doing: dict[str, Callable[[Connection], Any]] = {
            "send": lambda c, of=talk.id, n=index: outbox.put(c, of, f"message {n}", NOON),
            "draft": lambda c, of=talk.id, n=index: outbox.save_draft(c, of, f"draft {n}", NOON),
            "tag": lambda c, of=talk.fan_id, n=index: changes.add_tag(c, of, f"tag {n}", NOON),
            "note": lambda c, of=talk.fan_id, n=index: changes.add_note(c, of, f"note {n}", NOON),
            "read": lambda c, of=talk.id: changes.mark_read(c, of, new_id(), NOON),
            "done": lambda c, of=talk.id: changes.set_done(c, [of], NOON, done=True),
        }
        desk.do(doing[what])
    desk.do(lambda c: c.exec_driver_sql("UPDATE sync_state SET complete = 1"))
    before = desk.cache.read(_own_rows)
    desk.do(apply.start_snapshot)
    rows = [changed(talks[n].model_copy(update={"ver": desk.agency.next_seq()})) for n in sorted(kept)]
    pages = [rows[start : start + page] for start in range(0, len(rows), page)] or [[]]
    for number, part in enumerate(pages):
        following = f"{number}" if number + 1 < len(pages) else None
        told = snapshot_page(part, desk.agency.seq, next_page=following)
        desk.do(lambda c, told=told: apply.apply_snapshot_page(c, told, batch=2, rest=lambda: None))
    assert desk.cache.read(_own_rows) == before
    shown = desk.cache.read(lambda c: c.exec_driver_sql("SELECT count(*) FROM conversations").scalar_one())
    assert shown == len(kept)


def _own_rows(connection: Connection) -> list[Any]:
    tables = ("outbox", "drafts", "pending_ops", "notices", "device")
    return [connection.exec_driver_sql(f"SELECT * FROM {table} ORDER BY 1").all() for table in tables]


def test_a_file_of_the_first_version_is_upgraded_and_keeps_what_was_not_sent(tmp_path: Any, agency: Agency) -> None:
    path = tmp_path / "cache.db"
    store = open_cache(path, CacheKey(KEY))
    store.close()
    old = _first_version(tmp_path / "old.db")
    talk, message_id = new_id(), new_id()
    old.write(lambda c: _fill(c, talk, message_id))
    old.close()
    again = open_cache(tmp_path / "old.db", CacheKey(KEY))
    try:
        (row,) = again.read(outbox.waiting)
        assert (row.id, row.text, row.base_rev, row.hold_until) == (message_id, "not sent", None, None)
        assert again.read(lambda c: outbox.draft(c, talk)) == "half a thought"
        state = again.read(apply.sync_state)
        assert (state.complete, state.cursor, state.gen) == (False, None, 2)  # what is new is fetched
        assert again.read(lambda c: c.exec_driver_sql("SELECT count(*) FROM conversations").scalar_one()) == 1
    finally:
        again.close()


def _first_version(path: Any) -> Cache:
    store = open_cache(path, CacheKey(KEY))

    def back(connection: Connection) -> None:
        names = connection.exec_driver_sql(
            "SELECT name, type FROM sqlite_master WHERE type IN ('table', 'trigger') AND name NOT LIKE 'sqlite_%'"
            " AND name NOT LIKE '%_words_%'"
        ).all()
        for name, kind in names:
            connection.exec_driver_sql(f"DROP {kind} IF EXISTS {name}")
        connection.exec_driver_sql("PRAGMA user_version = 0")
        migrate(connection, MIGRATIONS[:1])

    store.write(back)
    return store


def _fill(connection: Connection, talk: str, message_id: str) -> None:
    connection.exec_driver_sql("UPDATE sync_state SET cursor = 'c', seq = 7, complete = 1")
    connection.exec_driver_sql(
        "INSERT INTO conversations (id, creator_id, fan_id, unread, last_at, can_send, ver, gen)"
        f" VALUES ('{talk}', 'creator', 'fan', 0, 1, 1, 7, 1)"
    )
    connection.exec_driver_sql(
        "INSERT INTO outbox (id, conversation_id, creator_id, text, composed_at, device_seq, state, attempts,"
        f" confirmed) VALUES ('{message_id}', '{talk}', 'creator', 'not sent', 1, 1, 'queued_local', 0, 0)"
    )
    connection.exec_driver_sql(
        f"INSERT INTO drafts (conversation_id, text, changed_at) VALUES ('{talk}', 'half a thought', 1)"
    )
