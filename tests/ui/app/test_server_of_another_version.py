"""A backend of another major version of the API: refused in clear words, taken up again when it fits."""

import pytest

from huntaze_desktop.ui.sign_in import SignInPage
from tests.ui.app.conftest import Desk, Seat, Server

pytestmark = pytest.mark.gui


def test_a_signed_in_member_is_told_and_goes_on_when_the_server_fits(desk: Desk, server: Server) -> None:
    async def first(seat: Seat) -> None:
        await seat.sign_in(server.url)
        await seat.works()

    desk.start(first)
    server.peer.api = "3.0"

    async def second(seat: Seat) -> None:
        page = await seat.sees_error("HZ-301")
        assert "version 3.0 of the API" in page.view.what
        assert "update Huntaze on this computer" in page.view.what
        server.peer.api = "2.0"
        await seat.click("error.retry")
        await seat.until(lambda: seat.window.cover is None, "the workplace")

    desk.start(second)


def test_who_signs_in_to_one_is_told_and_comes_back_to_the_form(desk: Desk, server: Server) -> None:
    server.peer.api = "1.4"

    async def script(seat: Seat) -> None:
        await seat.sign_in(server.url)
        page = await seat.sees_error("HZ-301")
        assert "update the server" in page.view.what
        server.peer.api = "2.9"
        await seat.click("error.retry")
        await seat.sees(SignInPage)
        await seat.sign_in(server.url)
        await seat.works()

    desk.start(script)
