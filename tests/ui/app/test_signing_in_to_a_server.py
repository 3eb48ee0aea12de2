"""Signing in to a server: a wrong password, no server there, the address of the command line, and the second start."""

from dataclasses import replace

import pytest

from huntaze_desktop.app.workplace import REFRESH_TOKEN
from huntaze_desktop.ui.sign_in import SignInPage
from tests.ui.app.conftest import EMAIL, Desk, Seat, Server

pytestmark = pytest.mark.gui

NOBODY = "http://127.0.0.1:9"


def test_a_wrong_password_is_said_and_the_right_one_still_works(desk: Desk, server: Server) -> None:
    async def script(seat: Seat) -> None:
        await seat.sign_in(server.url, "wrong horse")
        page = await seat.sees(SignInPage)
        await seat.until(lambda: "password is wrong" in page.problem.accessibleName(), "the refusal on the page")
        assert (page.submit.is_busy, page.email.text()) == (False, EMAIL)

        await seat.sign_in(server.url)
        await seat.works()

    assert desk.start(script) == 0


def test_a_server_that_is_not_there_is_said(desk: Desk) -> None:
    async def script(seat: Seat) -> None:
        await seat.sign_in(NOBODY)
        page = await seat.sees(SignInPage)
        await seat.until(lambda: bool(page.problem.accessibleName()), "the reason on the page")
        assert not page.submit.is_busy

    desk.start(script)


def test_without_a_server_and_an_agency_it_says_what_to_do(desk: Desk) -> None:
    async def script(seat: Seat) -> None:
        await seat.sign_in()
        page = await seat.sees(SignInPage)
        await seat.until(
            lambda: "There is no agency on this computer yet." in page.problem.accessibleName(), "what to do"
        )

    desk.start(script)


def test_the_address_of_the_command_line_is_filled_in(desk: Desk, server: Server) -> None:
    async def script(seat: Seat) -> None:
        page = await seat.sees(SignInPage)
        assert page.server.text() == server.url
        await seat.sign_in()
        await seat.works()

    desk.start(script, server=server.url)
    assert desk.profile.settings().server_url == server.url


def test_the_second_start_shows_the_workplace_before_any_network(desk: Desk, server: Server) -> None:
    async def first(seat: Seat) -> None:
        await seat.sign_in(server.url)
        await seat.works()

    desk.start(first)
    desk.profile.save(replace(desk.profile.settings(), server_url=NOBODY))

    async def second(seat: Seat) -> None:
        await seat.works()
        assert seat.desktop.workplace.engine.me.name == server.agency.me.name

    desk.start(second)


def test_who_does_not_stay_signed_in_is_asked_again(desk: Desk, server: Server) -> None:
    assert desk.secrets is not None

    async def first(seat: Seat) -> None:
        await seat.sees(SignInPage)
        await seat.click("sign_in.keep")
        await seat.sign_in(server.url)
        await seat.works()

    desk.start(first)
    assert desk.secrets.get(REFRESH_TOKEN) is None

    async def second(seat: Seat) -> None:
        page = await seat.sees(SignInPage)
        await seat.until(lambda: seat.desktop.is_open, "the opened profile")
        assert not seat.desktop.ready.is_set()
        assert (page.email.text(), page.server.text()) == (EMAIL, server.url)
        await seat.sign_in()
        await seat.works()

    desk.start(second)


def test_a_member_whose_sign_in_is_gone_is_asked_again(desk: Desk, server: Server) -> None:
    assert desk.secrets is not None

    async def first(seat: Seat) -> None:
        await seat.sign_in(server.url)
        await seat.works()

    desk.start(first)
    desk.secrets.delete(REFRESH_TOKEN)

    async def second(seat: Seat) -> None:
        await seat.sees(SignInPage)
        await seat.sign_in()
        await seat.works()

    desk.start(second)
