"""The page: three columns, what fits into which window, and the keys that work anywhere on it."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QSize, Qt
from PySide6.QtGui import QKeyEvent, QKeySequence, QResizeEvent, QShortcut, QShowEvent
from PySide6.QtWidgets import QApplication, QHBoxLayout, QLayout, QWidget

from huntaze_desktop.sdk import Connection, Context, ConversationRow, Creator, Member
from huntaze_desktop.ui_kit.conversation_list import RowAction
from huntaze_desktop.ui_kit.surfaces import Splitter
from huntaze_desktop.ui_kit.theme_manager import ThemeManager
from huntaze_plugins.messages.actions import ConversationActions
from huntaze_plugins.messages.context_panel import ContextPanel
from huntaze_plugins.messages.drawer import Drawer
from huntaze_plugins.messages.list_column import ListColumn
from huntaze_plugins.messages.menus import ConversationMenus
from huntaze_plugins.messages.thread import ThreadPane
from huntaze_plugins.messages.words import tr

_LIST, _LIST_MIN, _LIST_MAX, _LIST_WIDE, _LIST_NARROW = 344, 280, 420, 376, 304
_PANEL, _PANEL_MIN, _PANEL_MAX, _PANEL_WIDE = 320, 288, 420, 360
_THREAD_MIN = 480
_NARROW, _ROOMY, _WIDE = 1100, 1360, 1760
_LOW = 700


class MessagesPage(QWidget):
    """Holds the three columns together: what is opened in one is shown in the others."""

    def __init__(self, ctx: Context, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        theme: ThemeManager = ctx.shell.theme
        self._ctx = ctx
        self._rows: dict[str, ConversationRow] = {}
        self._class: str | None = None
        self._panel_wanted = True
        self.setObjectName("messages.page")
        self.setAccessibleName(tr("Messages"))
        self.doing = ConversationActions(ctx)
        self.menus = ConversationMenus(ctx, theme, self, self.doing)
        self.list = ListColumn(ctx, theme)
        self.thread_pane = ThreadPane(ctx, theme)
        self.panel = ContextPanel(ctx, theme)
        self._drawer = Drawer(theme, self)
        self._spot = QWidget(self.list.list.viewport())
        self._spot.hide()
        self._splitter = Splitter(theme)
        for column in (self.list, self.thread_pane, self.panel):
            self._splitter.addWidget(column)
        self._limit_columns()
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        # Three columns side by side must not keep a window wide in which the third becomes a drawer.
        row.setSizeConstraint(QLayout.SizeConstraint.SetNoConstraint)
        row.addWidget(self._splitter)
        self._connect()
        self._subscribe()

    def _limit_columns(self) -> None:
        self.list.setMinimumWidth(_LIST_MIN)
        self.list.setMaximumWidth(_LIST_MAX)
        self.thread_pane.setMinimumWidth(_THREAD_MIN)
        self.panel.setMinimumWidth(_PANEL_MIN)
        self.panel.setMaximumWidth(_PANEL_MAX)
        self._splitter.setStretchFactor(0, 0)
        self._splitter.setStretchFactor(1, 1)
        self._splitter.setStretchFactor(2, 0)

    def _connect(self) -> None:
        self.list.opened.connect(self.open)
        self.list.reply_wanted.connect(self._reply)
        self.list.listed.connect(self._on_listed)
        self.thread_pane.answered.connect(self._on_answered)
        self.thread_pane.left.connect(lambda: self.list.list.setFocus(Qt.FocusReason.ShortcutFocusReason))
        self.list.list.action_requested.connect(self._on_row_action)
        self.list.selection.done_wanted.connect(self._done)
        self.list.selection.snooze_wanted.connect(self._snooze)
        self.thread_pane.row_changed.connect(self._on_row)
        self.thread_pane.hand_over_wanted.connect(self._hand_over_to)
        header = self.thread_pane.header
        header.done_wanted.connect(lambda: self.doing.toggle_done(self._open_rows()))
        header.snooze_wanted.connect(lambda: self.menus.snooze(self._open_rows(), header.snooze))
        header.assign_wanted.connect(self._assign)
        header.more_wanted.connect(self._more)
        header.context_toggled.connect(self.toggle_panel)
        self.panel.details_changed.connect(self.thread_pane.set_details)
        toggle = QShortcut(QKeySequence("Ctrl+."), self)
        toggle.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        toggle.activated.connect(self.toggle_panel)

    def _subscribe(self) -> None:
        ctx = self._ctx
        self._creators = ctx.team.creators()
        self._ends = [
            self._creators.subscribe(self._on_creators),
            self.menus.members_view.subscribe(self._on_members),
            ctx.connection.subscribe(self._on_connection),
            ctx.shell.selected_creator.subscribe(self.list.set_creator),
            ctx.shell.search_text.subscribe(self._on_search),
        ]
        # The list was answered before anything here listened to it.
        if not self.list.listing.loading:
            self._on_listed()

    def close_views(self) -> None:
        """Keep the draft and let go of everything that was subscribed to."""
        for end in self._ends:
            end()
        self._ends.clear()
        self._creators.close()
        self.menus.close()
        self.list.close_views()
        self.thread_pane.close_views()
        self.panel.close_views()

    # what happens

    def open(self, conversation_id: str) -> None:
        """Open a conversation that is in the list."""
        row = self.list.list.row(conversation_id) or self._rows.get(conversation_id)
        if row is None:
            return
        self._rows[conversation_id] = row
        self.list.list.choose(conversation_id)
        self.list.list.reveal()
        self.thread_pane.open(row)
        self.panel.show_row(row)
        self._show_toggle()

    def _on_listed(self) -> None:
        listing = self.list.listing
        waits = any(row.waiting_since is not None for row in listing.rows)
        self.thread_pane.idle.set_waiting(waiting=waits)
        if listing.query.creator_id is None:
            self._ctx.pages.set_badge("messages", listing.counts.unread)

    def _on_row(self, row: ConversationRow) -> None:
        self._rows[row.id] = row
        self.panel.show_row(row)

    # what one does with conversations

    def _open_rows(self) -> tuple[ConversationRow, ...]:
        return (self.thread_pane.row,) if self.thread_pane.row is not None else ()

    def _targets(self) -> tuple[ConversationRow, ...]:
        """What keys act on: the selected conversations, else the open one."""
        return self.list.list.marked or self._open_rows()

    def _done(self) -> None:
        self.doing.toggle_done(self._targets())
        self.list.list.clear_marks()

    def _snooze(self) -> None:
        marked = self.list.list.marked
        if marked:
            self.menus.snooze(marked, self.list.selection.snooze, after=self.list.list.clear_marks)
        else:
            self.menus.snooze(self._open_rows(), self.thread_pane.header.snooze)

    def _assign(self) -> None:
        if (row := self.thread_pane.row) is not None:
            self.menus.assign(row, self.thread_pane.header.assignee)

    def _unread(self) -> None:
        for row in self._targets():
            self.doing.mark_unread(row)
        self.list.list.clear_marks()

    def _more(self) -> None:
        row = self.thread_pane.row
        if row is None:
            return
        last = self.thread_pane.last_unsendable()
        unsend = None if last is None else lambda: self.thread_pane.unsend(last)
        self.menus.more(row, self.thread_pane.header.more, unsend_last=unsend)

    def _on_row_action(self, conversation_id: str, action: str) -> None:
        """The hover actions of the list: the menus open beside the icon."""
        view = self.list.list
        row = view.row(conversation_id)
        if row is None:
            return
        self._spot.setGeometry(view.action_rect(conversation_id, RowAction(action)))
        if action == RowAction.DONE:
            self.doing.toggle_done([row])
        elif action == RowAction.SNOOZE:
            self.menus.snooze([row], self._spot, align="left")
        else:
            self.menus.more(row, self._spot)

    def _hand_over_to(self, name: str) -> None:
        row, member = self.thread_pane.row, self.menus.member_named(name)
        if row is not None and member is not None:
            self.doing.assign(row, member)
            self.thread_pane.colleague.settled()

    # what happens elsewhere

    def _on_creators(self, creators: tuple[Creator, ...]) -> None:
        self.list.set_creators(creators)
        self.thread_pane.set_creators(creators)

    def _on_members(self, _members: tuple[Member, ...]) -> None:
        ids = self.menus.ids_by_name()
        self.list.list.set_people(ids)
        self.thread_pane.set_colleagues(ids)

    def _on_connection(self, connection: Connection) -> None:
        self.list.set_connection(connection)
        self.thread_pane.set_connection(connection)
        self.panel.set_connection(connection)

    def _on_search(self, text: str) -> None:
        if text != self.list.search.text() and (text or self.list.search.text()):
            self.list.search.setText(text)

    def _on_answered(self, move_on: bool) -> None:
        if not move_on:
            return
        waiting = self.list.list.next_waiting()
        if waiting is not None:
            self.open(waiting)
            self._reply()
        else:
            self._ctx.shell.toast(tr("Nobody else is waiting."))

    def _reply(self) -> None:
        if self.thread_pane.conversation_id is not None:
            self.thread_pane.composer.editor.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def _step(self, step: int) -> None:
        neighbour = self.list.list.neighbour(step)
        if neighbour is not None:
            self.open(neighbour)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Single letters arrive here only when no text field took them."""
        if event.modifiers() == Qt.KeyboardModifier.ShiftModifier and event.text().lower() in ("j", "k"):
            self.list.list.mark_step(1 if event.text().lower() == "j" else -1)
            return
        if event.modifiers() and event.modifiers() != Qt.KeyboardModifier.ShiftModifier:
            super().keyPressEvent(event)
            return
        match event.text().lower():
            case "j":
                self._step(1)
            case "k":
                self._step(-1)
            case "r":
                self._reply()
            case "e":
                self._done()
            case "h":
                self._snooze()
            case "a":
                self._assign()
            case "u":
                self._unread()
            case "n":
                self._with_panel(self.panel.notes.begin)
            case "t":
                self._with_panel(self.panel.tags.begin)
            case _:
                self._other_key(event)

    def _other_key(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and self.list.list.marked:
            self.list.list.clear_marks()
        elif event.key() == Qt.Key.Key_Escape and self._drawer.isVisible():
            self.toggle_panel()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._reply()
        else:
            super().keyPressEvent(event)

    def _with_panel(self, act: object) -> None:
        if self.thread_pane.conversation_id is None or not callable(act):
            return
        if not self.panel.isVisible():
            self.toggle_panel()
        act()

    # what fits

    def toggle_panel(self) -> None:
        """Show or hide the fan's details: as a column, or as a drawer in narrow windows."""
        if self._is_roomy():
            self._panel_wanted = not self._panel_wanted
            self.panel.setVisible(self._panel_wanted)
        else:
            self._drawer.setVisible(not self._drawer.isVisible())
            self._place_drawer()
            self._drawer.raise_()
        self._show_toggle()

    def _is_roomy(self) -> bool:
        return self._class in ("roomy", "wide")

    def _show_toggle(self) -> None:
        shown = self._panel_wanted if self._is_roomy() else self._drawer.isVisible()
        self.thread_pane.header.context.setChecked(shown)

    def _fit(self) -> None:
        width = max(self.window().width(), self.width())
        found = "narrow" if width < _NARROW else "tight" if width < _ROOMY else "roomy" if width < _WIDE else "wide"
        low = self.window().height() < _LOW
        self.thread_pane.composer.set_low(low=low)
        self.thread_pane.assistant.set_low(low=low)
        if found != self._class:
            self._class = found
            self._arrange()
        self._place_drawer()

    def _arrange(self) -> None:
        narrow = self._class == "narrow"
        self.list.set_narrow(narrow=narrow)
        self.thread_pane.composer.budget.set_short(short=narrow)
        self.thread_pane.header.set_narrow(narrow=narrow)
        self.list.setMaximumWidth(_LIST_NARROW if narrow else _LIST_MAX)
        if self._is_roomy():
            self._drawer.hide()
            self._splitter.addWidget(self.panel)
            self.panel.setVisible(self._panel_wanted)
        else:
            self._drawer.take(self.panel)
            self._drawer.hide()
        wide = self._class == "wide"
        left = _LIST_NARROW if narrow else _LIST_WIDE if wide else _LIST
        right = (_PANEL_WIDE if wide else _PANEL) if self._is_roomy() else 0
        middle = max(_THREAD_MIN, self.width() - left - right)
        self._splitter.setSizes([left, middle, right] if right else [left, middle])
        self._show_toggle()

    def minimumSizeHint(self) -> QSize:
        return QSize(_LIST_MIN + 1 + _THREAD_MIN, 400)

    def _place_drawer(self) -> None:
        self._drawer.place(self.rect(), _PANEL)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.window().installEventFilter(self)
        self._fit()
        focused = QApplication.focusWidget()
        if focused is None or not self.isAncestorOf(focused):
            self.list.list.setFocus(Qt.FocusReason.OtherFocusReason)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize and watched is self.window():
            self._fit()
        return super().eventFilter(watched, event)
