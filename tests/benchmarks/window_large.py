"""What a benchmarked desktop does over a large store: switch conversations, scroll through one, search the list."""

import time
from typing import Any

from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractItemView
from sqlalchemy import Connection, text

from huntaze_desktop.app.desktop import Desktop
from huntaze_plugins.messages.list_column import ListColumn
from tests.benchmarks.window_tasks import (
    Order,
    PaintWatch,
    filled_list,
    open_conversations,
    rss_mb,
    view_named,
)

__all__ = ["large"]

WORDS = ("dani", "kell")
"""A first name and a surname that every eleventh fan has, typed letter by letter: the first letters match the most."""
FRAMES = 400
FRAME_PX = 90
"""A quick turn of the wheel: 5,400 pixels a second."""

Measured = dict[str, list[float]]


async def large(desktop: Desktop, _order: Order) -> dict[str, Any]:
    conversations = await filled_list(desktop)
    filled = await desktop.workplace.engine.call(lambda core: core.store.read(_with_messages))
    wall, cpu = await open_conversations(desktop, conversations, filled.__contains__)
    scrolled = await _scroll(await view_named(desktop, "messages.timeline"))
    filtered = await _type(desktop, conversations)
    return {"open": {"wall_ms": wall, "cpu_ms": cpu}, "scroll": scrolled, "filter": filtered, "rss_mb": rss_mb()}


def _with_messages(connection: Connection) -> frozenset[str]:
    """Most fans of the large store have a conversation that ends before what this store keeps."""
    found = connection.execute(text("SELECT DISTINCT conversation_id FROM messages"))
    return frozenset(found.scalars())


async def _scroll(timeline: QAbstractItemView) -> Measured:
    """Up through the history and down again; a frame is all that the GUI thread does until it has been painted."""
    bar, watch = timeline.verticalScrollBar(), timeline.findChild(PaintWatch) or PaintWatch(timeline)
    measured: Measured = {"wall_ms": [], "cpu_ms": []}
    step = -FRAME_PX
    for _ in range(FRAMES):
        if bar.value() + step <= bar.minimum() or bar.value() + step >= bar.maximum():
            step = -step
        began, cpu_began = time.perf_counter(), time.thread_time()
        watch.watch(lambda: True)
        bar.setValue(bar.value() + step)
        done, cpu_done = await watch.seen()
        measured["wall_ms"].append((done - began) * 1000)
        measured["cpu_ms"].append((cpu_done - cpu_began) * 1000)
    return measured


async def _type(desktop: Desktop, conversations: QAbstractItemView) -> Measured:
    """Every letter waits for its answer, so no look is spared because a newer one is asked for."""
    column = next(found for found in desktop.window.findChildren(ListColumn) if found.isVisible())
    watch = conversations.findChild(PaintWatch) or PaintWatch(conversations)
    measured: Measured = {"wall_ms": [], "cpu_ms": []}
    for word in WORDS:
        for number, letter in enumerate(word, 1):
            typed = word[:number].strip()
            began, cpu_began = time.perf_counter(), time.thread_time()
            watch.watch(lambda typed=typed: column.listing.query.text == typed)  # type: ignore[misc]
            QTest.keyClicks(column.search, letter)
            done, cpu_done = await watch.seen()
            measured["wall_ms"].append((done - began) * 1000)
            measured["cpu_ms"].append((cpu_done - cpu_began) * 1000)
        column.search.clear()
        watch.watch(lambda: column.listing.query.text == "")
        await watch.seen()
    return measured
