"""Filling the demo agency: connected once, found again, moved along when its port was taken."""

from datetime import UTC, datetime

import pytest

from huntaze_contract.ids import new_id
from huntaze_contract.wire import Backfill, Connection, NewConnection
from huntaze_desktop.app import demo_agency
from huntaze_desktop.app.demo_agency import FillFailedError, fill


class Backend:
    """Knows connections whose backfill goes through the given states, one a look."""

    def __init__(self, *states: str, base_url: str | None = None):
        self.states = list(states)
        self.connections = [self.connection(base_url)] if base_url else []
        self.connected = 0

    def connection(self, base_url):
        return Connection(
            id=new_id(),
            platform="sandbox",
            base_url=base_url,
            creator_ids=[],
            created_at=datetime.now(UTC),
            backfill=Backfill(
                state=self.states[0], error="the platform is away" if self.states[0] == "failed" else None
            ),
        )

    async def platform_connections(self):
        if len(self.states) > 1 and self.connections:
            self.states.pop(0)
            fresh = Backfill(state=self.states[0], conversations_done=1, conversations_total=2)
            self.connections = [one.model_copy(update={"backfill": fresh}) for one in self.connections]
        return list(self.connections)

    async def connect_platform(self, platform, base_url, api_key):
        self.connected += 1
        self.connections.append(self.connection(base_url))
        return self.connections[-1]

    async def forget_platform(self, connection_id):
        self.connections = [one for one in self.connections if one.id != connection_id]


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(demo_agency, "LOOK_EVERY_S", 0)


def sandbox(port=8001):
    return NewConnection(platform="sandbox", base_url=f"http://127.0.0.1:{port}", api_key="k")


async def test_progress_is_told_until_the_history_is_read():
    told = []
    await fill(Backend("waiting", "running", "done"), sandbox(), told.append)
    assert [one.conversations_done for one in told][-1] == 1
    assert len(told) >= 2


async def test_a_connected_sandbox_is_not_connected_again():
    backend = Backend("done", base_url="http://127.0.0.1:8001")
    await fill(backend, sandbox(), lambda _: None)
    assert backend.connected == 0


async def test_a_sandbox_on_another_port_replaces_the_one_before():
    backend = Backend("done", base_url="http://127.0.0.1:7000")
    await fill(backend, sandbox(8001), lambda _: None)
    assert [one.base_url for one in backend.connections] == ["http://127.0.0.1:8001"]


async def test_a_failed_reading_says_why():
    with pytest.raises(FillFailedError, match="the platform is away"):
        await fill(Backend("failed"), sandbox(), lambda _: None)
