"""The Messages page: who waits for an answer, the conversation, the answer, and what is known of the fan."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from huntaze_desktop.sdk import Context, Page
from huntaze_plugins.messages.page import MessagesPage
from huntaze_plugins.messages.words import tr

__all__ = ["activate", "deactivate"]

_open: list[MessagesPage] = []


def activate(ctx: Context) -> None:
    """Add the page; it is built when it is first shown."""

    def build() -> QWidget:
        page = MessagesPage(ctx)
        _open.append(page)
        return page

    page = Page("messages", tr("Messages"), "message-square", build, shortcut="Ctrl+2", keys=shortcuts())
    ctx.pages.add(page)


def shortcuts() -> tuple[tuple[str, tuple[str, ...]], ...]:
    """The page's keys, as the overlay lists them."""
    return (
        (tr("Next, previous conversation"), ("J", "K")),
        (tr("Select several"), ("Shift", "J", "K")),
        (tr("Reply"), ("R",)),
        (tr("Done"), ("E",)),
        (tr("Snooze"), ("H",)),
        (tr("Assign"), ("A",)),
        (tr("Mark as unread"), ("U",)),
        (tr("Note"), ("N",)),
        (tr("Tag"), ("T",)),
        (tr("Send"), ("Ctrl", "↵")),
        (tr("Send, done, next"), ("Ctrl", "Shift", "↵")),
        (tr("Send later"), ("Ctrl", "Shift", "S")),
        (tr("Change the last waiting message"), ("↑",)),
        (tr("Insert a suggestion"), ("Alt", "1…3")),
        (tr("Send a suggestion"), ("Alt", "Shift", "1…3")),
        (tr("Rewrite"), ("Alt", "R")),
        (tr("New suggestions"), ("Alt", "S")),
        (tr("Fan details"), ("Ctrl", ".")),
    )


def deactivate() -> None:
    """Keep what was typed, and let go of every view."""
    while _open:
        _open.pop().close_views()
