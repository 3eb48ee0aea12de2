"""The head of a thread: who the fan is, for whom one writes, what time it is there, and what one does with it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QFontMetricsF, QHideEvent, QPainter, QPaintEvent, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QWidget

from huntaze_desktop.sdk import ConversationRow, Creator
from huntaze_desktop.ui_kit.avatars import initials_of, paint_fan
from huntaze_desktop.ui_kit.badges import paint_tier, tier_width
from huntaze_desktop.ui_kit.buttons import Button, IconButton
from huntaze_desktop.ui_kit.chat.words import when_text
from huntaze_desktop.ui_kit.theme_manager import ThemeManager
from huntaze_plugins.messages.assignee import AssigneeChip
from huntaze_plugins.messages.words import local_time, platform_name, tier_of, tr

_HEIGHT = 52
_AVATAR = 36.0


class ThreadHeader(QWidget):
    """52 px: face, name, tier, `Mara Lind on OnlyFans · 09:36 local time`; who answers, snooze, Done, the rest."""

    context_toggled = Signal()
    done_wanted = Signal()
    snooze_wanted = Signal()
    assign_wanted = Signal()
    more_wanted = Signal()

    def __init__(
        self, theme: ThemeManager, now: Callable[[], datetime], me_id: str, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._theme = theme
        self._now = now
        self._row: ConversationRow | None = None
        self.who = _Who(theme, now)
        self.assignee = AssigneeChip(theme, me_id)
        self.assignee.setObjectName("messages.assign")
        self.assignee.clicked.connect(self.assign_wanted)
        self.snooze = IconButton(theme, "alarm-clock", tr("Snooze (H)"))
        self.snooze.setObjectName("messages.snooze")
        self.snooze.clicked.connect(self.snooze_wanted)
        self.done = Button(theme, tr("Done"), size=28, icon="check")
        self.done.setObjectName("messages.done")
        self.done.clicked.connect(self.done_wanted)
        self.more = IconButton(theme, "ellipsis", tr("More"))
        self.more.setObjectName("messages.more")
        self.more.clicked.connect(self.more_wanted)
        self.context = IconButton(theme, "panel-right", tr("Fan details (Ctrl+.)"))
        self.context.setObjectName("messages.context.toggle")
        self.context.setCheckable(True)
        self.context.clicked.connect(self.context_toggled)
        row = QHBoxLayout(self)
        row.setContentsMargins(16, 0, 12, 1)
        row.setSpacing(10)
        row.addWidget(self.who, 1)
        for widget in (self.assignee, self.snooze, self.done, self.more, self.context):
            row.addWidget(widget)
        self.setFixedHeight(max(_HEIGHT, theme.theme.px(_HEIGHT)))
        theme.changed.connect(self._on_theme)

    def show_row(self, row: ConversationRow, creator: Creator | None, zone: str | None) -> None:
        """The open conversation as it stands now."""
        self._row = row
        self.who.show_row(row, creator, zone)
        self.assignee.show_row(row)
        self.done.set_label(tr("Reopen") if row.done else tr("Done"))
        self.done.set_icon("rotate-ccw" if row.done else "check")
        self.done.setToolTip(tr("Put it back among those that wait (E)") if row.done else tr("Dealt with (E)"))
        snoozed = row.snoozed_until is not None and row.snoozed_until > self._now()
        told = tr("Snooze (H)")
        if snoozed and row.snoozed_until is not None:
            told = tr("Snoozed until {0}").format(when_text(row.snoozed_until, self._now()))
        self.snooze.setCheckable(snoozed)
        self.snooze.setChecked(snoozed)
        self.snooze.setToolTip(told)
        self.snooze.setAccessibleName(told)

    def set_narrow(self, *, narrow: bool) -> None:
        """Fewer words, for narrow windows."""
        self.assignee.set_short(short=narrow)

    def _on_theme(self) -> None:
        self.setFixedHeight(max(_HEIGHT, self._theme.theme.px(_HEIGHT)))
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(0, self.height() - 1, self.width(), 1, self._theme.theme.color("border"))
        painter.end()


class _Who(QWidget):
    def __init__(self, theme: ThemeManager, now: Callable[[], datetime]) -> None:
        super().__init__()
        self._theme = theme
        self._now = now
        self._row: ConversationRow | None = None
        self._creator: Creator | None = None
        self._zone: str | None = None
        self._clock = QTimer(self)
        self._clock.setInterval(20_000)
        self._clock.timeout.connect(self._refresh)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        theme.changed.connect(self.update)

    def show_row(self, row: ConversationRow | None, creator: Creator | None, zone: str | None) -> None:
        self._row, self._creator, self._zone = row, creator, zone
        self._refresh()

    def _refresh(self) -> None:
        if self._row is not None:
            parts = (self._row.fan_name, tier_of(self._row)[1], self._place(), self._local())
            self.setAccessibleName(", ".join(part for part in parts if part))
        self.update()

    def _place(self) -> str:
        creator = self._creator
        if creator is None:
            return ""
        return tr("{0} on {1}").format(creator.name, platform_name(creator.platform))

    def _local(self) -> str:
        time = local_time(self._zone, self._now())
        return tr("{0} local time").format(time) if time else ""

    def sizeHint(self) -> QSize:
        return QSize(200, 48)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._clock.start()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._clock.stop()

    def paintEvent(self, event: QPaintEvent) -> None:
        row, theme = self._row, self._theme.theme
        if row is None:
            return
        painter = QPainter(self)
        middle = self.height() / 2
        creator = self._creator
        paint_fan(
            painter,
            QPointF(0, middle - _AVATAR / 2),
            _AVATAR,
            fan_id=row.fan_id,
            fan_initials=initials_of(row.fan_name),
            creator_id=row.creator_id,
            creator_initials=initials_of(creator.name if creator is not None else ""),
            row_color=theme.color("surface"),
            theme=theme,
        )
        left, line, small = _AVATAR + 14, theme.line_height("message"), theme.line_height("small")
        top = middle - (line + small) / 2
        self._paint_name(painter, row, left, top, line)
        self._paint_place(painter, left, top + line, small)
        painter.end()

    def _paint_name(self, painter: QPainter, row: ConversationRow, left: float, top: float, height: float) -> None:
        theme = self._theme.theme
        kind, amount = tier_of(row)
        font = theme.font("message", weight=600)
        room = self.width() - left - tier_width(kind, amount, theme) - 6
        name = QFontMetricsF(font).elidedText(row.fan_name, Qt.TextElideMode.ElideRight, room)
        width = QFontMetricsF(font).horizontalAdvance(name)
        painter.setFont(font)
        painter.setPen(theme.color("text"))
        flags = Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextDontClip
        painter.drawText(QRectF(left, top, width + 1, height), flags, name)
        paint_tier(painter, left + width + 6, top + height / 2, kind, amount, theme)

    def _paint_place(self, painter: QPainter, left: float, top: float, height: float) -> None:
        theme = self._theme.theme
        font = theme.font("small")
        metrics = QFontMetricsF(font)
        painter.setFont(font)
        painter.setPen(theme.color("text3"))
        flags = Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextDontClip
        local = self._local()
        local_width = metrics.horizontalAdvance(local) + 36 if local else 0.0
        place = metrics.elidedText(self._place(), Qt.TextElideMode.ElideRight, self.width() - left - local_width)
        painter.drawText(QRectF(left, top, self.width(), height), flags, place)
        if not local:
            return
        x = left + metrics.horizontalAdvance(place)
        if place:
            painter.drawText(QRectF(x + 6, top, 10, height), flags, "·")
            x += 16
        theme.icons.paint(painter, QPointF(x, top + height / 2 - 6.5), "clock", 13, theme.color("text3"))
        painter.drawText(QRectF(x + 19, top, self.width(), height), flags, local)
