"""The menus of a conversation, wherever they are opened: the head, the list's hover actions, the keyboard."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime

from PySide6.QtWidgets import QWidget

from huntaze_desktop.sdk import Context, ConversationRow, Member
from huntaze_desktop.ui_kit.popover import Align, Menu
from huntaze_desktop.ui_kit.theme_manager import ThemeManager
from huntaze_plugins.messages.actions import ConversationActions
from huntaze_plugins.messages.assignee import HandOver, assign_menu
from huntaze_plugins.messages.time_menu import TimePicker, time_menu
from huntaze_plugins.messages.words import tr


class ConversationMenus:
    """Opens menus beside an anchor and carries out what is chosen."""

    def __init__(self, ctx: Context, theme: ThemeManager, page: QWidget, actions: ConversationActions) -> None:
        self._ctx = ctx
        self._theme = theme
        self._page = page
        self._actions = actions
        self.members_view = ctx.team.members()

    @property
    def members(self) -> tuple[Member, ...]:
        return self.members_view.value

    def close(self) -> None:
        self.members_view.close()

    def member_named(self, name: str) -> Member | None:
        """The colleague of that name; None where it is not one's alone."""
        found = [one for one in self.members if one.name == name]
        return found[0] if len(found) == 1 else None

    def ids_by_name(self) -> dict[str, str]:
        """Ids of members whose name is theirs alone."""
        names = Counter(one.name for one in self.members)
        return {one.name: one.id for one in self.members if names[one.name] == 1}

    def snooze(
        self,
        rows: Sequence[ConversationRow],
        anchor: QWidget,
        *,
        align: Align = "right",
        after: Callable[[], object] = lambda: None,
    ) -> Menu | None:
        """Until when; for what is snoozed already, to end it as well."""
        if not rows:
            return None

        def until(at: datetime | None) -> None:
            self._actions.snooze(rows, at)
            after()

        def pick() -> None:
            picker = TimePicker(self._theme, tr("Snooze until"), self._ctx.now, until, tr("Snooze"))
            picker.setObjectName("messages.snooze.picker")
            picker.dismissed.connect(picker.deleteLater)
            picker.open_beside(anchor)

        menu = time_menu(self._theme, tr("Snooze"), self._ctx.now, until, pick)
        if any(row.snoozed_until is not None for row in rows):
            menu.add_item(tr("Wake up now"), lambda: until(None), icon="rotate-ccw", object_name="messages.snooze.end")
        return self._open(menu, anchor, align)

    def assign(self, row: ConversationRow, anchor: QWidget) -> Menu:
        menu = assign_menu(
            self._theme,
            row,
            self.members,
            self._ctx.team.me.id,
            lambda member: self._actions.assign(row, member),
            lambda: self.hand_over(row),
        )
        return self._open(menu, anchor, "right")

    def hand_over(self, row: ConversationRow, first: Member | None = None) -> HandOver | None:
        """Asks to whom and with which note."""
        colleagues = [one for one in self.members if one.id != self._ctx.team.me.id]
        if not colleagues:
            return None
        sheet = HandOver(
            self._theme,
            self._page.window(),
            row.fan_name,
            colleagues,
            lambda member, note: self._actions.assign(row, member, note=note),
            first=first,
        )
        sheet.open(sheet.note.edit)
        return sheet

    def more(self, row: ConversationRow, anchor: QWidget, *, unsend_last: Callable[[], object] | None = None) -> Menu:
        """What is done more seldom; `unsend_last` where a delivered message can still be taken back."""
        menu = Menu(self._theme, tr("More"), width=240)
        menu.add_item(
            tr("Mark as unread"),
            lambda: self._actions.mark_unread(row),
            icon="message-square",
            key_hint=("U",),
            object_name="messages.more.unread",
        )
        menu.add_item(
            tr("Assign to…"),
            lambda: self.assign(row, anchor),
            icon="user-plus",
            key_hint=("A",),
            object_name="messages.more.assign",
        )
        menu.add_item(
            tr("Hand over with a note…"),
            lambda: self.hand_over(row),
            icon="sticky-note",
            object_name="messages.more.handover",
        )
        if unsend_last is not None:
            menu.add_separator()
            menu.add_item(
                tr("Unsend the last message…"),
                unsend_last,
                icon="undo-2",
                danger=True,
                object_name="messages.more.unsend",
            )
        return self._open(menu, anchor, "right")

    def _open(self, menu: Menu, anchor: QWidget, align: Align) -> Menu:
        menu.dismissed.connect(menu.deleteLater)
        menu.open_at(anchor, align=align)
        return menu
