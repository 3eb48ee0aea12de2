"""What the team does with conversations and fans: at once in sight, durable, brought in order and once."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from huntaze_contract.ids import new_id
from huntaze_desktop.cache import ops
from huntaze_desktop.engine import Engine
from huntaze_desktop.model.listing import ConversationQuery, ListFilter
from huntaze_desktop.sdk import BackendError
from tests.helpers.peer import Peer, problem
from tests.integration.engine.conftest import Desk, offline, seen, until


async def through(engine: Engine) -> None:
    """Wait until nothing waits any more, drafts and reads among it."""
    async with asyncio.timeout(10):
        while await engine.call(lambda core: core.store.read(ops.anything_waits)):  # noqa: ASYNC110 - nothing tells
            await asyncio.sleep(0.005)


async def test_notes_tags_and_fields_show_at_once_and_arrive(desk: Desk, peer: Peer) -> None:
    talk = peer.talk()
    engine = await desk.sign_in()
    fan = engine.fan(talk.fan_id)
    await offline(desk)
    note = await engine.add_note(talk.fan_id, "likes trains")
    await engine.add_tag(talk.fan_id, "beach")
    await engine.set_field(talk.fan_id, "nickname", "Dan")
    value = await seen(fan, lambda value: value.notes and value.fan.tags and value.fan.fields)
    assert value.fan is not None
    assert [(n.id, n.text, n.mine, n.pending, n.author_name) for n in value.notes] == [
        (note, "likes trains", True, True, "Iris")
    ]
    assert value.fan.tags == ("beach",)
    assert value.fan.pending_tags == {"beach"}
    assert [(f.name, f.value, f.pending) for f in value.fan.fields] == [("nickname", "Dan", True)]
    waiting = await seen(engine.waiting_changes(), lambda value: len(value) == 3)
    assert [(change.kind, change.what, change.fan_name) for change in waiting] == [
        ("add_note", "likes trains", "Daniel Reyes"),
        ("add_tag", "beach", "Daniel Reyes"),
        ("set_field", "Dan", "Daniel Reyes"),
    ]
    await seen(engine.connection, lambda c: c.changes == 3)
    await desk.wire.up()
    await through(engine)
    value = await seen(fan, lambda value: value.notes and not value.notes[0].pending and not value.fan.pending_tags)
    assert value.fan is not None
    assert [(n.id, n.text) for n in value.notes] == [(note, "likes trains")]
    assert (value.fan.tags, [f.value for f in value.fan.fields]) == (("beach",), ["Dan"])
    assert [op["kind"] for op in peer.ops.taken] == ["add_note", "add_tag", "set_field"]


async def test_a_change_that_was_answered_does_not_flicker_back(desk: Desk, peer: Peer) -> None:
    talk = peer.talk()
    peer.silent_events = True
    engine = await desk.sign_in()
    fan = engine.fan(talk.fan_id)
    await seen(fan, lambda value: value.fan)
    history: list[Any] = []
    fan.subscribe(lambda value: history.append(value.fan.tags))
    peer.no_pulls = True  # answered, but the row does not come
    await engine.add_tag(talk.fan_id, "beach")
    await through(engine)
    await seen(fan, lambda value: value.fan.tags == ("beach",) and not value.fan.pending_tags)
    peer.no_pulls = False
    engine.nudge()
    await seen(fan, lambda value: value.fan.tags == ("beach",) and not value.fan.pending_tags)
    assert history[0] == ()
    assert set(history[1:]) == {("beach",)}


async def test_the_queue_survives_a_restart_and_goes_under_the_same_ids(desk: Desk, peer: Peer) -> None:
    talk = peer.talk()
    engine = await desk.sign_in()
    peer.instead_of_ops.extend(problem(503, "UNAVAILABLE") for _ in range(3))
    await engine.add_note(talk.fan_id, "likes trains")
    await until(lambda: not peer.instead_of_ops)
    await desk.stop()
    engine = await desk.start()
    await through(engine)
    assert [op["note"]["text"] for op in peer.ops.taken] == ["likes trains"]
    assert len({op_id for batch in peer.ops.batches for op_id in batch}) == 1


async def test_a_refused_change_blocks_nothing_and_leaves_a_notice(desk: Desk, peer: Peer) -> None:
    talk = peer.talk()
    engine = await desk.sign_in()
    fan, notices = engine.fan(talk.fan_id), engine.notices()
    peer.ops.instead["add_tag"] = {"outcome": "refused", "code": "FORBIDDEN", "detail": "No."}
    await offline(desk)
    await engine.add_tag(talk.fan_id, "beach")
    await engine.add_note(talk.fan_id, "likes trains")
    await seen(fan, lambda value: value.fan and value.fan.tags == ("beach",))
    await desk.wire.up()
    (notice,) = await seen(notices, lambda value: value)
    assert (notice.kind, notice.outcome, notice.code, notice.mine) == ("add_tag", "refused", "FORBIDDEN", "beach")
    assert not notice.can_restore
    value = await seen(fan, lambda value: value.fan.tags == () and value.notes and not value.notes[0].pending)
    assert value.notes[0].text == "likes trains"
    await engine.dismiss_notice(notice.id)
    await seen(notices, lambda value: not value)


async def test_a_superseded_field_can_be_made_to_stand_after_all(desk: Desk, peer: Peer) -> None:
    talk = peer.talk()
    engine = await desk.sign_in()
    fan, notices = engine.fan(talk.fan_id), engine.notices()
    peer.ops.instead["set_field"] = {"outcome": "superseded", "by": "Ana", "theirs": "Danny"}
    await engine.set_field(talk.fan_id, "nickname", "Dan")
    (notice,) = await seen(notices, lambda value: value)
    assert (notice.mine, notice.theirs, notice.by, notice.can_restore) == ("Dan", "Danny", "Ana", True)
    await engine.restore_notice(notice.id)
    await seen(notices, lambda value: not value)
    value = await seen(fan, lambda value: value.fan.fields and not value.fan.fields[0].pending)
    assert value.fan is not None
    assert value.fan.fields[0].value == "Dan"


async def test_a_batch_that_cannot_be_read_does_not_hold_up_what_can(desk: Desk, peer: Peer) -> None:
    talk = peer.talk()
    engine = await desk.sign_in()
    await offline(desk)
    await engine.add_tag(talk.fan_id, "odd")
    await engine.add_tag(talk.fan_id, "beach")
    peer.instead_of_ops.extend([problem(422, "VALIDATION"), problem(422, "VALIDATION")])
    await desk.wire.up()
    await through(engine)
    assert [op["tag"]["tag"] for op in peer.ops.taken] == ["beach"]
    (notice,) = await seen(engine.notices(), lambda value: value)
    assert (notice.mine, notice.outcome) == ("odd", "refused")


async def test_after_a_batch_that_was_too_large_batches_grow_again(desk: Desk, peer: Peer) -> None:
    talk = peer.talk()
    engine = await desk.sign_in()
    await offline(desk)
    for number in range(7):
        await engine.add_note(talk.fan_id, f"note {number}")
    peer.instead_of_ops.append(problem(413, "TOO_LARGE"))
    await desk.wire.up()
    await through(engine)
    assert [len(batch) for batch in peer.ops.batches] == [1, 2, 4]


async def test_an_edit_of_what_is_on_its_way_waits_for_it(desk: Desk, peer: Peer) -> None:
    talk = peer.talk()
    engine = await desk.sign_in()
    fan = engine.fan(talk.fan_id)
    peer.instead_of_ops.extend(problem(503, "UNAVAILABLE") for _ in range(2))
    note = await engine.add_note(talk.fan_id, "likes trains")
    await engine.set_field(talk.fan_id, "about", "one")
    await until(lambda: len(peer.instead_of_ops) < 2)
    await engine.edit_note(note, "likes boats", 0)
    await engine.set_field(talk.fan_id, "about", "two")
    await through(engine)
    value = await seen(fan, lambda value: value.notes and value.notes[0].text == "likes boats" and value.notes[0].ver)
    assert value.fan is not None
    assert [field.value for field in value.fan.fields] == ["two"]
    assert not engine.notices().value


async def test_what_was_undone_before_it_left_never_leaves(desk: Desk, peer: Peer) -> None:
    talk = peer.talk()
    engine = await desk.sign_in()
    await offline(desk)
    await engine.add_tag(talk.fan_id, "beach")
    await engine.remove_tag(talk.fan_id, "beach")
    note = await engine.add_note(talk.fan_id, "no")
    await engine.delete_note(note)
    for text in ("a", "ab", "abc"):
        await engine.save_draft(talk.id, text)
    await engine.snooze(talk.id, engine.now() + timedelta(hours=1))
    await engine.snooze(talk.id, None)
    await desk.wire.up()
    await until(lambda: len(peer.ops.taken) == 2)
    assert [(op["kind"], op.get("text"), op.get("until")) for op in peer.ops.taken] == [
        ("save_draft", "abc", None),
        ("snooze", None, None),
    ]


async def test_snooze_done_and_assignment_move_the_rows_at_once(desk: Desk, peer: Peer) -> None:
    waits = peer.now() - timedelta(minutes=1)
    one = peer.talk("One", messages=1, waiting_since=waits, unread=1)
    two = peer.talk("Two", messages=1, waiting_since=waits)
    engine = await desk.sign_in()
    listing, row = engine.listing(ConversationQuery()), engine.row(one.id)
    await seen(listing, lambda value: value.total == 2)
    await offline(desk)
    await engine.snooze(one.id, engine.now() + timedelta(hours=1))
    await engine.set_done([two.id], done=True)
    await engine.assign(two.id, peer.agency.me.id, note="be kind")
    value = await seen(listing, lambda value: value.rows and value.rows[0].assigned_to_me and value.total == 1)
    (shown,) = value.rows
    assert (shown.id, shown.done, shown.waiting_since, shown.assignee_name) == (two.id, True, None, "Iris")
    assert (shown.handover_note, shown.changes) == ("be kind", 2)
    assert (value.counts.all, value.counts.snoozed, value.counts.mine) == (1, 1, 1)
    away = await seen(row, lambda value: value is not None and value.snoozed_until)
    assert away is not None
    snoozed = engine.listing(ConversationQuery(filter=ListFilter.SNOOZED))
    assert [r.id for r in (await seen(snoozed, lambda value: value.rows)).rows] == [one.id]
    await desk.wire.up()
    await through(engine)
    await seen(listing, lambda value: value.total == 1 and value.rows[0].changes == 0 and value.rows[0].done)


async def test_a_snoozed_conversation_comes_back_when_its_time_has_come(desk: Desk, peer: Peer) -> None:
    talk = peer.talk()
    engine = await desk.sign_in()
    listing = engine.listing(ConversationQuery())
    await engine.snooze(talk.id, engine.now() + timedelta(seconds=0.6))
    await seen(listing, lambda value: not value.loading and value.total == 0)
    await seen(listing, lambda value: value.total == 1)


async def test_a_resync_keeps_what_waits(desk: Desk, peer: Peer) -> None:
    talk = peer.talk()
    engine = await desk.sign_in()
    fan = peer.rows["fan", talk.fan_id].row
    peer.restore_from_backup(fan, talk)
    peer.instead_of_ops.extend(problem(503, "UNAVAILABLE") for _ in range(3))
    await engine.add_tag(talk.fan_id, "beach")
    engine.nudge()
    await until(lambda: len(peer.snapshot_pages) > 1)
    await seen(engine.fan(talk.fan_id), lambda value: value.fan and value.fan.tags == ("beach",))
    await through(engine)
    assert [op["kind"] for op in peer.ops.taken] == ["add_tag"]


async def test_what_makes_no_sense_is_refused_at_once(desk: Desk, peer: Peer) -> None:
    talk = peer.talk()
    engine = await desk.sign_in()
    with pytest.raises(ValueError, match="time to come"):
        await engine.snooze(talk.id, engine.now() - timedelta(seconds=1))
    with pytest.raises(ValueError, match="no field"):
        await engine.set_field(talk.fan_id, "shoe_size", "44")
    with pytest.raises(ValueError, match="5000"):
        await engine.set_field(talk.fan_id, "about", "x" * 5001)
    with pytest.raises(ValueError, match="visible"):
        await engine.add_note(talk.fan_id, "  ")
    for attempt in (engine.mark_unread(new_id()), engine.add_note(new_id(), "hello"), engine.delete_note(new_id())):
        with pytest.raises(BackendError):
            await attempt
    assert not peer.ops.batches
