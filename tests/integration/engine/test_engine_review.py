"""Messages that wait for a person: overtaken, undone, edited, scheduled, taken back."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from huntaze_contract import wire
from huntaze_contract.ids import new_id
from huntaze_contract.outgoing import State
from huntaze_desktop.model.connection import ConnectionState
from huntaze_desktop.sdk import BackendError
from tests.helpers.peer import Peer, problem
from tests.integration.engine.conftest import Desk, offline, seen, until


async def test_a_message_that_a_colleague_overtook_waits_for_a_yes(desk: Desk, peer: Peer) -> None:
    talk, other = peer.talk("One"), peer.talk("Two")
    engine = await desk.sign_in()
    outbox = engine.outbox()
    await offline(desk)
    mine = await engine.send(talk.id, "Good evening")
    behind = await engine.send(talk.id, "and how are you?")
    elsewhere = await engine.send(other.id, "hello")
    await peer.colleague_replies(talk.id, "Already answered")
    await desk.wire.up()
    items = await seen(outbox, lambda items: [item.state for item in items[:1]] == [State.NEEDS_REVIEW])
    await until(lambda: elsewhere in peer.accepted)
    assert mine not in peer.accepted
    assert behind not in dict(peer.posts)
    assert (items[0].id, items[0].reason) == (mine, "colleague_replied")
    review = await engine.review(mine)
    assert review is not None
    assert (review.text, review.reason) == ("Good evening", "colleague_replied")
    assert [(one.text, one.author_name, one.outgoing) for one in review.missed] == [("Already answered", "Ana", True)]
    await seen(engine.connection, lambda c: c.failures == 1)
    await engine.retry(mine)
    await until(lambda: mine in peer.accepted)
    body = [body for key, body in peer.posts if key == mine][-1]
    assert (body["override"], body["base_rev"]) == (True, 1)
    # What stood behind it was written before Ana's answer too, so it is asked about by itself.
    await seen(outbox, lambda items: [(i.id, i.state) for i in items] == [(behind, State.NEEDS_REVIEW)])
    await engine.cancel(behind)
    await seen(outbox, lambda items: not items)
    assert await engine.review(mine) is None


async def test_one_yes_covers_what_stands_behind_an_overtaken_message(desk: Desk, peer: Peer) -> None:
    talk = peer.talk()
    engine = await desk.sign_in()
    outbox = engine.outbox()
    await offline(desk)
    mine = [await engine.send(talk.id, text) for text in ("Good evening", "and how are you?", "see you")]
    await peer.colleague_replies(talk.id, "Already answered")
    await desk.wire.up()
    await seen(outbox, lambda items: [item.state for item in items[:1]] == [State.NEEDS_REVIEW])
    await engine.retry(mine[0], together_with=mine[1:])
    await seen(outbox, lambda items: not items)
    assert [key for key in peer.accepted if key in mine] == mine


async def test_a_row_that_is_discarded_from_its_end_leaves_nothing_to_send(desk: Desk, peer: Peer) -> None:
    talk = peer.talk()
    engine = await desk.sign_in()
    outbox = engine.outbox()
    await offline(desk)
    mine = [await engine.send(talk.id, text) for text in ("Good evening", "and how are you?", "see you")]
    await peer.colleague_replies(talk.id, "Already answered")
    await desk.wire.up()
    await seen(outbox, lambda items: [item.state for item in items[:1]] == [State.NEEDS_REVIEW])
    for message_id in reversed(mine):
        await engine.cancel(message_id)
    await seen(outbox, lambda items: not items)
    assert {key for key, _ in peer.posts} == {mine[0]}


async def test_a_review_survives_a_restart(desk: Desk, peer: Peer) -> None:
    talk = peer.talk()
    engine = await desk.sign_in()
    await offline(desk)
    mine = await engine.send(talk.id, "Good evening")
    await peer.colleague_replies(talk.id, "Already answered")
    await desk.wire.up()
    await seen(engine.outbox(), lambda items: items and items[0].state is State.NEEDS_REVIEW)
    await desk.stop()
    engine = await desk.start()
    review = await engine.review(mine)
    assert review is not None
    assert [one.text for one in review.missed] == ["Already answered"]
    await engine.edit(mine, "I see Ana was quicker")
    await engine.retry(mine)
    await until(lambda: mine in peer.accepted)
    assert peer.accepted[mine].text == "I see Ana was quicker"


async def test_ones_own_answers_are_no_collision(desk: Desk, peer: Peer) -> None:
    talk = peer.talk()
    engine = await desk.sign_in()
    await peer.colleague_replies(talk.id, "Ana first")
    await seen(engine.row(talk.id), lambda row: row is not None and row.reply_rev == 1)
    mine = await engine.send(talk.id, "then I")
    await until(lambda: mine in peer.accepted)
    assert peer.posts[-1][1]["base_rev"] == 1


async def test_send_can_be_undone_until_it_leaves(desk: Desk, peer: Peer) -> None:
    talk = peer.talk()
    engine = await desk.sign_in()
    mine = await engine.send(talk.id, "oops", undo_s=30)
    behind = await engine.send(talk.id, "behind")
    (item, _) = await seen(engine.outbox(), lambda items: len(items) == 2)
    assert item.hold_until is not None
    await engine.save_draft(talk.id, "begun since")
    assert await engine.undo_send(mine)
    assert await engine.draft(talk.id) == "oops\nbegun since"
    await until(lambda: behind in peer.accepted)
    assert not await engine.undo_send(behind)
    assert not await engine.undo_send(mine)
    assert [key for key, _ in peer.posts] == [behind]


async def test_what_was_not_undone_goes_by_itself(desk: Desk, peer: Peer) -> None:
    talk = peer.talk()
    engine = await desk.sign_in()
    began = datetime.now(UTC)
    mine = await engine.send(talk.id, "fine", undo_s=0.5)
    await until(lambda: mine in peer.accepted)
    assert datetime.now(UTC) - began >= timedelta(seconds=0.5)


async def test_send_can_be_undone_after_a_restart_too(desk: Desk, peer: Peer) -> None:
    talk = peer.talk()
    engine = await desk.sign_in()
    mine = await engine.send(talk.id, "oops", undo_s=30)
    await desk.stop()
    engine = await desk.start()
    await seen(engine.outbox(), lambda items: items)
    assert await engine.undo_send(mine)
    assert await engine.draft(talk.id) == "oops"
    assert not peer.posts


async def test_a_scheduled_message_says_when_it_goes(desk: Desk, peer: Peer) -> None:
    talk = peer.talk()
    engine = await desk.sign_in()
    await offline(desk)
    at = engine.now() + timedelta(days=3)
    mine = await engine.send(talk.id, "on Monday", send_at=at)
    (row,) = (await seen(engine.window(talk.id), lambda value: value.rows)).rows
    assert (row.not_before, row.lane) == (at, "scheduled")
    await desk.wire.up()
    await until(lambda: mine in peer.accepted)
    assert datetime.fromisoformat(peer.posts[-1][1]["send_at"]) == at
    for wrong in (engine.now() - timedelta(minutes=1), engine.now() + timedelta(days=400)):
        with pytest.raises(ValueError, match="year"):
            await engine.send(talk.id, "never", send_at=wrong)


async def test_a_message_that_never_left_is_edited_here(desk: Desk, peer: Peer) -> None:
    talk = peer.talk()
    engine = await desk.sign_in()
    await offline(desk)
    mine = await engine.send(talk.id, "helo")
    await engine.edit(mine, "hello")
    await seen(engine.window(talk.id), lambda value: value.rows and value.rows[0].text == "hello")
    await desk.wire.up()
    await until(lambda: mine in peer.accepted)
    assert {body["text"] for _, body in peer.posts} == {"hello"}


async def test_a_message_that_the_backend_has_is_edited_there(desk: Desk, peer: Peer) -> None:
    talk = peer.talk()
    engine = await desk.sign_in()
    mine = await engine.send(talk.id, "helo")
    window = engine.window(talk.id)
    await seen(window, lambda value: value.rows and not value.rows[0].local)
    await engine.edit(mine, "hello")
    row = (await seen(window, lambda value: value.rows[0].text == "hello")).rows[0]
    assert row.edited_at is not None
    assert peer.accepted[mine].text == "hello"


@pytest.mark.parametrize("arrived", [True, False])
async def test_a_message_that_may_have_arrived_is_asked_for_before_it_is_edited(
    desk: Desk, peer: Peer, arrived: bool
) -> None:
    talk = peer.talk()
    peer.silent_events = True
    engine = await desk.sign_in()
    if arrived:
        desk.wire.cut_answers = 1
    peer.instead_of_posts.extend(problem(503, "UNAVAILABLE") for _ in range(500 * (not arrived)))
    mine = await engine.send(talk.id, "helo")
    await until(lambda: peer.posts)
    await engine.edit(mine, "hello")
    peer.instead_of_posts.clear()
    await until(lambda: mine in peer.accepted and peer.accepted[mine].text == "hello")
    await seen(engine.outbox(), lambda items: not items)


async def test_an_edit_that_met_a_late_request_of_ours_ends_with_the_new_words(desk: Desk, peer: Peer) -> None:
    talk = peer.talk()
    peer.silent_events = True
    engine = await desk.sign_in()
    await offline(desk)
    mine = await engine.send(talk.id, "hello")
    # An earlier request with other words, which everybody had given up, arrives after all.
    peer.accepted[mine] = peer.agency.message(talk, "helo", id=mine, direction="out", state=State.READY)
    peer.instead_of_posts.append(problem(422, "KEY_REUSED"))
    await desk.wire.up()
    await until(lambda: peer.accepted[mine].text == "hello")
    await seen(engine.outbox(), lambda items: not items)


async def test_a_delivered_message_is_taken_back(desk: Desk, peer: Peer) -> None:
    talk = peer.talk()
    engine = await desk.sign_in()
    mine = await engine.send(talk.id, "oh no")
    await until(lambda: mine in peer.accepted)
    await engine.unsend(mine)
    await seen(engine.window(talk.id), lambda value: value.rows and value.rows[0].unsend == "requested")


async def test_an_overtaken_one_that_is_refused_for_good_keeps_waiting(desk: Desk, peer: Peer) -> None:
    talk = peer.talk()
    engine = await desk.sign_in()
    await offline(desk)
    mine = await engine.send(talk.id, "Good evening")
    await peer.colleague_replies(talk.id, "Already answered")
    await desk.wire.up()
    outbox = engine.outbox()
    await seen(outbox, lambda items: items and items[0].state is State.NEEDS_REVIEW)
    peer.instead_of_posts.append(problem(403, "FORBIDDEN"))
    await engine.retry(mine)
    await seen(outbox, lambda items: items[0].state is State.NEEDS_REVIEW and items[0].reason == "FORBIDDEN")
    assert await engine.review(mine) is not None


async def test_typing_takes_the_lease_keeps_it_and_leaving_gives_it_back(desk: Desk, peer: Peer) -> None:
    one, two = peer.talk("One"), peer.talk("Two")
    engine = await desk.sign_in()
    engine.tell_viewing(one.id, typing=False)
    engine.tell_viewing(one.id, typing=True)
    await until(lambda: peer.lease_requests.count(("PUT", one.id)) >= 3)
    mine = await engine.send(one.id, "under lease")
    await until(lambda: mine in peer.accepted)
    assert peer.posts[-1][1]["lease_epoch"] == 1
    engine.tell_viewing(two.id, typing=False)
    await until(lambda: one.id not in peer.leases)
    engine.tell_viewing(two.id, typing=True)
    engine.tell_viewing(two.id, typing=False)
    await until(lambda: two.id in peer.leases)
    await until(lambda: two.id not in peer.leases)


@pytest.mark.parametrize("goes", ["closes", "signs out"])
async def test_a_lease_is_given_back_when_one_goes(desk: Desk, peer: Peer, goes: str) -> None:
    talk = peer.talk()
    engine = await desk.sign_in()
    engine.tell_viewing(talk.id, typing=True)
    await until(lambda: talk.id in peer.leases)
    await until(lambda: engine.connection.value.state is ConnectionState.ONLINE)
    if goes == "signs out":
        await engine.sign_out()
    else:
        await desk.stop()
    assert talk.id not in peer.leases
    assert peer.lease_requests.count(("DELETE", talk.id)) == 1


async def test_a_lease_that_was_asked_for_when_one_goes_is_given_back_too(desk: Desk, peer: Peer) -> None:
    talk = peer.talk()
    engine = await desk.sign_in()
    peer.slow_leases = 0.5
    engine.tell_viewing(talk.id, typing=True)
    await until(lambda: ("PUT", talk.id) in peer.lease_requests)
    await desk.stop()
    assert peer.lease_requests[-1] == ("DELETE", talk.id)


async def test_a_server_that_says_nothing_does_not_hold_up_the_close(desk: Desk, peer: Peer) -> None:
    talk = peer.talk()
    engine = await desk.sign_in()
    engine.tell_viewing(talk.id, typing=True)
    await until(lambda: talk.id in peer.leases)
    peer.slow_leases = 30.0
    engine.tell_viewing(talk.id, typing=False)
    async with asyncio.timeout(3.0):
        await desk.stop()


async def test_no_lease_is_given_back_to_a_server_that_is_away(desk: Desk, peer: Peer) -> None:
    talk = peer.talk()
    engine = await desk.sign_in()
    engine.tell_viewing(talk.id, typing=True)
    await until(lambda: talk.id in peer.leases)
    await offline(desk)
    await desk.stop()
    assert ("DELETE", talk.id) not in peer.lease_requests


async def test_a_lease_that_a_colleague_holds_is_shown_and_can_be_taken_over(desk: Desk, peer: Peer) -> None:
    talk = peer.talk()
    theirs: dict[str, Any] = {"member_id": peer.agency.creator.id, "member_name": "Ana", "epoch": 4}
    peer.leases[talk.id] = wire.Lease(
        conversation_id=talk.id, expires_at=datetime.now(UTC) + timedelta(seconds=45), **theirs
    )
    engine = await desk.sign_in()
    row = engine.row(talk.id)
    engine.tell_viewing(talk.id, typing=True)
    await seen(row, lambda value: value is not None and value.replying == "Ana")
    mine = await engine.send(talk.id, "without a lease")
    await until(lambda: mine in peer.accepted)
    assert peer.posts[-1][1]["lease_epoch"] is None
    await engine.take_over(talk.id)
    assert peer.leases[talk.id].epoch == 5
    await seen(row, lambda value: value is not None and value.replying is None)
    await until(lambda: peer.sockets)
    lost = wire.Lease(conversation_id=talk.id, expires_at=peer.now() + timedelta(seconds=45), **(theirs | {"epoch": 6}))
    peer.leases[talk.id] = lost
    await peer.frame(wire.LeaseFrame(cs=1, conversation_id=talk.id, lease=lost))
    await seen(row, lambda value: value is not None and value.replying == "Ana")
    del peer.leases[talk.id]
    await peer.frame(wire.LeaseFrame(cs=2, conversation_id=talk.id))
    await seen(row, lambda value: value is not None and value.replying is None)


async def test_a_taken_over_lease_sends_the_message_to_review(desk: Desk, peer: Peer) -> None:
    talk = peer.talk()
    engine = await desk.sign_in()
    lost = wire.Collision(reason="lease_lost", missed=[], reply_rev=0, holder="Ana")
    peer.instead_of_posts.append(problem(409, "LEASE_LOST", collision=lost.model_dump(mode="json")))
    mine = await engine.send(talk.id, "too late")
    await seen(engine.outbox(), lambda items: items and items[0].state is State.NEEDS_REVIEW)
    review = await engine.review(mine)
    assert review is not None
    assert (review.reason, review.holder) == ("lease_lost", "Ana")


async def test_a_person_who_decides_sees_what_is_known_and_is_obeyed(desk: Desk, peer: Peer) -> None:
    talk = peer.talk()
    engine = await desk.sign_in()
    mine = await engine.send(talk.id, "perhaps")
    await until(lambda: mine in peer.accepted)
    known = peer.accepted[mine].model_copy(
        update={"state": State.NEEDS_HUMAN, "attempt_no": 1, "ver": peer.agency.next_seq()}
    )
    peer.accepted[mine] = known
    peer.evidence = wire.Evidence(
        message=known,
        attempts=[wire.AttemptSeen(no=1, started_at=peer.now(), outcome="ambiguous", detail="timeout")],
        candidates=[wire.Candidate(platform_id="p1", text="perhaps", at=peer.now(), same_text=True)],
        listed_at=peer.now(),
        complete=True,
    )
    found = await engine.evidence(mine)
    assert [(one.no, one.outcome) for one in found.attempts] == [(1, "ambiguous")]
    assert [(one.platform_id, one.same_text, one.taken) for one in found.candidates] == [("p1", True, False)]
    assert found.complete
    window = engine.window(talk.id)
    await seen(window, lambda value: value.rows and value.rows[0].state is State.NEEDS_HUMAN)
    await engine.resolve(mine, "sent", platform_id="p1")
    await seen(window, lambda value: value.rows[0].state is State.SENT)
    with pytest.raises(BackendError):
        await engine.resolve(new_id(), "sent")
