"""What waits for a yes is listed live and decided as it was read; what AI costs is told as it grows."""

import pytest

from huntaze_contract import wire
from huntaze_desktop.model.approvals import ApprovalDecision
from huntaze_desktop.sdk import OfflineError
from tests.helpers.peer import Peer
from tests.helpers.peer_desk import costs, waiting
from tests.integration.engine.conftest import Desk, offline, seen


def held(peer: Peer, talk: wire.Conversation, text: str) -> wire.Message:
    state = wire.MessageState.WAITING_APPROVAL
    return peer.agency.message(talk, text, direction="out", state=state, author_name="Ana")


async def test_the_queue_is_read_and_follows_changes(desk: Desk, peer: Peer) -> None:
    talk = peer.talk()
    engine = await desk.sign_in()
    queue = engine.approvals()
    await seen(queue, lambda value: not value.loading and not value.items)
    message = held(peer, talk, "They came out well")
    ai = wire.Provenance(provider="openai", model="large-1", ai_share=0.94, edited=False, confidence=0.9)
    missed = peer.agency.message(talk, "And?")
    peer.desk.queue = [waiting(message, ai=ai, missed=[missed])]
    await peer.publish(message)
    found = await seen(queue, lambda value: value.items)
    (one,) = found.items
    assert (one.text, one.author_name, one.ver) == ("They came out well", "Ana", message.ver)
    assert one.ai is not None
    assert (one.ai.model, one.ai.ai_share) == ("large-1", 0.94)
    assert [part.text for part in one.missed] == ["And?"]
    assert one.last_missed_id == missed.id


async def test_a_decision_names_what_was_read_and_the_queue_is_read_again(desk: Desk, peer: Peer) -> None:
    talk = peer.talk()
    engine = await desk.sign_in()
    message = held(peer, talk, "They came out well")
    peer.desk.queue = [waiting(message)]
    queue = engine.approvals()
    (one,) = (await seen(queue, lambda value: value.items)).items
    peer.desk.queue = []
    peer.desk.results = [wire.ApprovalResult(message_id=message.id, done=True)]
    (result,) = await engine.decide_approvals([ApprovalDecision(one, "approve", text="They came out very well")])
    assert result.done
    (said,) = peer.desk.decisions
    assert (said["base_ver"], said["text_hash"]) == (message.ver, wire.text_hash("They came out well"))
    assert said["text"] == "They came out very well"
    await seen(queue, lambda value: not value.items)


async def test_offline_what_was_read_stays_and_nothing_is_decided(desk: Desk, peer: Peer) -> None:
    talk = peer.talk()
    engine = await desk.sign_in()
    peer.desk.queue = [waiting(held(peer, talk, "They came out well"))]
    queue = engine.approvals()
    (one,) = (await seen(queue, lambda value: value.items)).items
    await offline(desk)
    await seen(queue, lambda value: value.offline and value.items)
    with pytest.raises(OfflineError):
        await engine.decide_approvals([ApprovalDecision(one, "reject", reason="No")])


async def test_the_running_total_is_asked_for_and_then_told(desk: Desk, peer: Peer) -> None:
    peer.desk.today = costs(6_420_000_000, 15_000_000_000)
    engine = await desk.sign_in()
    total = engine.costs()
    found = await seen(total, lambda value: value is not None)
    assert found is not None
    assert (found.today, found.limit, found.month) == (6_420_000_000, 15_000_000_000, 9 * 6_420_000_000)
    await peer.frame(wire.CostsFrame(cs=1, costs=costs(7_000_000_000)))
    found = await seen(total, lambda value: value is not None and value.today == 7_000_000_000)
    assert found is not None
    assert found.limit is None
