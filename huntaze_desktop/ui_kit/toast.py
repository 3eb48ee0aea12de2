"""Short notices at the window's foot, with an undo where there is one. They wait while the mouse is on them."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject, QRect, QRectF, QTimer, Signal
from PySide6.QtGui import QEnterEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QWidget

from huntaze_desktop.ui_kit.buttons import Button
from huntaze_desktop.ui_kit.labels import IconLabel, Label
from huntaze_desktop.ui_kit.painting import announce
from huntaze_desktop.ui_kit.shadow import paint_raised, shadow_margins
from huntaze_desktop.ui_kit.theme_manager import ThemeManager

#: How long a notice stays; one with an action stays longer, for whoever comes by keyboard.
PLAIN_MS = 5000
ACTION_MS = 8000
_AT_ONCE = 3
_GAP = 8


class Toast(QWidget):
    """One notice. `gone` fires when it leaves, for whatever reason."""

    gone = Signal()

    def __init__(
        self,
        theme: ThemeManager,
        text: str,
        *,
        icon: str = "circle-check",
        action: str = "",
        on_action: Callable[[], object] | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._theme = theme
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
        self._timer.setInterval(ACTION_MS if action else PLAIN_MS)
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
    """Stacks notices over `window`, newest lowest, `foot` pixels above its lower edge, three at most."""

    def __init__(self, theme: ThemeManager, window: QWidget, *, foot: int) -> None:
        super().__init__(window)
        self._theme = theme
        self._window = window
        self._foot = foot
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
    ) -> Toast:
        """Shows a notice and has screen readers say it."""
        toast = Toast(self._theme, text, icon=icon, action=action, on_action=on_action, parent=self._window)
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
        """Puts the notices in place; call it when the window's size changes."""
        margins = shadow_margins(self._theme.theme.shadow(2))
        bottom = self._window.height() - self._foot
        for toast in reversed(self._shown):
            toast.adjustSize()
            box = QRect(toast.rect()).marginsRemoved(margins)
            toast.move((self._window.width() - toast.width()) // 2, bottom - box.height() - margins.top())
            toast.raise_()
            bottom -= box.height() + _GAP
