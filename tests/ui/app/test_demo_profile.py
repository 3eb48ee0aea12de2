"""The demo agency of a kept profile: filled once, then there before any service runs, on the same ports."""

import asyncio

import pytest
from PySide6.QtWidgets import QAbstractItemView

from huntaze_contract.wire import Connection
from huntaze_desktop.app.own import DemoSettings
from huntaze_desktop.model.entities import ConversationRow
from huntaze_desktop.ui_kit.conversation_list import RowRole
from tests.ui.app.conftest import SOON_S, Desk, Seat, port_held, services_running

pytestmark = [pytest.mark.gui, pytest.mark.e2e, pytest.mark.timeout(200)]

SMALL = DemoSettings(fans=8, messages=60)


def rows(seat: Seat) -> int:
    """How many conversations the list holds; its headings do not count."""
    view = seat.hands.find(QAbstractItemView, "messages.list")
    if view is None:
        return 0
    model = view.model()
    found = (model.index(number, 0).data(RowRole) for number in range(model.rowCount()))
    return sum(isinstance(row, ConversationRow) for row in found)


async def connections(seat: Seat) -> list[Connection]:
    return await seat.desktop.workplace.engine.platform_connections()


def sandbox_of(seat: Seat) -> str:
    services = seat.desktop.services
    return f"http://127.0.0.1:{services.sandbox.port}" if services is not None and services.sandbox is not None else ""


def moved(seat: Seat, port: int) -> bool:
    return sandbox_of(seat) not in ("", f"http://127.0.0.1:{port}")


def test_the_second_start_shows_the_list_first_and_finds_its_services_again(desk: Desk) -> None:
    counts = []

    async def first(seat: Seat) -> None:
        await seat.works()
        await seat.until(lambda: seat.connection == "online" and rows(seat) >= SMALL.fans, "the filled list")
        counts.append(rows(seat))

    desk.start(first, demo=SMALL)
    kept = desk.profile.settings()
    assert kept.mode == "demo"
    assert kept.backend_port != 0
    assert kept.sandbox_port != 0

    async def second(seat: Seat) -> None:
        await seat.until(lambda: rows(seat) == counts[0], "the list from the cache")
        services = seat.desktop.services
        assert services is None or services.backend is None, "the list waited for the service"
        await seat.until(lambda: seat.connection == "online", "the service")
        assert [one.base_url for one in await connections(seat)] == [sandbox_of(seat)]

    # Not asked for this time: the profile remembers that it is the demo's.
    desk.start(second)
    assert desk.profile.settings() == kept

    async def with_the_sandboxs_port_taken(seat: Seat) -> None:
        await seat.works()
        await seat.until(lambda: moved(seat, kept.sandbox_port), "the sandbox on another port")
        await seat.until(lambda: seat.connection == "online", "the service")
        async with asyncio.timeout(SOON_S):
            while [one.base_url for one in await connections(seat)] != [sandbox_of(seat)]:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        await seat.until(lambda: rows(seat) >= counts[0], "everybody in the list")

    with port_held(kept.sandbox_port):
        desk.start(with_the_sandboxs_port_taken, demo=DemoSettings(fans=2000))
    assert services_running() == []
