"""No text leaves that the rules mind: not a person's, not a machine's, not an edited one, not one that waited."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from huntaze_backend.areas.messages import accepting
from huntaze_backend.areas.messages.tables import MessageRow
from huntaze_backend.core.audit import AuditRow
from huntaze_backend.core.errors import ComplianceError
from huntaze_backend.engines.compliance import layers
from huntaze_contract.ids import new_id
from huntaze_contract.wire import ComplianceChanges, ComplianceUpdate, Lane, MessageEdit, OwnRule
from tests.helpers.sending_house import COMPLIANCE

MANGO = OwnRule.model_validate(
    {
        "id": "own.mango",
        "category": "platform_word",
        "tier": "block",
        "terms": ["mango"],
        "reason_en": "Not this fruit.",
        "reason_fr": "Pas ce fruit.",
    }
)


async def change(house: Any, changes: ComplianceChanges, creator_id: str | None = None, base: int = 0) -> None:
    update = ComplianceUpdate(base_version=base, changes=changes)
    await house.db.write(lambda session: layers.change(session, COMPLIANCE, house.me, creator_id, update))


async def acts(house: Any, action: str) -> list[AuditRow]:
    query = select(AuditRow).where(AuditRow.action == action).order_by(AuditRow.at)
    return await house.db.read(lambda session: list(session.scalars(query).all()))


async def messages(house: Any) -> list[MessageRow]:
    query = select(MessageRow).where(MessageRow.client_key.is_not(None))
    return await house.db.read(lambda session: list(session.scalars(query).all()))


async def test_a_text_that_is_blocked_is_not_taken_and_its_findings_say_why(still_house: Any) -> None:
    house = still_house
    with pytest.raises(ComplianceError) as caught:
        await house.send(house.chats[0], "just p4yp@l me, love")
    (finding,) = caught.value.findings
    assert (finding.rule, finding.start, finding.end, finding.matched) == ("payment.services", 5, 11, "p4yp@l")
    assert finding.reason_fr.startswith("Un paiement")
    assert await messages(house) == []


async def test_override_passes_a_collision_and_no_rule(still_house: Any) -> None:
    house = still_house
    body = house.body(house.chats[0], "add me on telegram").model_copy(update={"override": True})
    with pytest.raises(ComplianceError):
        await house.sending.accept(house.me, new_id(), body)


async def test_words_to_be_replaced_are_refused_and_never_rewritten(still_house: Any) -> None:
    house = still_house
    with pytest.raises(ComplianceError) as caught:
        await house.send(house.chats[0], "so drunk")
    assert [(f.tier, f.replacement) for f in caught.value.findings] == [("replace", "tipsy")]
    assert (await house.row(await house.send(house.chats[0], "so tipsy"))).text == "so tipsy"


async def test_a_warning_lets_it_pass_and_is_noted_without_its_text(house: Any) -> None:
    message_id = await house.send(house.chats[0], "I saw it on Instagram")
    (act,) = await acts(house, "compliance.warned")
    assert (act.subject, act.detail["rules"]) == (message_id, ["contact.networks"])
    assert "Instagram" not in str(act.detail)
    await house.until(message_id, "sent")
    assert house.sandbox.texts(house.chats[0].platform_id) == ["I saw it on Instagram"]


async def test_what_a_machine_hands_in_is_judged_alike_and_its_price_too(still_house: Any) -> None:
    house = still_house
    work = partial(
        accepting.queue,
        compliance=COMPLIANCE,
        agency_id=house.me.agency_id,
        conversation_id=house.chats[0].id,
        lane=Lane.CAMPAIGN,
    )
    for text, price in (("paypal me", 900), ("a new set", 299), ("a new set", 20_001)):
        with pytest.raises(ComplianceError):
            await house.db.write(partial(work, key=new_id(), text=text, price=price))
    await house.db.write(partial(work, key=new_id(), text="a new set", price=900))
    assert [row.price for row in await messages(house)] == [900]


async def test_an_edit_is_judged_and_a_refused_one_changes_nothing(still_house: Any) -> None:
    house = still_house
    message_id = await house.send(house.chats[0], "hello")
    ver = (await house.answer(message_id)).message.ver
    with pytest.raises(ComplianceError):
        await house.sending.edit(house.me, message_id, MessageEdit(text="my whatsapp?", base_ver=ver))
    assert (await house.row(message_id)).text == "hello"


async def test_a_repeat_of_what_was_taken_is_no_new_question(still_house: Any) -> None:
    house, key = still_house, new_id()
    body = house.body(house.chats[0], "one mango please")
    await house.sending.accept(house.me, key, body)
    await change(house, ComplianceChanges(add=[MANGO]))
    _, replayed = await house.sending.accept(house.me, key, body)
    assert replayed


async def test_what_waited_while_the_rules_changed_does_not_go_and_keeps_its_text(still_house: Any) -> None:
    house, chat = still_house, still_house.chats[0]
    forbidden = await house.send(chat, "one mango please")
    behind = await house.send(chat, "and a pear")
    await change(house, ComplianceChanges(add=[MANGO]))
    house.start()
    row = await house.until(forbidden, "failed")
    assert (row.reason, row.text, row.attempt_no) == ("compliance", "one mango please", 0)
    await house.until(behind, "sent")
    assert house.sandbox.texts(chat.platform_id) == ["and a pear"]
    (act,) = await acts(house, "compliance.stopped")
    assert (act.subject, act.detail["rules"]) == (forbidden, ["own.mango"])


async def test_a_scheduled_one_is_judged_by_the_rules_of_its_hour(still_house: Any) -> None:
    house = still_house
    message_id = await house.send(house.chats[0], "one mango please")
    await change(house, ComplianceChanges(add=[MANGO]), house.chats[0].creator_id)
    house.start()
    await house.until(message_id, "failed")
    with pytest.raises(ComplianceError):
        await house.sending.retry(house.me, message_id)
    await change(house, ComplianceChanges(), house.chats[0].creator_id, base=1)
    await house.sending.retry(house.me, message_id)
    await house.until(message_id, "sent")


async def test_rules_of_one_creator_are_not_those_of_another(still_house: Any) -> None:
    house = still_house
    mine = house.chats[0]
    other = next(chat for chat in house.chats if chat.creator_id != mine.creator_id)
    await change(house, ComplianceChanges(add=[MANGO]), mine.creator_id)
    with pytest.raises(ComplianceError):
        await house.send(mine, "mango")
    await house.send(other, "mango")


async def test_one_read_serves_every_check_of_the_same_rules(still_house: Any) -> None:
    house = still_house

    def twice(session: Session) -> tuple[Any, Any]:
        ids = (house.me.agency_id, house.chats[0].creator_id)
        return COMPLIANCE.in_force(session, *ids), COMPLIANCE.in_force(session, *ids)

    first, second = await house.db.read(twice)
    assert first is second
    await change(house, ComplianceChanges(allow=["paypal hoodie"]))
    third, _ = await house.db.read(twice)
    assert third.version != first.version
    assert not third.rules.check("the paypal hoodie").findings
