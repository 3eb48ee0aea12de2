"""What content stands on: cards, the split between columns with its thin line and wide grip."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QRegion, QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QSplitter, QSplitterHandle, QVBoxLayout, QWidget

from huntaze_desktop.ui_kit.labels import Label, line
from huntaze_desktop.ui_kit.painting import rounded_box
from huntaze_desktop.ui_kit.theme import ColorRole
from huntaze_desktop.ui_kit.theme_manager import ThemeManager

_GRIP_EXTRA = 3


class Card(QFrame):
    """A bordered box; with a title it has a 44 px header and a hairline under it."""

    def __init__(
        self,
        theme: ThemeManager,
        title: str = "",
        *,
        ground: ColorRole | None = None,
        padding: int = 16,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._theme = theme
        self._ground = ground
        outer = QVBoxLayout(self)
        outer.setContentsMargins(1, 1, 1, 1)
        outer.setSpacing(0)
        if title:
            header = QWidget()
            header.setFixedHeight(44)
            row = QHBoxLayout(header)
            row.setContentsMargins(16, 0, 16, 0)
            row.addWidget(Label(theme, title, style="bodyStrong"))
            row.addStretch(1)
            outer.addWidget(header)
            outer.addWidget(line(theme))
            self.setAccessibleName(title)
        self.body = QVBoxLayout()
        self.body.setContentsMargins(padding, padding, padding, padding)
        outer.addLayout(self.body)
        theme.changed.connect(self.update)

    def paintEvent(self, event: QPaintEvent) -> None:
        theme = self._theme.theme
        painter = QPainter(self)
        fill = theme.color(self._ground) if self._ground else theme.card_color()
        rounded_box(painter, QRectF(self.rect()), 10, fill=fill, border=theme.color("border"))
        painter.end()


class Splitter(QSplitter):
    """Columns with a 1 px line between them that is 7 px wide to the mouse."""

    def __init__(self, theme: ThemeManager, parent: QWidget | None = None) -> None:
        super().__init__(Qt.Orientation.Horizontal, parent)
        self.theme = theme
        self.setHandleWidth(1)
        self.setChildrenCollapsible(False)
        theme.changed.connect(self.update)

    def createHandle(self) -> QSplitterHandle:
        return _Grip(self)


class _Grip(QSplitterHandle):
    """Grows its own margins: QSplitter adds them to the handle's geometry, and the mask keeps the paint to the line."""

    def __init__(self, splitter: Splitter) -> None:
        super().__init__(Qt.Orientation.Horizontal, splitter)
        self._theme = splitter.theme
        self.setAttribute(Qt.WidgetAttribute.WA_MouseNoMask)

    def resizeEvent(self, event: QResizeEvent) -> None:
        self.setContentsMargins(_GRIP_EXTRA, 0, _GRIP_EXTRA, 0)
        self.setMask(QRegion(self.contentsRect()))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.contentsRect(), self._theme.theme.color("border"))
        painter.end()
