"""Paints one row of the timeline from its measures."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPen, QTextCharFormat, QTextLayout

from huntaze_desktop.model.entities import Message, MessageKind
from huntaze_desktop.ui_kit.avatars import initials_of, paint_avatar
from huntaze_desktop.ui_kit.chat import words
from huntaze_desktop.ui_kit.chat.card import paint_card
from huntaze_desktop.ui_kit.chat.delivery import Look, look_of
from huntaze_desktop.ui_kit.chat.measures import GAP_FIRST, Measures, Placed
from huntaze_desktop.ui_kit.chat.meta import paint_meta
from huntaze_desktop.ui_kit.chat.people import ChatPeople
from huntaze_desktop.ui_kit.chat.rows import DayRow, HeadRow, MessageRow, OfflineRow, Row, TailRow, is_event
from huntaze_desktop.ui_kit.chat.text import LaidText
from huntaze_desktop.ui_kit.painting import rounded_box
from huntaze_desktop.ui_kit.theme import ColorRole, Theme

_ROUND, _TAIL = 14.0, 4.0


@dataclass(frozen=True, slots=True)
class Marks:
    """What the view adds to a row: selected text, and the ring of the keyboard."""

    selection: tuple[int, int] | None = None
    ringed: bool = False


class RowPainter:
    """Paints rows of the conversation that `people` take part in."""

    def __init__(self, measures: Measures) -> None:
        self._measures = measures

    def paint(self, painter: QPainter, row: Row, rect: QRectF, now: datetime, marks: Marks) -> None:
        theme, people = self._measures.theme, self._measures.people
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.translate(rect.topLeft())
        placed = self._measures.placed(row)
        if isinstance(row, MessageRow):
            if is_event(row.message):
                _paint_event(painter, row.message, people, self._measures.width, theme)
            else:
                self._message(painter, row, placed, now, marks)
        elif isinstance(row, DayRow):
            text = words.day_text(row.day, now.astimezone().date())
            self._divider(painter, text, theme.line_height("small"), bold=False)
        elif isinstance(row, OfflineRow):
            self._divider(painter, words.offline_text(), theme.line_height("small"), bold=True)
        elif isinstance(row, TailRow) and row.types:
            self._typing(painter, people, theme)
        elif isinstance(row, HeadRow) and row.more:
            painter.setFont(theme.font("small"))
            painter.setPen(theme.color("text3"))
            painter.drawText(
                QRectF(0, 0, self._measures.width, rect.height()),
                Qt.AlignmentFlag.AlignCenter,
                words.loading_older_text(),
            )
        painter.restore()

    def _divider(self, painter: QPainter, text: str, line: int, *, bold: bool) -> None:
        theme = self._measures.theme
        left, width = self._measures.content()
        color, edge = (theme.color("warningText"), theme.color("accentBorder")) if bold else _day_colors(theme)
        painter.setFont(theme.font("micro", weight=600) if bold else theme.font("smallMedium"))
        gap = 8.0 if bold else 12.0
        text_width = painter.fontMetrics().horizontalAdvance(text)
        middle = GAP_FIRST + line / 2
        start = left + (width - text_width) / 2
        painter.fillRect(QRectF(left, round(middle), start - gap - left, 1), edge)
        painter.fillRect(
            QRectF(start + text_width + gap, round(middle), left + width - start - text_width - gap, 1), edge
        )
        painter.setPen(color)
        box = QRectF(start, GAP_FIRST, text_width + 1, line)
        painter.drawText(box, Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextDontClip, text)

    def _typing(self, painter: QPainter, people: ChatPeople, theme: Theme) -> None:
        left, _ = self._measures.content()
        height = max(20, theme.px(20))
        rounded_box(painter, QRectF(left, 6, 37, height), 10, fill=theme.color("bubbleIn"))
        painter.setPen(Qt.PenStyle.NoPen)
        for index, alpha in enumerate((1.0, 0.7, 0.4)):
            painter.setBrush(theme.color("text3", alpha))
            painter.drawEllipse(QRectF(left + 8 + 8 * index, 6 + height / 2 - 2.5, 5, 5))
        painter.setPen(theme.color("text3"))
        painter.setFont(theme.font("small"))
        painter.drawText(QRectF(left + 45, 6, 600, height), Qt.AlignmentFlag.AlignVCenter, words.typing_text(people))

    def _message(self, painter: QPainter, row: MessageRow, placed: Placed, now: datetime, marks: Marks) -> None:
        theme, people, message = self._measures.theme, self._measures.people, row.message
        if placed.who is not None:
            _paint_author(painter, placed.who, message, people, theme)
        if placed.avatar is not None:
            initials = initials_of(people.fan_name)
            paint_avatar(
                painter, placed.avatar, stable_id=people.fan_id, initials=initials, shape="circle", theme=theme
            )
        if message.kind is MessageKind.PPV:
            paint_card(painter, placed.bubble, message, placed.meta, now, theme)
        else:
            self._bubble(painter, row, placed, now, marks.selection)
        if marks.ringed:
            ring = placed.bubble.adjusted(-3, -3, 3, 3)
            rounded_box(painter, ring, _ROUND + 3, border=theme.color("focus"), width=2)

    def _bubble(
        self, painter: QPainter, row: MessageRow, placed: Placed, now: datetime, selection: tuple[int, int] | None
    ) -> None:
        theme, message = self._measures.theme, row.message
        fill, edge = _ground(message, theme)
        inset = 0.5 if edge is not None else 0.0
        shape = bubble_path(
            placed.bubble.adjusted(inset, inset, -inset, -inset), outgoing=message.outgoing, first=row.first
        )
        painter.setPen(Qt.PenStyle.NoPen if edge is None else QPen(edge, 1))
        painter.setBrush(fill)
        painter.drawPath(shape)
        withdrawn = look_of(message) is Look.WITHDRAWN
        text_role: ColorRole = "text3" if withdrawn else "bubbleOutText" if message.outgoing else "text"
        if placed.text is not None:
            painter.setPen(theme.color(text_role))
            ranges = [_selected(selection, theme)] if selection is not None else []
            placed.text.layout.draw(painter, placed.text_at, ranges)
            if withdrawn:
                _strike(painter, placed.text, placed.text_at, theme.color(text_role))
        if placed.meta is not None:
            paint_meta(painter, placed.meta, message, placed.meta_at, now, theme)


def bubble_path(rect: QRectF, *, outgoing: bool, first: bool) -> QPainterPath:
    """A bubble: 14 px round; 4 px at the tail, and where it follows another of its group."""
    top = _ROUND if first else _TAIL
    top_left, top_right = (_ROUND, top) if outgoing else (top, _ROUND)
    bottom_left, bottom_right = (_ROUND, _TAIL) if outgoing else (_TAIL, _ROUND)
    path = QPainterPath(QPointF(rect.left() + top_left, rect.top()))
    path.lineTo(rect.right() - top_right, rect.top())
    path.arcTo(QRectF(rect.right() - 2 * top_right, rect.top(), 2 * top_right, 2 * top_right), 90, -90)
    path.lineTo(rect.right(), rect.bottom() - bottom_right)
    corner = QRectF(
        rect.right() - 2 * bottom_right, rect.bottom() - 2 * bottom_right, 2 * bottom_right, 2 * bottom_right
    )
    path.arcTo(corner, 0, -90)
    path.lineTo(rect.left() + bottom_left, rect.bottom())
    path.arcTo(QRectF(rect.left(), rect.bottom() - 2 * bottom_left, 2 * bottom_left, 2 * bottom_left), 270, -90)
    path.lineTo(rect.left(), rect.top() + top_left)
    path.arcTo(QRectF(rect.left(), rect.top(), 2 * top_left, 2 * top_left), 180, -90)
    path.closeSubpath()
    return path


def _ground(message: Message, theme: Theme) -> tuple[QColor, QColor | None]:
    look = look_of(message)
    if look is Look.FAILED:
        return theme.color("dangerSubtle"), theme.color("dangerBorder")
    if look is Look.CHECKING:
        return theme.color("warningSubtle"), theme.color("warningBorder")
    if look is Look.OUTLINED:
        return theme.card_color(), theme.color("accentBorder")
    if look is Look.WITHDRAWN:
        return theme.card_color(), theme.color("border")
    return theme.color("bubbleOut" if message.outgoing else "bubbleIn"), None


def _strike(painter: QPainter, text: LaidText, at: QPointF, color: QColor) -> None:
    painter.setPen(QPen(color, 1))
    for number in range(text.layout.lineCount()):
        line = text.layout.lineAt(number)
        shown = line.naturalTextRect().translated(at)
        middle = round(shown.center().y()) + 1.5
        painter.drawLine(QPointF(shown.left(), middle), QPointF(shown.right(), middle))


def _day_colors(theme: Theme) -> tuple[QColor, QColor]:
    return theme.color("text3"), theme.color("border")


def _selected(selection: tuple[int, int], theme: Theme) -> QTextLayout.FormatRange:
    run = QTextLayout.FormatRange()
    run.start, run.length = selection[0], selection[1] - selection[0]
    form = QTextCharFormat()
    form.setBackground(theme.color("accent"))
    form.setForeground(theme.color("onAccent"))
    run.format = form
    return run


def _paint_author(painter: QPainter, rect: QRectF, message: Message, people: ChatPeople, theme: Theme) -> None:
    name = words.author_text(message, people)
    painter.setFont(theme.font("micro"))
    width = painter.fontMetrics().horizontalAdvance(name)
    left = rect.right() - width
    painter.setPen(theme.color("text3"))
    painter.drawText(
        QRectF(left, rect.top(), width + 1, rect.height()),
        Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextDontClip,
        name,
    )
    stable_id = people.me_id if message.mine else message.author_id or people.creator_id
    full = people.me_name if message.mine else message.author_name or people.creator_name
    creator = not message.mine and message.author_name is None
    face = QRectF(left - 5 - 16, rect.center().y() - 8, 16, 16)
    paint_avatar(
        painter,
        face,
        stable_id=stable_id,
        initials=initials_of(full),
        shape="square" if creator else "circle",
        theme=theme,
    )


def _paint_event(painter: QPainter, message: Message, people: ChatPeople, width: float, theme: Theme) -> None:
    tip = message.kind is MessageKind.TIP
    text, at = words.event_text(message, people), words.clock(message.at)
    height = max(24, theme.px(24))
    strong, plain = theme.font("smallMedium"), theme.font("small")
    painter.setFont(strong)
    text_width = painter.fontMetrics().horizontalAdvance(text)
    painter.setFont(plain)
    time_width = painter.fontMetrics().horizontalAdvance(at)
    whole = 12 + 14 + 6 + text_width + 6 + time_width + 12
    left = round((width - whole) / 2)
    box = QRectF(left, 8, whole, height)
    rounded_box(painter, box, height / 2, fill=theme.color("successSubtle" if tip else "accentSubtle"))
    color = theme.color("successText" if tip else "accentText")
    icon = "hand-coins" if tip else "repeat"
    theme.icons.paint(painter, QPointF(left + 12, box.center().y() - 7), icon, 14, color)
    painter.setPen(color)
    painter.setFont(strong)
    flags = Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextDontClip
    painter.drawText(QRectF(left + 32, 8, text_width + 1, height), flags, text)
    faded = QColor(color)
    faded.setAlphaF(0.85)
    painter.setPen(faded)
    painter.setFont(plain)
    painter.drawText(QRectF(left + 32 + text_width + 6, 8, time_width + 1, height), flags, at)
