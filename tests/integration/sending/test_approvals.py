"""What a machine wrote waits for a yes: how it comes to wait, what is decided, and what happens meanwhile."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from huntaze_backend.areas.messages.approval_tables import ApprovalRow
from huntaze_backend.areas.messages.approvals import expire
from huntaze_backend.areas.messages.claims import claim
from huntaze_backend.core.audit import AuditRow
from huntaze_backend.core.errors import ConflictError, ForbiddenError, NotFoundError
from huntaze_backend.engines.limits.adapters.sql_log import SqlRateGate
from huntaze_contract.ids import new_id
from huntaze_contract.wire import Role, text_hash
from tests.helpers.approval_house import SUGGESTED, ApprovalHouse, decision
from tests.helpers.send_simulation import EveryChatWasRead
from tests.helpers.sending_house import COMPLIANCE, QUICK


@pytest.fixture
def desk(still_house: Any) -> ApprovalHouse:
    return ApprovalHouse(still_house)


async def test_an_unedited_suggestion_waits_and_goes_when_it_is_approved(desk: ApprovalHouse) -> None:
    house, chat = desk.house, desk.house.chats[0]
    waiting = await desk.write(chat, SUGGESTED, suggestion=desk.machine.add())
    own = await desk.write(chat, "I wrote this one myself")
    assert (waiting.state, waiting.place, own.state) == ("waiting_approval", None, "ready")
    (shown,) = await desk.queue()
    assert (shown.message.id, shown.text_hash) == (waiting.id, text_hash(SUGGESTED))
    assert (shown.author_name, shown.ai.model, shown.ai.ai_share) == ("Kit", "small-1", 1.0)
    assert shown.expires_at - shown.waiting_since == timedelta(hours=24)
    assert [message.id for message in shown.missed] == [own.id]
    house.start()
    await house.until(own.id, "sent")
    assert (await house.row(waiting.id)).state == "waiting_approval"
    result = await desk.approve(waiting.id)
    assert result.done
    row = await house.until(waiting.id, "sent")
    assert (row.approved_by, row.approved_hash) == (desk.manager.member_id, text_hash(SUGGESTED))
    assert house.sandbox.texts(chat.platform_id) == ["I wrote this one myself", SUGGESTED]
    assert await desk.queue() == []


@pytest.mark.parametrize(
    "text",
    [
        SUGGESTED,
        SUGGESTED.upper() + "!!",
        "  " + SUGGESTED.replace(" ", "  "),
        SUGGESTED.replace("evening", "eve\u200bning"),
        " ".join(reversed(SUGGESTED.split())),
        SUGGESTED + " babe",
    ],
)
async def test_nobody_can_claim_that_it_was_no_machine(desk: ApprovalHouse, text: str) -> None:
    desk.machine.add()
    message = await desk.write(desk.house.chats[0], text, suggestion=None)
    assert message.state == "waiting_approval"
    assert message.ai is not None


async def test_what_is_said_to_be_a_suggestion_and_known_to_nobody_is_a_machine_s(desk: ApprovalHouse) -> None:
    message = await desk.write(desk.house.chats[0], "who knows who wrote this", suggestion=new_id())
    assert (message.state, message.ai.ai_share, message.ai.provider) == ("waiting_approval", 1.0, "unknown")


async def test_what_a_person_made_their_own_goes_and_says_so(desk: ApprovalHouse) -> None:
    text = SUGGESTED + " because I once swam across it with my sister before breakfast"
    message = await desk.write(desk.house.chats[0], text, suggestion=desk.machine.add())
    assert (message.state, message.ai.edited) == ("ready", True)
    assert 0.4 < message.ai.ai_share < 0.8


async def test_who_may_approve_does_not_wait_for_others(desk: ApprovalHouse) -> None:
    for who in (desk.manager, desk.owner):
        message = await desk.write(desk.house.chats[0], SUGGESTED, who=who, suggestion=desk.machine.add())
        assert (message.state, message.approved_by) == ("ready", who.member_id)


@pytest.mark.parametrize(
    ("rule", "confidence", "sure", "text", "state"),
    [
        ("always", None, 0.9, "all my own words", "waiting_approval"),
        ("never", None, 0.1, SUGGESTED, "ready"),
        ("below_confidence", 0.8, 0.9, SUGGESTED, "ready"),
        ("below_confidence", 0.8, 0.7, SUGGESTED, "waiting_approval"),
        ("below_confidence", 0.8, None, SUGGESTED, "waiting_approval"),
        ("below_confidence", 0.8, 0.7, "all my own words", "ready"),
        ("machine_unedited", None, 0.99, SUGGESTED, "waiting_approval"),
    ],
)
async def test_what_each_policy_asks_for(
    desk: ApprovalHouse, rule: str, confidence: float | None, sure: float | None, text: str, state: str
) -> None:
    chat = desk.house.chats[0]
    await desk.set_policy(chat.creator_id, rule, confidence=confidence)
    desk.machine.add(confidence=sure)
    assert (await desk.write(chat, text)).state == state


async def test_a_policy_is_chosen_by_managers_and_never_by_owners_alone(desk: ApprovalHouse) -> None:
    creator_id = desk.house.chats[0].creator_id
    with pytest.raises(ForbiddenError):
        await desk.set_policy(creator_id, "always", who=desk.chatter)
    await desk.set_policy(creator_id, "always", who=desk.manager)
    with pytest.raises(ForbiddenError):
        await desk.set_policy(creator_id, "never", who=desk.manager)
    with pytest.raises(NotFoundError):
        await desk.set_policy(creator_id, "always", who=replace(desk.manager, creator_ids=frozenset({new_id()})))
    await desk.set_policy(creator_id, "never", who=desk.owner)
    acts = await desk.house.db.read(
        lambda session: session.scalars(select(AuditRow).where(AuditRow.action == "approval.policy")).all()
    )
    assert [act.detail["after"]["rule"] for act in sorted(acts, key=lambda act: act.at)] == ["always", "never"]


async def test_an_edit_is_what_is_approved_and_sent(desk: ApprovalHouse) -> None:
    house, chat = desk.house, desk.house.chats[0]
    message = await desk.write(chat, SUGGESTED, suggestion=desk.machine.add())
    assert (await desk.approve(message.id, "Tell me about the lake")).done
    house.start()
    await house.until(message.id, "sent")
    assert house.sandbox.texts(chat.platform_id) == ["Tell me about the lake"]
    past = await desk.approvals.decided(desk.owner, creator_id=None, cursor=None, limit=10)
    (item,) = past.items
    assert (item.outcome, item.edited, item.decided_by_name) == ("approved", True, "Mo")


async def test_a_rejection_says_why_and_keeps_the_text(desk: ApprovalHouse) -> None:
    message = await desk.write(desk.house.chats[0], SUGGESTED, suggestion=desk.machine.add())
    shown = await desk.shown(message.id)
    (result,) = await desk.decide(decision(shown, "reject", reason="She hates lakes"))
    assert result.done
    kept = await desk.message(message.id)
    assert (kept.state, kept.reason, kept.text) == ("rejected", "She hates lakes", SUGGESTED)
    (again,) = await desk.decide(decision(shown, "reject", reason="She hates lakes"))
    assert again.done, "the answer was lost and the request repeated"
    (late,) = await desk.decide(decision(shown))
    assert (late.done, late.code) == (False, "ILLEGAL_STATE")


async def test_only_what_was_read_is_approved(desk: ApprovalHouse) -> None:
    message = await desk.write(desk.house.chats[0], SUGGESTED, suggestion=desk.machine.add())
    shown = await desk.shown(message.id)
    await desk.edit(message.id, SUGGESTED + " now")
    (result,) = await desk.decide(decision(shown))
    assert (result.done, result.code, result.approval.message.text) == (False, "CONFLICT", SUGGESTED + " now")
    wrong = decision(result.approval, text_hash=text_hash("another text"))
    assert (await desk.decide(wrong))[0].code == "CONFLICT"
    assert (await desk.decide(decision(result.approval)))[0].done


async def test_the_approver_is_told_that_the_conversation_went_on(desk: ApprovalHouse) -> None:
    chat = desk.house.chats[0]
    message = await desk.write(chat, SUGGESTED, suggestion=desk.machine.add())
    shown = await desk.shown(message.id)
    assert shown.missed == []
    other = await desk.write(chat, "somebody was quicker", who=desk.manager)
    (result,) = await desk.decide(decision(shown))
    assert (result.done, result.code) == (False, "COLLISION")
    assert [missed.id for missed in result.approval.missed] == [other.id]
    assert (await desk.decide(decision(result.approval)))[0].done


async def test_several_at_once_are_each_decided_and_go_as_they_were_written(desk: ApprovalHouse) -> None:
    house, chat = desk.house, desk.house.chats[0]
    await desk.set_policy(chat.creator_id, "always")
    written = [await desk.write(chat, f"number {number}") for number in range(4)]
    shown = {item.message.id: item for item in await desk.queue()}
    await desk.sending.cancel(desk.chatter, written[1].id)
    results = await desk.decide(*(decision(shown[message.id]) for message in reversed(written)))
    assert [result.done for result in results] == [True, True, False, True]
    house.start()
    await house.until(written[3].id, "sent")
    assert house.sandbox.texts(chat.platform_id) == ["number 0", "number 2", "number 3"]


async def test_compliance_is_asked_again_about_what_is_approved(desk: ApprovalHouse) -> None:
    message = await desk.write(desk.house.chats[0], SUGGESTED, suggestion=desk.machine.add())
    result = await desk.approve(message.id, "Just send it to my paypal, mara@example.com")
    assert (result.done, result.code) == (False, "COMPLIANCE_BLOCKED")
    assert result.findings
    assert (await desk.message(message.id)).state == "waiting_approval"


async def test_what_nobody_decided_on_expires_and_keeps_its_text(desk: ApprovalHouse) -> None:
    message = await desk.write(desk.house.chats[0], SUGGESTED, suggestion=desk.machine.add())
    assert await desk.house.db.write(expire) == 0
    past = update(ApprovalRow).values(expires_at=datetime.now(UTC) - timedelta(seconds=1))
    await desk.house.db.write(lambda session: session.execute(past))
    assert await desk.house.db.write(expire) == 1
    kept = await desk.message(message.id)
    assert (kept.state, kept.reason, kept.text) == ("rejected", "approval_expired", SUGGESTED)
    (item,) = (await desk.approvals.decided(desk.owner, creator_id=None, cursor=None, limit=10)).items
    assert (item.outcome, item.decided_by) == ("expired", None)


async def test_a_scheduled_message_waits_first_and_keeps_its_time(desk: ApprovalHouse) -> None:
    at = datetime.now(UTC) + timedelta(days=2)
    message = await desk.write(desk.house.chats[0], SUGGESTED, suggestion=desk.machine.add(), send_at=at)
    shown = await desk.shown(message.id)
    assert (shown.send_at, shown.expires_at) == (at, at + timedelta(hours=24))
    assert (await desk.approve(message.id)).done
    approved = await desk.message(message.id)
    assert (approved.state, approved.not_before) == ("scheduled", at)


async def test_one_that_waited_past_its_time_goes_when_it_is_approved(desk: ApprovalHouse) -> None:
    at = datetime.now(UTC) + timedelta(hours=1)
    message = await desk.write(desk.house.chats[0], SUGGESTED, suggestion=desk.machine.add(), send_at=at)
    past = update(ApprovalRow).values(send_at=datetime.now(UTC) - timedelta(minutes=5))
    await desk.house.db.write(lambda session: session.execute(past))
    assert (await desk.approve(message.id)).done
    assert (await desk.message(message.id)).state == "ready"


async def test_an_edit_to_a_machine_s_words_takes_the_place_away(desk: ApprovalHouse) -> None:
    house, chat = desk.house, desk.house.chats[0]
    first = await desk.write(chat, "my own words first")
    second = await desk.write(chat, "my own words second")
    desk.machine.add()
    held = await desk.edit(first.id, SUGGESTED)
    assert held.state == "waiting_approval"
    house.start()
    await house.until(second.id, "sent")
    assert house.sandbox.texts(chat.platform_id) == ["my own words second"]


async def test_a_yes_to_one_text_is_none_to_another(desk: ApprovalHouse) -> None:
    chat = desk.house.chats[0]
    await desk.set_policy(chat.creator_id, "always")
    message = await desk.write(chat, "as it was approved")
    assert (await desk.approve(message.id)).done
    assert (await desk.edit(message.id, "and as it was changed after")).state == "waiting_approval"
    assert (await desk.edit(message.id, "as the manager wants it", who=desk.manager)).state == "waiting_approval"


async def test_a_stricter_policy_holds_what_has_not_gone_and_a_milder_one_lets_nothing_go(desk: ApprovalHouse) -> None:
    chat = desk.house.chats[0]
    ready = await desk.write(chat, "ready to go")
    at = datetime.now(UTC) + timedelta(days=1)
    later = await desk.write(chat, "for tomorrow", send_at=at)
    managers = await desk.write(chat, "a manager's", who=desk.manager)
    await desk.set_policy(chat.creator_id, "always")
    states = [(await desk.message(message.id)).state for message in (ready, later, managers)]
    assert states == ["waiting_approval", "waiting_approval", "ready"]
    assert (await desk.shown(later.id)).send_at == at
    await desk.set_policy(chat.creator_id, "never")
    assert (await desk.message(ready.id)).state == "waiting_approval"


async def test_the_first_attempt_asks_once_more(desk: ApprovalHouse, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever accepts at the moment in which the policy changes may not see it yet."""
    chat = desk.house.chats[0]
    message = await desk.write(chat, "accepted under the old policy")
    monkeypatch.setattr("huntaze_backend.areas.messages.approvals.hold_what_waits", lambda *_: 0)
    await desk.set_policy(chat.creator_id, "always")
    opened = await desk.house.db.write(
        lambda session: claim(
            session,
            SqlRateGate(),
            QUICK,
            chat.creator_id,
            compliance=COMPLIANCE,
            seen=EveryChatWasRead(),
            watched=lambda _: False,
        )
    )
    assert opened.opened is None
    assert (await desk.message(message.id)).state == "waiting_approval"


async def test_a_failed_message_is_not_sent_again_past_the_policy(desk: ApprovalHouse) -> None:
    house, chat = desk.house, desk.house.chats[0]
    await house.sandbox.faults({"kind": "refusal_200", "limit": 1})
    message = await desk.write(chat, "refused the first time")
    house.start()
    await house.until(message.id, "failed")
    await desk.set_policy(chat.creator_id, "always")
    with pytest.raises(ConflictError):
        await desk.sending.retry(desk.chatter, message.id)
    await desk.sending.retry(desk.manager, message.id)
    await house.until(message.id, "sent")


async def test_chatters_see_no_queue_and_managers_only_their_creators(desk: ApprovalHouse) -> None:
    chat = desk.house.chats[0]
    message = await desk.write(chat, SUGGESTED, suggestion=desk.machine.add())
    shown = await desk.shown(message.id)
    with pytest.raises(ForbiddenError):
        await desk.queue(desk.chatter)
    with pytest.raises(ForbiddenError):
        await desk.decide(decision(shown), who=desk.chatter)
    elsewhere = replace(desk.manager, creator_ids=frozenset({new_id()}))
    foreign = replace(desk.owner, agency_id=new_id(), role=Role.OWNER)
    for who in (elsewhere, foreign):
        assert await desk.queue(who) == []
        (result,) = await desk.decide(decision(shown), who=who)
        assert (result.code, result.message, result.approval) == ("NOT_FOUND", None, None)


async def test_the_queue_and_its_past_come_in_pages(desk: ApprovalHouse) -> None:
    await desk.set_policy(desk.house.chats[0].creator_id, "always")
    written = [(await desk.write(desk.house.chats[0], f"number {number}")).id for number in range(5)]
    found, cursor = [], None
    while True:
        page = await desk.approvals.waiting(desk.manager, creator_id=None, cursor=cursor, limit=2)
        found += [item.message.id for item in page.items]
        if (cursor := page.next_cursor) is None:
            break
    assert found == written
    await desk.decide(*(decision(item, "reject") for item in await desk.queue()))
    while True:
        past = await desk.approvals.decided(desk.manager, creator_id=None, cursor=cursor, limit=2)
        found += [item.message.id for item in past.items]
        if (cursor := past.next_cursor) is None:
            break
    assert sorted(found) == sorted(written * 2)
