"""The left column: search, filters, and the conversations that answer them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from PySide6.QtCore import QEvent, QObject, Qt, QTimer, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QStackedLayout, QVBoxLayout, QWidget

from huntaze_desktop.sdk import (
    Connection,
    Context,
    ConversationListing,
    ConversationQuery,
    Creator,
    CreatorState,
    FilterCounts,
    ListFilter,
)
from huntaze_desktop.ui_kit.buttons import IconButton
from huntaze_desktop.ui_kit.chips import Chip
from huntaze_desktop.ui_kit.conversation_list import ConversationListView
from huntaze_desktop.ui_kit.fields import SearchField
from huntaze_desktop.ui_kit.notices import EmptyState
from huntaze_desktop.ui_kit.popover import Menu
from huntaze_desktop.ui_kit.skeleton import Block, Skeleton
from huntaze_desktop.ui_kit.theme_manager import ThemeManager
from huntaze_plugins.messages.flow import FlowLayout
from huntaze_plugins.messages.paused import PausedCard
from huntaze_plugins.messages.selection_bar import SelectionBar
from huntaze_plugins.messages.waits import AsOf
from huntaze_plugins.messages.words import is_online, tr

PAGE = 200
MOST = 400
_SEARCH_AFTER_MS = 60
_CHIP_GAP, _CHIP_GAP_SHORT = 6, 4
_MARGIN = 12
_FILTERS = (ListFilter.UNREAD, ListFilter.LATE, ListFilter.VIP, ListFilter.MINE)
_IN_MENU = (ListFilter.UNBOUGHT, ListFilter.SNOOZED)


class ListColumn(QWidget):
    """Asks the listing that search, filter and creator describe, and shows the answer."""

    opened = Signal(str)
    reply_wanted = Signal()
    listed = Signal()
    """A new listing is shown."""

    def __init__(self, ctx: Context, theme: ThemeManager, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._ctx = ctx
        self._theme = theme
        self._query = ConversationQuery(limit=PAGE)
        self.listing = ConversationListing(self._query)
        self.search = SearchField(
            theme,
            tr("Search conversations"),
            placeholder=tr("Search conversations"),
            clear_name=tr("Clear the search"),
        )
        self.search.setObjectName("messages.search")
        self.filter = IconButton(theme, "list-filter", tr("More filters"))
        self.filter.setObjectName("messages.filter")
        self.filter.clicked.connect(self._offer_filters)
        self.chips = {kind: self._chip(kind) for kind in (*_FILTERS, *_IN_MENU)}
        self.selection = SelectionBar(theme)
        self.as_of = AsOf(theme)
        self.paused = PausedCard(theme)
        self.list = ConversationListView(theme, ctx.now)
        self.list.setObjectName("messages.list")
        self.list.setAccessibleName(tr("Conversations"))
        self.list.setProperty("pane", True)  # noqa: FBT003 - Qt's signature
        self._empty = EmptyState(theme, icon="check-check", title="", text="", tone="success")
        self._show_all = self._empty.add_action(tr("Show all"), self.show_all)
        self._body = QWidget()
        self._skeleton = Skeleton(theme, tr("Loading conversations"), _blocks, self._body)
        self._search_timer = QTimer(self)
        self._search_timer.setSingleShot(True)
        self._search_timer.setInterval(_SEARCH_AFTER_MS)
        self._search_timer.timeout.connect(self._ask)
        self._lay_out()
        self._connect()
        self._view = ctx.conversations.listing(self._query)
        self._view.subscribe(self._on_listing)

    def _chip(self, kind: ListFilter) -> Chip:
        chip = Chip(self._theme, _filter_text(kind, narrow=False))
        chip.setObjectName(f"messages.filter.{kind}")
        chip.clicked.connect(lambda: self.set_filter(kind if chip.isChecked() else ListFilter.ALL))
        return chip

    def _lay_out(self) -> None:
        self._chips = QWidget()
        self._flow = FlowLayout(self._chips, _CHIP_GAP)
        for chip in self.chips.values():
            self._flow.addWidget(chip)
        self._show_menu_chips(ListFilter.ALL)
        top = QHBoxLayout()
        top.setSpacing(8)
        top.addWidget(self.search, 1)
        top.addWidget(self.filter)
        head = QVBoxLayout()
        head.setContentsMargins(_MARGIN, 12, _MARGIN, 8)
        head.setSpacing(10)
        head.addLayout(top)
        head.addWidget(self._chips)
        head.addWidget(self.selection)
        head.addWidget(self.as_of)
        self._stack = QStackedLayout(self._body)
        self._stack.addWidget(self.list)
        self._stack.addWidget(self._empty)
        self._skeleton.setParent(self._body)
        self._body.installEventFilter(self)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(head)
        column.addWidget(self.paused)
        column.addWidget(self._body, 1)

    def _connect(self) -> None:
        self.search.textChanged.connect(lambda _text: self._search_timer.start())
        self.search.returnPressed.connect(self._open_first)
        self.list.opened.connect(self.opened)
        self.list.reply_wanted.connect(self.reply_wanted)
        self.list.more_wanted.connect(self._more)
        self.list.stale.connect(self._ask_again)
        self.list.marks_changed.connect(self._on_marks)
        self.selection.cleared.connect(self.list.clear_marks)

    def _on_marks(self, count: int) -> None:
        """While several are selected, what one can do with them stands where the filters were."""
        self._chips.setVisible(count == 0)
        self.selection.set_count(count)

    def _offer_filters(self) -> None:
        menu = Menu(self._theme, tr("More filters"), width=220)
        for kind in (*_FILTERS, *_IN_MENU):
            count = getattr(self.listing.counts, kind.value)
            menu.add_item(
                _filter_text(kind, narrow=False),
                partial(self.set_filter, ListFilter.ALL if kind is self._query.filter else kind),
                ticked=kind is self._query.filter,
                detail=str(count),
                object_name=f"messages.filter.menu.{kind}",
            )
        menu.dismissed.connect(menu.deleteLater)
        menu.open_at(self.filter, align="right")

    def _show_menu_chips(self, chosen: ListFilter) -> None:
        for kind in _IN_MENU:
            self.chips[kind].setVisible(kind is chosen)

    def set_creators(self, creators: Sequence[Creator]) -> None:
        self.list.set_creators({creator.id: creator.name for creator in creators})
        self.paused.show_creators([one for one in creators if one.state is CreatorState.SESSION_EXPIRED])

    def set_creator(self, creator_id: str | None) -> None:
        """Only one creator's conversations, or all."""
        if creator_id != self._query.creator_id:
            self._set(replace(self._query, creator_id=creator_id, limit=PAGE))

    def set_filter(self, kind: ListFilter) -> None:
        for one, chip in self.chips.items():
            chip.setChecked(one is kind)
        self._show_menu_chips(kind)
        self.list.clear_marks()
        if kind is not self._query.filter:
            self._set(replace(self._query, filter=kind, limit=PAGE))

    def show_all(self) -> None:
        """No filter and no search."""
        self.search.clear()
        self.set_filter(ListFilter.ALL)
        self._ask()
        self.list.setFocus(Qt.FocusReason.OtherFocusReason)

    def set_connection(self, connection: Connection) -> None:
        self.as_of.set_online(online=is_online(connection), now=self._ctx.now())

    def set_narrow(self, *, narrow: bool) -> None:
        """Low rows, for narrow windows."""
        self.list.set_compact(narrow)
        self._fit_chips()

    def _fit_chips(self) -> None:
        """Whole labels where they fit in one line, else short ones one by one; a second line is the last resort."""
        room = self.width() - 2 * _MARGIN
        shown = {kind: chip for kind, chip in self.chips.items() if not chip.isHidden()}
        for short in ((), (ListFilter.LATE,), (ListFilter.LATE, ListFilter.UNBOUGHT)):
            for kind, chip in self.chips.items():
                chip.set_label(_filter_text(kind, narrow=kind in short))
            gap = _CHIP_GAP if len(short) < 2 else _CHIP_GAP_SHORT
            self._flow.setSpacing(gap)
            if sum(chip.sizeHint().width() + gap for chip in shown.values()) - gap <= room:
                return

    def close_views(self) -> None:
        self._search_timer.stop()
        self._view.close()

    def _ask(self) -> None:
        self._search_timer.stop()
        text = self.search.text().strip()
        if text != self._query.text:
            self._set(replace(self._query, text=text, limit=PAGE))

    def _ask_again(self) -> None:
        self._view.set_query(self._query)

    def _more(self) -> None:
        listing = self.listing
        if self._query.limit < MOST and len(listing.rows) < listing.total and not listing.loading:
            self._set(replace(self._query, limit=MOST))

    def _set(self, query: ConversationQuery) -> None:
        self._query = query
        self._view.set_query(query)

    def _on_listing(self, listing: ConversationListing) -> None:
        self.listing = listing
        self.as_of.set_time(listing.as_of, self._ctx.now())
        known = not (listing.loading and not listing.rows)
        self._show_counts(listing.counts if known else None)
        if not known:
            self._stack.setCurrentIndex(0)
            self.list.hide()
            self._skeleton.wait()
            return
        self._skeleton.done()
        self.list.show_listing(listing)
        empty = not listing.rows
        if empty:
            self._say_empty(listing)
        self._stack.setCurrentIndex(1 if empty else 0)
        self.list.setVisible(not empty)
        self.listed.emit()

    def _show_counts(self, counts: FilterCounts | None) -> None:
        for kind, chip in self.chips.items():
            chip.set_count(None if counts is None else getattr(counts, kind.value))
        self._fit_chips()

    def _say_empty(self, listing: ConversationListing) -> None:
        query = listing.query
        if query.text:
            title = tr("Nothing found")
            text = tr("No conversation matches “{0}”. Names, notes and messages were searched.").format(query.text)
        elif query.filter is ListFilter.ALL:
            title = tr("No conversations yet")
            text = tr("When a fan writes, the conversation appears here by itself.")
        else:
            title = {
                ListFilter.UNREAD: tr("No unread messages"),
                ListFilter.LATE: tr("Nobody waits over 5 min"),
                ListFilter.VIP: tr("No VIP conversations"),
                ListFilter.UNBOUGHT: tr("No unbought offers"),
                ListFilter.MINE: tr("Nothing is assigned to you"),
                ListFilter.SNOOZED: tr("Nothing is snoozed"),
            }[query.filter]
            told = tr("%n conversations are in All. New ones appear here by themselves.", listing.counts.all)
            text = told
        self._empty.set_content(title, text)
        self._show_all.setVisible(bool(query.text) or query.filter is not ListFilter.ALL)

    def _open_first(self) -> None:
        self._ask()
        first = self.listing.rows[0].id if self.listing.rows else None
        if first is not None:
            self.opened.emit(first)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit_chips()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self._body and event.type() == QEvent.Type.Resize:
            self._skeleton.setGeometry(self._body.rect())
        return super().eventFilter(watched, event)


def _filter_text(kind: ListFilter, *, narrow: bool) -> str:
    return {
        ListFilter.UNREAD: tr("Unread"),
        ListFilter.LATE: tr(">5 min") if narrow else tr("Waiting >5 min"),
        ListFilter.VIP: tr("VIP"),
        ListFilter.MINE: tr("Mine"),
        ListFilter.UNBOUGHT: tr("Unsold") if narrow else tr("Unbought"),
        ListFilter.SNOOZED: tr("Snoozed"),
    }[kind]


def _blocks(width: float, height: float) -> Sequence[Block]:
    """The drawn skeleton: a section header and rows of 64."""
    blocks = [Block(16, 10, 110, 8, 5)]
    names, lines = (96, 120, 84, 110, 90, 128, 100, 86), (180, 150, 196, 168, 130, 188, 160, 176)
    top, number = 28.0, 0
    while top < height:
        room = width - 84
        blocks.append(Block(16, top + 12, 40, 40, 20))
        blocks.append(Block(68, top + 18, min(names[number % 8], room), 10, 5))
        blocks.append(Block(68, top + 38, min(lines[number % 8], room), 8, 5))
        blocks.append(Block(width - 46, top + 19, 30, 8, 5))
        top, number = top + 64, number + 1
    return blocks
