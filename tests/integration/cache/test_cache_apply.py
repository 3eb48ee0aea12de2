"""Applying what the server said: any order, any number of times, and never a draft or an unsent message lost."""

import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from huntaze_contract import wire
from huntaze_desktop.cache import Cache, CacheKey, apply, open_cache, outbox, timeline
from huntaze_desktop.cache.schema import BY_ENTITY
from huntaze_desktop.model.entities import Member
from tests.helpers.agency import KEY, NOON, Agency, changed, gone, page, snapshot_page


def server_rows(cache: Cache) -> dict[str, list[tuple[Any, ...]]]:
    def read(connection: Any) -> dict[str, list[tuple[Any, ...]]]:
        found = {}
        for name, table in BY_ENTITY.items():
            columns = [column for column in table.c if column.name not in ("n", "gen")]
            found[name] = sorted(
                (tuple(row) for row in connection.execute(table.select().with_only_columns(*columns))), key=repr
            )
        return found

    return cache.read(read)


def indexed(cache: Cache, word: str) -> int:
    query = text("SELECT count(*) FROM message_words WHERE message_words MATCH :word")
    return cache.read(lambda c: int(c.execute(query, {"word": word}).scalar_one()))


def a_history(agency: Agency) -> list[wire.Change]:
    """Changes in the order in which a server made them: rows, edits of them, deletions, and one that comes back."""
    fan = agency.fan()
    conversation = agency.conversation(fan)
    first, second = agency.message(conversation, "first words"), agency.message(conversation, "second words")
    note = agency.note(fan, "likes trains")
    history = [changed(row) for row in (agency.creator, fan, conversation, first, second, note)]
    history.append(changed(first.model_copy(update={"text": "edited words", "ver": agency.next_seq()})))
    history.append(gone(second, agency.next_seq()))
    history.append(gone(note, agency.next_seq()))
    history.append(changed(note.model_copy(update={"text": "likes boats", "ver": agency.next_seq()})))
    history.append(changed(conversation.model_copy(update={"unread": 3, "ver": agency.next_seq()})))
    return history


@settings(max_examples=30)  # each opens two stores
@given(seed=st.integers(0, 2**32), cuts=st.lists(st.integers(1, 4), min_size=1, max_size=4))
def test_changes_in_any_order_and_any_number_of_times_end_in_the_same_rows(
    tmp_path_factory: Any, seed: int, cuts: list[int]
) -> None:
    history = a_history(Agency())
    folder: Path = tmp_path_factory.mktemp("stores")
    straight, shuffled = (open_cache(folder / name, CacheKey(KEY)) for name in ("a.db", "b.db"))
    try:
        straight.write(lambda c: apply.apply_changes(c, history))
        rnd = random.Random(seed)
        mixed = history + rnd.choices(history, k=6)
        rnd.shuffle(mixed)
        while mixed:
            size = cuts[len(mixed) % len(cuts)]
            batch, mixed = mixed[:size], mixed[size:]
            shuffled.write(lambda c, batch=batch: apply.apply_changes(c, batch))
        assert server_rows(shuffled) == server_rows(straight)
        for store in (straight, shuffled):
            assert [indexed(store, word) for word in ("first", "edited", "second")] == [0, 1, 0]
            store.write(
                lambda c: c.exec_driver_sql(
                    "INSERT INTO message_words(message_words, rank) VALUES ('integrity-check', 1)"
                )
            )
    finally:
        straight.close()
        shuffled.close()


def test_a_page_and_its_cursor_are_one(cache: Cache, agency: Agency) -> None:
    fan = agency.fan()
    cache.write(lambda c: apply.apply_page(c, page([changed(fan)], agency.seq)))
    state = cache.read(apply.sync_state)
    assert (state.cursor, state.seq, state.synced_at) == (f"cursor-{agency.seq}", agency.seq, NOON)

    broken = page([changed(agency.fan("Not Stored"))], agency.seq).model_copy(update={"cursor": object()})
    with pytest.raises(SQLAlchemyError):
        cache.write(lambda c: apply.apply_page(c, broken))
    assert len(server_rows(cache)["fan"]) == 1
    assert cache.read(apply.sync_state) == state


def complete(cache: Cache, seq: int) -> None:
    cache.write(lambda c: apply.finish_snapshot_page(c, snapshot_page([], seq)))


def frame(changes: list[wire.Change], prev: int, seq: int) -> wire.ChangesFrame:
    return wire.ChangesFrame(cs=1, prev=prev, seq=seq, cursor=f"cursor-{seq}", changes=changes)


def test_an_event_that_follows_on_moves_the_cursor(cache: Cache, agency: Agency) -> None:
    complete(cache, agency.seq)
    fan = agency.fan()
    touched = cache.write(lambda c: apply.apply_frame(c, frame([changed(fan)], agency.seq - 1, agency.seq)))
    assert touched is not None
    assert touched.fans == {fan.id}
    assert cache.read(apply.sync_state).cursor == f"cursor-{agency.seq}"


def test_an_event_after_a_gap_is_refused(cache: Cache, agency: Agency) -> None:
    complete(cache, 1)
    fan = agency.fan()
    assert cache.write(lambda c: apply.apply_frame(c, frame([changed(fan)], 50, 51))) is None
    assert server_rows(cache)["fan"] == []
    assert cache.read(apply.sync_state).seq == 1


def test_an_event_from_the_past_does_not_move_the_cursor_back(cache: Cache, agency: Agency) -> None:
    complete(cache, 90)
    cache.write(lambda c: apply.apply_frame(c, frame([], 3, 4)))
    assert cache.read(apply.sync_state).seq == 90


def test_events_during_a_full_sync_show_at_once_and_leave_the_cursor_alone(cache: Cache, agency: Agency) -> None:
    cache.write(apply.start_snapshot)
    cache.write(lambda c: apply.finish_snapshot_page(c, snapshot_page([], 5, next_page="two")))
    fan = agency.fan()
    assert cache.write(lambda c: apply.apply_frame(c, frame([changed(fan)], 70, 71)))
    assert len(server_rows(cache)["fan"]) == 1
    assert cache.read(apply.sync_state).seq == 5


def test_a_resync_replaces_what_the_server_said_and_nothing_else(cache: Cache, agency: Agency, me: Member) -> None:
    fan = agency.fan()
    conversation = agency.conversation(fan)
    kept, lost = agency.message(conversation, "kept"), agency.message(conversation, "lost")
    cache.write(apply.start_snapshot)
    cache.write(lambda c: apply.apply_snapshot_rows(c, [changed(row) for row in (fan, conversation, kept, lost)]))
    cache.write(lambda c: apply.finish_snapshot_page(c, snapshot_page([], agency.seq)))
    mine, _ = cache.write(lambda c: outbox.put(c, conversation.id, "not yet sent", NOON))
    cache.write(lambda c: outbox.save_draft(c, conversation.id, "half a thought", NOON))
    device = cache.write(outbox.device_id)

    cache.write(apply.start_snapshot)
    during = cache.timeline(lambda c: timeline.newest(c, conversation.id, me, 60))
    assert [row.text for row in during.rows] == ["kept", "lost", "not yet sent"]
    # The server was restored from a backup: its versions begin again, below those that are here.
    restored = [
        row.model_copy(update={"ver": 1}) for row in (fan, conversation, kept.model_copy(update={"text": "older"}))
    ]
    cache.write(lambda c: apply.apply_snapshot_rows(c, [changed(row) for row in restored]))
    touched = cache.write(lambda c: apply.finish_snapshot_page(c, snapshot_page([], 1)))
    assert touched.everything

    after = cache.timeline(lambda c: timeline.newest(c, conversation.id, me, 60))
    assert [(row.id, row.text) for row in after.rows] == [(kept.id, "older"), (mine, "not yet sent")]
    assert cache.read(lambda c: outbox.draft(c, conversation.id)) == "half a thought"
    assert cache.write(outbox.device_id) == device


def test_a_deletion_of_the_time_before_a_resync_does_not_hide_what_came_back(cache: Cache, agency: Agency) -> None:
    fan = agency.fan()
    cache.write(apply.start_snapshot)
    complete(cache, agency.seq)
    cache.write(lambda c: apply.apply_changes(c, [gone(fan, 900)]))
    cache.write(apply.start_snapshot)
    cache.write(lambda c: apply.apply_snapshot_rows(c, [changed(fan)]))
    assert len(server_rows(cache)["fan"]) == 1


def test_a_row_of_a_kind_that_lost_its_row_counts_as_gone(cache: Cache, agency: Agency) -> None:
    fan = agency.fan()
    cache.write(lambda c: apply.apply_changes(c, [changed(fan)]))
    cache.write(lambda c: apply.apply_changes(c, [wire.FanChange(seq=agency.next_seq(), id=fan.id, op="U")]))
    assert server_rows(cache)["fan"] == []


def test_writes_say_whose_views_have_to_look_again(cache: Cache, agency: Agency) -> None:
    fan = agency.fan()
    conversation = agency.conversation(fan)
    message = agency.message(conversation)
    touched = cache.write(lambda c: apply.apply_changes(c, [changed(conversation), changed(message)]))
    assert (touched.conversations, touched.fans) == ({conversation.id}, {fan.id})
    touched = cache.write(lambda c: apply.apply_changes(c, [gone(message, agency.next_seq())]))
    assert touched.conversations == {conversation.id}
    assert not cache.write(lambda c: apply.apply_changes(c, [gone(message, agency.seq)]))
    assert cache.write(lambda c: apply.apply_changes(c, [changed(agency.creator)])).creators


def test_an_outbox_row_leaves_when_the_servers_row_arrives(cache: Cache, agency: Agency, me: Member) -> None:
    conversation = agency.conversation(agency.fan())
    cache.write(lambda c: apply.apply_changes(c, [changed(conversation)]))
    mine, _ = cache.write(lambda c: outbox.put(c, conversation.id, "hello", NOON))
    arrived = agency.message(conversation, "hello", id=mine, direction="out", state="ready", author_id=me.id)
    touched = cache.write(lambda c: apply.apply_changes(c, [changed(arrived)]))
    assert touched.outbox
    assert cache.read(lambda c: outbox.get(c, mine)) is None
    rows = cache.timeline(lambda c: timeline.newest(c, conversation.id, me, 60)).rows
    assert [(row.id, row.local) for row in rows] == [(mine, False)]
