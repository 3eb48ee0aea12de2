"""Paints the conversation list's rows: face, name, tier, time; state, snippet, waiting timer, unread."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from enum import StrEnum

from PySide6.QtCore import QModelIndex, QObject, QPersistentModelIndex, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from huntaze_desktop.model.entities import ConversationRow, MessageKind
from huntaze_desktop.model.listing import SectionKind
from huntaze_desktop.model.tiers import Tier, tier
from huntaze_desktop.model.waiting import DEFAULT_SLA, Urgency, clock_text, urgency, waited
from huntaze_desktop.ui_kit import badges
from huntaze_desktop.ui_kit.avatars import initials_of, paint_avatar, paint_fan
from huntaze_desktop.ui_kit.conversation_list import words
from huntaze_desktop.ui_kit.conversation_list.items import FooterItem, SectionItem
from huntaze_desktop.ui_kit.conversation_list.model import RowRole
from huntaze_desktop.ui_kit.painting import rounded_box
from huntaze_desktop.ui_kit.theme import Theme

_Index = QModelIndex | QPersistentModelIndex
_PAD, _GAP, _INNER = 16.0, 12.0, 6.0
_LINE = 20
_ACTION = 24.0
_TIERS: dict[Tier, badges.TierKind] = {
    Tier.VIP: "vip",
    Tier.HIGH: "high",
    Tier.MID: "mid",
    Tier.LOW: "low",
    Tier.NEW: "new",
}
_LEVELS: dict[Urgency, badges.TimerLevel] = {Urgency.CALM: "ok", Urgency.SOON: "warn", Urgency.LATE: "late"}


class RowAction(StrEnum):
    """What the pointer finds at the end of a row, from left to right."""

    DONE = "done"
    SNOOZE = "snooze"
    MORE = "more"


def _action_icon(action: RowAction, row: ConversationRow) -> str:
    if action is RowAction.DONE:
        return "rotate-ccw" if row.done else "check"
    return "alarm-clock" if action is RowAction.SNOOZE else "ellipsis"


class ConversationDelegate(QStyledItemDelegate):
    """Rows are 64 px high, 52 in the compact form; headers 28."""

    def __init__(self, theme: Theme, now: Callable[[], datetime], parent: QObject) -> None:
        super().__init__(parent)
        self.theme = theme
        self.compact = False
        self.ringed = False
        """Whether the current row wears the keyboard's ring."""
        self.creators: Mapping[str, str] = {}
        self.people: Mapping[str, str] = {}
        """Ids of colleagues by name: a face has the colour of its id everywhere."""
        self.marked: frozenset[str] = frozenset()
        """Conversations that are selected together, apart from the open one."""
        self.pointed: RowAction | None = None
        """The action under the pointer, in the row that it hovers over."""
        self._now = now

    def actions_in(self, rect: QRectF) -> tuple[tuple[RowAction, QRectF], ...]:
        """Where the actions of a hovered row are, each 24 px square, in the row's second line."""
        top = rect.top() + self._lines_top(rect.height()) + self._line_step()
        middle = top + self.theme.px(_LINE) / 2
        left = rect.right() - _PAD + 4 - _ACTION * len(RowAction)
        return tuple(
            (action, QRectF(left + _ACTION * number, middle - _ACTION / 2, _ACTION, _ACTION))
            for number, action in enumerate(RowAction)
        )

    def _line_step(self) -> float:
        return self.theme.px(_LINE) + (1 if self.compact else 3)

    def _lines_top(self, height: float) -> float:
        return (height - self._line_step() - self.theme.px(_LINE)) / 2

    def sizeHint(self, option: QStyleOptionViewItem, index: _Index) -> QSize:
        return QSize(1, self.height_of(index.data(RowRole)))

    def height_of(self, item: object) -> int:
        theme = self.theme
        if isinstance(item, ConversationRow):
            return theme.px(theme.size("row.conversationCompact" if self.compact else "row.conversation"))
        return theme.px(theme.size("row.section") if isinstance(item, SectionItem) else 44)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        item = index.data(RowRole)
        rect = QRectF(option.rect)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if isinstance(item, SectionItem):
            self._section(painter, rect, item)
        elif isinstance(item, FooterItem):
            painter.setPen(self.theme.color("text3"))
            painter.setFont(self.theme.font("small"))
            painter.drawText(rect, Qt.AlignmentFlag.AlignCenter, words.footer_text(item.more))
        elif isinstance(item, ConversationRow):
            self._row(painter, rect, item, option.state)
        painter.restore()

    def _section(self, painter: QPainter, rect: QRectF, item: SectionItem) -> None:
        theme = self.theme
        x, middle = rect.left() + _PAD, rect.center().y()
        if item.kind is SectionKind.LATE:
            theme.icons.paint(painter, QPointF(x, middle - 7), "triangle-alert", 14, theme.color("danger"))
            x += 14 + _INNER
        title = words.section_text(item.kind)
        x += _text(painter, x, rect, title, theme.font("small", weight=600), theme.color("text2")) + _INNER
        _text(painter, x, rect, str(item.count), theme.font("small"), theme.color("text3"))

    def _row(self, painter: QPainter, rect: QRectF, row: ConversationRow, state: QStyle.StateFlag) -> None:
        theme = self.theme
        selected = bool(state & QStyle.StateFlag.State_Selected)
        hovered = bool(state & QStyle.StateFlag.State_MouseOver)
        marked = row.id in self.marked
        ground = theme.color("surface")
        if selected or marked:
            ground = theme.color("selected")
        elif hovered:
            ground = theme.color("hover")
        painter.fillRect(rect, ground)
        if selected:
            bar = QRectF(rect.left() - 3, rect.top() + 8, 6, rect.height() - 16)
            rounded_box(painter, bar, 3, fill=theme.color("accent"))
        size = 36.0 if self.compact else 40.0
        creator = self.creators.get(row.creator_id, "")
        at = QPointF(rect.left() + _PAD, rect.center().y() - size / 2)
        if marked:
            rounded_box(painter, QRectF(at.x(), at.y(), size, size), size / 2, fill=theme.color("accent"))
            icon = QPointF(at.x() + size / 2 - 10, at.y() + size / 2 - 10)
            theme.icons.paint(painter, icon, "check", 20, theme.color("onAccent"))
        else:
            paint_fan(
                painter,
                at,
                size,
                fan_id=row.fan_id,
                fan_initials=initials_of(row.fan_name),
                creator_id=row.creator_id,
                creator_initials=initials_of(creator),
                row_color=ground,
                theme=theme,
            )
        line = theme.px(_LINE)
        top = rect.top() + self._lines_top(rect.height())
        left, right = rect.left() + _PAD + size + _GAP, rect.right() - _PAD
        self._first_line(painter, QRectF(left, top, right - left, line), row)
        second = QRectF(left, top + self._line_step(), right - left, line)
        if hovered and not self.marked:
            second.setRight(self._actions(painter, rect, row))
        self._second_line(painter, second, row, selected=selected, hovered=hovered and not self.marked)
        if self.ringed and selected and state & QStyle.StateFlag.State_HasFocus:
            rounded_box(painter, rect.adjusted(4, 2, -2, -2), 6, border=theme.color("focus"), width=2)

    def _actions(self, painter: QPainter, rect: QRectF, row: ConversationRow) -> float:
        """Done, Snooze and More in place of timer and dot; returns where the room for the snippet ends."""
        theme = self.theme
        places = self.actions_in(rect)
        for action, place in places:
            if action is self.pointed:
                rounded_box(painter, place, 5, fill=theme.color("pressed"))
            color = theme.color("text" if action is self.pointed else "text2")
            corner = place.center() - QPointF(7.5, 7.5)
            theme.icons.paint(painter, corner, _action_icon(action, row), 15, color)
        return places[0][1].left() - _INNER

    def _first_line(self, painter: QPainter, rect: QRectF, row: ConversationRow) -> None:
        theme = self.theme
        at = words.time_text(row.last_at, self._now())
        micro = theme.font("micro", weight=400)
        time_width = QFontMetricsF(micro).horizontalAdvance(at)
        _text(painter, rect.right() - time_width, rect, at, micro, theme.color("text3"))
        middle = rect.center().y()
        if row.changes:
            time_width += 12 + _INNER
            corner = QPointF(rect.right() - time_width, middle - 6)
            theme.icons.paint(painter, corner, "cloud-off", 12, theme.color("warningText"))
        if row.assignee_id is not None and not row.assigned_to_me:
            time_width += 16 + _INNER
            face = QRectF(rect.right() - time_width, middle - 8, 16, 16)
            initials = initials_of(row.assignee_name or "")
            paint_avatar(painter, face, stable_id=row.assignee_id, initials=initials, shape="circle", theme=theme)
        kind = _TIERS[tier(row.spent, is_new=row.fan_is_new)]
        amount = words.tier_text(row)
        room = rect.width() - time_width - _INNER - badges.tier_width(kind, amount, theme) - _INNER
        font = theme.font("bodyStrong" if row.unread else "bodyMedium")
        used = _text(painter, rect.left(), rect, row.fan_name, font, theme.color("text"), room)
        badges.paint_tier(painter, rect.left() + used + _INNER, rect.center().y(), kind, amount, theme)

    def _second_line(
        self, painter: QPainter, rect: QRectF, row: ConversationRow, *, selected: bool, hovered: bool
    ) -> None:
        theme = self.theme
        middle = rect.center().y()
        right = rect.right() if hovered else self._before_end(painter, rect.right(), middle, row, selected=selected)
        left = self._before_snippet(painter, rect.left(), middle, row)
        colleague = row.replying or row.colleague
        if colleague:
            text = words.colleague_text(row)
            if left + badges.presence_width(text, theme) <= right:
                person = self.people.get(colleague, colleague)
                badges.paint_presence(painter, left, middle, person, initials_of(colleague), text, theme)
                return
        color = theme.color("text" if row.unread else "text2")
        _text(painter, left, rect, words.snippet(row), theme.font("body"), color, right - left)

    def _before_end(
        self, painter: QPainter, right: float, middle: float, row: ConversationRow, *, selected: bool
    ) -> float:
        """Unread mark and timer, or until when it is snoozed; returns where the room for the snippet ends."""
        theme = self.theme
        if row.unread or row.marked_unread:
            count = max(1, row.unread)
            right -= badges.unread_width(count, theme)
            badges.paint_unread(painter, right, middle, count, theme)
            right -= _INNER
        now = self._now()
        if row.snoozed_until is not None and row.snoozed_until > now:
            text = words.time_text(row.snoozed_until, now)
            right -= badges.snooze_width(text, theme)
            badges.paint_snooze(painter, right, middle, text, theme, on_selected=selected)
            right -= _INNER
        elif row.waiting_since is not None and not row.done:
            wait = waited(row.waiting_since, self._now())
            level, text = _LEVELS[urgency(wait, DEFAULT_SLA)], clock_text(wait)
            right -= badges.timer_width(level, text, theme)
            badges.paint_timer(painter, right, middle, level, text, theme, on_selected=selected)
            right -= _INNER
        return right

    def _before_snippet(self, painter: QPainter, left: float, middle: float, row: ConversationRow) -> float:
        """State chip or delivery mark; returns where the snippet begins."""
        theme = self.theme
        state = words.state_words(row)
        if state is not None:
            kind: badges.StateKind = "failed" if state[0] == "failed" else "queued"
            return left + badges.paint_state(painter, left, middle, kind, state[1], theme) + _INNER
        if row.done and row.waiting_since is not None:
            theme.icons.paint(painter, QPointF(left, middle - 7), "circle-check", 14, theme.color("text3"))
            return left + 14 + _INNER
        if row.last_kind is MessageKind.PPV and row.last_bought:
            theme.icons.paint(painter, QPointF(left, middle - 7), "circle-check", 14, theme.color("successText"))
            return left + 14 + _INNER
        if row.last_outgoing and row.last_kind in (MessageKind.TEXT, MessageKind.PPV):
            icon = "check-check" if row.last_read else "check"
            color = theme.color("accentText" if row.last_read else "text3")
            theme.icons.paint(painter, QPointF(left, middle - 7), icon, 14, color)
            return left + 14 + _INNER
        return left


def _text(
    painter: QPainter, x: float, rect: QRectF, text: str, font: QFont, color: QColor, room: float | None = None
) -> float:
    """Draws one line at `x`, elided to `room`; returns its width."""
    metrics = QFontMetricsF(font)
    if room is not None:
        text = metrics.elidedText(text, Qt.TextElideMode.ElideRight, max(0.0, room))
    width = metrics.horizontalAdvance(text)
    painter.setFont(font)
    painter.setPen(color)
    box = QRectF(x, rect.top(), width + 1, rect.height())
    painter.drawText(box, Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextDontClip | Qt.TextFlag.TextSingleLine, text)
    return width
