"""The rail at the window's left: one entry per page that exists, with its badge; settings at the foot."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFont, QFontMetricsF, QKeyEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QAbstractButton, QButtonGroup, QSizePolicy, QVBoxLayout, QWidget

from huntaze_desktop.ui.words import translate
from huntaze_desktop.ui_kit.painting import rounded_box
from huntaze_desktop.ui_kit.style import RADIUS_PROPERTY
from huntaze_desktop.ui_kit.theme import Theme
from huntaze_desktop.ui_kit.theme_manager import ThemeManager

WIDTH = 76
_ITEM = 54
_ITEM_TIGHT = 47
_MOST = 99


class RailItem(QAbstractButton):
    """One page's entry: icon, name, and how many things wait there."""

    def __init__(self, theme: ThemeManager, page_id: str, title: str, icon: str) -> None:
        super().__init__()
        self._theme = theme
        self._icon_name = icon
        self._count = 0
        self._tight = False
        self.page_id = page_id
        self.setObjectName(f"rail.{page_id}")
        self.setText(title)
        self.setCheckable(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.setProperty(RADIUS_PROPERTY, 8)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setToolTip("")
        self._name_it()
        theme.changed.connect(self.updateGeometry)
        theme.changed.connect(self.update)

    @property
    def count(self) -> int:
        return self._count

    def set_count(self, count: int) -> None:
        if count != self._count:
            self._count = count
            self._name_it()
            self.update()

    def set_tight(self, tight: bool) -> None:
        self._tight = tight
        self.updateGeometry()

    def _name_it(self) -> None:
        if self._count:
            self.setAccessibleName(
                translate("Rail", "{page}, {count} waiting").format(page=self.text(), count=self._count)
            )
        else:
            self.setAccessibleName(self.text())

    def sizeHint(self) -> QSize:
        theme = self._theme.theme
        grown = theme.at_least(14) - 14
        return QSize(theme.at_least(WIDTH), (_ITEM_TIGHT if self._tight else _ITEM) + grown)

    def _font(self, theme: Theme) -> QFont:
        font = QFont(theme.font("micro", weight=600 if self.isChecked() else 500))
        font.setLetterSpacing(QFont.SpacingType.AbsoluteSpacing, -0.11)
        return font

    def paintEvent(self, event: QPaintEvent) -> None:
        theme = self._theme.theme
        painter = QPainter(self)
        plate_height = 25 if self._tight else 28
        text_height = theme.at_least(14)
        top = (self.height() - plate_height - 3 - text_height) / 2
        plate = QRectF((self.width() - 44) / 2, top, 44, plate_height)
        on = self.isChecked()
        if on:
            rounded_box(painter, plate, 8, fill=theme.color("railSelected"))
        elif self.underMouse() or self.isDown():
            rounded_box(painter, plate, 8, fill=theme.color("pressed"))
        color = theme.color("accentText" if on else "text2")
        theme.icons.paint(painter, plate.center() - QPointF(10, 10), self._icon_name, 20, color)
        font = self._font(theme)
        painter.setFont(font)
        painter.setPen(theme.color("text" if on else "text2"))
        label = QFontMetricsF(font).elidedText(self.text(), Qt.TextElideMode.ElideRight, self.width() - 4)
        rect = QRectF(0, plate.bottom() + 3, self.width(), text_height)
        painter.drawText(rect, Qt.AlignmentFlag.AlignCenter, label)
        if self._count:
            self._paint_badge(painter, plate, theme)
        painter.end()

    def _paint_badge(self, painter: QPainter, plate: QRectF, theme: Theme) -> None:
        text = str(self._count) if self._count <= _MOST else f"{_MOST}+"
        font = theme.font("micro", weight=600, size=10 / theme.look.scale)
        width = max(16.0, QFontMetricsF(font).horizontalAdvance(text) + 8)
        badge = QRectF(plate.right() - 1 - width, plate.top() - 3, width, 16)
        rounded_box(painter, badge.adjusted(-2, -2, 2, 2), 10, fill=theme.color("canvas"))
        rounded_box(painter, badge, 8, fill=theme.color("accent"))
        painter.setFont(font)
        painter.setPen(theme.color("onAccent"))
        painter.drawText(badge, Qt.AlignmentFlag.AlignCenter, text)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in {Qt.Key.Key_Return, Qt.Key.Key_Enter}:
            self.click()
        elif event.key() in {Qt.Key.Key_Up, Qt.Key.Key_Down}:
            # In an exclusive group Qt would press the neighbour at once; the rail only moves the focus.
            event.ignore()
        else:
            super().keyPressEvent(event)


class _Logo(QWidget):
    def __init__(self, theme: ThemeManager) -> None:
        super().__init__()
        self._theme = theme
        self.setFixedHeight(48)
        self.setAccessibleName("Huntaze")
        theme.changed.connect(self.update)

    def paintEvent(self, event: QPaintEvent) -> None:
        theme = self._theme.theme
        painter = QPainter(self)
        logo = theme.icons.logo(32, theme.color("accent"), self.devicePixelRatioF())
        painter.drawPixmap(QPointF((self.width() - 32) / 2, 8), logo)
        painter.end()


class Rail(QWidget):
    """The pages; up and down move between them, `selected` carries the page's id."""

    selected = Signal(str)

    def __init__(self, theme: ThemeManager) -> None:
        super().__init__()
        self._theme = theme
        self._items: dict[str, RailItem] = {}
        self._group = QButtonGroup(self)
        self.setObjectName("rail")
        self.setAccessibleName(translate("Rail", "Pages"))
        self._fit()
        theme.changed.connect(self._fit)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 8)
        column.setSpacing(2)
        column.addWidget(_Logo(theme))
        column.addSpacing(2)
        self._top = QVBoxLayout()
        self._top.setSpacing(2)
        self._foot = QVBoxLayout()
        column.addLayout(self._top)
        column.addStretch(1)
        column.addLayout(self._foot)
        self._column = column

    def _fit(self) -> None:
        self.setFixedWidth(self._theme.theme.at_least(WIDTH))

    @property
    def items(self) -> tuple[RailItem, ...]:
        return tuple(self._items.values())

    def add(self, page_id: str, title: str, icon: str, *, at_foot: bool = False) -> RailItem:
        item = RailItem(self._theme, page_id, title, icon)
        item.clicked.connect(lambda: self.selected.emit(page_id))
        self._group.addButton(item)
        self._items[page_id] = item
        (self._foot if at_foot else self._top).addWidget(item)
        return item

    def remove(self, page_id: str) -> None:
        item = self._items.pop(page_id)
        self._group.removeButton(item)
        item.hide()
        item.deleteLater()

    def set_current(self, page_id: str) -> None:
        self._items[page_id].setChecked(True)

    def set_count(self, page_id: str, count: int) -> None:
        self._items[page_id].set_count(count)

    def set_tight(self, tight: bool) -> None:
        """Shorter entries, for low or narrow windows."""
        spacing = 0 if tight else 2
        if spacing == self._top.spacing():
            return
        self._column.setSpacing(spacing)
        self._top.setSpacing(spacing)
        for item in self._items.values():
            item.set_tight(tight)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        steps = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1}
        key = Qt.Key(event.key())
        items = list(self._items.values())
        at = next((n for n, item in enumerate(items) if item.hasFocus()), None)
        if key in steps and at is not None:
            items[(at + steps[key]) % len(items)].setFocus(Qt.FocusReason.TabFocusReason)
            return
        super().keyPressEvent(event)
