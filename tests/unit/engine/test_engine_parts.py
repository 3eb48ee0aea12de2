"""The engine's small parts, each alone: clocks, waits, views, the link, parsing, the thread."""

import asyncio
import random
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from huntaze_contract import wire
from huntaze_desktop.engine.actions import sendable
from huntaze_desktop.engine.api import is_loopback
from huntaze_desktop.engine.clock import ServerClock
from huntaze_desktop.engine.errors import (
    ApiError,
    EngineStoppedError,
    OtherMajorError,
    SignedOutError,
    UnreachableError,
    for_plugins,
)
from huntaze_desktop.engine.link import Link
from huntaze_desktop.engine.live import Live
from huntaze_desktop.engine.parsing import read_answer, read_frame
from huntaze_desktop.engine.session import check_major
from huntaze_desktop.engine.thread import EngineThread
from huntaze_desktop.engine.timing import Timing
from huntaze_desktop.engine.waiting import Backoff, Bell
from huntaze_desktop.model.connection import Connection, ConnectionState
from huntaze_desktop.sdk import BackendError, OfflineError
from tests.helpers.agency import NOON, Agency, changed, page

# --- clocks and waits ---------------------------------------------------------------------------------------------


def test_one_slow_answer_does_not_move_the_servers_clock() -> None:
    clock = ServerClock(lambda: NOON)
    for _ in range(4):
        clock.learn(NOON + timedelta(seconds=10), NOON, NOON)
    clock.learn(NOON + timedelta(seconds=500), NOON, NOON)
    assert clock.offset_s == 10
    assert clock.now() == NOON + timedelta(seconds=10)


def test_half_of_the_way_there_and_back_is_taken_off() -> None:
    clock = ServerClock(lambda: NOON)
    clock.learn(NOON + timedelta(seconds=2), NOON, NOON + timedelta(seconds=4))
    assert clock.offset_s == 0


def test_the_clock_follows_when_the_difference_changes_for_good() -> None:
    clock = ServerClock(lambda: NOON)
    for seconds in (1, 1, 1, 60, 60, 60):
        clock.learn(NOON + timedelta(seconds=seconds), NOON, NOON)
    assert clock.offset_s == 60


@given(st.integers(0, 2**32))
def test_waits_grow_to_their_cap_with_full_jitter_and_honour_what_the_server_asks(seed: int) -> None:
    random.seed(seed)
    backoff = Backoff(Timing(backoff_base=0.5, backoff_cap=30))
    delays = [backoff.next_delay() for _ in range(12)]
    assert all(0 <= delay <= min(30, 0.5 * 2**n) for n, delay in enumerate(delays))
    assert backoff.next_delay(at_least=45) >= 45
    backoff.reset()
    assert backoff.next_delay() <= 0.5


async def test_a_ring_ends_all_waits() -> None:
    bell = Bell()
    waits = [asyncio.create_task(bell.wait(30)) for _ in range(3)]
    await asyncio.sleep(0)
    bell.ring()
    assert await asyncio.gather(*waits) == [True, True, True]
    assert await bell.wait(0.001) is False


# --- live views ---------------------------------------------------------------------------------------------------


class Desk:
    """A consumer's thread that runs what is delivered when the test says so."""

    def __init__(self) -> None:
        self.calls: list[Callable[[], None]] = []

    def deliver(self, call: Callable[[], None]) -> None:
        self.calls.append(call)

    def run(self) -> None:
        calls, self.calls = self.calls, []
        for call in calls:
            call()


def test_of_many_values_only_the_newest_is_delivered() -> None:
    desk = Desk()
    live = Live(0, desk.deliver)
    heard: list[int] = []
    live.subscribe(heard.append)
    for value in range(1, 50):
        live.push(value)
    assert len(desk.calls) == 1
    desk.run()
    assert (heard, live.value) == ([0, 49], 49)
    live.push(50)
    desk.run()
    assert heard == [0, 49, 50]


def test_a_value_that_is_the_same_is_not_told_again() -> None:
    desk = Desk()
    live = Live((1, 2), desk.deliver)
    heard: list[tuple[int, int]] = []
    live.subscribe(heard.append)
    live.push((1, 2))
    desk.run()
    assert heard == [(1, 2)]


def test_a_closed_view_and_an_ended_subscription_hear_nothing() -> None:
    desk = Desk()
    live = Live(0, desk.deliver)
    ends: list[str] = []
    live.on_close(lambda: ends.append("closed"))
    one: list[int] = []
    two: list[int] = []
    end = live.subscribe(one.append)
    live.subscribe(two.append)
    end()
    end()
    live.push(1)
    desk.run()
    live.push(2)
    live.close()
    live.close()
    desk.run()
    assert (one, two, ends) == ([0], [0, 1], ["closed"])


def test_a_listener_that_fails_does_not_silence_the_others(caplog: pytest.LogCaptureFixture) -> None:
    desk = Desk()
    live = Live(0, desk.deliver)
    heard: list[int] = []

    def broken(value: int) -> None:
        if value:
            raise RuntimeError("a plugin's fault")

    live.subscribe(broken)
    live.subscribe(heard.append)
    live.push(1)
    desk.run()
    assert heard == [0, 1]
    assert "a listener of a live view failed" in caplog.text


# --- the link -----------------------------------------------------------------------------------------------------

UNREACHABLE = UnreachableError("no answer")


def link(wall: Callable[[], datetime] = lambda: NOON) -> tuple[Link, list[ConnectionState]]:
    made = Link(ServerClock(wall), Bell())
    states: list[ConnectionState] = []

    def note(connection: Connection) -> None:
        if not states or states[-1] is not connection.state:
            states.append(connection.state)

    made.listen(note)
    return made, states


async def test_the_link_goes_from_connecting_to_online_and_back() -> None:
    made, states = link()
    made.signed_in()
    made.server_changed(known=True)
    assert made.connection.state is ConnectionState.CONNECTING
    made.outcome(None)
    made.accepted()
    made.syncing(0, 100)
    made.synced(NOON)
    made.outcome(UNREACHABLE)
    made.outcome(None)
    made.outcome(SignedOutError("ended"))
    made.refuse("another major")
    assert states == [
        ConnectionState.ONLINE,
        ConnectionState.SYNCING,
        ConnectionState.ONLINE,
        ConnectionState.OFFLINE,
        ConnectionState.ONLINE,
        ConnectionState.SIGNED_OUT,
        ConnectionState.REFUSED,
    ]
    assert made.connection.detail == "another major"
    assert made.connection.last_sync_at == NOON


async def test_while_the_stream_lives_one_lost_answer_is_not_the_end() -> None:
    made, states = link()
    made.signed_in()
    made.server_changed(known=True)
    made.accepted()
    made.stream_up()
    made.outcome(UNREACHABLE)
    made.outcome(UNREACHABLE)
    assert made.connection.state is ConnectionState.ONLINE
    made.outcome(UNREACHABLE)
    assert made.connection.state is ConnectionState.OFFLINE
    assert states[-1] is ConnectionState.OFFLINE


async def test_offline_since_a_restart_names_the_last_sync() -> None:
    made, _ = link()
    made.signed_in()
    made.server_changed(known=True)
    made.outcome(UNREACHABLE)
    long_ago = NOON - timedelta(hours=2)
    made.synced(long_ago)
    assert made.connection.state is ConnectionState.OFFLINE
    assert made.connection.since == long_ago


async def test_offline_since_a_loss_names_the_loss_whatever_is_tried_meanwhile() -> None:
    at = NOON
    made, _ = link(lambda: at)
    made.signed_in()
    made.server_changed(known=True)
    made.accepted()
    made.outcome(None)
    made.synced(NOON - timedelta(hours=2))
    made.outcome(UNREACHABLE)
    at = NOON + timedelta(minutes=5)
    made.server_changed(known=True)
    made.outcome(UNREACHABLE)
    assert made.connection.state is ConnectionState.OFFLINE
    assert made.connection.since == NOON


async def test_nobody_talks_before_there_is_a_server_and_somebody_signed_in() -> None:
    made, _ = link()
    waiting = asyncio.create_task(made.ready())
    await asyncio.sleep(0)
    made.signed_in()
    made.server_changed(known=True)
    await asyncio.sleep(0)
    assert not waiting.done()
    made.accepted()
    await waiting
    made.server_changed(known=False)
    again = asyncio.create_task(made.ready())
    await asyncio.sleep(0)
    assert not again.done()
    again.cancel()


# --- parsing and words --------------------------------------------------------------------------------------------


def test_a_page_with_something_unknown_gives_the_rest() -> None:
    agency = Agency()
    known = changed(agency.fan("Daniel"))
    content = page([known], 9).model_dump_json().replace('"changes":[', '"changes":[{"entity":"balloon"}, 7, ')
    found = read_answer(wire.SyncPage, content)
    assert found.changes == [known]
    assert found.seq == 9


@pytest.mark.parametrize("content", ["", "[]", "{}", "<html>", '{"changes": 7}', '{"changes": []}', "null"])
def test_what_is_no_page_is_an_error(content: str) -> None:
    with pytest.raises(ValueError):
        read_answer(wire.SyncPage, content)


@pytest.mark.parametrize(
    "content", ["", "[]", "7", '{"type": "weather"}', "\x00", '{"type": "changes", "changes": {}}']
)
def test_what_is_no_frame_is_skipped(content: str) -> None:
    assert read_frame(content) is None


@pytest.mark.parametrize("api", ["2.0", "2.9", "2", "2.1.5"])
def test_the_same_major_is_welcome(api: str) -> None:
    check_major(api)


@pytest.mark.parametrize("api", ["1.0", "3.0", "20.0", "", "two", "2.x", "v2"])
def test_another_major_is_not(api: str) -> None:
    with pytest.raises(OtherMajorError):
        check_major(api)


def test_texts_are_sent_in_the_form_the_backend_keeps() -> None:
    assert sendable("Zoe\u0301\r\nhi\rthere") == "Zoé\nhi\nthere"
    kept = wire.NewMessage(
        conversation_id="0" * 8 + "-0000-7000-8000-" + "0" * 12,
        text=sendable("Zoe\u0301\r\n"),
        composed_at=datetime.now(UTC),
        device_id="0" * 8 + "-0000-7000-8000-" + "0" * 12,
        device_seq=1,
    )
    assert kept.text == "Zoé\n"


@pytest.mark.parametrize(
    ("url", "local"),
    [
        ("http://127.0.0.1:80", True),
        ("http://localhost", True),
        ("http://[::1]:9", True),
        ("https://example.com", False),
        ("http://127.0.0.1.example.com", False),
    ],
)
def test_only_this_computer_is_loopback(url: str, local: bool) -> None:
    assert is_loopback(url) is local


def test_errors_become_those_of_the_plugins_door() -> None:
    refused = for_plugins(ApiError(409, "CONFLICT", "Ana changed this.", "trace"))
    assert isinstance(refused, BackendError)
    assert (refused.code, refused.text, refused.trace_id) == ("CONFLICT", "Ana changed this.", "trace")
    assert isinstance(for_plugins(UNREACHABLE), OfflineError)
    assert isinstance(for_plugins(EngineStoppedError()), OfflineError)
    ended = for_plugins(SignedOutError("ended"))
    assert isinstance(ended, BackendError)
    assert ended.code == "UNAUTHENTICATED"


@pytest.mark.parametrize(
    ("status", "code", "passing"),
    [
        (500, "INTERNAL", True),
        (503, "UNAVAILABLE", True),
        (429, "TOO_MANY_REQUESTS", True),
        (409, "IN_PROGRESS", True),
        (409, "CONFLICT", False),
        (422, "VALIDATION", False),
        (404, "NOT_FOUND", False),
    ],
)
def test_only_what_may_pass_is_repeated(status: int, code: str, passing: bool) -> None:
    assert ApiError(status, code, "").passing is passing


# --- the thread ---------------------------------------------------------------------------------------------------


def test_the_thread_runs_what_it_is_given_and_ends_cleanly() -> None:
    thread = EngineThread("engine of this test")
    thread.start()
    ended: list[str] = []

    async def where() -> str:
        return threading.current_thread().name

    async def last() -> None:
        ended.append("last")

    assert thread.submit(where()).result(timeout=5) == "engine of this test"
    thread.stop(last)
    thread.stop(last)
    assert ended == ["last"]
    with pytest.raises(EngineStoppedError):
        thread.submit(where())
    thread.post(lambda: ended.append("too late"))
    assert "engine of this test" not in [one.name for one in threading.enumerate()]
    assert ended == ["last"]
