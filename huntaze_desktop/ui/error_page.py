"""Errors that stop the start: what happened, what is safe, what to do, and a code to pass on.

The functions give the words for each known case; `ErrorPage` shows them.
"""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout

from huntaze_desktop.ui.centered import CenteredPage
from huntaze_desktop.ui.state import ErrorView
from huntaze_desktop.ui.words import translate
from huntaze_desktop.ui_kit.buttons import Button
from huntaze_desktop.ui_kit.labels import Paragraph
from huntaze_desktop.ui_kit.notices import CodeStrip, IconTile
from huntaze_desktop.ui_kit.theme_manager import ThemeManager

REFUSED_VERSION = "HZ-301"


def port_taken(address: str, details: str = "") -> ErrorView:
    """Another program listens where the local service must."""
    return ErrorView(
        code="HZ-101",
        title=translate("StartError", "The local service could not start"),
        what=translate("StartError", "Another program is using {address} on this computer.").format(address=address),
        safe=translate("StartError", "Your messages and the outbox are safe on this computer."),
        todo=translate("StartError", "Close the other program, or restart the computer, then try again."),
        details=details,
    )


def service_failed(details: str) -> ErrorView:
    """The desktop's own backend ended during start-up."""
    return ErrorView(
        code="HZ-102",
        title=translate("StartError", "The local service stopped while starting"),
        what=translate("StartError", "The part of Huntaze that keeps your data did not start."),
        safe=translate("StartError", "Your messages and the outbox are safe on this computer."),
        todo=translate("StartError", "Try again. If it happens again, copy the details for your manager."),
        details=details,
    )


def wrong_cache_key(details: str = "") -> ErrorView:
    """The key at hand does not open the local copy."""
    return ErrorView(
        code="HZ-201",
        title=translate("StartError", "The local copy cannot be opened"),
        what=translate(
            "StartError", "The key in this computer's keyring does not fit the encrypted messages kept here."
        ),
        safe=translate("StartError", "Everything that was sent or received is safe on the server."),
        todo=translate(
            "StartError",
            "If the keyring was restored or replaced, put the old one back and try again. Starting with an empty copy "
            "loses only messages that were still waiting to be sent.",
        ),
        details=details,
        icon="lock",
        can_reset=True,
    )


def wrong_database_key(details: str = "") -> ErrorView:
    """The key at hand does not open the database of the service on this computer."""
    return ErrorView(
        code="HZ-103",
        title=translate("StartError", "The database on this computer cannot be opened"),
        what=translate(
            "StartError", "The key in this computer's keyring does not fit the agency's encrypted database."
        ),
        safe=translate("StartError", "Nothing was changed. The database is where it was."),
        todo=translate("StartError", "If the keyring was restored or replaced, put the old one back and try again."),
        details=details,
        icon="lock",
    )


def profile_in_use(details: str = "") -> ErrorView:
    """Another Huntaze works with the same local copy."""
    return ErrorView(
        code="HZ-202",
        title=translate("StartError", "Huntaze is open already"),
        what=translate("StartError", "Another window of Huntaze uses this profile."),
        safe=translate("StartError", "Nothing was changed."),
        todo=translate("StartError", "Go on in the other window, or close it and try again."),
        details=details,
        icon="lock",
    )


def cache_damaged(details: str = "") -> ErrorView:
    """The local copy cannot be read."""
    return ErrorView(
        code="HZ-203",
        title=translate("StartError", "The local copy is damaged"),
        what=translate("StartError", "The encrypted messages kept on this computer cannot be read."),
        safe=translate("StartError", "Everything that was sent or received is safe on the server."),
        todo=translate(
            "StartError",
            "Try again. Starting with an empty copy keeps the damaged file beside it and loses only messages that were "
            "still waiting to be sent.",
        ),
        details=details,
        can_reset=True,
    )


def refused_version(explanation: str) -> ErrorView:
    """The server speaks another major version of the API; `explanation` says which and what to update."""
    return ErrorView(
        code=REFUSED_VERSION,
        title=translate("StartError", "The server is of another version"),
        what=explanation,
        safe=translate(
            "StartError", "Nothing was changed, here or on the server. What waits in the outbox stays there."
        ),
        todo=translate("StartError", "Huntaze asks again by itself and goes on as soon as both fit."),
        icon="server",
    )


class ErrorPage(CenteredPage):
    """One fatal error with what can be done about it."""

    retry_requested = Signal()
    reset_requested = Signal()
    quit_requested = Signal()

    def __init__(self, theme: ThemeManager, view: ErrorView) -> None:
        super().__init__(theme, width=520)
        self.view = view
        self.setObjectName("error")
        self.setAccessibleName(f"{view.title}. {view.what} {view.safe} {view.todo}")
        body = self.body
        body.setSpacing(0)
        body.addWidget(
            IconTile(theme, view.icon, "danger", side=56, radius=14, icon_size=26), 0, Qt.AlignmentFlag.AlignLeft
        )
        body.addSpacing(16)
        body.addWidget(Paragraph(theme, lead=view.title, style="title"))
        body.addSpacing(6)
        for words in (view.what, view.safe, view.todo):
            body.addWidget(Paragraph(theme, words, role="text2"))
            body.addSpacing(8)
        body.addSpacing(8)
        code = translate("StartError", "Code {code}").format(code=view.code)
        details = f"{code}\n{view.title}\n{view.what}\n{view.details}".strip()
        strip = CodeStrip(theme, code, details, copy_text=translate("StartError", "Copy details"))
        body.addWidget(strip, 0, Qt.AlignmentFlag.AlignLeft)
        body.addSpacing(24)
        self.retry = Button(theme, translate("StartError", "Try again"), kind="primary", icon="refresh-cw")
        self.retry.setObjectName("error.retry")
        self.retry.setVisible(view.can_retry)
        self.reset = Button(theme, translate("StartError", "Start with an empty copy"), kind="quietDanger")
        self.reset.setObjectName("error.reset")
        self.reset.setVisible(view.can_reset)
        self.quit = Button(theme, translate("StartError", "Quit"), kind="ghost")
        self.quit.setObjectName("error.quit")
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self.quit)
        row.addStretch(1)
        row.addWidget(self.reset)
        row.addWidget(self.retry)
        body.addLayout(row)
        self.retry.clicked.connect(self.retry_requested)
        self.reset.clicked.connect(self.reset_requested)
        self.quit.clicked.connect(self.quit_requested)
        self.setFocusProxy(self.retry if view.can_retry else self.quit)
