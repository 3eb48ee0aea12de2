"""Short notices over the page, with an undo where there is one. They wait while the mouse is on them.

They stand over the corner that a page offers, so that they cover neither what is written nor the status bar; without
one, in the middle of the window's foot.
"""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject, QPoint, QRect, QRectF, QTimer, Signal
from PySide6.QtGui import QEnterEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QWidget
from shiboken6 import isValid

from huntaze_desktop.ui_kit.buttons import Button
from huntaze_desktop.ui_kit.labels import IconLabel, Label
from huntaze_desktop.ui_kit.painting import announce
from huntaze_desktop.ui_kit.shadow import paint_raised, shadow_margins
from huntaze_desktop.ui_kit.theme_manager import ThemeManager

#: How long a notice stays unless it says otherwise: long enough for whoever comes to its action by keyboard.
SECONDS = 8.0
_AT_ONCE = 3
_GAP = 8
_FROM_CORNER = QPoint(20, -12)


class Toast(QWidget):
    """One notice. `gone` fires when it leaves, for whatever reason; it does so by itself after `seconds`."""

    gone = Signal()

    def __init__(
        self,
        theme: ThemeManager,
        text: str,
        *,
        icon: str = "circle-check",
        action: str = "",
        on_action: Callable[[], object] | None = None,
        seconds: float = SECONDS,
        topic: str = "",
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._theme = theme
        self.topic = topic
        self.setAccessibleName(text)
        self.setObjectName("toast")
        margins = shadow_margins(theme.theme.shadow(2))
        row = QHBoxLayout(self)
        row.setContentsMargins(margins)
        row.setSpacing(8)
        row.addSpacing(12)
        row.addWidget(IconLabel(theme, icon, 16, "text2"))
        row.addWidget(Label(theme, text))
        if action and on_action is not None:
            button = Button(theme, action, kind="link", size=28)
            button.setObjectName("toast.action")
            button.clicked.connect(self.leave)
            button.clicked.connect(on_action)
            row.addWidget(button)
        row.addSpacing(12)
        self.setFixedHeight(40 + margins.top() + margins.bottom())
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(round(max(0.0, seconds) * 1000))
        self._timer.timeout.connect(self.leave)
        self._timer.start()

    def leave(self) -> None:
        self._timer.stop()
        self.hide()
        self.gone.emit()
        self.deleteLater()

    def enterEvent(self, event: QEnterEvent) -> None:
        self._timer.stop()
        super().enterEvent(event)

    def leaveEvent(self, event: QEvent) -> None:
        self._timer.start()
        super().leaveEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        theme = self._theme.theme
        painter = QPainter(self)
        box = self.rect().marginsRemoved(shadow_margins(theme.shadow(2)))
        paint_raised(painter, QRectF(box), 10, theme)
        painter.end()


class Toasts(QObject):
    """Stacks notices over `window`, newest lowest, three at most.

    They stand over the lower left corner of the widget that `over` gives when asked, and follow it; where there is
    none, in the middle, `foot` pixels above the window's lower edge.
    """

    def __init__(
        self, theme: ThemeManager, window: QWidget, *, foot: int, over: Callable[[], QWidget | None] = lambda: None
    ) -> None:
        super().__init__(window)
        self._theme = theme
        self._window = window
        self._foot = foot
        self._over = over
        self._followed: QWidget | None = None
        self._shown: list[Toast] = []

    @property
    def shown(self) -> tuple[Toast, ...]:
        return tuple(self._shown)

    def show(
        self,
        text: str,
        *,
        icon: str = "circle-check",
        action: str = "",
        on_action: Callable[[], object] | None = None,
        seconds: float = SECONDS,
        topic: str = "",
    ) -> Toast:
        """Shows a notice and has screen readers say it; one on a topic takes the place of an earlier one on it."""
        for before in [one for one in self._shown if topic and one.topic == topic]:
            before.leave()
        toast = Toast(
            self._theme,
            text,
            icon=icon,
            action=action,
            on_action=on_action,
            seconds=seconds,
            topic=topic,
            parent=self._window,
        )
        toast.gone.connect(lambda: self._forget(toast))
        self._shown.append(toast)
        while len(self._shown) > _AT_ONCE:
            self._shown[0].leave()
        self.arrange()
        toast.show()
        announce(toast, text)
        return toast

    def _forget(self, toast: Toast) -> None:
        if toast in self._shown:
            self._shown.remove(toast)
            self.arrange()

    def arrange(self) -> None:
        """Puts the notices in place; call it when the window's size or page changes."""
        if not self._shown:
            self._follow(None)
            return
        over = self._over()
        self._follow(over)
        margins = shadow_margins(self._theme.theme.shadow(2))
        corner = over.mapTo(self._window, QPoint(0, over.height())) + _FROM_CORNER if over is not None else None
        bottom = self._window.height() - self._foot if corner is None else corner.y()
        for toast in reversed(self._shown):
            toast.adjustSize()
            box = QRect(toast.rect()).marginsRemoved(margins)
            left = (self._window.width() - box.width()) // 2 if corner is None else corner.x()
            toast.move(left - margins.left(), bottom - box.height() - margins.top())
            toast.raise_()
            bottom -= box.height() + _GAP

    def _follow(self, widget: QWidget | None) -> None:
        if widget is self._followed:
            return
        if self._followed is not None and isValid(self._followed):
            self._followed.removeEventFilter(self)
        self._followed = widget
        if widget is not None:
            widget.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() in (QEvent.Type.Resize, QEvent.Type.Move, QEvent.Type.Show, QEvent.Type.Hide):
            QTimer.singleShot(0, self, self.arrange)  # when everything around it has its place too
        return super().eventFilter(watched, event)
