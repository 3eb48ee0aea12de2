"""A scroll bar that lies over a view's edge instead of taking room from its rows."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QSignalBlocker, Qt
from PySide6.QtWidgets import QAbstractScrollArea, QScrollBar

_WIDTH = 10


class OverlayScrollBar(QScrollBar):
    """Mirrors the vertical scroll bar of `area`, which is hidden; shows only while there is something to scroll."""

    def __init__(self, area: QAbstractScrollArea) -> None:
        super().__init__(Qt.Orientation.Vertical, area)
        self._area = area
        self._source = area.verticalScrollBar()
        area.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._source.rangeChanged.connect(self._on_range)
        self._source.valueChanged.connect(self.setValue)
        self.valueChanged.connect(self._source.setValue)
        area.installEventFilter(self)
        self._on_range(self._source.minimum(), self._source.maximum())

    def _on_range(self, low: int, high: int) -> None:
        # The source's value is right already; ours must not write back while the range shrinks under it.
        blocker = QSignalBlocker(self)
        self.setRange(low, high)
        self.setPageStep(self._source.pageStep())
        self.setSingleStep(self._source.singleStep())
        self.setValue(self._source.value())
        blocker.unblock()
        self.setVisible(high > low)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() in (QEvent.Type.Resize, QEvent.Type.Show):
            self.setGeometry(self._area.width() - _WIDTH, 0, _WIDTH, self._area.height())
            self.raise_()
        return super().eventFilter(watched, event)
