"""What a person sends arrives once and in order, whatever the network does, and nothing is lost on the way."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from huntaze_contract.outgoing import State
from huntaze_desktop.cache import outbox as cached
from huntaze_desktop.model.connection import ConnectionState
from huntaze_desktop.model.listing import ConversationQuery
from huntaze_desktop.sdk import BackendError, OfflineError
from tests.helpers.peer import Peer, problem
from tests.integration.engine.conftest import Desk, offline, seen, until


async def test_a_message_shows_at_once_and_keeps_its_id(desk: Desk, peer: Peer) -> None:
    talk = peer.talk()
    engine = await desk.sign_in()
    window = engine.window(talk.id)
    await seen(window, lambda value: not value.loading)
    history: list[Any] = []
    window.subscribe(lambda value: history.append([(row.id, row.state) for row in value.rows]))
    await engine.save_draft(talk.id, "Hello Dan")
    mine = await engine.send(talk.id, "Hello Daniel")
    await seen(window, lambda value: value.rows and not value.rows[0].local)
    assert [value for value in history if value] in (
        [[(mine, State.QUEUED_LOCAL)], [(mine, State.READY)]],
        [[(mine, State.READY)]],  # the answer was quicker than the view
    )
    assert await engine.draft(talk.id) == ""
    (key, body), *others = peer.posts
    assert not others
    assert (key, body["text"], body["prev_id"], body["device_seq"]) == (mine, "Hello Daniel", None, 1)


async def test_messages_written_offline_arrive_in_order_and_once(desk: Desk, peer: Peer) -> None:
    talks = [peer.talk(f"Fan {index}") for index in range(6)]
    engine = await desk.sign_in()
    await offline(desk)
    sent = {talk.id: [await engine.send(talk.id, f"{n}") for n in range(5)] for talk in talks}
    outbox = engine.outbox()
    assert len(await seen(outbox, lambda items: len(items) == 30)) == 30
    await seen(engine.connection, lambda c: c.outbox == 30)
    await desk.wire.up()
    await seen(outbox, lambda items: not items)
    for talk in talks:
        keys = [key for key, body in peer.posts if body["conversation_id"] == talk.id]
        assert keys == sent[talk.id]
    await seen(engine.connection, lambda c: c.outbox == 0)


async def test_each_message_names_the_one_before_it(desk: Desk, peer: Peer) -> None:
    talk = peer.talk()
    engine = await desk.sign_in()
    first = await engine.send(talk.id, "one")
    second = await engine.send(talk.id, "two")
    await until(lambda: len(peer.accepted) == 2)
    assert [body["prev_id"] for _, body in peer.posts] == [None, first]
    assert [key for key, _ in peer.posts] == [first, second]


async def test_a_lost_answer_leads_to_the_same_key_again_and_one_row(desk: Desk, peer: Peer) -> None:
    talk = peer.talk()
    peer.silent_events = True
    engine = await desk.sign_in()
    window = engine.window(talk.id)
    desk.wire.cut_answers = 2
    mine = await engine.send(talk.id, "only once")
    value = await seen(window, lambda value: value.rows and not value.rows[0].local)
    assert desk.wire.answers_cut == 2
    assert [key for key, _ in peer.posts] == [mine, mine, mine]
    assert len({str(body) for _, body in peer.posts}) == 1
    assert [row.id for row in value.rows] == [mine]
    assert list(peer.accepted) == [mine]


async def test_the_outbox_survives_a_restart(desk: Desk, peer: Peer) -> None:
    talk = peer.talk()
    engine = await desk.sign_in()
    await offline(desk)
    mine = await engine.send(talk.id, "hold on")
    await desk.stop()
    await desk.wire.up()
    engine = await desk.start()
    await until(lambda: mine in peer.accepted)
    await seen(engine.outbox(), lambda items: not items)


async def test_a_token_that_ends_in_between_is_refreshed_once_for_all(desk: Desk, peer: Peer) -> None:
    talks = [peer.talk(f"Fan {index}") for index in range(4)]
    engine = await desk.sign_in()
    refreshes = peer.refreshes
    peer.access.clear()
    await asyncio.gather(*(engine.send(talk.id, "hello") for talk in talks))
    await until(lambda: len(peer.accepted) == 4)
    assert peer.refreshes == refreshes + 1
    assert engine.connection.value.state is ConnectionState.ONLINE


async def test_a_refresh_that_is_refused_signs_out_and_keeps_everything(desk: Desk, peer: Peer) -> None:
    talk = peer.talk()
    engine = await desk.sign_in()
    peer.access.clear()
    peer.refresh_token = "another"
    mine = await engine.send(talk.id, "still here")
    connection = await seen(engine.connection, lambda c: c.state is ConnectionState.SIGNED_OUT)
    assert connection.detail is not None
    assert "Sign in again" in connection.detail
    assert [item.id for item in await seen(engine.outbox(), lambda items: items)] == [mine]
    await engine.sign_in("iris@example.com", "correct horse")
    await until(lambda: mine in peer.accepted)


@pytest.mark.parametrize(
    ("status", "code"),
    [(503, "UNAVAILABLE"), (500, "INTERNAL"), (429, "TOO_MANY_REQUESTS"), (409, "IN_PROGRESS"), (409, "OUT_OF_ORDER")],
)
async def test_what_may_pass_is_tried_again(desk: Desk, peer: Peer, status: int, code: str) -> None:
    talk = peer.talk()
    engine = await desk.sign_in()
    peer.instead_of_posts.append(problem(status, code, retry_after_s=0.01))
    mine = await engine.send(talk.id, "hello")
    await until(lambda: mine in peer.accepted)
    assert [key for key, _ in peer.posts] == [mine, mine]


@pytest.mark.parametrize(
    ("status", "code"), [(422, "CANNOT_SEND"), (404, "NOT_FOUND"), (403, "FORBIDDEN"), (422, "KEY_REUSED")]
)
async def test_what_cannot_succeed_is_rejected_and_does_not_hold_up_the_next(
    desk: Desk, peer: Peer, status: int, code: str
) -> None:
    talk = peer.talk()
    engine = await desk.sign_in()
    peer.instead_of_posts.append(problem(status, code))
    refused = await engine.send(talk.id, "refused")
    taken = await engine.send(talk.id, "taken")
    await until(lambda: taken in peer.accepted)
    outbox = engine.outbox()
    (item,) = await seen(outbox, lambda items: [item.state for item in items] == [State.REJECTED])
    assert (item.id, item.reason) == (refused, code)
    await seen(engine.connection, lambda c: c.failures == 1 and c.outbox == 0)
    (row,) = (await seen(engine.listing(ConversationQuery()), lambda value: value.rows)).rows
    assert row.failed == 1
    await engine.cancel(refused)
    await seen(outbox, lambda items: not items)


async def test_a_rejected_message_can_be_sent_anew(desk: Desk, peer: Peer) -> None:
    talk = peer.talk()
    engine = await desk.sign_in()
    peer.instead_of_posts.append(problem(422, "CANNOT_SEND"))
    refused = await engine.send(talk.id, "please")
    await seen(engine.outbox(), lambda items: items and items[0].state is State.REJECTED)
    await engine.retry(refused)
    await until(lambda: peer.accepted)
    assert refused not in peer.accepted
    assert [message.text for message in peer.accepted.values()] == ["please"]


class Calendar:
    """A computer's clock that can be set."""

    def __init__(self) -> None:
        self.ahead = timedelta(0)

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead


async def test_what_waited_for_more_than_a_day_is_sent_only_when_a_person_says_so(desk: Desk, peer: Peer) -> None:
    talk = peer.talk()
    engine = await desk.sign_in()
    await offline(desk)
    old = await engine.send(talk.id, "yesterday's news")
    await desk.stop()
    await desk.wire.up()
    calendar = Calendar()
    calendar.ahead = peer.skew = timedelta(hours=25)
    engine = await desk.start(wall=calendar)
    outbox = engine.outbox()
    await seen(outbox, lambda items: items and items[0].state is State.EXPIRED)
    fresh = await engine.send(talk.id, "today's")
    await until(lambda: fresh in peer.accepted)
    assert old not in peer.accepted
    await engine.retry(old)
    await until(lambda: old in peer.accepted)
    await seen(outbox, lambda items: not items)


async def test_what_expires_while_the_uploader_looks_for_work_does_not_go(
    desk: Desk, peer: Peer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The list of what waits is read beside the task that lets a message expire: it may name it a last time."""
    talk = peer.talk()
    engine = await desk.sign_in()
    await offline(desk)
    old = await engine.send(talk.id, "yesterday's news")
    await desk.stop()
    await desk.wire.up()
    calendar = Calendar()
    calendar.ahead = peer.skew = timedelta(hours=25)
    heads, before = cached.heads, []

    def a_moment_ago(connection: Any, most: int) -> list[Any]:
        now = heads(connection, most)
        stale, before[:] = before[:], now
        return stale or now

    monkeypatch.setattr(cached, "heads", a_moment_ago)
    engine = await desk.start(wall=calendar)
    await seen(engine.outbox(), lambda items: items and items[0].state is State.EXPIRED)
    fresh = await engine.send(talk.id, "today's")
    await until(lambda: fresh in peer.accepted)
    assert old not in peer.accepted


async def test_an_old_message_that_had_arrived_is_recognised_and_not_called_expired(desk: Desk, peer: Peer) -> None:
    talk = peer.talk()
    peer.silent_events = True
    engine = await desk.sign_in()
    desk.wire.cut_answers = 1_000
    mine = await engine.send(talk.id, "arrived")
    await until(lambda: mine in peer.accepted)
    await desk.stop()
    peer.rows.pop(("message", mine))  # sync alone would not find it
    desk.wire.cut_answers = 0
    calendar = Calendar()
    calendar.ahead = peer.skew = timedelta(hours=25)
    engine = await desk.start(wall=calendar)
    posts = len(peer.posts)
    value = await seen(engine.window(talk.id), lambda value: value.rows and not value.rows[0].local)
    assert value.rows[0].state is State.READY
    assert len(peer.posts) == posts


async def test_an_unsent_message_is_taken_back_without_a_server(desk: Desk, peer: Peer) -> None:
    talk = peer.talk()
    engine = await desk.sign_in()
    await offline(desk)
    blocked = await engine.send(talk.id, "first in line")
    behind = await engine.send(talk.id, "never tried")
    await engine.cancel(behind)
    outbox = engine.outbox()
    assert [item.id for item in await seen(outbox, lambda items: len(items) == 1)] == [blocked]
    await desk.wire.up()
    await until(lambda: blocked in peer.accepted)
    assert behind not in dict(peer.posts)


async def test_a_message_that_may_have_arrived_is_taken_back_by_the_server_only(desk: Desk, peer: Peer) -> None:
    talk = peer.talk()
    peer.silent_events = True
    engine = await desk.sign_in()
    window = engine.window(talk.id)
    desk.wire.cut_answers = 1_000
    mine = await engine.send(talk.id, "hmm")
    await until(lambda: mine in peer.accepted)
    await desk.wire.down()
    with pytest.raises(OfflineError):
        await engine.cancel(mine)
    assert (await seen(window, lambda value: value.rows)).rows[0].id == mine
    peer.instead_of_posts.extend(problem(503, "UNAVAILABLE") for _ in range(500))
    desk.wire.cut_answers = 0
    await desk.wire.up()
    await seen(engine.connection, lambda c: c.state is ConnectionState.ONLINE)
    await engine.cancel(mine)
    assert peer.accepted[mine].state is State.CANCELLED
    await seen(window, lambda value: not value.rows)


async def test_a_message_the_server_never_had_is_taken_back_after_asking_it(desk: Desk, peer: Peer) -> None:
    talk = peer.talk()
    engine = await desk.sign_in()
    peer.instead_of_posts.extend(problem(503, "UNAVAILABLE") for _ in range(500))
    mine = await engine.send(talk.id, "hmm")
    await until(lambda: peer.posts)
    await engine.cancel(mine)
    await seen(engine.outbox(), lambda items: not items)
    peer.instead_of_posts.clear()
    other = await engine.send(talk.id, "better")
    await until(lambda: other in peer.accepted)
    assert mine not in peer.accepted


async def test_a_failed_message_is_retried_by_the_server(desk: Desk, peer: Peer) -> None:
    talk = peer.talk()
    engine = await desk.sign_in()
    mine = await engine.send(talk.id, "hello")
    await until(lambda: mine in peer.accepted)
    failed = peer.accepted[mine].model_copy(update={"state": State.FAILED, "ver": peer.agency.next_seq()})
    peer.accepted[mine] = failed
    await peer.publish(failed)
    window = engine.window(talk.id)
    await seen(window, lambda value: value.rows and value.rows[0].state is State.FAILED)
    await seen(engine.connection, lambda c: c.failures == 1)
    await engine.retry(mine)
    await seen(window, lambda value: value.rows[0].state is State.READY)
    await seen(engine.connection, lambda c: c.failures == 0)


@pytest.mark.parametrize("text", ["", "  \n ", "x" * 10_001, "nul \x00"])
async def test_texts_that_cannot_be_sent_are_refused_at_once(desk: Desk, peer: Peer, text: str) -> None:
    talk = peer.talk()
    engine = await desk.sign_in()
    with pytest.raises(ValueError):
        await engine.send(talk.id, text)
    with pytest.raises(BackendError):
        await engine.send("nobody", "hello")
    assert not peer.posts


async def test_a_lost_network_is_found_again_without_anybody_asking(desk: Desk, peer: Peer) -> None:
    talk = peer.talk()
    engine = await desk.sign_in()
    await desk.wire.down()
    mine = await engine.send(talk.id, "hello")
    await seen(engine.connection, lambda c: c.state is ConnectionState.OFFLINE)
    await desk.wire.up()
    await until(lambda: mine in peer.accepted)
    assert engine.connection.value.outbox <= 1
