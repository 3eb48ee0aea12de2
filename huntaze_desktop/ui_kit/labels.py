"""Text: single lines, paragraphs with the drawn line height, elided lines, section headers, key caps."""

from __future__ import annotations

import math

from PySide6.QtCore import QEvent, QPointF, QRect, QSize, Qt
from PySide6.QtGui import QFontMetricsF, QPainter, QPaintEvent, QPalette, QResizeEvent, QTextLayout
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QWidget

from huntaze_desktop.ui_kit.painting import key_cap_width, lay_out_text, paint_key_cap
from huntaze_desktop.ui_kit.theme import ColorRole, TextStyle
from huntaze_desktop.ui_kit.theme_manager import ThemeManager


class Label(QLabel):
    """One line of plain text in a type style and colour role."""

    def __init__(
        self,
        theme: ThemeManager,
        text: str = "",
        *,
        style: TextStyle = "body",
        role: ColorRole = "text",
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._theme = theme
        self._text_style: TextStyle = style
        self._role: ColorRole = role
        # Names, snippets and errors come from outside: never let Qt guess that they are HTML.
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setText(text)
        self.restyle()
        theme.changed.connect(self.restyle)

    def set_role(self, role: ColorRole) -> None:
        if role != self._role:
            self._role = role
            self.restyle()

    def set_text_style(self, style: TextStyle) -> None:
        if style != self._text_style:
            self._text_style = style
            self.restyle()

    def restyle(self) -> None:
        """Puts on the current theme's font and colour."""
        theme = self._theme.theme
        self.setFont(theme.font(self._text_style))
        palette = QPalette()
        palette.setColor(QPalette.ColorRole.WindowText, theme.color(self._role))
        self.setPalette(palette)
        self.setMinimumHeight(theme.line_height(self._text_style))
        self.updateGeometry()


class Paragraph(Label):
    """Wrapped text with the style's line height; an optional strong lead, as banners have."""

    def __init__(
        self,
        theme: ThemeManager,
        text: str = "",
        *,
        lead: str = "",
        style: TextStyle = "body",
        role: ColorRole = "text",
        align: Qt.AlignmentFlag = Qt.AlignmentFlag.AlignLeft,
        max_width: int | None = None,
        parent: QWidget | None = None,
    ) -> None:
        self._lead = lead
        self._align = align
        super().__init__(theme, text, style=style, role=role, parent=parent)
        if max_width is not None:
            self.setMaximumWidth(max_width)
        policy = QSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        self.setAccessibleName(self._whole())

    def set_content(self, text: str, lead: str = "") -> None:
        self._lead = lead
        self.setText(text)
        self.setAccessibleName(self._whole())
        self.updateGeometry()

    def _whole(self) -> str:
        return f"{self._lead} {self.text()}".strip()

    def _layout(self, width: float) -> tuple[QTextLayout, float]:
        theme = self._theme.theme
        style = self._text_style
        return lay_out_text(
            self._whole(),
            theme.font(style),
            width,
            theme.line_height(style),
            self._align,
            lead=theme.font(style, weight=600),
            lead_length=len(self._lead),
        )

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int) -> int:
        return math.ceil(self._layout(width)[1])

    def sizeHint(self) -> QSize:
        metrics = QFontMetricsF(self._theme.theme.font(self._text_style, weight=600 if self._lead else None))
        natural = math.ceil(metrics.horizontalAdvance(self._whole())) + 2
        width = min(natural, self.maximumWidth())
        return QSize(width, self.heightForWidth(width))

    def minimumSizeHint(self) -> QSize:
        return QSize(min(self.sizeHint().width(), 80), self._theme.theme.line_height(self._text_style))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        # Plain layouts ask for a minimum, not for height-for-width, when space is short.
        self.setMinimumHeight(self.heightForWidth(self.width()))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setPen(self._theme.theme.color(self._role))
        layout, height = self._layout(self.width())
        layout.draw(painter, QPointF(0, (self.height() - height) / 2))
        painter.end()


class ElidedLabel(Label):
    """One line that ends in "…" when space is short; the tooltip then has the whole."""

    def minimumSizeHint(self) -> QSize:
        return QSize(24, super().minimumSizeHint().height())

    def sizeHint(self) -> QSize:
        width = math.ceil(QFontMetricsF(self.font()).horizontalAdvance(self.text())) + 1
        return QSize(width, super().sizeHint().height())

    def _elided(self) -> str:
        return QFontMetricsF(self.font()).elidedText(self.text(), Qt.TextElideMode.ElideRight, self.width())

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip:
            self.setToolTip(self.text() if self._elided() != self.text() else "")
        return super().event(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setFont(self.font())
        painter.setPen(self.palette().color(QPalette.ColorRole.WindowText))
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignVCenter | self.alignment(), self._elided())
        painter.end()


class IconLabel(QLabel):
    """An icon in a colour role; decoration unless it is given a name."""

    def __init__(
        self,
        theme: ThemeManager,
        icon: str,
        size: float = 16,
        role: ColorRole = "text2",
        *,
        name: str = "",
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._theme = theme
        self._icon_name = icon
        self._icon_size = size
        self._role: ColorRole = role
        self.setAccessibleName(name)
        side = math.ceil(size)
        self.setFixedSize(side, max(side, 16))
        theme.changed.connect(self.update)

    def set_icon(self, icon: str, role: ColorRole) -> None:
        self._icon_name = icon
        self._role = role
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        theme = self._theme.theme
        painter = QPainter(self)
        corner = QPointF((self.width() - self._icon_size) / 2, (self.height() - self._icon_size) / 2)
        theme.icons.paint(painter, corner, self._icon_name, self._icon_size, theme.color(self._role))
        painter.end()


class SectionHeader(QWidget):
    """A group's name with its count, such as "Notes 2", and room for a control at its end."""

    def __init__(
        self, theme: ThemeManager, title: str, count: int | None = None, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(4)
        self.title = Label(theme, title, style="small", role="text")
        self.title.setFont(theme.theme.font("small", weight=600))
        theme.changed.connect(self._embolden)
        self._theme = theme
        self._count = Label(theme, style="small", role="text3")
        self._row.addWidget(self.title)
        self._row.addWidget(self._count)
        self._row.addStretch(1)
        self.setFixedHeight(theme.theme.px(24))
        self.setAccessibleName(title)
        self.set_count(count)

    def _embolden(self) -> None:
        self.title.setFont(self._theme.theme.font("small", weight=600))
        self.setFixedHeight(self._theme.theme.px(24))

    def set_count(self, count: int | None) -> None:
        self._count.setVisible(count is not None)
        self._count.setText("" if count is None else str(count))

    def add_control(self, widget: QWidget) -> None:
        self._row.addWidget(widget)


class KeyHint(QWidget):
    """Key caps, such as Ctrl and K; said as one phrase by screen readers."""

    def __init__(self, theme: ThemeManager, *keys: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._keys = keys
        self.setAccessibleName(" ".join(keys))
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        theme.changed.connect(self.update)

    def sizeHint(self) -> QSize:
        widths = [key_cap_width(key, self._theme.theme) for key in self._keys]
        return QSize(math.ceil(sum(widths) + 3 * (len(widths) - 1)), 18)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        x = 0.0
        for key in self._keys:
            x += paint_key_cap(painter, x, self.height() / 2, key, self._theme.theme) + 3
        painter.end()


def line(theme: ThemeManager, *, vertical: bool = False) -> QWidget:
    """A hairline in the border colour."""
    return _Hairline(theme, vertical=vertical)


class _Hairline(QWidget):
    def __init__(self, theme: ThemeManager, *, vertical: bool) -> None:
        super().__init__()
        self._theme = theme
        if vertical:
            self.setFixedWidth(1)
        else:
            self.setFixedHeight(1)
        theme.changed.connect(self.update)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(QRect(0, 0, self.width(), self.height()), self._theme.theme.color("border"))
        painter.end()
