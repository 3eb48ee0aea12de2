"""What one can do with several conversations at once; it stands where the filters are while some are selected."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Signal
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QWidget

from huntaze_desktop.ui_kit.buttons import Button
from huntaze_desktop.ui_kit.labels import ElidedLabel
from huntaze_desktop.ui_kit.painting import rounded_box
from huntaze_desktop.ui_kit.theme_manager import ThemeManager
from huntaze_plugins.messages.words import tr


class SelectionBar(QWidget):
    """`5 selected`, Done, Snooze, Clear; hidden while nothing is selected."""

    done_wanted = Signal()
    snooze_wanted = Signal()
    cleared = Signal()

    def __init__(self, theme: ThemeManager) -> None:
        super().__init__()
        self._theme = theme
        self.count = ElidedLabel(theme, style="smallMedium", role="accentText")
        self.done = Button(theme, tr("Done"), kind="ghost", size=24, icon="check")
        self.done.setObjectName("messages.selection.done")
        self.done.clicked.connect(self.done_wanted)
        self.snooze = Button(theme, tr("Snooze"), kind="ghost", size=24, icon="alarm-clock")
        self.snooze.setObjectName("messages.selection.snooze")
        self.snooze.clicked.connect(self.snooze_wanted)
        self.clear = Button(theme, tr("Clear"), kind="ghost", size=24)
        self.clear.setObjectName("messages.selection.clear")
        self.clear.clicked.connect(self.cleared)
        row = QHBoxLayout(self)
        row.setContentsMargins(10, 0, 2, 0)
        row.setSpacing(2)
        row.addWidget(self.count, 1)
        for button in (self.done, self.snooze, self.clear):
            button.set_text_role("accentText")
            row.addWidget(button)
        self.setFixedHeight(theme.theme.at_least(26))
        theme.changed.connect(self._on_theme)
        self.hide()

    def set_count(self, count: int) -> None:
        self.count.setText(tr("%n selected", count))
        self.setAccessibleName(self.count.text())
        self.setVisible(count > 0)

    def _on_theme(self) -> None:
        self.setFixedHeight(self._theme.theme.at_least(26))
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        theme = self._theme.theme
        painter = QPainter(self)
        rounded_box(
            painter, QRectF(self.rect()), 6, fill=theme.color("accentSubtle"), border=theme.color("accentBorder")
        )
        painter.end()
