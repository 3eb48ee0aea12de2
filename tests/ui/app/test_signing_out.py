"""Signing out removes the local copy and its key; what is not sent is asked about first."""

import pytest
from PySide6.QtWidgets import QWidget

from huntaze_desktop.app.secrets import Secrets
from huntaze_desktop.app.workplace import CACHE_KEY, REFRESH_TOKEN
from huntaze_desktop.ui.sign_in import SignInPage
from tests.ui.app.conftest import Desk, Seat, Server

pytestmark = pytest.mark.gui


@pytest.fixture
def secrets(desk: Desk) -> Secrets:
    assert desk.secrets is not None
    return desk.secrets


async def write_offline(seat: Seat, server: Server, conversation_id: str) -> None:
    """Queue a message that cannot leave."""
    engine = seat.desktop.workplace.engine
    await seat.until(lambda: engine.connection.value.last_sync_at is not None, "the first sync")
    server.stop()
    await engine.send(conversation_id, "Talk to you tomorrow")
    await seat.until(lambda: engine.connection.value.outbox == 1, "the message in the outbox")


def test_with_nothing_unsent_the_copy_and_its_key_go_at_once(desk: Desk, server: Server, secrets: Secrets) -> None:
    server.peer.talk()

    async def script(seat: Seat) -> None:
        await seat.sign_in(server.url)
        await seat.works()
        key = secrets.get(CACHE_KEY)
        assert secrets.get(REFRESH_TOKEN)
        seat.window.sign_out_requested.emit()
        await seat.sees(SignInPage)
        await seat.until(lambda: seat.desktop.is_open, "an empty copy")
        assert secrets.get(CACHE_KEY) != key
        assert secrets.get(REFRESH_TOKEN) is None
        assert seat.desktop.workplace.engine.me.id == ""
        # The same window serves the next member.
        await seat.sign_in(server.url)
        await seat.works()

    desk.start(script)


def test_with_something_unsent_one_may_stay(desk: Desk, server: Server, secrets: Secrets) -> None:
    conversation = server.peer.talk()

    async def script(seat: Seat) -> None:
        await seat.sign_in(server.url)
        await seat.works()
        await write_offline(seat, server, conversation.id)
        key = secrets.get(CACHE_KEY)
        seat.window.sign_out_requested.emit()
        sheet = await seat.hands.wait_for(QWidget, "confirm")
        assert "1 message on this computer is not sent." in sheet.accessibleName()
        await seat.click("confirm.no")
        await seat.until(lambda: seat.hands.find(QWidget, "confirm") is None, "no question any more")
        assert seat.desktop.ready.is_set()
        assert secrets.get(CACHE_KEY) == key
        assert seat.desktop.workplace.engine.connection.value.outbox == 1

    desk.start(script)


def test_changes_that_wait_are_asked_about_too(desk: Desk, server: Server) -> None:
    conversation = server.peer.talk()

    async def script(seat: Seat) -> None:
        await seat.sign_in(server.url)
        await seat.works()
        engine = seat.desktop.workplace.engine
        await seat.until(lambda: engine.connection.value.last_sync_at is not None, "the first sync")
        server.stop()
        await engine.add_tag(conversation.fan_id, "beach")
        await seat.until(lambda: engine.connection.value.changes == 1, "the change in the queue")
        seat.window.sign_out_requested.emit()
        sheet = await seat.hands.wait_for(QWidget, "confirm")
        assert "1 change, such as a note or a tag," in sheet.accessibleName()
        await seat.click("confirm.no")
        await seat.until(lambda: seat.hands.find(QWidget, "confirm") is None, "no question any more")
        assert engine.connection.value.changes == 1

    desk.start(script)


def test_with_something_unsent_one_may_delete_it(desk: Desk, server: Server, secrets: Secrets) -> None:
    conversation = server.peer.talk()

    async def script(seat: Seat) -> None:
        await seat.sign_in(server.url)
        await seat.works()
        await write_offline(seat, server, conversation.id)
        key = secrets.get(CACHE_KEY)
        seat.window.sign_out_requested.emit()
        await seat.click("confirm.yes")
        await seat.sees(SignInPage)
        await seat.until(lambda: seat.desktop.is_open, "an empty copy")
        assert secrets.get(CACHE_KEY) != key
        assert seat.desktop.workplace.engine.connection.value.outbox == 0

    desk.start(script)
