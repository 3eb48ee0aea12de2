"""Shows the focus ring when the keyboard moved the focus, and only then.

`QFocusFrame` follows the focused widget without an application-wide event filter, which in Python would run for every
event of every widget.
"""

from __future__ import annotations

from PySide6.QtCore import QObject, Qt
from PySide6.QtWidgets import QApplication, QFocusFrame, QStyle, QWidget
from shiboken6 import isValid

#: Dynamic property; widgets that paint their own focus (lists, timelines, the composer) set it to False.
RING_PROPERTY = "focusRing"


def give_back_focus(widget: QWidget | None) -> None:
    """Focuses the widget that had the focus before something opened, if it is still there to be seen."""
    if widget is not None and isValid(widget) and widget.isVisible():
        widget.setFocus(Qt.FocusReason.PopupFocusReason)


class FocusRing(QObject):
    """Keeps one focus frame on the widget that the keyboard reached."""

    def __init__(self, app: QApplication, style: QStyle) -> None:
        super().__init__()
        self._app = app
        self._style = style
        self._frame: QFocusFrame | None = None
        app.focusChanged.connect(self._on_focus_changed)

    @property
    def target(self) -> QWidget | None:
        """The ringed widget, if any."""
        return self._frame.widget() if self._frame is not None and isValid(self._frame) else None

    def retire(self) -> None:
        """Stops following the focus."""
        self._app.focusChanged.disconnect(self._on_focus_changed)
        self._drop()

    def _drop(self) -> None:
        # The frame dies with the window of the widget it rings.
        if self._frame is not None and isValid(self._frame):
            self._frame.setWidget(None)  # type: ignore[arg-type]  # Qt takes a null pointer, the stub does not say so
            # Until it is deleted the frame may outlive the style, which a change of the application's style would ask.
            self._frame.setStyle(None)  # type: ignore[arg-type]
            self._frame.deleteLater()
        self._frame = None

    def _on_focus_changed(self, _old: QWidget | None, new: QWidget | None) -> None:
        self._drop()
        if new is None or new.isWindow() or new.property(RING_PROPERTY) is False:
            return
        if not new.window().testAttribute(Qt.WidgetAttribute.WA_KeyboardFocusChange):
            return
        # A fresh frame each time: an old one keeps event filters on the parents of widgets that may be gone.
        self._frame = QFocusFrame()
        self._frame.setStyle(self._style)
        self._frame.setWidget(new)
