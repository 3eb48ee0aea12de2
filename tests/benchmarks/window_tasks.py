"""The scripts a benchmarked desktop plays: taking in everything, starting, switching conversations, idling."""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PySide6.QtCore import QEvent, QModelIndex, QObject, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractItemView

from huntaze_desktop.app.desktop import Desktop
from huntaze_desktop.demo.measure import StallMeter
from huntaze_desktop.model.connection import ConnectionState
from huntaze_desktop.model.entities import ConversationRow, Message
from huntaze_desktop.ui.sign_in import SignInPage
from huntaze_desktop.ui.state import Credentials
from huntaze_desktop.ui_kit.chat import MessageRole
from huntaze_desktop.ui_kit.conversation_list import RowRole

__all__ = [
    "LOOK_S",
    "Order",
    "PaintWatch",
    "filled_list",
    "open_conversations",
    "rss_mb",
    "start",
    "sync",
    "until",
    "view_named",
    "work",
]

SWITCHES = 60
WARM_UP = 5
IDLE_S = 10.0
LOOK_S = 0.002
Order = dict[str, Any]


class PaintWatch(QObject):
    """Notes when a view was painted."""

    def __init__(self, view: QAbstractItemView) -> None:
        super().__init__(view)
        self._view = view
        self.wanted: Callable[[], bool] = lambda: True
        self._done = asyncio.Event()  # not looked for again and again: looking is CPU of the thread that is measured
        self.done_at: tuple[float, float] | None = None
        """Wall clock and CPU of the GUI thread after the first paint that showed what was wanted."""
        view.viewport().installEventFilter(self)

    def watch(self, wanted: Callable[[], bool]) -> None:
        self.wanted, self.done_at = wanted, None
        self._done.clear()
        if wanted():  # it was quicker than we were: paint it once more
            self._view.viewport().update()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Paint and self.done_at is None and self.wanted():
            # The filter runs before the widget paints: look when that is over.
            asyncio.get_running_loop().call_soon(self._painted)
        return False

    def _painted(self) -> None:
        if self.done_at is None:
            self.done_at = (time.perf_counter(), time.thread_time())
            self._done.set()

    async def seen(self, within_s: float = 20.0) -> tuple[float, float]:
        async with asyncio.timeout(within_s):
            await self._done.wait()
        assert self.done_at is not None
        return self.done_at


async def view_named(desktop: Desktop, name: str) -> QAbstractItemView:
    while True:
        found = [view for view in desktop.window.findChildren(QAbstractItemView, name) if view.isVisible()]
        if found:
            return found[0]
        await asyncio.sleep(LOOK_S)


async def filled_list(desktop: Desktop) -> QAbstractItemView:
    view = await view_named(desktop, "messages.list")
    watch = PaintWatch(view)
    watch.watch(lambda: view.model().rowCount() > 10)
    await watch.seen(120)
    return view


async def until(condition: Callable[[], object]) -> None:
    while not condition():  # noqa: ASYNC110  (the desktop has no events for these)
        await asyncio.sleep(LOOK_S)


async def _online(desktop: Desktop) -> None:
    connection = desktop.workplace.engine.connection
    await until(lambda: connection.value.state is ConnectionState.ONLINE and connection.value.last_sync_at)


async def sync(desktop: Desktop, order: Order) -> dict[str, Any]:
    await until(lambda: isinstance(desktop.window.cover, SignInPage))
    await until(lambda: desktop._workplace is not None and desktop.workplace.is_open)
    page = desktop.window.cover
    assert isinstance(page, SignInPage)
    page.submitted.emit(Credentials(order["email"], order["password"], keep=True, server=order["server"]))
    await until(lambda: desktop.workplace.engine.me.id)
    meter = StallMeter()
    meter.start()
    began, cpu = time.perf_counter(), time.process_time()
    await filled_list(desktop)
    filled = time.perf_counter()
    await _online(desktop)
    seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
    meter.stop()
    rows = await desktop.workplace.engine.call(lambda core: core.store.read(_stored_rows))
    return {
        "rows": rows,
        "seconds": seconds,
        "list_s": filled - began,
        "cpu_s": cpu,
        "gap_p99_ms": meter.percentile(0.99),
        "gap_max_ms": meter.percentile(1.0),
    }


def _stored_rows(connection: Any) -> int:
    from huntaze_desktop.cache.apply import sync_state

    state = sync_state(connection)
    if not state.complete:
        raise RuntimeError("the first sync has not ended")
    return state.done


async def start(desktop: Desktop, order: Order) -> dict[str, Any]:
    await filled_list(desktop)
    return {"list_ms": (time.time() - order["started_at"]) * 1000}


async def work(desktop: Desktop, _order: Order) -> dict[str, Any]:
    conversations = await filled_list(desktop)
    await _online(desktop)
    wall, cpu = await open_conversations(desktop, conversations)
    rss = rss_mb()
    await asyncio.sleep(2)
    idle_began = time.process_time()
    await asyncio.sleep(IDLE_S)
    idle = (time.process_time() - idle_began) / IDLE_S * 100
    return {"wall_ms": wall, "cpu_ms": cpu, "rss_mb": rss, "idle_percent": idle}


async def open_conversations(
    desktop: Desktop, conversations: QAbstractItemView, with_messages: Callable[[str], bool] = lambda _id: True
) -> tuple[list[float], list[float]]:
    """Click conversations here and there in the list; returns ms until each is painted: wall and the GUI thread's."""
    model = conversations.model()
    listed = [model.index(row, 0).data(RowRole) for row in range(model.rowCount())]
    rows = [row.id for row in listed if isinstance(row, ConversationRow) and with_messages(row.id)]
    chosen = [rows[(number * 37) % len(rows)] for number in range(WARM_UP + SWITCHES)]
    wall: list[float] = []
    cpu: list[float] = []
    for conversation_id in chosen:
        conversations.scrollTo(_index_of(conversations, conversation_id))
        await asyncio.sleep(0.1)  # what the last switch began comes to rest: the context panel, a mark as read
        point = conversations.visualRect(_index_of(conversations, conversation_id)).center()
        began, cpu_began = time.perf_counter(), time.thread_time()
        QTest.mouseClick(conversations.viewport(), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, point)
        timeline = await view_named(desktop, "messages.timeline")
        watch = timeline.findChild(PaintWatch) or PaintWatch(timeline)
        watch.watch(lambda view=timeline, wanted=conversation_id: _shows(view, wanted))  # type: ignore[misc]
        done, cpu_done = await watch.seen()
        wall.append((done - began) * 1000)
        cpu.append((cpu_done - cpu_began) * 1000)
    return wall[WARM_UP:], cpu[WARM_UP:]


def _index_of(view: QAbstractItemView, conversation_id: str) -> QModelIndex:
    model = view.model()
    for number in range(model.rowCount()):
        row = model.index(number, 0).data(RowRole)
        if isinstance(row, ConversationRow) and row.id == conversation_id:
            return model.index(number, 0)
    raise LookupError("the conversation is no longer in the list")


def _shows(view: QAbstractItemView, conversation_id: str) -> bool:
    if view.property("conversationId") != conversation_id:
        return False
    model = view.model()
    return any(isinstance(model.index(row, 0).data(MessageRole), Message) for row in range(model.rowCount()))


def rss_mb() -> float:
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return int(next(line for line in lines if line.startswith("VmRSS")).split()[1]) * 1024 / 1e6
