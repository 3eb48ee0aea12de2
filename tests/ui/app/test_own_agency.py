"""An agency on this computer: set up, signed in to, closed and opened again, on the real service."""

import asyncio
from dataclasses import replace

import pytest

from huntaze_desktop.ui.set_up import SetUpPage
from huntaze_desktop.ui.sign_in import SignInPage
from tests.ui.app.conftest import Desk, Seat, port_held, services_running

pytestmark = [pytest.mark.gui, pytest.mark.e2e, pytest.mark.timeout(200)]

ANN, PHRASE = "ann@north.example", "correct horse battery"


async def set_up(seat: Seat) -> None:
    await seat.sees(SignInPage)
    await seat.click("sign_in.set_up")
    await seat.sees(SetUpPage)
    for field, text in (("agency", "Northlight"), ("name", "Ann Berg"), ("email", ANN), ("password", PHRASE)):
        await seat.write(f"set_up.{field}", text)
    await seat.click("set_up.submit")
    await seat.works()


async def sign_out(seat: Seat) -> None:
    seat.window.sign_out_requested.emit()
    await seat.sees(SignInPage)


def test_it_is_set_up_and_opens_by_itself_the_next_time(desk: Desk) -> None:
    async def first(seat: Seat) -> None:
        await set_up(seat)
        me = seat.desktop.workplace.engine.me
        assert (me.name, me.role) == ("Ann Berg", "owner")

    desk.start(first)
    port = desk.profile.settings().backend_port
    assert services_running() == []

    async def second(seat: Seat) -> None:
        await seat.works()
        await seat.until(lambda: seat.connection == "online", "the service")
        assert seat.desktop.services is not None
        assert seat.desktop.services.backend is not None
        assert seat.desktop.services.backend.port == port

    desk.start(second)
    assert services_running() == []

    async def on_a_taken_port(seat: Seat) -> None:
        await seat.works()
        await seat.until(lambda: seat.connection == "online", "the service on another port")

    with port_held(port):
        desk.start(on_a_taken_port)
    assert desk.profile.settings().backend_port != port


def test_after_signing_out_a_wrong_password_is_said_and_the_right_one_opens_it(desk: Desk) -> None:
    async def script(seat: Seat) -> None:
        await set_up(seat)
        await sign_out(seat)
        await seat.sign_in(email=ANN, password="wrong horse battery")
        page = await seat.sees(SignInPage)
        await seat.until(lambda: bool(page.problem.accessibleName()), "the refusal")
        assert "password" in page.problem.accessibleName()
        await seat.sign_in(email=ANN, password=PHRASE)
        await seat.works()
        assert len(services_running()) == 1

    desk.start(script)


def test_a_database_with_another_key_is_said(desk: Desk) -> None:
    secrets = desk.secrets
    assert secrets is not None
    desk.start(set_up)
    right = secrets.get("database-key")
    assert right is not None
    secrets.set("database-key", "00" * 32)

    async def script(seat: Seat) -> None:
        await seat.sees_error("HZ-103")
        secrets.set("database-key", right)
        await seat.click("error.retry")
        await seat.works()
        await seat.until(lambda: seat.connection == "online", "the service")

    desk.start(script)


def test_closing_the_window_while_the_service_starts_leaves_nothing(desk: Desk) -> None:
    desk.profile.save(replace(desk.profile.settings(), mode="own"))

    async def script(seat: Seat) -> None:
        await seat.until(lambda: bool(services_running()), "the starting service")
        seat.window.close_requested.emit()
        await asyncio.Event().wait()

    desk.start(script)
    assert services_running() == []
