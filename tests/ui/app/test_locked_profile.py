"""What stands between a person and their profile: no keyring, a wrong passphrase, a wrong key, another window."""

import asyncio

import pytest

from huntaze_desktop.app.secrets import MemorySecrets, NoKeyringError, new_key
from huntaze_desktop.app.workplace import CACHE_KEY, open_profile_cache
from huntaze_desktop.ui.passphrase_dialog import PassphrasePage
from huntaze_desktop.ui.sign_in import SignInPage
from huntaze_desktop.ui_kit.labels import Label
from tests.ui.app.conftest import Desk, Seat, Server

pytestmark = pytest.mark.gui

PHRASE = "correct horse battery"


@pytest.fixture
def no_keyring(monkeypatch: pytest.MonkeyPatch) -> None:
    def find() -> None:
        raise NoKeyringError("this computer has no keyring service")

    monkeypatch.setattr("huntaze_desktop.app.unlock.usable_keyring", find)


async def choose(seat: Seat) -> None:
    await seat.sees(PassphrasePage)
    await seat.write("passphrase.first", PHRASE)
    await seat.write("passphrase.second", PHRASE)
    await seat.click("passphrase.submit")
    await seat.sees(SignInPage)


@pytest.mark.usefixtures("no_keyring")
def test_without_a_keyring_a_passphrase_locks_the_profile(desk: Desk, server: Server) -> None:
    desk.secrets = None

    async def first(seat: Seat) -> None:
        await choose(seat)
        await seat.sign_in(server.url)
        await seat.works()

    desk.start(first)
    assert PHRASE.encode() not in desk.profile.passphrase_path.read_bytes()

    async def second(seat: Seat) -> None:
        page = await seat.sees(PassphrasePage)
        await seat.write("passphrase.first", "another horse battery")
        await seat.click("passphrase.submit")
        await seat.until(lambda: "not the passphrase" in page.first_field.error, "the refusal")
        assert not seat.desktop.ready.is_set()
        await seat.write("passphrase.first", PHRASE)
        await seat.click("passphrase.submit")
        await seat.works()

    desk.start(second)


@pytest.mark.usefixtures("no_keyring")
def test_who_has_no_passphrase_can_leave(desk: Desk) -> None:
    desk.secrets = None

    async def script(seat: Seat) -> None:
        await seat.sees(PassphrasePage)
        await seat.click("passphrase.quit")
        await asyncio.Event().wait()  # the desktop closes by itself

    assert desk.start(script) == 0
    assert not desk.profile.passphrase_path.exists()


def test_a_cache_with_another_key_is_set_aside_if_one_wants(desk: Desk) -> None:
    secrets = MemorySecrets()
    open_profile_cache(desk.profile, secrets).close()
    secrets.set(CACHE_KEY, new_key())
    desk.secrets = secrets

    async def script(seat: Seat) -> None:
        await seat.sees_error("HZ-201")
        before = desk.profile.cache_path.read_bytes()
        # As somebody in a hurry does: both, before either has come to its end.
        await seat.click("error.retry")
        await seat.click("error.reset")
        await seat.click("error.reset")
        await seat.sees(SignInPage)
        aside = list(desk.profile.folder.glob("cache.db.aside-*"))
        assert [path.read_bytes() for path in aside] == [before]
        await seat.until(lambda: seat.desktop.is_open, "the new copy")
        told = " ".join(label.text() for toast in seat.window.toasts.shown for label in toast.findChildren(Label))
        assert aside[0].name in told

    desk.start(script)
    open_profile_cache(desk.profile, secrets).close()


def test_a_profile_that_another_window_uses_opens_when_that_is_closed(desk: Desk) -> None:
    assert desk.secrets is not None
    other = open_profile_cache(desk.profile, desk.secrets)

    async def script(seat: Seat) -> None:
        try:
            await seat.sees_error("HZ-202")
        finally:
            other.close()
        await seat.click("error.retry")
        await seat.sees(SignInPage)
        await seat.until(lambda: seat.desktop.is_open, "the opened profile")

    desk.start(script)
