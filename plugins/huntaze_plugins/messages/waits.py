"""The mark of what was changed on this computer and has not reached the backend yet, and how old the rest is."""

from __future__ import annotations

from datetime import datetime

from PySide6.QtWidgets import QHBoxLayout, QWidget

from huntaze_desktop.ui_kit.chat.words import clock
from huntaze_desktop.ui_kit.labels import IconLabel, Label
from huntaze_desktop.ui_kit.theme_manager import ThemeManager
from huntaze_plugins.messages.words import day_month, tr


def waits_text() -> str:
    return tr("waits for a connection")


class WaitsMark(QWidget):
    """A cloud with the word `waits`."""

    def __init__(self, theme: ThemeManager) -> None:
        super().__init__()
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(3)
        row.addWidget(IconLabel(theme, "cloud-off", 12, "warningText"))
        row.addWidget(Label(theme, tr("waits"), style="micro", role="warningText"))
        self.setToolTip(tr("Kept on this computer, goes out when the connection is back"))
        self.setAccessibleName(waits_text())


class AsOf(QWidget):
    """`As of 14:36` while offline: what is shown may have changed since. Hidden while online."""

    def __init__(self, theme: ThemeManager) -> None:
        super().__init__()
        self.words = Label(theme, style="micro", role="text3")
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        row.addWidget(IconLabel(theme, "clock", 12, "text3"))
        row.addWidget(self.words)
        row.addStretch(1)
        self._at: datetime | None = None
        self._online = True
        self.hide()

    def set_online(self, *, online: bool, now: datetime) -> None:
        self._online = online
        self._show(now)

    def set_time(self, at: datetime | None, now: datetime) -> None:
        """When the backend was last heard about it."""
        self._at = at
        self._show(now)

    def _show(self, now: datetime) -> None:
        self.setVisible(not self._online and self._at is not None)
        if self._at is not None:
            today = self._at.astimezone().date() == now.astimezone().date()
            when = clock(self._at) if today else f"{day_month(self._at, now)} {clock(self._at)}"
            self.words.setText(tr("As of {0}").format(when))
            self.setAccessibleName(self.words.text())
