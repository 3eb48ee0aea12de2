"""The status bar: connection, age of the last sync, outbox, failures; at its end language and version."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from PySide6.QtCore import QRectF, QTimer, Signal
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QWidget

from huntaze_desktop.ui.state import ConnectionView, CostsView
from huntaze_desktop.ui.words import age, dollars, since_when, translate
from huntaze_desktop.ui_kit.buttons import Button
from huntaze_desktop.ui_kit.labels import IconLabel, Label
from huntaze_desktop.ui_kit.painting import rounded_box
from huntaze_desktop.ui_kit.progress import ProgressBar, Spinner
from huntaze_desktop.ui_kit.theme import ColorRole
from huntaze_desktop.ui_kit.theme_manager import ThemeManager

HEIGHT = 28
_TICK_MS = 1000


class _State(QWidget):
    """Dot, spinner or icon with the connection's word; offline it is a tinted pill."""

    def __init__(self, theme: ThemeManager) -> None:
        super().__init__()
        self._theme = theme
        self._dot: ColorRole | None = "textDisabled"
        self._pill = False
        self.icon = IconLabel(theme, "cloud-off", 14, "warningText")
        self.spinner = Spinner(theme, "", size=12, role="text2")
        self.word = Label(theme, style="small")
        self.extra = Label(theme, style="small", role="warningText")
        self._row = QHBoxLayout(self)
        self._row.setSpacing(6)
        for widget in (self.icon, self.spinner, self.word, self.extra):
            self._row.addWidget(widget)
        theme.changed.connect(self._embolden)
        self.set_state("text", "", spin=True)

    def set_state(
        self,
        role: ColorRole,
        word: str,
        *,
        extra: str = "",
        dot: ColorRole | None = None,
        pill: bool = False,
        spin: bool = False,
    ) -> None:
        self._dot = dot
        self._pill = pill
        self.icon.setVisible(pill)
        self.spinner.setVisible(spin)
        self.word.set_role(role)
        self.word.setText(word)
        self.extra.setText(extra)
        self.extra.setVisible(bool(extra))
        self._row.setContentsMargins(8 if pill else 14 if dot else 0, 0, 8 if pill else 0, 0)
        self._embolden()
        self.setAccessibleName(f"{word} {extra}".strip())
        self.update()

    def _embolden(self) -> None:
        self.word.setFont(self._theme.theme.font("small", weight=600))
        self.setFixedHeight(self._theme.theme.at_least(20))

    def paintEvent(self, event: QPaintEvent) -> None:
        theme = self._theme.theme
        painter = QPainter(self)
        if self._pill:
            box = QRectF(self.rect())
            rounded_box(
                painter, box, box.height() / 2, fill=theme.color("warningSubtle"), border=theme.color("warningBorder")
            )
        elif self._dot:
            rounded_box(painter, QRectF(0, self.height() / 2 - 4, 8, 8), 4, fill=theme.color(self._dot))
        painter.end()


class _Separator(QWidget):
    def __init__(self, theme: ThemeManager) -> None:
        super().__init__()
        self._theme = theme
        self.setFixedSize(1, 12)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), self._theme.theme.color("borderStrong"))
        painter.end()


class _Costs(QWidget):
    """What AI cost today, of how much, and how far that is; hidden while nothing is told."""

    def __init__(self, theme: ThemeManager) -> None:
        super().__init__()
        self._theme = theme
        self._icon = IconLabel(theme, "sparkles", 13, "text2")
        self._lead = Label(theme, translate("StatusBar", "AI today"), style="small", role="text2")
        self.amount = Label(theme, style="small")
        self.limit = Label(theme, style="small", role="text2")
        self.bar = ProgressBar(theme, translate("StatusBar", "Of today's AI budget"))
        self.bar.setFixedWidth(56)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(5)
        for widget in (self._icon, self._lead, self.amount, self.limit, self.bar, _Separator(theme)):
            row.addWidget(widget)
        theme.changed.connect(self._embolden)
        self._embolden()
        self.hide()

    def _embolden(self) -> None:
        self.amount.setFont(self._theme.theme.font("small", weight=600))

    def show_costs(self, view: CostsView | None) -> None:
        self.setVisible(view is not None)
        if view is None:
            return
        amount = dollars(view.today)
        limit = "" if view.limit is None else translate("StatusBar", "of {limit}").format(limit=dollars(view.limit))
        late = view.soft_exceeded or (view.limit is not None and view.today >= view.limit)
        role: ColorRole = "warningText" if late else "text2"
        # Colour alone says nothing: a budget that is passed has another icon too.
        self._icon.set_icon("triangle-alert" if late else "sparkles", role)
        self.amount.setText(amount)
        self.limit.setText(limit)
        self.limit.setVisible(bool(limit))
        self.bar.setVisible(bool(view.limit))
        self.bar.set_value(view.today / view.limit if view.limit else 0.0)
        told = translate("StatusBar", "AI costs of the agency: {today} today, {month} this month.").format(
            today=f"{amount} {limit}".strip(), month=dollars(view.month)
        )
        if late:
            told += " " + translate("StatusBar", "The budget is passed: small models are preferred.")
        self.setToolTip(told)
        self.setAccessibleName(told)


class StatusBar(QWidget):
    """Says how fresh the window is and what still waits. Ages count on by themselves once a second."""

    outbox_requested = Signal()

    def __init__(
        self,
        theme: ThemeManager,
        *,
        version: str,
        language: str,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        super().__init__()
        self._theme = theme
        self._clock = clock
        self._view = ConnectionView()
        self.setObjectName("status")
        self.setAccessibleName(translate("StatusBar", "Status"))
        self._fit()
        theme.changed.connect(self._fit)
        self.state = _State(theme)
        self.state.setObjectName("status.connection")
        self.paused = self._alert("triangle-alert", "status.paused")
        self.sync = Label(theme, style="small", role="text2")
        self.sync.setObjectName("status.sync")
        self.outbox = Label(theme, style="small", role="text2")
        self.outbox.setObjectName("status.outbox")
        self.outbox_link = Button(theme, "", kind="link", size=24, icon="inbox")
        self.outbox_link.setObjectName("status.outbox_link")
        self.outbox_link.clicked.connect(self.outbox_requested)
        self._outbox_opens = False
        self.failures = self._alert("circle-alert", "status.failures")
        self.costs = _Costs(theme)
        self.costs.setObjectName("status.costs")
        self.language = Label(theme, language, style="small", role="text2")
        self.version = Label(theme, version, style="small", role="text2")
        row = QHBoxLayout(self)
        row.setContentsMargins(20, 0, 16, 0)
        row.setSpacing(10)
        row.addWidget(self.state)
        self._parts: list[tuple[QWidget, QWidget]] = []
        for widget in (self.paused, self.sync, self.outbox, self.outbox_link, self.failures):
            separator = _Separator(theme)
            row.addWidget(separator)
            row.addWidget(widget)
            self._parts.append((separator, widget))
        row.addStretch(1)
        row.addWidget(self.costs)
        row.addWidget(self.language)
        row.addWidget(_Separator(theme))
        row.addWidget(IconLabel(theme, "circle-check", 13, "text2"))
        row.addSpacing(-4)
        row.addWidget(self.version)
        self._tick = QTimer(self)
        self._tick.setInterval(_TICK_MS)
        self._tick.timeout.connect(self._refresh_age)
        self.set_connection(self._view)

    def _fit(self) -> None:
        self.setFixedHeight(self._theme.theme.at_least(HEIGHT))
        self.update()

    def _alert(self, icon: str, name: str) -> QWidget:
        box = QWidget()
        box.setObjectName(name)
        row = QHBoxLayout(box)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(6)
        row.addWidget(IconLabel(self._theme, icon, 13, "dangerText"))
        row.addWidget(Label(self._theme, style="smallMedium", role="dangerText"))
        return box

    def set_outbox_opens(self, opens: bool) -> None:
        """Whether somebody answers `outbox_requested`; until then the outbox is text, not a dead link."""
        self._outbox_opens = opens
        self.set_connection(self._view)

    def set_costs(self, view: CostsView | None) -> None:
        """What AI costs today, for who may see it; None shows nothing."""
        self.costs.show_costs(view)

    def set_connection(self, view: ConnectionView) -> None:
        self._view = view
        self._show_state(view)
        self._show(self.paused, bool(view.accounts_paused), self._paused_text(len(view.accounts_paused)))
        self._refresh_age()
        outbox = translate("StatusBar", "Outbox {count}").format(count=view.outbox)
        self.outbox.setText(outbox)
        self.outbox_link.set_label(outbox)
        signed_in = view.state != "signed_out"
        self._show(self.outbox, signed_in and not self._outbox_opens)
        self._show(self.outbox_link, signed_in and self._outbox_opens)
        self._show(
            self.failures, view.failures > 0, translate("StatusBar", "{count} not sent").format(count=view.failures)
        )

    def _show_state(self, view: ConnectionView) -> None:
        if view.state == "online":
            self.state.set_state("text", translate("StatusBar", "Online"), dot="success")
        elif view.state == "offline":
            queued = translate("StatusBar", "– {count} queued").format(count=view.outbox) if view.outbox else ""
            self.state.set_state("warningText", translate("StatusBar", "Offline"), extra=queued, pill=True)
        elif view.state == "signed_out":
            self.state.set_state("text2", translate("StatusBar", "Signed out"), dot="textDisabled")
        else:
            self.state.set_state("text2", translate("StatusBar", "Connecting…"), spin=True)

    def _show(self, widget: QWidget, visible: bool, text: str = "") -> None:
        separator = next(mark for mark, part in self._parts if part is widget)
        separator.setVisible(visible)
        widget.setVisible(visible)
        if text:
            widget.setAccessibleName(text)
            for label in widget.findChildren(Label):
                label.setText(text)

    @staticmethod
    def _paused_text(count: int) -> str:
        if count == 1:
            return translate("StatusBar", "1 account signed out")
        return translate("StatusBar", "{count} accounts signed out").format(count=count)

    def _refresh_age(self) -> None:
        view = self._view
        visible = view.last_sync_at is not None and view.state != "signed_out"
        self._show(self.sync, visible)
        counting = visible and view.state != "offline"
        if view.last_sync_at is not None:
            if counting:
                passed = (self._clock() - view.last_sync_at).total_seconds()
                self.sync.setText(translate("StatusBar", "Synced {age} ago").format(age=age(passed)))
            else:
                when = since_when(view.last_sync_at, self._clock())
                self.sync.setText(translate("StatusBar", "Last sync {time}").format(time=when))
        if counting != self._tick.isActive():
            if counting:
                self._tick.start()
            else:
                self._tick.stop()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), self._theme.theme.color("canvas"))
        painter.end()
