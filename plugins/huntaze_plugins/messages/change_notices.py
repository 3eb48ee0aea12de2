"""What became of changes otherwise than one expected: a colleague was quicker, both were joined, it was refused."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QRectF, Signal
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from huntaze_desktop.sdk import ChangeNotice
from huntaze_desktop.ui_kit.buttons import Button, IconButton
from huntaze_desktop.ui_kit.labels import IconLabel, Paragraph
from huntaze_desktop.ui_kit.painting import rounded_box
from huntaze_desktop.ui_kit.theme_manager import ThemeManager
from huntaze_plugins.messages.words import first_name, tr

_AT_ONCE = 3


def what_happened(notice: ChangeNotice) -> str:
    """One sentence: what happened to it."""
    who = first_name(notice.by) if notice.by else tr("A colleague")
    if notice.outcome == "superseded":
        return tr("{0} changed this while you were offline.").format(who)
    if notice.outcome == "merged":
        return tr("{0} changed this too; both were joined.").format(who)
    return tr("This could not be kept.")


class ChangeNotices(QWidget):
    """The newest three, newest first; each can be dismissed, and a superseded one made to stand after all."""

    dismissed = Signal(str)
    restored = Signal(str)

    def __init__(self, theme: ThemeManager) -> None:
        super().__init__()
        self._theme = theme
        self._shown: tuple[tuple[ChangeNotice, ...], str] = ((), "")
        self._notices: tuple[ChangeNotice, ...] = ()
        self._fan = ""
        self.cards: list[NoticeCard] = []
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(12, 12, 12, 0)
        self._column.setSpacing(8)
        self.hide()

    def show_fan(self, name: str) -> None:
        """Of whom the panel speaks; notices of others name theirs."""
        self._fan = name
        self._refresh()

    def show_notices(self, notices: tuple[ChangeNotice, ...]) -> None:
        self._notices = notices
        self._refresh()

    def _refresh(self) -> None:
        newest = tuple(sorted(self._notices, key=lambda one: one.at, reverse=True)[:_AT_ONCE])
        if (newest, self._fan) == self._shown:
            return
        self._shown = (newest, self._fan)
        for card in self.cards:
            self._column.removeWidget(card)
            card.hide()
            card.deleteLater()
        self.cards = [
            NoticeCard(self._theme, one, self._fan, self.dismissed.emit, self.restored.emit) for one in newest
        ]
        for card in self.cards:
            self._column.addWidget(card)
        self.setVisible(bool(newest))


class NoticeCard(QWidget):
    """One notice: what happened, one's own text, what stands, and what can be done."""

    def __init__(
        self,
        theme: ThemeManager,
        notice: ChangeNotice,
        fan: str,
        dismissed: Callable[[str], None],
        restored: Callable[[str], None],
    ) -> None:
        super().__init__()
        self._theme = theme
        self.notice = notice
        told = what_happened(notice)
        lead = f"{notice.fan_name}: " if notice.fan_name != fan else ""
        head = QHBoxLayout()
        head.setSpacing(6)
        head.addWidget(IconLabel(theme, "info", 14, "accentText"))
        head.addWidget(Paragraph(theme, told, lead=lead.strip(), style="small", role="accentText"), 1)
        close = IconButton(theme, "x", tr("Dismiss"), size=24)
        close.setObjectName("messages.notice.dismiss")
        close.clicked.connect(lambda: dismissed(notice.id))
        head.addWidget(close)
        column = QVBoxLayout(self)
        column.setContentsMargins(10, 6, 6, 8)
        column.setSpacing(4)
        column.addLayout(head)
        if notice.mine:
            column.addWidget(Paragraph(theme, tr("Yours: {0}").format(notice.mine), style="small", role="text2"))
        if notice.theirs:
            column.addWidget(Paragraph(theme, tr("Now: {0}").format(notice.theirs), style="small", role="text2"))
        if notice.can_restore:
            self.restore = Button(theme, tr("Restore mine"), size=24)
            self.restore.setObjectName("messages.notice.restore")
            self.restore.clicked.connect(lambda: restored(notice.id))
            row = QHBoxLayout()
            row.addWidget(self.restore)
            row.addStretch(1)
            column.addLayout(row)
        self.setAccessibleName(f"{lead}{told}")
        theme.changed.connect(self.update)

    def paintEvent(self, event: QPaintEvent) -> None:
        theme = self._theme.theme
        painter = QPainter(self)
        box = QRectF(self.rect())
        rounded_box(painter, box, 8, fill=theme.color("accentSubtle"), border=theme.color("accentBorder"))
        painter.end()
