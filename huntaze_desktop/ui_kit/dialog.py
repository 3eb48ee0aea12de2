"""A card on a scrim over the window, for what needs a whole answer: a title, a body, and buttons at its foot.

A child of the window like popovers, with no event loop of its own. Esc and a press beside the card close it.
"""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QPoint, QRectF, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QApplication, QFrame, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from huntaze_desktop.ui_kit.buttons import Button, ButtonKind, IconButton
from huntaze_desktop.ui_kit.focus import RING_PROPERTY, give_back_focus
from huntaze_desktop.ui_kit.labels import Paragraph, line
from huntaze_desktop.ui_kit.overlay_scroll import OverlayScrollBar
from huntaze_desktop.ui_kit.shadow import paint_raised
from huntaze_desktop.ui_kit.theme_manager import ThemeManager

_EDGE = 32
_RADIUS = 12


class Dialog(QWidget):
    """Opens over `window`; `closed` fires once. The focus stays inside and goes back to where it came from."""

    closed = Signal()

    def __init__(self, theme: ThemeManager, window: QWidget, title: str, *, close_name: str, width: int = 520) -> None:
        super().__init__(window)
        self._theme = theme
        self._window = window
        self._came_from = QApplication.focusWidget()
        self._open = True
        self.setObjectName("dialog")
        self.setAccessibleName(title)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setProperty(RING_PROPERTY, False)  # noqa: FBT003 - Qt's signature
        self._card = QWidget(self)
        self._card.setFixedWidth(min(width, window.width() - 2 * _EDGE))
        column = QVBoxLayout(self._card)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        head = QHBoxLayout()
        head.setContentsMargins(20, 14, 12, 12)
        head.addWidget(Paragraph(theme, lead=title, style="heading"), 1)
        close = IconButton(theme, "x", close_name, size=28)
        close.setObjectName("dialog.close")
        close.clicked.connect(self.close_dialog)
        head.addWidget(close, 0, Qt.AlignmentFlag.AlignTop)
        column.addLayout(head)
        column.addWidget(line(theme))
        content = QWidget()
        self.body = QVBoxLayout(content)
        self.body.setContentsMargins(20, 14, 20, 16)
        self.body.setSpacing(8)
        self._area = QScrollArea()
        self._area.setWidget(content)
        self._area.setWidgetResizable(True)
        self._area.setFrameShape(QFrame.Shape.NoFrame)
        self._area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._area.viewport().setAutoFillBackground(False)
        # QScrollArea turns this on for what it is given.
        content.setAutoFillBackground(False)
        self._area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._scroll = OverlayScrollBar(self._area)
        self._content = content
        column.addWidget(self._area, 1)
        column.addWidget(line(theme))
        self._foot = QHBoxLayout()
        self._foot.setContentsMargins(20, 12, 20, 14)
        self._foot.setSpacing(8)
        self._foot.addStretch(1)
        column.addLayout(self._foot)
        theme.changed.connect(self.update)
        window.installEventFilter(self)
        content.installEventFilter(self)

    def add_button(self, text: str, *, kind: ButtonKind = "secondary", object_name: str = "") -> Button:
        """A button at the card's foot, from left to right."""
        button = Button(self._theme, text, kind=kind)
        button.setObjectName(object_name)
        self._foot.addWidget(button)
        return button

    def open(self, first: QWidget | None = None) -> None:
        """Cover the window; `first` gets the keyboard, or else the first stop of the card."""
        self._arrange()
        self.show()
        self.raise_()
        stops = self._stops()
        target = first if first is not None else next(iter(stops), self)
        target.setFocus(Qt.FocusReason.PopupFocusReason)

    def close_dialog(self) -> None:
        """Closes it; a second call does nothing."""
        if not self._open:
            return
        self._open = False
        self._window.removeEventFilter(self)
        self.hide()
        give_back_focus(self._came_from)
        self.closed.emit()
        self.deleteLater()

    def _arrange(self) -> None:
        self.setGeometry(self._window.rect())
        width = self._card.width()
        layout = self.body
        wanted = layout.heightForWidth(width) if layout.hasHeightForWidth() else layout.sizeHint().height()
        frame = self._card.layout()
        others = 0
        if frame is not None:
            for number in range(frame.count()):
                item = frame.itemAt(number)
                if item is not None and item.widget() is not self._area:
                    others += item.sizeHint().height()
        height = min(wanted + others, self.height() - 2 * _EDGE)
        self._card.setFixedHeight(max(160, height))
        self._card.move((self.width() - width) // 2, max(_EDGE, (self.height() - self._card.height()) // 2))
        self.update()

    def _stops(self) -> list[QWidget]:
        wanted = [
            child
            for child in self._card.findChildren(QWidget)
            if child.focusPolicy() & Qt.FocusPolicy.TabFocus and child.isEnabled() and child.isVisibleTo(self)
        ]
        ordered = sorted(
            wanted, key=lambda child: (child.mapTo(self, QPoint(0, 0)).y(), child.mapTo(self, QPoint(0, 0)).x())
        )
        # The cross stands above everything, but is not what one wants first.
        return [*(one for one in ordered if one.objectName() != "dialog.close")] + [
            one for one in ordered if one.objectName() == "dialog.close"
        ]

    def focusNextPrevChild(self, next: bool) -> bool:  # noqa: A002 - Qt's signature
        stops = self._stops()
        if stops:
            current = QApplication.focusWidget()
            at = stops.index(current) if current in stops else -1
            reason = Qt.FocusReason.TabFocusReason if next else Qt.FocusReason.BacktabFocusReason
            self.window().setAttribute(Qt.WidgetAttribute.WA_KeyboardFocusChange)
            target = stops[(at + (1 if next else -1)) % len(stops)]
            target.setFocus(reason)
            if self._content.isAncestorOf(target):
                self._area.ensureWidgetVisible(target)
        return True

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        grown = watched is self._content and event.type() == QEvent.Type.LayoutRequest and self.isVisible()
        if grown or (watched is self._window and event.type() == QEvent.Type.Resize):
            self._arrange()
        return super().eventFilter(watched, event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.close_dialog()
        # Nothing else may reach the page below: its letters are shortcuts.
        event.accept()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if not self._card.geometry().contains(event.position().toPoint()):
            self.close_dialog()
        event.accept()

    def paintEvent(self, event: QPaintEvent) -> None:
        theme = self._theme.theme
        painter = QPainter(self)
        painter.fillRect(self.rect(), theme.scrim())
        paint_raised(painter, QRectF(self._card.geometry()), _RADIUS, theme)
        painter.end()
