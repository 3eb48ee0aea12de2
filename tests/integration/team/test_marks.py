"""Snoozed, done, marked unread, handed over: each lasts until what ends it, in whatever order that is told."""

from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from huntaze_backend.areas.messages import thread_store
from huntaze_backend.areas.messages.tables import MessageRow
from huntaze_contract.ids import new_id
from tests.integration.team.conftest import Team


def in_(team: Team, **distance: float):
    return team.house.services.clock.now() + timedelta(**distance)


async def mark(team: Team, kind: str, **values: object):
    return await team.noor.op(kind, conversation_id=team.conversation_id, **values)


async def answered(team: Team, author_id: str) -> None:
    """An answer of a member is accepted, and then delivered."""
    row_id, at = new_id(), team.house.services.clock.now()

    def deliver(session: Session) -> None:
        seed = team.house.seed
        session.add(
            MessageRow(
                id=row_id,
                agency_id=seed.agency_id,
                creator_id=team.source.creator_id,
                conversation_id=team.conversation_id,
                fan_id=team.fan_id,
                direction="out",
                state="sent",
                at=at,
                accepted_at=at,
                author_id=author_id,
                client_key=row_id,
                platform_id=row_id,
            )
        )
        thread_store.refresh(session, [team.conversation_id])

    await team.house.services.db.write(deliver)


# --- snooze -------------------------------------------------------------------------------------------------------


async def test_a_snooze_lasts_until_the_fan_writes(team: Team):
    await team.says(ago_s=60)
    until = in_(team, hours=3)

    assert (await mark(team, "snooze", until=until)).outcome == "applied"
    assert (await team.shown()).snoozed_until == until
    await team.says("An answer from a phone", mine=True)
    await team.says("Something old", ago_s=600)
    assert (await team.shown()).snoozed_until == until

    await team.says("Are you there?")
    assert (await team.shown()).snoozed_until is None


async def test_a_snooze_is_back_when_the_fan_takes_the_message_back(team: Team):
    await team.says(ago_s=60)
    until = in_(team, hours=3)
    await mark(team, "snooze", until=until)
    await team.says("Wrong chat")

    await team.unsays()

    assert (await team.shown()).snoozed_until == until


async def test_a_snooze_ends_by_hand_and_has_a_limit(team: Team):
    await team.says(ago_s=60)
    await mark(team, "snooze", until=in_(team, hours=3))

    assert (await mark(team, "snooze", until=None)).outcome == "applied"
    assert (await team.shown()).snoozed_until is None
    assert (await mark(team, "snooze", until=in_(team, days=400))).code == "VALIDATION"


async def test_a_snooze_made_offline_does_not_hide_what_the_fan_wrote_since(team: Team):
    await team.says("Where are you?")

    late = await mark(team, "snooze", until=in_(team, hours=3), at=in_(team, minutes=-10))

    assert late.outcome == "superseded"
    assert (await team.shown()).snoozed_until is None


# --- done ---------------------------------------------------------------------------------------------------------


async def test_done_lasts_until_the_fan_writes_again(team: Team):
    newest = await team.says(ago_s=60)

    assert (await mark(team, "set_done", done=True, up_to=newest)).outcome == "applied"
    assert (await team.shown()).done_at is not None
    await team.says("Are you there?")
    assert (await team.shown()).done_at is None


async def test_what_the_fan_wrote_after_the_message_that_was_seen_was_not_dealt_with(team: Team):
    seen = await team.says(ago_s=60)
    await team.says("One more thing", ago_s=30)

    late = await mark(team, "set_done", done=True, up_to=seen)

    assert late.outcome == "superseded"
    assert (await team.shown()).done_at is None


async def test_an_answer_of_ours_after_it_does_not_stand_in_the_way_of_done(team: Team):
    await team.says(ago_s=60)
    ours = await team.says("An answer", mine=True)

    assert (await mark(team, "set_done", done=True, up_to=ours)).outcome == "applied"
    assert (await mark(team, "set_done", done=False)).outcome == "applied"
    assert (await team.shown()).done_at is None


async def test_done_names_a_message_of_the_conversation(team: Team):
    await team.says()

    assert (await mark(team, "set_done", done=True)).code == "VALIDATION"
    other = team.house.seed.message_ids[0]
    assert (await mark(team, "set_done", done=True, up_to=other)).code == "VALIDATION"


# --- unread -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("end", ["reading", "answering"])
async def test_marked_unread_lasts_until_somebody_reads_or_answers(team: Team, end: str):
    newest = await team.says(ago_s=60)
    await mark(team, "mark_read", up_to=newest)
    await mark(team, "mark_unread")
    assert (await team.shown()).marked_unread

    if end == "reading":
        await mark(team, "mark_read", up_to=newest)
    else:
        await team.says("An answer from a phone", mine=True)

    assert not (await team.shown()).marked_unread


async def test_the_furthest_read_mark_wins(team: Team):
    first = await team.says(ago_s=60)
    second = await team.says(ago_s=30)
    await mark(team, "mark_read", up_to=second)

    assert (await mark(team, "mark_read", up_to=first)).outcome == "applied"
    assert (await team.shown()).unread == 0


# --- hand-over ----------------------------------------------------------------------------------------------------


async def test_a_hand_over_note_is_there_until_the_assignee_answers(team: Team):
    await team.says(ago_s=60)
    given = await team.ann.op(
        "assign",
        conversation_id=team.conversation_id,
        member_id=team.noor.id,
        base_member_id=None,
        note="Wants the lake set",
    )
    shown = await team.shown()
    assert given.outcome == "applied"
    assert (shown.assignee_id, shown.handover_note, shown.handover_by) == (
        team.noor.id,
        "Wants the lake set",
        "Ann Owner",
    )
    await answered(team, team.ann.id)
    assert (await team.shown()).handover_note == "Wants the lake set"

    await answered(team, team.noor.id)

    shown = await team.shown()
    assert (shown.assignee_id, shown.handover_note, shown.handover_by) == (team.noor.id, None, None)


async def test_who_hands_over_late_learns_who_has_it(team: Team):
    await team.says()
    to_noor = {"conversation_id": team.conversation_id, "member_id": team.noor.id, "base_member_id": None}
    await team.noor.op("assign", **to_noor)

    late = await team.ann.op("assign", **to_noor | {"member_id": team.ann.id})
    seen = await team.ann.op("assign", **to_noor | {"member_id": None, "base_member_id": team.noor.id})

    assert (late.outcome, late.by) == ("superseded", "Noor Chatter")
    assert seen.outcome == "applied"
    shown = await team.shown()
    assert (shown.assignee_id, shown.assigned_at) == (None, None)


async def test_a_conversation_goes_only_to_who_may_see_it(team: Team):
    hidden = team.house.seed.conversation_ids[1]
    give = {"conversation_id": hidden, "base_member_id": None}

    assert (await team.ann.op("assign", **give, member_id=team.noor.id)).code == "FORBIDDEN"
    assert (await team.ann.op("assign", **give, member_id=new_id())).code == "NOT_FOUND"
    assert (await team.ann.op("assign", **give, member_id=team.ann.id)).outcome == "applied"


# --- drafts -------------------------------------------------------------------------------------------------------


async def test_a_draft_is_its_writers_alone_and_the_latest_is_kept(team: Team):
    await team.says()
    await mark(team, "save_draft", text="Good ev")
    await mark(team, "save_draft", text="Good evening")

    assert [draft["text"] for draft in await team.noor.get("/drafts")] == ["Good evening"]
    assert await team.ann.get("/drafts") == []
    older = await mark(team, "save_draft", text="Good", at=in_(team, minutes=-5))
    assert (older.outcome, older.theirs) == ("superseded", "Good evening")
    await mark(team, "save_draft", text="")
    assert await team.noor.get("/drafts") == []


async def test_a_clock_that_runs_ahead_does_not_shut_out_later_drafts(team: Team):
    await team.says()
    await mark(team, "save_draft", text="From tomorrow", at=in_(team, days=1))

    assert (await mark(team, "save_draft", text="From today", at=in_(team, seconds=1))).outcome == "applied"


async def test_drafts_of_what_one_may_no_longer_see_are_not_told(team: Team):
    await team.says()
    await mark(team, "save_draft", text="Good evening")
    access = f"/api/v2/members/{team.noor.id}/access"
    await team.house.client.put(access, headers=team.ann.headers, json={"creator_ids": []})

    assert await team.noor.get("/drafts") == []
