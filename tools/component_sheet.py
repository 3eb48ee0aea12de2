"""The components sheet of the drawings (screens 26 and 27), built from the real widgets in all their states."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QFocusFrame, QHBoxLayout, QVBoxLayout, QWidget

from huntaze_desktop.ui_kit.avatars import paint_avatar, paint_fan
from huntaze_desktop.ui_kit.badges import (
    StateKind,
    TierKind,
    TimerLevel,
    paint_presence,
    paint_state,
    paint_tier,
    paint_timer,
    paint_unread,
)
from huntaze_desktop.ui_kit.buttons import Button, ButtonKind
from huntaze_desktop.ui_kit.chips import AddTag, Badge, Chip, Tag
from huntaze_desktop.ui_kit.fields import LineEdit, SearchField
from huntaze_desktop.ui_kit.labels import KeyHint, Label, SectionHeader
from huntaze_desktop.ui_kit.notices import Banner, BannerKind, CodeStrip
from huntaze_desktop.ui_kit.progress import ProgressBar, Spinner
from huntaze_desktop.ui_kit.select import Select
from huntaze_desktop.ui_kit.skeleton import Block, Skeleton
from huntaze_desktop.ui_kit.surfaces import Card
from huntaze_desktop.ui_kit.theme_manager import ThemeManager
from huntaze_desktop.ui_kit.toggles import CheckBox, Radio, Toggle

_TIERS: list[tuple[TierKind, str]] = [
    ("vip", "$4.8k"),
    ("high", "$960"),
    ("mid", "$210"),
    ("low", "$95"),
    ("new", "New"),
]
_TIMERS: list[tuple[TimerLevel, str]] = [("ok", "0:40"), ("warn", "3:10"), ("late", "6:42")]
_STATES: list[tuple[StateKind, str]] = [
    ("queued", "Queued"),
    ("failed", "Not sent"),
    ("limited", "Held"),
    ("unknown", "Checking"),
]
_BANNERS: list[tuple[BannerKind, str, str]] = [
    ("info", "A new version is ready.", "It is installed at the next start."),
    ("warning", "You are offline since 14:36.", "Keep reading and writing. 3 messages are queued."),
    ("error", "Mara Lind needs to sign in again.", "New messages stopped at 14:22."),
]


class _Marks(QWidget):
    """What delegates paint: tiers, timers, unread, states, avatars."""

    def __init__(self, theme: ThemeManager) -> None:
        super().__init__()
        self._theme = theme
        self.setFixedHeight(200)

    def paintEvent(self, event: QPaintEvent) -> None:
        theme = self._theme.theme
        painter = QPainter(self)
        x = 0.0
        for kind, text in _TIERS:
            x += paint_tier(painter, x, 12, kind, text, theme) + 6
        for level, text in _TIMERS:
            x += paint_timer(painter, x, 12, level, text, theme) + 6
        x += paint_unread(painter, x, 12, 1, theme) + 6
        paint_unread(painter, x, 12, 3, theme)
        x = paint_presence(painter, 0, 44, "ana", "AC", "Ana is replying", theme) + 12
        for state, text in _STATES:
            x += paint_state(painter, x, 44, state, text, theme) + 12
        for n, initials in enumerate(["DR", "OG", "KM", "AB", "LB", "RW", "SP", "PV", "EN", "TA"]):
            rect = QRectF(n * 48, 72, 40, 40)
            paint_avatar(painter, rect, stable_id=initials, initials=initials, shape="circle", theme=theme)
        for n, (fan, creator) in enumerate((("DR", "ML"), ("KM", "NB"))):
            paint_fan(
                painter,
                QRectF(n * 52, 128, 0, 0).topLeft(),
                40,
                fan_id=fan,
                fan_initials=fan,
                creator_id=creator,
                creator_initials=creator,
                row_color=theme.color("surface"),
                theme=theme,
            )
        for n, initials in enumerate(["ML", "NB", "TA"]):
            rect = QRectF(112 + n * 40, 132, 32, 32)
            paint_avatar(painter, rect, stable_id=initials, initials=initials, shape="square", theme=theme)
        painter.end()


class ComponentSheet(QWidget):
    """Two columns: controls in their states; marks, cards and notices."""

    def __init__(self, theme: ThemeManager) -> None:
        super().__init__()
        self._theme = theme
        self._frames: list[QFocusFrame] = []
        self.resize(1120, 820)
        row = QHBoxLayout(self)
        row.setContentsMargins(32, 24, 32, 24)
        row.setSpacing(32)
        left, right = QVBoxLayout(), QVBoxLayout()
        for column in (left, right):
            column.setSpacing(10)
            row.addLayout(column, 1)
        self._buttons(left)
        self._inputs(left)
        self._chips(left)
        self._right(right)
        left.addStretch(1)
        right.addStretch(1)

    def ring(self) -> None:
        """Puts the focus ring on the widgets that show it; call it when the sheet is visible."""
        for widget in self.findChildren(QWidget):
            if widget.property("shownFocused"):
                frame = QFocusFrame(self)
                frame.setWidget(widget)
                self._frames.append(frame)

    def _row(self, column: QVBoxLayout, *widgets: QWidget, spacing: int = 8) -> None:
        line = QHBoxLayout()
        line.setSpacing(spacing)
        for widget in widgets:
            line.addWidget(widget, 0, Qt.AlignmentFlag.AlignVCenter)
        line.addStretch(1)
        column.addLayout(line)

    def _title(self, column: QVBoxLayout, text: str) -> None:
        column.addWidget(SectionHeader(self._theme, text))

    def _state(self, kind: ButtonKind, state: str) -> Button:
        button = Button(self._theme, "Send", kind=kind)
        if state == "hover":
            button.setAttribute(Qt.WidgetAttribute.WA_UnderMouse)
        button.setDown(state == "pressed")
        button.setProperty("shownFocused", "yes" if state == "focus" else "")
        button.setEnabled(state != "disabled")
        return button

    def _buttons(self, column: QVBoxLayout) -> None:
        self._title(column, "Buttons")
        for kind in ("primary", "secondary", "ghost"):
            self._row(column, *(self._state(kind, s) for s in ("rest", "hover", "pressed", "focus", "disabled")))
        theme = self._theme
        busy = Button(theme, "Sending", kind="primary")
        busy.set_busy(True)
        self._row(
            column,
            Button(theme, "Insert", kind="soft", size=24),
            Button(theme, "Tag", size=28, icon="tag"),
            Button(theme, "Done", icon="check"),
            Button(theme, "Sign in", kind="primary", size=40),
            Button(theme, "Delete", kind="danger"),
            Button(theme, "Remove", kind="quietDanger"),
        )
        self._row(
            column, busy, Button(theme, "Send", kind="primary", key_hint="Ctrl ↵"), Button(theme, "Retry", kind="link")
        )

    def _inputs(self, column: QVBoxLayout) -> None:
        theme = self._theme
        self._title(column, "Inputs")
        search = SearchField(theme, "Search", placeholder="Search", clear_name="Clear", ground="field")
        focus, error = LineEdit(theme, "Name"), LineEdit(theme, "Time")
        focus.setText("dan")
        focus.setProperty("shownFocused", "yes")
        error.setText("12:99")
        error.set_error(True)
        for field, width in ((search, 132), (focus, 110), (error, 100)):
            field.setFixedWidth(width)
        self._row(column, search, focus, error, Select(theme, "Tone", [("warm", "Warm"), ("playful", "Playful")]))
        on, off, disabled = (Toggle(theme, name=name) for name in ("On", "Off", "Disabled"))
        on.setChecked(True)
        disabled.setEnabled(False)
        checked, plain, partial = (CheckBox(theme, name=name) for name in ("Checked", "Plain", "Partial"))
        checked.setChecked(True)
        partial.setCheckState(Qt.CheckState.PartiallyChecked)
        one, two = Radio(theme, name="One"), Radio(theme, name="Two")
        one.setChecked(True)
        keys = KeyHint(theme, "Ctrl", "K")
        self._row(column, on, off, disabled, checked, plain, partial, one, two, keys, spacing=16)

    def _chips(self, column: QVBoxLayout) -> None:
        theme = self._theme
        self._title(column, "Chips, badges, tags")
        unread, mine, vip = Chip(theme, "Unread"), Chip(theme, "Mine"), Chip(theme, "VIP")
        for chip, count in ((unread, 5), (mine, 33), (vip, 3)):
            chip.set_count(count)
        mine.setChecked(True)
        vip.setProperty("shownFocused", "yes")
        self._row(column, unread, mine, vip, Chip(theme, "Loading"))
        self._row(
            column,
            Badge(theme, "Ready", "success"),
            Badge(theme, "Approve", "warning"),
            Badge(theme, "Sign in again", "danger", dot=True),
            Badge(theme, "Draft"),
            Badge(theme, "Manager", "accent"),
            Badge(theme, "Outline", "outline"),
        )
        self._row(column, Tag(theme, "Travel"), Tag(theme, "Photography", remove_name="Remove"), AddTag(theme, "Add"))
        bar = ProgressBar(theme, "Filling")
        bar.set_value(0.4)
        bar.setFixedWidth(160)
        self._row(column, bar, Spinner(theme, "Loading"), spacing=16)

    def _right(self, column: QVBoxLayout) -> None:
        theme = self._theme
        self._title(column, "Painted marks")
        column.addWidget(_Marks(theme))
        card = Card(theme, "Notes")
        card.body.addWidget(Label(theme, "Planning a trip to Portugal in May.", style="small"))
        column.addWidget(card)
        for kind, title, text in _BANNERS:
            banner = Banner(theme, kind, title, text)
            banner.add_action("Details", lambda: None)
            banner.add_action("Retry", lambda: None, primary=True, icon="refresh-cw")
            column.addWidget(banner)
        strip = CodeStrip(theme, "Code HZ-401, 14:36:08", "", copy_text="Copy details")
        column.addWidget(strip, 0, Qt.AlignmentFlag.AlignLeft)
        skeleton = Skeleton(theme, "Loading", _rows)
        skeleton.setFixedHeight(120)
        column.addWidget(skeleton)
        skeleton.show()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), self._theme.theme.color("surface"))
        painter.end()


def _rows(width: float, height: float) -> list[Block]:
    blocks = []
    for n in range(int(height // 60)):
        y = n * 60
        blocks += [Block(0, y, 40, 40, 20), Block(52, y + 4, width * 0.3, 10), Block(52, y + 24, width * 0.55, 8)]
    return blocks
