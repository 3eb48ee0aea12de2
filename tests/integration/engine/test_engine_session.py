"""Signing in and out, and what a desktop says to a server that it cannot work with."""

import asyncio
import os
import threading

import pytest

from huntaze_desktop.engine import Engine
from huntaze_desktop.model.connection import ConnectionState
from huntaze_desktop.model.listing import ConversationQuery
from huntaze_desktop.sdk import BackendError, OfflineError
from tests.helpers.peer import Peer
from tests.integration.engine.conftest import Desk, seen, until


async def test_a_wrong_password_is_told_in_the_servers_words(desk: Desk) -> None:
    engine = await desk.start()
    await seen(engine.connection, lambda c: c.state is ConnectionState.SIGNED_OUT)
    with pytest.raises(BackendError) as refused:
        await engine.sign_in("iris@example.com", "wrong")
    assert refused.value.code == "WRONG_CREDENTIALS"
    assert "password is wrong" in refused.value.text
    assert desk.tokens.load() is None


async def test_signing_in_without_a_server_is_told_apart(desk: Desk) -> None:
    await desk.wire.down()
    engine = await desk.start()
    with pytest.raises(OfflineError):
        await engine.sign_in("iris@example.com", "correct horse")


async def test_a_kept_sign_in_goes_on_after_a_restart(desk: Desk, peer: Peer) -> None:
    await desk.sign_in()
    await desk.stop()
    engine = await desk.start()
    await until(lambda: peer.refreshes == 1)
    await seen(engine.connection, lambda c: c.state is ConnectionState.ONLINE)


async def test_signing_out_forgets_the_tokens_and_ends_them_at_the_server(desk: Desk, peer: Peer) -> None:
    engine = await desk.sign_in()
    await engine.sign_out()
    await seen(engine.connection, lambda c: c.state is ConnectionState.SIGNED_OUT)
    assert desk.tokens.load() is None
    assert not peer.access


async def test_signing_out_works_offline(desk: Desk) -> None:
    engine = await desk.sign_in()
    await desk.wire.down()
    await engine.sign_out()
    assert desk.tokens.load() is None


async def test_another_member_does_not_get_into_the_profile(desk: Desk, peer: Peer) -> None:
    talk = peer.talk()
    engine = await desk.sign_in()
    await desk.wire.down()
    mine = await engine.send(talk.id, "mine to send")
    await engine.sign_out()
    await desk.wire.up()
    peer.agency.me = peer.agency.me.model_copy(update={"id": peer.agency.creator.id, "name": "Ana"})
    with pytest.raises(BackendError) as refused:
        await engine.sign_in("ana@example.com", "correct horse")
    assert refused.value.code == "OTHER_MEMBER"
    assert "Iris" in refused.value.text
    assert engine.me.name == "Iris"
    assert [item.id for item in await seen(engine.outbox(), lambda items: items)] == [mine]
    assert not peer.posts


@pytest.mark.parametrize(("api", "whose"), [("3.0", "update Huntaze"), ("1.9", "update the server")])
async def test_a_backend_of_another_major_is_refused_until_it_is_updated(
    desk: Desk, peer: Peer, api: str, whose: str
) -> None:
    ours, peer.api = peer.api, api
    engine = await desk.start()
    connection = await seen(engine.connection, lambda c: c.state is ConnectionState.REFUSED)
    assert connection.detail is not None
    assert api in connection.detail
    assert whose in connection.detail
    with pytest.raises(BackendError) as refused:
        await engine.sign_in("iris@example.com", "correct horse")
    assert refused.value.code == "OTHER_MAJOR"
    peer.api = ours
    await seen(engine.connection, lambda c: c.state is ConnectionState.SIGNED_OUT)


async def test_a_newer_minor_of_the_api_is_welcome(desk: Desk, peer: Peer) -> None:
    peer.api = "2.7"
    await desk.sign_in()


async def test_a_backend_that_was_replaced_by_another_major_is_noticed(desk: Desk, peer: Peer) -> None:
    engine = await desk.sign_in()
    await until(lambda: peer.sockets)
    peer.api = "3.0"
    for socket in list(peer.sockets):
        await socket.close()
    await seen(engine.connection, lambda c: c.state is ConnectionState.REFUSED)


async def test_the_server_may_move_to_another_port(desk: Desk, peer: Peer) -> None:
    talk = peer.talk()
    engine = await desk.sign_in()
    window = engine.window(talk.id)
    await desk.wire.down()
    engine.set_server(None)
    await seen(engine.connection, lambda c: c.state is not ConnectionState.ONLINE)
    desk.wire.port = 0
    await desk.wire.up()
    await peer.publish(peer.agency.message(talk, "over here"))
    engine.set_server(desk.wire.url)
    await seen(window, lambda value: len(value.rows) == 1)


class LockedKeyring:
    """A keyring that nobody unlocks."""

    def load(self) -> str | None:
        raise RuntimeError("the keyring is locked")

    def save(self, token: str) -> None:
        raise RuntimeError("the keyring is locked")

    def clear(self) -> None:
        raise RuntimeError("the keyring is locked")


async def test_a_locked_keyring_costs_the_next_password_and_nothing_else(desk: Desk, peer: Peer) -> None:
    talk = peer.talk()
    desk.tokens = LockedKeyring()
    engine = await desk.sign_in()
    peer.access.clear()
    mine = await engine.send(talk.id, "hello")
    await until(lambda: mine in peer.accepted)
    assert peer.refreshes == 1
    await desk.stop()
    engine = await desk.start()
    await seen(engine.connection, lambda c: c.state is ConnectionState.SIGNED_OUT)
    await engine.sign_out()


async def test_fifty_starts_and_stops_leave_no_thread_behind(desk: Desk, peer: Peer) -> None:
    peer.talk(messages=5)
    await desk.sign_in()
    await desk.stop()
    for turn in range(50):
        engine = await desk.start()
        listing = engine.listing(ConversationQuery())
        if turn % 5 == 0:
            await seen(listing, lambda value: not value.loading)
        if turn % 7 == 0:
            await seen(engine.connection, lambda c: c.state is ConnectionState.ONLINE)
        await desk.stop()
        assert not [one.name for one in threading.enumerate() if one.name.startswith(("engine", "cache-"))]
    # What is left belongs to this test's own loop, whose pool has at most so many threads.
    assert threading.active_count() <= 1 + min(32, (os.cpu_count() or 1) + 4)


async def test_a_stopped_engine_says_so(desk: Desk, peer: Peer) -> None:
    engine: Engine = await desk.sign_in()
    view = engine.listing(ConversationQuery())
    await desk.stop()
    with pytest.raises(OfflineError, match="closing"):
        await engine.draft("x")
    view.close()
    await asyncio.to_thread(engine.stop)


async def test_a_refresh_under_way_is_not_lost_by_closing(desk: Desk, peer: Peer) -> None:
    await desk.sign_in()
    await desk.stop()
    peer.slow_refresh = 0.15
    await desk.start()
    await until(lambda: peer.refreshes == 1)
    await desk.stop()
    assert desk.tokens.load() == peer.refresh_token
