"""The rules of compliance on this computer: as they ship, as the agency changes them, and what a refusal leaves."""

from typing import Any

import pytest

from huntaze_contract import wire
from huntaze_contract.ids import new_id
from huntaze_contract.outgoing import State
from huntaze_desktop.model.compliance import ComplianceRules
from huntaze_desktop.sdk import BackendError
from tests.helpers.peer import Peer, problem
from tests.integration.engine.conftest import Desk, offline, seen, until


def layer(peer: Peer, creator_id: str | None = None, **changes: Any) -> wire.ComplianceLayer:
    id_ = creator_id or new_id()
    made = wire.ComplianceChanges(**changes)
    return wire.ComplianceLayer(id=id_, creator_id=creator_id, changes=made, version=1, ver=peer.agency.next_seq())


def own(word: str) -> wire.OwnRule:
    return wire.OwnRule.model_validate(
        {
            "id": "own.word",
            "category": "platform_word",
            "tier": "block",
            "terms": [word],
            "reason_en": "No.",
            "reason_fr": "Non.",
        }
    )


def found_by(rules: ComplianceRules, text: str, creator_id: str | None = None) -> list[str]:
    return [finding.rule for finding in rules.check(text, creator_id).findings]


async def test_the_rules_that_ship_count_before_anything_was_synced(desk: Desk) -> None:
    engine = await desk.start()
    rules = await seen(engine.compliance, lambda value: value.ready)
    assert found_by(rules, "my p4yp@l") == ["payment.services"]
    assert rules.check("hello there").findings == ()


async def test_what_the_agency_changes_counts_here_too_and_offline(desk: Desk, peer: Peer) -> None:
    talk = peer.talk()
    engine = await desk.sign_in()
    await until(lambda: peer.sockets)
    await peer.publish(
        layer(peer, add=[own("mango")], disable=["payment.services"]),
        layer(peer, talk.creator_id, disable=["own.word"]),
    )
    rules = await seen(engine.compliance, lambda value: found_by(value, "mango") == ["own.word"])
    assert found_by(rules, "paypal") == ["payment.services.short"]
    rules = await seen(engine.compliance, lambda value: found_by(value, "mango", talk.creator_id) == [])
    await desk.stop()
    await desk.wire.down()
    engine = await desk.start()
    rules = await seen(engine.compliance, lambda value: value.ready)
    assert found_by(rules, "mango") == ["own.word"]


async def test_a_text_that_the_backend_refuses_is_kept_with_the_reason(desk: Desk, peer: Peer) -> None:
    talk = peer.talk()
    engine = await desk.sign_in()
    window = engine.window(talk.id)
    peer.instead_of_posts.append(problem(422, "COMPLIANCE_BLOCKED", "Not this.", findings=[]))
    await engine.send(talk.id, "my paypal")
    value = await seen(window, lambda value: value.rows and value.rows[-1].state is State.REJECTED)
    assert (value.rows[-1].text, value.rows[-1].reason) == ("my paypal", "COMPLIANCE_BLOCKED")
    await offline(desk)
    assert value.rows[-1].text == "my paypal"


async def test_a_refused_edit_says_what_and_where(desk: Desk, peer: Peer) -> None:
    talk = peer.talk()
    engine = await desk.sign_in()
    window = engine.window(talk.id)
    message_id = await engine.send(talk.id, "hello")
    await seen(window, lambda value: value.rows and value.rows[-1].state is State.READY)
    finding = {
        "rule": "payment.services", "tier": "block", "category": "off_platform_payment", "start": 3, "end": 9,
        "matched": "paypal", "reason": "payment", "reason_en": "No.", "reason_fr": "Non.",
    }  # fmt: skip
    peer.instead_of_edits.append(problem(422, "COMPLIANCE_BLOCKED", "Not this.", findings=[finding, {"odd": True}]))
    with pytest.raises(BackendError) as refused:
        await engine.edit(message_id, "my paypal")
    assert refused.value.code == "COMPLIANCE_BLOCKED"
    (found,) = refused.value.findings
    assert (found.rule, found.start, found.matched) == ("payment.services", 3, "paypal")


async def test_a_rejected_message_keeps_what_the_server_minded_over_a_restart(desk: Desk, peer: Peer) -> None:
    talk = peer.talk()
    engine = await desk.sign_in()
    finding = {
        "rule": "payment.services", "tier": "block", "category": "off_platform_payment", "start": 3, "end": 9,
        "matched": "paypal", "reason": "payment", "reason_en": "No.", "reason_fr": "Non.",
    }  # fmt: skip
    window = engine.window(talk.id)
    peer.instead_of_posts.append(problem(422, "COMPLIANCE_BLOCKED", "Not this.", findings=[finding]))
    message_id = await engine.send(talk.id, "my paypal")
    await seen(window, lambda value: value.rows and value.rows[-1].state is State.REJECTED)
    await desk.stop()
    engine = await desk.start()
    (found,) = await engine.findings(message_id)
    assert (found.rule, found.start, found.end, found.matched) == ("payment.services", 3, 9, "paypal")
    assert await engine.findings(talk.id) == ()
