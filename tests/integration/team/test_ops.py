"""Every op is decided once for ever, has an answer of its own, and never holds up the ones behind it."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from huntaze_backend.areas.fans.tables import NoteRow
from huntaze_backend.areas.messages import team as team_service
from huntaze_backend.areas.messages.tables import ConversationRow
from huntaze_backend.core.auth import Principal
from huntaze_backend.core.changes import record
from huntaze_backend.core.errors import ForbiddenError
from huntaze_contract.ids import new_id
from tests.helpers.house import plant
from tests.integration.team.conftest import Team, an_op


def note(team: Team, text: str = "Likes the sea", **more: Any) -> dict[str, Any]:
    return an_op(team.house, "add_note", fan_id=team.fan_id, note={"id": new_id(), "text": text}, **more)


async def seq(team: Team) -> int:
    return int((await team.ann.get("/sync/digest"))["seq"])


async def test_a_repeat_is_answered_alike_and_changes_nothing(team: Team):
    op, tag = note(team), an_op(team.house, "remove_tag", fan_id=team.fan_id, tag={"tag": "vip"}, base_ver=0)
    foreign = note(team) | {"fan_id": new_id()}
    first = await team.noor.batch(op, tag, foreign)
    before = await seq(team)

    again = await team.noor.batch(op, tag, foreign)

    assert [result.outcome for result in first] == ["applied", "applied", "refused"]
    assert not any(result.replayed for result in first)
    assert again == [result.model_copy(update={"replayed": True}) for result in first]
    assert await seq(team) == before


async def test_a_repeat_is_harmless_after_somebody_undid_it(team: Team):
    op = note(team)
    await team.noor.batch(op)
    await team.ann.op("delete_note", note_id=op["note"]["id"])

    [again] = await team.noor.batch(op)

    assert (again.outcome, again.replayed) == ("applied", True)
    assert op["note"]["id"] not in {found.id for found in await team.ann.notes(team.fan_id)}


async def test_the_same_op_twice_at_once_takes_effect_once(team: Team):
    op = note(team)

    answers = await asyncio.gather(*(team.noor.batch(op) for _ in range(6)))

    assert {result.outcome for [result] in answers} == {"applied"}
    assert sum(not result.replayed for [result] in answers) == 1


async def test_an_op_that_cannot_be_understood_does_not_hold_up_the_others(team: Team):
    good = note(team)
    odd = [
        note(team) | {"kind": "paint_it_blue"},
        note(team) | {"note": {"id": "x", "text": ""}},
        note(team, text="a\x00b"),
        note(team) | {"at": "yesterday"},
        an_op(team.house, "set_field", fan_id=team.fan_id, name="shoe_size", value="44", base_ver=0),
        an_op(team.house, "save_draft", conversation_id=team.house.seed.conversation_ids[0], text="x" * 10_001),
        {"op_id": new_id()},
        {"op_id": new_id(), "kind": "\ud83d\x00", "at": None},
    ]

    results = await team.noor.batch(*odd, good)

    assert [result.op_id for result in results] == [op["op_id"] for op in [*odd, good]]
    assert [(result.outcome, result.code) for result in results[:-1]] == [("refused", "VALIDATION")] * len(odd)
    assert all(result.detail for result in results[:-1])
    assert results[-1].outcome == "applied"
    assert all(result.replayed for result in await team.noor.batch(*odd, good))


async def test_what_is_no_batch_is_refused_as_a_whole(team: Team):
    device = {"device_id": new_id()}
    no_batches: list[Any] = [
        {"device_id": "x", "ops": [{"op_id": new_id()}]},
        device | {"ops": []},
        device | {"ops": [{"kind": "delete_note"}]},
        device | {"ops": ["delete it"]},
        device | {"ops": [{"op_id": "not an id"}]},
        [],
    ]
    for body in no_batches:
        answer = await team.house.client.post("/api/v2/ops", headers=team.noor.headers, json=body)

        assert (answer.status_code, answer.json()["code"]) == (422, "VALIDATION"), body


async def test_every_op_on_what_one_may_not_see_finds_nothing(team: Team):
    seed = team.house.seed
    elsewhere = {"conversation_id": seed.conversation_ids[1]}
    note_id = new_id()
    await team.ann.op("add_note", fan_id=team.foreign_fan_id, note={"id": note_id, "text": "Secret"})
    ops = [
        an_op(team.house, "add_note", fan_id=team.foreign_fan_id, note={"id": new_id(), "text": "x"}),
        an_op(team.house, "edit_note", note_id=note_id, edit={"text": "x", "base_ver": 1}),
        an_op(team.house, "delete_note", note_id=note_id),
        an_op(team.house, "restore_note", note_id=note_id),
        an_op(team.house, "add_tag", fan_id=team.foreign_fan_id, tag={"tag": "vip"}),
        an_op(team.house, "remove_tag", fan_id=team.foreign_fan_id, tag={"tag": "vip"}, base_ver=9**9),
        an_op(team.house, "set_field", fan_id=team.foreign_fan_id, name="nickname", value="x", base_ver=0),
        an_op(team.house, "mark_read", up_to=seed.message_ids[1], **elsewhere),
        an_op(team.house, "mark_unread", **elsewhere),
        an_op(team.house, "snooze", until=None, **elsewhere),
        an_op(team.house, "set_done", done=True, up_to=seed.message_ids[1], **elsewhere),
        an_op(team.house, "assign", member_id=None, base_member_id=None, **elsewhere),
        an_op(team.house, "save_draft", text="x", **elsewhere),
    ]
    before = await seq(team)

    results = await team.noor.batch(*ops)

    assert [(result.outcome, result.code) for result in results] == [("refused", "NOT_FOUND")] * len(ops)
    assert not any(result.theirs or result.by for result in results)
    assert await seq(team) == before
    for path in (f"/notes/{note_id}/history", f"/fans/{team.foreign_fan_id}/fields/about/history"):
        answer = await team.house.client.get(f"/api/v2{path}", headers=team.noor.headers)
        assert answer.status_code == 404, path


async def test_another_agency_finds_nothing_either(team: Team):
    await team.house.services.db.write(lambda session: plant(session, "south.example"))
    team.house.seed.address = "south.example"
    team.ann.headers = await team.house.headers()

    result = await team.ann.op("add_tag", fan_id=team.fan_id, tag={"tag": "vip"})

    assert (result.outcome, result.code) == ("refused", "NOT_FOUND")


async def test_an_id_that_stands_for_another_op_is_refused_and_tells_nothing(team: Team):
    mine = note(team, text="Only for Noor and Ann")
    await team.ann.batch(mine)

    [of_another_member] = await team.noor.batch(mine)
    [another_wish] = await team.ann.batch(note(team) | {"op_id": mine["op_id"]})
    [spelled_out] = await team.ann.batch(mine | {"note": mine["note"] | {"colour": "unknown fields are ignored"}})

    for result in (of_another_member, another_wish):
        assert (result.outcome, result.code, result.theirs) == ("refused", "KEY_REUSED", None)
    assert (spelled_out.outcome, spelled_out.replayed) == ("applied", True)


async def test_the_text_with_one_bad_character_among_good_ones_leaves_no_trace(team: Team):
    result = await team.noor.op("set_field", fan_id=team.fan_id, name="nickname", value="Jo\x00", base_ver=0)

    assert (result.outcome, result.code) == ("refused", "VALIDATION")
    assert (await team.noor.fan(team.fan_id)).fields == {}


async def test_what_a_refused_op_touched_is_as_it_was(team: Team, monkeypatch: pytest.MonkeyPatch):
    def touches_and_refuses(session: Session, who: Principal, conversation_id: str) -> None:
        session.get_one(ConversationRow, conversation_id).unread = 99
        record(session, agency_id=who.agency_id, entity="conversation", entity_id=conversation_id, creator_id=None)
        raise ForbiddenError

    monkeypatch.setattr(team_service, "mark_unread", touches_and_refuses)
    before, conversation_id = await seq(team), team.house.seed.conversation_ids[0]

    result = await team.noor.op("mark_unread", conversation_id=conversation_id)

    assert (result.outcome, result.code) == ("refused", "FORBIDDEN")
    assert (await team.noor.conversation(conversation_id)).unread == 0
    assert await seq(team) == before


async def test_a_hundred_ops_are_answered_in_their_order(team: Team):
    ops = [note(team, text=f"Note {number}") for number in range(100)]

    results = await team.noor.batch(*ops)

    assert [result.op_id for result in results] == [op["op_id"] for op in ops]
    assert {result.outcome for result in results} == {"applied"}
    count = select(func.count()).select_from(NoteRow).where(NoteRow.text.like("Note %"))
    assert await team.house.services.db.read(lambda session: session.scalar(count)) == 100
