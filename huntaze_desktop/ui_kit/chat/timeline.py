"""The pane of a conversation: its timeline, and what stands there while it loads or when it could not be loaded."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from PySide6.QtCore import QEvent, QObject, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFontMetricsF, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QAbstractButton, QWidget

from huntaze_desktop.model.window import MessageWindow
from huntaze_desktop.ui_kit.chat import words
from huntaze_desktop.ui_kit.chat.announcer import Announcer
from huntaze_desktop.ui_kit.chat.people import ChatPeople
from huntaze_desktop.ui_kit.chat.view import TimelineView
from huntaze_desktop.ui_kit.notices import CodeStrip, EmptyState
from huntaze_desktop.ui_kit.painting import announce, rounded_box
from huntaze_desktop.ui_kit.skeleton import Block, Skeleton
from huntaze_desktop.ui_kit.style import RADIUS_PROPERTY
from huntaze_desktop.ui_kit.theme_manager import ThemeManager


class Timeline(QWidget):
    """Timeline, skeleton, error and the pill that leads to what is new; only one of the first three shows."""

    retry_wanted = Signal()
    """A person asks for a conversation that could not be loaded."""
    newest_wanted = Signal()
    """The newest messages are not in the window."""

    def __init__(self, theme: ThemeManager, now: Callable[[], datetime], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._now = now
        self._window: MessageWindow | None = None
        self.view = TimelineView(theme, now, self)
        self.view.setAccessibleName(words.timeline_name())
        self._skeleton = Skeleton(theme, words.loading_text(), _blocks, self)
        self._error: EmptyState | None = None
        self._pill = _Pill(theme, self)
        self._pill.clicked.connect(self._to_newest)
        self._announcer = Announcer(now, lambda text: announce(self, text))
        self._people = ChatPeople()
        self.view.unseen_changed.connect(lambda _count: self._show_pill())
        self.view.newest_left.connect(lambda _away: self._show_pill())
        self.view.viewport().installEventFilter(self)

    def set_people(self, people: ChatPeople) -> None:
        self._people = people
        self.view.set_people(people)

    def show_window(self, window: MessageWindow) -> None:
        """Show this state of a conversation."""
        self._window = window
        if window.error is not None and not window.rows:
            self.view.hide()
            self._skeleton.done()
            self._show_error(window.error)
        elif window.loading and not window.rows:
            self._drop_error()
            self.view.clear()
            self.view.hide()
            self._skeleton.wait()
        else:
            self._drop_error()
            self._skeleton.done()
            self.view.show()
            self.view.show_window(window)
            self._announcer.shown(window, self._people)
        self._show_pill()

    def clear(self) -> None:
        """Show nothing: no conversation is open."""
        self._window = None
        self._announcer.forget()
        self._skeleton.done()
        self._drop_error()
        self.view.clear()
        self.view.hide()
        self._show_pill()

    @property
    def pill(self) -> QAbstractButton:
        return self._pill

    @property
    def error_state(self) -> EmptyState | None:
        return self._error

    @property
    def skeleton(self) -> Skeleton:
        return self._skeleton

    def _show_error(self, code: str) -> None:
        self._drop_error()
        title, text = words.load_error(code)
        state = EmptyState(self._theme, icon="unplug", title=title, text=text, tone="danger", large=True, parent=self)
        state.add_action(words.try_again_text(), self.retry_wanted.emit, kind="primary", icon="refresh-cw")
        when = self._now().astimezone().strftime("%H:%M:%S")
        shown = words.error_code_text(code, when)
        state.add_below(CodeStrip(self._theme, shown, f"{title}\n{shown}", copy_text=words.copy_details_text()))
        state.setGeometry(self.rect())
        state.show()
        self._error = state

    def _drop_error(self) -> None:
        if self._error is not None:
            self._error.hide()
            self._error.deleteLater()
            self._error = None

    def _show_pill(self) -> None:
        window = self._window
        if window is None or not window.rows:
            self._pill.hide()
            return
        if self.view.unseen:
            self._pill.set_label(words.new_messages_text(self.view.unseen))
        elif not window.has_newest:
            self._pill.set_label(words.newest_text())
        else:
            self._pill.hide()
            return
        self._place_pill()
        self._pill.show()
        self._pill.raise_()

    def _place_pill(self) -> None:
        self._pill.adjustSize()
        self._pill.move((self.width() - self._pill.width()) // 2, self.height() - self._pill.height() - 12)

    def _to_newest(self) -> None:
        if self._window is not None and not self._window.has_newest:
            self.newest_wanted.emit()
        self.view.to_newest()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Wheel:
            self.view.keyboard_used = False
        return super().eventFilter(watched, event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.view.setGeometry(self.rect())
        self._skeleton.setGeometry(self.rect())
        if self._error is not None:
            self._error.setGeometry(self.rect())
        self._place_pill()


class _Pill(QAbstractButton):
    """The round button over the timeline's lower edge: an arrow down and how many messages are new."""

    def __init__(self, theme: ThemeManager, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self.setObjectName("timeline.newest")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.setProperty(RADIUS_PROPERTY, 14)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        theme.changed.connect(self.update)
        self.hide()

    def set_label(self, text: str) -> None:
        self.setText(text)
        self.setAccessibleName(text)
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        theme = self._theme.theme
        width = QFontMetricsF(theme.font("smallMedium")).horizontalAdvance(self.text())
        return QSize(int(width) + 12 + 14 + 6 + 13, max(28, theme.px(28)))

    def paintEvent(self, event: QPaintEvent) -> None:
        theme = self._theme.theme
        painter = QPainter(self)
        box = QRectF(self.rect())
        fill = theme.color("accentPressed" if self.isDown() else "accentHover" if self.underMouse() else "accent")
        rounded_box(painter, box, box.height() / 2, fill=fill)
        color = theme.color("onAccent")
        middle = box.center()
        middle.setX(box.left() + 12)
        middle.setY(middle.y() - 7)
        theme.icons.paint(painter, middle, "arrow-down", 14, color)
        painter.setPen(color)
        painter.setFont(theme.font("smallMedium"))
        painter.drawText(box.adjusted(32, 0, 0, 0), Qt.AlignmentFlag.AlignVCenter, self.text())
        painter.end()


def _blocks(width: float, height: float) -> Sequence[Block]:
    """The drawn skeleton: a card, bubbles from both sides, at the lower edge."""
    content = min(880.0, width - 40)
    left = (width - content) / 2
    right = left + content
    shapes = ((True, 380, 64), (False, 300, 36), (False, 220, 36), (True, 340, 36), (False, 420, 56), (True, 260, 36))
    blocks: list[Block] = []
    bottom = height - 20
    for own, wide, tall in reversed(shapes):
        top = bottom - tall
        if top < 0:
            break
        wide_here = min(float(wide), content * 0.82)
        if own:
            blocks.append(Block(right - wide_here, top, wide_here, tall, 14))
        else:
            blocks.append(Block(left, bottom - 28, 28, 28, 14))
            blocks.append(Block(left + 36, top, wide_here, tall, 14))
        bottom = top - 12
    return blocks
