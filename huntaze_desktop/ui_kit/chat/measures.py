"""Where everything stands in a row of the timeline, measured once per row and width.

Heights are kept for all rows of the window (QListView asks for each of them at every change), laid-out texts for the
400 that were used last.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from dataclasses import dataclass, field

from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QFontMetricsF, QTextCharFormat

from huntaze_desktop.model.entities import MessageKind
from huntaze_desktop.ui_kit.chat.delivery import Action
from huntaze_desktop.ui_kit.chat.meta import Meta, measure_meta, meta_of
from huntaze_desktop.ui_kit.chat.people import ChatPeople
from huntaze_desktop.ui_kit.chat.rows import DayRow, HeadRow, MessageRow, OfflineRow, Row, TailRow, is_event
from huntaze_desktop.ui_kit.chat.text import LaidText, lay_out
from huntaze_desktop.ui_kit.theme import Theme

CONTENT_MAX = 880
SIDE = 20
BUBBLE_SHARE = 0.82
PAD_X, PAD_Y = 12, 7
AVATAR, AVATAR_GAP = 28, 8
GAP_FIRST, GAP_INSIDE = 8, 2
PPV_WIDTH, PPV_HEIGHT = 380, 64
META_GAP = 12
_TEXTS = 400
_HEIGHTS = 2000


@dataclass(slots=True)
class Placed:
    """One row laid out; all rectangles count from the row's top left corner."""

    height: int
    bubble: QRectF = field(default_factory=QRectF)
    text: LaidText | None = None
    text_at: QPointF = field(default_factory=QPointF)
    meta: Meta | None = None
    meta_at: QRectF = field(default_factory=QRectF)
    actions: tuple[tuple[Action, QRectF], ...] = ()
    who: QRectF | None = None
    avatar: QRectF | None = None


class Measures:
    """Measures rows for one width and theme."""

    def __init__(self, theme: Theme) -> None:
        self.theme = theme
        self.width = 0
        self.filler = 0
        """Room above a conversation that is shorter than the view, so that it stands at the bottom."""
        self.people = ChatPeople()
        self.laid_out = 0
        """How many texts were laid out, for tests: the price of an update."""
        self._placed: OrderedDict[str, tuple[Row, Placed]] = OrderedDict()
        self._heights: dict[str, tuple[Row, int]] = {}

    def set_theme(self, theme: Theme) -> None:
        self.theme = theme
        self.forget()

    def set_width(self, width: int) -> bool:
        """Takes a new width; whether anything has to be measured again."""
        if width == self.width:
            return False
        self.width = width
        self.forget()
        return True

    def forget(self) -> None:
        self._placed.clear()
        self._heights.clear()

    def height(self, row: Row) -> int:
        if isinstance(row, HeadRow):
            return max(self.filler, self.base_head(row))
        known = self._heights.get(row.key)
        if known is not None and (known[0] is row or known[0] == row):
            return known[1]
        height = self.placed(row).height
        if len(self._heights) > _HEIGHTS:
            self._heights.clear()
        self._heights[row.key] = (row, height)
        return height

    def base_head(self, row: HeadRow) -> int:
        """The head's height without filler. One for both states: older rows arriving must not move what is read."""
        return self.theme.px(16) + 16

    def placed(self, row: Row) -> Placed:
        known = self._placed.get(row.key)
        if known is not None and (known[0] is row or known[0] == row):
            self._placed.move_to_end(row.key)
            return known[1]
        placed = self._place(row)
        self._placed[row.key] = (row, placed)
        self._placed.move_to_end(row.key)
        if len(self._placed) > _TEXTS:
            self._placed.popitem(last=False)
        return placed

    def content(self) -> tuple[float, float]:
        """Left edge and width of the column in which the conversation stands."""
        width = max(120.0, min(float(CONTENT_MAX), self.width - 2.0 * SIDE))
        return (self.width - width) / 2, width

    def _place(self, row: Row) -> Placed:
        theme = self.theme
        line = theme.line_height("small")
        if isinstance(row, MessageRow):
            if is_event(row.message):
                return Placed(8 + max(24, theme.px(24)))
            return self._card(row) if row.message.kind is MessageKind.PPV else self._bubble(row)
        if isinstance(row, DayRow):
            return Placed(8 + line + 4)
        if isinstance(row, OfflineRow):
            return Placed(8 + line + 2)
        if isinstance(row, TailRow):
            return Placed(6 + (max(20, theme.px(20)) + 6 if row.types else 0))
        return Placed(self.base_head(row))

    def _frame(self, row: MessageRow) -> tuple[float, QRectF | None]:
        """The top of the bubble and the line above it that names the author."""
        top = float(GAP_FIRST if row.first else GAP_INSIDE)
        if not row.named:
            return top, None
        left, width = self.content()
        height = self.theme.line_height("micro")
        return top + height + 4, QRectF(left, top, width, height)

    def _bubble(self, row: MessageRow) -> Placed:
        theme, message = self.theme, row.message
        left, width = self.content()
        top, who = self._frame(row)
        indent = 0 if message.outgoing else AVATAR + AVATAR_GAP
        inner = math.floor(width * BUBBLE_SHARE) - 2 * PAD_X - (0 if message.outgoing else AVATAR_GAP)
        inner = max(60, min(inner, int(width) - indent - 2 * PAD_X))
        link = QTextCharFormat()
        link.setForeground(theme.color("accentText"))
        link.setFontUnderline(True)
        text = lay_out(message.text, theme.font("message"), inner, theme.line_height("message"), link)
        self.laid_out += 1
        meta = meta_of(message)
        meta_width = min(float(inner), measure_meta(meta, message, theme))
        meta_height = theme.line_height("micro")
        if text.last_line + META_GAP + meta_width <= inner:
            body_width = max(text.width, text.last_line + META_GAP + meta_width)
            body_height = text.height
        else:
            body_width = max(text.width, meta_width)
            body_height = text.height + meta_height + 2
        bubble_width = math.ceil(body_width) + 2 * PAD_X
        bubble_height = math.ceil(body_height) + 2 * PAD_Y
        x = left + width - bubble_width if message.outgoing else left + indent
        bubble = QRectF(round(x), top, bubble_width, bubble_height)
        bottom = bubble.bottom() - PAD_Y + 1
        meta_at = QRectF(bubble.right() - PAD_X - meta_width, bottom - meta_height, meta_width, meta_height)
        placed = Placed(
            math.ceil(bubble.bottom()),
            bubble=bubble,
            text=text,
            text_at=QPointF(bubble.left() + PAD_X, bubble.top() + PAD_Y),
            meta=meta,
            meta_at=meta_at,
            who=who,
        )
        placed.actions = self._actions(meta, meta_at)
        if not message.outgoing and row.last:
            placed.avatar = QRectF(left, bubble.bottom() - AVATAR, AVATAR, AVATAR)
        return placed

    def _actions(self, meta: Meta, meta_at: QRectF) -> tuple[tuple[Action, QRectF], ...]:
        metrics = QFontMetricsF(self.theme.font("micro", weight=600))
        right = meta_at.right()
        found: list[tuple[Action, QRectF]] = []
        for action, text in reversed(meta.actions):
            width = metrics.horizontalAdvance(text)
            found.append((action, QRectF(right - width, meta_at.top(), width, meta_at.height())))
            right -= width + meta.action_gap
        return tuple(reversed(found))

    def _card(self, row: MessageRow) -> Placed:
        left, width = self.content()
        top, who = self._frame(row)
        indent = 0 if row.message.outgoing else AVATAR + AVATAR_GAP
        card_width = min(float(PPV_WIDTH), width - indent)
        height = max(PPV_HEIGHT, self.theme.line_height("bodyStrong") + 2 * self.theme.line_height("small") + 12)
        x = left + width - card_width if row.message.outgoing else left + indent
        card = QRectF(round(x), top, card_width, height)
        placed = Placed(math.ceil(card.bottom()), bubble=card, meta=meta_of(row.message), who=who)
        if not row.message.outgoing and row.last:
            placed.avatar = QRectF(left, card.bottom() - AVATAR, AVATAR, AVATAR)
        return placed
