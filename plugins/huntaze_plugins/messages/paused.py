"""The card over the list that names creators whose platform session has ended."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRectF
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from huntaze_desktop.sdk import Creator
from huntaze_desktop.ui_kit.avatars import Avatar
from huntaze_desktop.ui_kit.labels import ElidedLabel, Paragraph
from huntaze_desktop.ui_kit.painting import rounded_box
from huntaze_desktop.ui_kit.theme_manager import ThemeManager
from huntaze_plugins.messages.words import tr


class PausedCard(QWidget):
    """Hidden while every creator is connected."""

    def __init__(self, theme: ThemeManager, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._face = Avatar(theme, 24, shape="square")
        self._title = ElidedLabel(theme, style="smallMedium", role="dangerText")
        self._text = Paragraph(theme, tr("Conversations may be out of date"), style="small", role="text2")
        words = QVBoxLayout()
        words.setSpacing(0)
        words.addWidget(self._title)
        words.addWidget(self._text)
        row = QHBoxLayout(self)
        row.setContentsMargins(24, 10, 24, 18)
        row.setSpacing(8)
        row.addWidget(self._face)
        row.addLayout(words, 1)
        theme.changed.connect(self.update)
        self.hide()

    def show_creators(self, paused: Sequence[Creator]) -> None:
        self.setVisible(bool(paused))
        if not paused:
            return
        first = paused[0]
        self._face.set_person(first.id, first.name)
        names = ", ".join(creator.name for creator in paused)
        told = tr("{0} is paused") if len(paused) == 1 else tr("{0} are paused")
        self._title.setText(told.format(names))
        self.setAccessibleName(f"{told.format(names)}. {self._text.text()}")

    def paintEvent(self, event: QPaintEvent) -> None:
        theme = self._theme.theme
        painter = QPainter(self)
        box = QRectF(self.rect()).adjusted(12, 0, -12, -8)
        rounded_box(painter, box, 8, fill=theme.color("dangerSubtle"), border=theme.color("dangerBorder"))
        painter.end()
