"""What opens over the page and closes by itself: popovers and menus.

They are children of the window, not windows of their own: no compositor is needed for round corners and shadow, and a
screenshot of the window has them in it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from PySide6.QtCore import QEasingCurve, QPoint, QPointF, QRect, QRectF, QSize, Qt, QVariantAnimation, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QGraphicsOpacityEffect,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from huntaze_desktop.ui_kit.avatars import Shape, paint_avatar
from huntaze_desktop.ui_kit.focus import RING_PROPERTY, give_back_focus
from huntaze_desktop.ui_kit.labels import line
from huntaze_desktop.ui_kit.painting import key_cap_width, paint_key_cap, rounded_box
from huntaze_desktop.ui_kit.shadow import paint_raised, shadow_margins
from huntaze_desktop.ui_kit.theme_manager import ThemeManager

Align = Literal["left", "right"]

_RADIUS = 10
_SLIDE = 4
_WINDOW_EDGE = 8
_ROW = 32


class Popover(QWidget):
    """A raised box beside its opener. Esc, a press outside and `dismiss()` close it; the focus goes back."""

    dismissed = Signal()

    def __init__(self, theme: ThemeManager, name: str, *, width: int | None = None, padding: int = 4) -> None:
        super().__init__()
        self._theme = theme
        self._width = width
        self._catcher: _Catcher | None = None
        self._came_from: QWidget | None = None
        self._fade: QVariantAnimation | None = None
        self.setAccessibleName(name)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setProperty(RING_PROPERTY, False)  # noqa: FBT003 - Qt's signature
        self.body = QVBoxLayout(self)
        self.body.setSpacing(0)
        margins = shadow_margins(theme.theme.shadow(2))
        self.body.setContentsMargins(margins + 1 + padding)
        self.hide()

    @property
    def is_open(self) -> bool:
        return self._catcher is not None

    def open_at(
        self, anchor: QWidget, *, align: Align = "left", above: bool = False, gap: int = 4, width: int | None = None
    ) -> None:
        """Opens beside `anchor`, kept inside its window; `width` replaces the one given at first."""
        self._width = width or self._width
        window = anchor.window()
        self._came_from = QApplication.focusWidget()
        self._catcher = _Catcher(window, self)
        self.setParent(window)
        if self._width is not None:
            margins = shadow_margins(self._theme.theme.shadow(2))
            # A longer translation widens it instead of being cut.
            self.setFixedWidth(max(self._width + margins.left() + margins.right(), self.body.sizeHint().width()))
        self.adjustSize()
        self.move(self._place(anchor, window, align=align, above=above, gap=gap))
        self._catcher.show()
        self._catcher.raise_()
        self.show()
        self.raise_()
        self._focus_first()
        self._fade_in()

    def dismiss(self) -> None:
        """Closes it if it is open."""
        if self._catcher is None:
            return
        self._catcher.hide()
        self._catcher.deleteLater()
        self._catcher = None
        self._settle()
        self.hide()
        self.setParent(None)
        give_back_focus(self._came_from)
        self._came_from = None
        self.dismissed.emit()

    def _box(self) -> QRect:
        return self.rect().marginsRemoved(shadow_margins(self._theme.theme.shadow(2)))

    def _place(self, anchor: QWidget, window: QWidget, *, align: Align, above: bool, gap: int) -> QPoint:
        corner = anchor.mapTo(window, QPoint(0, 0))
        box = self._box()
        x = corner.x() if align == "left" else corner.x() + anchor.width() - box.width()
        y = corner.y() - gap - box.height() if above else corner.y() + anchor.height() + gap
        x = max(_WINDOW_EDGE, min(x, window.width() - box.width() - _WINDOW_EDGE))
        y = max(_WINDOW_EDGE, min(y, window.height() - box.height() - _WINDOW_EDGE))
        return QPoint(x, y) - box.topLeft()

    def _stops(self) -> list[QWidget]:
        """Children that Tab reaches, in reading order."""
        wanted = [
            child
            for child in self.findChildren(QWidget)
            if child.focusPolicy() & Qt.FocusPolicy.TabFocus and child.isEnabled() and child.isVisibleTo(self)
        ]
        return sorted(wanted, key=lambda child: (child.mapTo(self, QPoint(0, 0)).y(), child.mapTo(self, QPoint()).x()))

    def _focus_first(self) -> None:
        stops = self._stops()
        (stops[0] if stops else self).setFocus(Qt.FocusReason.PopupFocusReason)

    def _fade_in(self) -> None:
        duration = self._theme.theme.duration("base")
        if not duration:
            return
        effect = QGraphicsOpacityEffect(self)
        effect.setOpacity(0)
        self.setGraphicsEffect(effect)
        curve = QEasingCurve(QEasingCurve.Type.BezierSpline)
        x1, y1, x2, y2 = self._theme.theme.easing()
        curve.addCubicBezierSegment(QPointF(x1, y1), QPointF(x2, y2), QPointF(1, 1))
        end = self.pos()
        fade = QVariantAnimation(self)
        fade.setStartValue(0.0)
        fade.setEndValue(1.0)
        fade.setDuration(duration)
        fade.setEasingCurve(curve)

        def step(value: float) -> None:
            effect.setOpacity(value)
            self.move(end - QPoint(0, round(_SLIDE * (1 - value))))

        fade.valueChanged.connect(step)
        # The effect renders through a pixmap; without it the settled popover paints directly again.
        fade.finished.connect(self._settle)
        self._fade = fade
        fade.start(QVariantAnimation.DeletionPolicy.KeepWhenStopped)

    def _settle(self) -> None:
        """Ends the fade, early or not; a stopped animation must not touch the effect that goes with it."""
        self.setGraphicsEffect(None)  # type: ignore[arg-type]  # Qt takes a null pointer, the stub does not say so
        if self._fade is not None:
            self._fade.stop()
            self._fade.deleteLater()
            self._fade = None

    def focusNextPrevChild(self, next: bool) -> bool:  # noqa: A002 - Qt's signature
        stops = self._stops()
        if stops:
            current = QApplication.focusWidget()
            at = stops.index(current) if current in stops else -1
            step = 1 if next else -1
            reason = Qt.FocusReason.TabFocusReason if next else Qt.FocusReason.BacktabFocusReason
            self.window().setAttribute(Qt.WidgetAttribute.WA_KeyboardFocusChange)
            stops[(at + step) % len(stops)].setFocus(reason)
        return True

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.dismiss()
            return
        super().keyPressEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if not self._box().contains(event.position().toPoint()):
            self.dismiss()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        paint_raised(painter, QRectF(self._box()), _RADIUS, self._theme.theme)
        painter.end()


class _Catcher(QWidget):
    """Lies over the window under an open popover; a press on it closes the popover."""

    def __init__(self, window: QWidget, popover: Popover) -> None:
        super().__init__(window)
        self._popover = popover
        self.setGeometry(window.rect())

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._popover.dismiss()


@dataclass(frozen=True, slots=True)
class Face:
    """An avatar in a menu row."""

    stable_id: str
    initials: str
    shape: Shape = "circle"


class MenuItem(QAbstractButton):
    """One row of a menu; `ticked` None means that the row is not a choice."""

    def __init__(
        self,
        theme: ThemeManager,
        text: str,
        *,
        icon: str | None = None,
        ticked: bool | None = None,
        key_hint: tuple[str, ...] = (),
        danger: bool = False,
        detail: str = "",
        face: Face | None = None,
    ) -> None:
        super().__init__()
        self._theme = theme
        self._face = face
        self._icon_name = icon
        self._ticked = ticked
        self._keys = key_hint
        self._danger = danger
        self._detail = detail
        self.setText(text)
        self.setAccessibleName(text)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setProperty(RING_PROPERTY, False)  # noqa: FBT003 - Qt's signature
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    @property
    def is_ticked(self) -> bool:
        return bool(self._ticked)

    def set_ticked(self, ticked: bool) -> None:
        self._ticked = ticked
        self.setAccessibleDescription("✓" if ticked else "")
        self.update()

    def sizeHint(self) -> QSize:
        theme = self._theme.theme
        metrics = theme.metrics("body")
        width = 20 + metrics.horizontalAdvance(self.text()) + (26 if self._icon_name else 0) + (30 if self._face else 0)
        width += 28 if self._ticked is not None else 0
        width += theme.metrics("small").horizontalAdvance(self._detail) + 16 if self._detail else 0
        width += sum(key_cap_width(key, theme) + 3 for key in self._keys) + (16 if self._keys else 0)
        return QSize(math.ceil(width), theme.at_least(_ROW))

    def paintEvent(self, event: QPaintEvent) -> None:
        theme = self._theme.theme
        painter = QPainter(self)
        box = QRectF(self.rect())
        if self.isEnabled() and (self.hasFocus() or self.underMouse()):
            rounded_box(painter, box, 6, fill=theme.color("pressed" if self.isDown() else "hover"))
        color = theme.color("dangerText" if self._danger else "text")
        if not self.isEnabled():
            color = theme.color("textDisabled")
        x, middle = 10.0, box.center().y()
        if self._icon_name:
            shade = color if self._danger or not self.isEnabled() else theme.color("text2")
            theme.icons.paint(painter, QPointF(x, middle - 8), self._icon_name, 16, shade)
            x += 26
        if self._face:
            rect = QRectF(x - 2, middle - 11, 22, 22)
            face = self._face
            paint_avatar(painter, rect, stable_id=face.stable_id, initials=face.initials, shape=face.shape, theme=theme)
            x += 30
        painter.setPen(color)
        painter.setFont(theme.font("body"))
        painter.drawText(box.adjusted(x, 0, 0, 0), Qt.AlignmentFlag.AlignVCenter, self.text())
        right = box.right() - 10
        if self._ticked:
            theme.icons.paint(painter, QPointF(right - 15, middle - 7.5), "check", 15, theme.color("accentText"))
        if self._ticked is not None:
            right -= 28
        for key in reversed(self._keys):
            right -= key_cap_width(key, theme)
            paint_key_cap(painter, right, middle, key, theme)
            right -= 3
        if self._detail:
            painter.setPen(theme.color("text3"))
            painter.setFont(theme.font("small"))
            flags = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight
            painter.drawText(QRectF(0, 0, right, self.height()), flags, self._detail)
        painter.end()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in {Qt.Key.Key_Return, Qt.Key.Key_Enter}:
            self.click()
            return
        if event.key() in {Qt.Key.Key_Up, Qt.Key.Key_Down}:
            # QAbstractButton would move between buttons geometrically; the menu's own order wraps round.
            event.ignore()
            return
        super().keyPressEvent(event)


class Menu(Popover):
    """A popover of rows. Arrows, Home and End move, Enter and Space choose."""

    def __init__(self, theme: ThemeManager, name: str, *, width: int | None = None) -> None:
        super().__init__(theme, name, width=width)

    def add_item(
        self,
        text: str,
        on_click: Callable[[], object],
        *,
        icon: str | None = None,
        ticked: bool | None = None,
        key_hint: tuple[str, ...] = (),
        danger: bool = False,
        detail: str = "",
        face: Face | None = None,
        object_name: str = "",
    ) -> MenuItem:
        item = MenuItem(
            self._theme, text, icon=icon, ticked=ticked, key_hint=key_hint, danger=danger, detail=detail, face=face
        )
        item.setObjectName(object_name)

        def choose() -> None:
            # The focus goes back first, so that what the action focuses keeps it.
            self.dismiss()
            on_click()

        item.clicked.connect(choose)
        self.body.addWidget(item)
        return item

    def add_separator(self) -> None:
        self.body.addSpacing(4)
        self.body.addWidget(line(self._theme))
        self.body.addSpacing(4)

    def add_widget(self, widget: QWidget) -> None:
        self.body.addWidget(widget)

    def clear(self) -> None:
        """Removes all rows."""
        while (entry := self.body.takeAt(0)) is not None:
            widget = entry.widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        items = [item for item in self._stops() if isinstance(item, MenuItem)]
        focus = QApplication.focusWidget()
        at = next((n for n, item in enumerate(items) if item is focus), -1)
        moves = {
            Qt.Key.Key_Down: at + 1,
            Qt.Key.Key_Up: at - 1 if at >= 0 else -1,
            Qt.Key.Key_Home: 0,
            Qt.Key.Key_End: -1,
        }
        key = Qt.Key(event.key())
        if items and key in moves:
            items[moves[key] % len(items)].setFocus(Qt.FocusReason.TabFocusReason)
            return
        super().keyPressEvent(event)
