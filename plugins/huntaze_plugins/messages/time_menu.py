"""The menu of good times, for snoozing and for sending later, and the popover in which any other time is picked."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from functools import partial

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QWidget

from huntaze_desktop.ui_kit.buttons import Button, IconButton
from huntaze_desktop.ui_kit.chat.words import when_text
from huntaze_desktop.ui_kit.fields import LineEdit
from huntaze_desktop.ui_kit.labels import Label, Paragraph
from huntaze_desktop.ui_kit.month import MonthGrid
from huntaze_desktop.ui_kit.popover import Align, Menu, Popover
from huntaze_desktop.ui_kit.theme_manager import ThemeManager
from huntaze_plugins.messages.times import LONGEST, GoodTime, good_times, parse_clock, trouble_with
from huntaze_plugins.messages.words import first_name, tr


def time_menu(
    theme: ThemeManager,
    name: str,
    now: Callable[[], datetime],
    chosen: Callable[[datetime], object],
    pick: Callable[[], object],
    *,
    fan: str = "",
    fan_zone: str | None = None,
) -> Menu:
    """A menu of good times that ends in "Pick a time"; `fan` and `fan_zone` add that fan's morning."""
    menu = Menu(theme, name, width=264)
    for one in good_times(now(), fan_zone=fan_zone):
        menu.add_item(
            _label(one, fan),
            partial(chosen, one.at),
            icon="alarm-clock" if one.kind == "hour" else "sun" if one.kind == "fan_morning" else "clock",
            detail=when_text(one.at, now()),
            object_name=f"messages.time.{one.kind}",
        )
    menu.add_separator()
    menu.add_item(tr("Pick a time…"), pick, icon="calendar-clock", object_name="messages.time.pick")
    return menu


def _label(one: GoodTime, fan: str) -> str:
    return {
        "hour": tr("In 1 hour"),
        "evening": tr("This evening"),
        "tomorrow": tr("Tomorrow morning"),
        "monday": tr("Monday morning"),
        "fan_morning": tr("{0}’s morning").format(first_name(fan)),
    }[one.kind]


class TimePicker(Popover):
    """A month, a time of day, and one button that says what it does."""

    def __init__(
        self, theme: ThemeManager, name: str, now: Callable[[], datetime], chosen: Callable[[datetime], object], do: str
    ) -> None:
        super().__init__(theme, name, padding=12)
        self._now = now
        self._chosen = chosen
        today = now().astimezone().date()
        self.month = MonthGrid(theme, today, earliest=today, latest=today + LONGEST)
        self.clock = _Clock(theme, tr("Time"), placeholder="09:00")
        self.clock.setObjectName("messages.time.clock")
        self.clock.setText("09:00")
        self.clock.setFixedWidth(84)
        self.why = Paragraph(theme, style="small", role="dangerText")
        self.why.hide()
        self.ok = Button(theme, do, kind="primary")
        self.ok.setObjectName("messages.time.ok")
        self._title = Label(theme, self.month.title, style="bodyStrong")
        self.month.month_changed.connect(self._title.setText)
        self.month.chosen.connect(lambda _day: self._check())
        self.clock.textEdited.connect(lambda _text: self._check())
        self.clock.returnPressed.connect(self._take)
        self.ok.clicked.connect(self._take)
        self._lay_out(theme)

    def _lay_out(self, theme: ThemeManager) -> None:
        head = QHBoxLayout()
        head.addWidget(self._title, 1)
        for icon, name, step in (("chevron-left", tr("Earlier month"), -1), ("chevron-right", tr("Later month"), 1)):
            button = IconButton(theme, icon, name, size=28)
            button.clicked.connect(lambda _=False, step=step: self.month.turn(step))
            head.addWidget(button)
        foot = QHBoxLayout()
        foot.setSpacing(8)
        foot.addWidget(self.clock)
        foot.addStretch(1)
        foot.addWidget(self.ok)
        self.body.addLayout(head)
        self.body.addSpacing(4)
        self.body.addWidget(self.month)
        self.body.addSpacing(8)
        self.body.addWidget(self.why)
        self.body.addLayout(foot)

    def open_beside(self, anchor: QWidget, *, align: Align = "right", above: bool = False) -> None:
        """Open with the month in focus."""
        self.open_at(anchor, align=align, above=above)
        self.month.setFocus(Qt.FocusReason.PopupFocusReason)

    def at(self) -> datetime | None:
        """What is picked; None while the time of day cannot be read."""
        clock = parse_clock(self.clock.text())
        day: date = self.month.day
        return datetime.combine(day, clock).astimezone() if clock is not None else None

    def _check(self) -> bool:
        at = self.at()
        trouble = "clock" if at is None else trouble_with(at, self._now())
        words = {
            "clock": tr("Write a time such as 09:00."),
            "past": tr("That time has passed."),
            "far": tr("That is more than a year ahead."),
        }
        self.why.set_content(words.get(trouble or "", ""))
        self.why.setVisible(trouble is not None)
        self.clock.set_error(trouble is not None)
        self.adjustSize()
        return trouble is None

    def _take(self) -> None:
        at = self.at()
        if at is None or not self._check():
            return
        self.dismiss()
        self._chosen(at)


class _Clock(LineEdit):
    """Enter is for the picker; Qt would pass it on to the window."""

    def keyPressEvent(self, event: QKeyEvent) -> None:
        super().keyPressEvent(event)
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            event.accept()
