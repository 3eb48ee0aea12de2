"""Tooltips for the keyboard: what the mouse reads by hovering, focus reads after half a second."""

from __future__ import annotations

from PySide6.QtCore import QObject, QPoint, Qt, QTimer
from PySide6.QtWidgets import QApplication, QToolTip, QWidget

_DELAY_MS = 500


def explain_disabled(widget: QWidget, reason: str) -> None:
    """Disables `widget` and says why, in its tooltip and to screen readers."""
    widget.setEnabled(False)
    widget.setToolTip(reason)
    widget.setAccessibleDescription(reason)


def explain_enabled(widget: QWidget, tooltip: str = "") -> None:
    """Enables `widget` again and puts its ordinary tooltip back."""
    widget.setEnabled(True)
    widget.setToolTip(tooltip)
    widget.setAccessibleDescription("")


class Tooltips(QObject):
    """Repeats the tooltip of a widget that the keyboard reached."""

    def __init__(self, app: QApplication) -> None:
        super().__init__()
        self._app = app
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_DELAY_MS)
        self._timer.timeout.connect(self._show)
        app.focusChanged.connect(self._on_focus_changed)

    def retire(self) -> None:
        """Stops following the focus."""
        self._timer.stop()
        self._app.focusChanged.disconnect(self._on_focus_changed)

    def _on_focus_changed(self, _old: QWidget | None, new: QWidget | None) -> None:
        self._timer.stop()
        if new is not None and new.toolTip() and new.window().testAttribute(Qt.WidgetAttribute.WA_KeyboardFocusChange):
            self._timer.start()

    def _show(self) -> None:
        widget = self._app.focusWidget()
        if widget is not None and widget.toolTip():
            below = widget.mapToGlobal(QPoint(0, widget.height() + 4))
            QToolTip.showText(below, widget.toolTip(), widget)
