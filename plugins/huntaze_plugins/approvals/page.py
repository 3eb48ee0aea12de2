"""The page: what waits, the oldest first; deciding by key, one by one or several at once; and past decisions.

A decision counts for what was read: when a text changes or its conversation goes on, its card is made anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QHideEvent, QKeyEvent, QShowEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QScrollArea, QStackedLayout, QVBoxLayout, QWidget

from huntaze_desktop.sdk import (
    Approval,
    ApprovalDecision,
    ApprovalQueue,
    ApprovalVerdict,
    Context,
    LiveView,
    SdkError,
)
from huntaze_desktop.ui_kit.buttons import Button
from huntaze_desktop.ui_kit.chips import Chip
from huntaze_desktop.ui_kit.dialog import Dialog
from huntaze_desktop.ui_kit.labels import Label
from huntaze_desktop.ui_kit.notices import Banner, EmptyState
from huntaze_desktop.ui_kit.overlay_scroll import OverlayScrollBar
from huntaze_desktop.ui_kit.progress import Spinner
from huntaze_desktop.ui_kit.theme_manager import ThemeManager
from huntaze_plugins.approvals.card import ApprovalCard
from huntaze_plugins.approvals.history import rows
from huntaze_plugins.approvals.sheets import EditSheet, RejectSheet
from huntaze_plugins.approvals.words import tr

_TICK_MS = 10_000
_WIDEST = 880


class ApprovalsPage(QWidget):
    """Keys: J and K move, A approves, E edits, R rejects, X selects."""

    def __init__(self, ctx: Context, queue: LiveView[ApprovalQueue], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        theme: ThemeManager = ctx.shell.theme
        self._ctx, self._theme, self._live = ctx, theme, queue
        self._queue = ApprovalQueue()
        self._cards: list[ApprovalCard] = []
        self._current: str | None = None
        self._busy = False
        self._past_shown = False
        self.sheet: Dialog | None = None
        self.setObjectName("approvals.page")
        self.setAccessibleName(tr("Approvals"))
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setProperty("pane", True)  # noqa: FBT003 - Qt's signature
        self.waiting_tab = Chip(theme, tr("Waiting"))
        self.waiting_tab.setObjectName("approvals.tab.waiting")
        self.past_tab = Chip(theme, tr("Decided"), counted=False)
        self.past_tab.setObjectName("approvals.tab.past")
        self.banner = Banner(theme, "warning", "", "")
        self.banner.hide()
        self.selected = Label(theme, style="small", role="text2")
        self.approve_all = Button(theme, tr("Approve selected"), kind="soft", size=28)
        self.approve_all.setObjectName("approvals.bulk.approve")
        self.reject_all = Button(theme, tr("Reject selected"), kind="quietDanger", size=28)
        self.reject_all.setObjectName("approvals.bulk.reject")
        self.empty = EmptyState(
            theme,
            icon="circle-check",
            title=tr("Nothing waits for you"),
            text=tr("Messages that a creator’s policy asks a yes for stand here, the oldest first."),
            large=True,
        )
        self.error = EmptyState(theme, icon="unplug", title="", text="", tone="danger", large=True)
        self._again = self.error.add_action(tr("Try again"), self._show_past, icon="refresh-cw")
        self.loading = _centered(Spinner(theme, tr("Loading"), size=24))
        self.list = _List(theme)
        self.past = _List(theme)
        self._lay_out()
        self._tick = QTimer(self)
        self._tick.setInterval(_TICK_MS)
        self._tick.timeout.connect(self._show_times)
        self.waiting_tab.clicked.connect(self._show_waiting)
        self.past_tab.clicked.connect(self._show_past)
        self.approve_all.clicked.connect(lambda: self._decide(self._ticked(), "approve"))
        self.reject_all.clicked.connect(lambda: self._ask_why(self._ticked()))
        self._end = queue.subscribe(self._on_queue)

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.setContentsMargins(24, 16, 24, 12)
        head.setSpacing(8)
        head.addWidget(Label(self._theme, tr("Approvals"), style="title"))
        head.addSpacing(12)
        head.addWidget(self.waiting_tab)
        head.addWidget(self.past_tab)
        head.addStretch(1)
        for widget in (self.selected, self.reject_all, self.approve_all):
            head.addWidget(widget)
        self._stack = QStackedLayout()
        for page in (self.loading, self.empty, self.error, self.list, self.past):
            self._stack.addWidget(page)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(head)
        column.addWidget(self.banner)
        column.addLayout(self._stack, 1)

    def close_views(self) -> None:
        """Let go of the queue."""
        self._end()
        self._live.close()

    # what is shown

    def _on_queue(self, queue: ApprovalQueue) -> None:
        self._queue = queue
        self.waiting_tab.set_count(None if queue.loading else len(queue.items))
        self._keep_cards(queue.items)
        self._refresh()

    def _keep_cards(self, items: Sequence[Approval]) -> None:
        """A card stays where what it shows has stayed, with its tick; the others are made or go."""
        known = {card.approval: card for card in self._cards}
        place = next((n for n, card in enumerate(self._cards) if card.approval.message_id == self._current), 0)
        self._cards = [known.pop(item) if item in known else self._make(item) for item in items]
        for gone in known.values():
            gone.hide()
            gone.deleteLater()
        self.list.show_rows(self._cards)
        ids = [card.approval.message_id for card in self._cards]
        if self._current not in ids:
            # Deciding one leads to the one that takes its place.
            self._choose(ids[min(place, len(ids) - 1)] if ids else None)
        else:
            self._choose(self._current)

    def _make(self, approval: Approval) -> ApprovalCard:
        card = ApprovalCard(self._theme, approval, self._ctx.now())
        card.approve_wanted.connect(self.approve)
        card.edit_wanted.connect(self.edit)
        card.reject_wanted.connect(self.reject)
        card.chosen.connect(self._choose)
        card.ticked.connect(self._refresh)
        return card

    def _refresh(self) -> None:
        queue = self._queue
        self.waiting_tab.setChecked(not self._past_shown)
        self.past_tab.setChecked(self._past_shown)
        cannot = self._cannot()
        for card in self._cards:
            card.set_usable(cannot)
        ticked = [] if self._past_shown else self._ticked()
        self.selected.setText(tr("{0} selected").format(len(ticked)))
        for widget in (self.selected, self.approve_all, self.reject_all):
            widget.setVisible(bool(ticked))
        for button in (self.approve_all, self.reject_all):
            button.setEnabled(not cannot)
        self._show_banner(queue)
        if self._past_shown:
            return
        if queue.loading:
            self._stack.setCurrentWidget(self.loading)
        elif queue.items:
            self._stack.setCurrentWidget(self.list)
        elif queue.trouble:
            self._say_error(tr("What waits cannot be shown"), queue.trouble, again=False)
        else:
            self._stack.setCurrentWidget(self.empty)

    def _show_banner(self, queue: ApprovalQueue) -> None:
        if queue.offline:
            told = tr("You see what waited when the line broke. Deciding needs a connection.")
            self.banner.set_content(tr("You are offline."), told)
        elif queue.trouble and queue.items:
            self.banner.set_content(tr("This list may be old."), queue.trouble)
        elif queue.more and not self._past_shown:
            self.banner.set_content(tr("More waits than is listed here."), tr("The oldest 100 stand first."))
        self.banner.setVisible(queue.offline or bool(queue.trouble and queue.items) or queue.more)

    def _cannot(self) -> str:
        if self._queue.offline:
            return tr("Deciding needs a connection")
        return tr("A decision is on its way") if self._busy else ""

    def _say_error(self, title: str, text: str, *, again: bool) -> None:
        self.error.set_content(title, text)
        self._again.setVisible(again)
        self._stack.setCurrentWidget(self.error)

    def _show_times(self) -> None:
        for card in self._cards:
            card.show_time(self._ctx.now())

    def _show_waiting(self) -> None:
        self._past_shown = False
        self._refresh()

    def _show_past(self) -> None:
        self._past_shown = True
        self._stack.setCurrentWidget(self.loading)
        self._refresh()

        async def read() -> None:
            found = await self._ctx.approvals.past()
            if not self._past_shown:
                return
            if found:
                self.past.replace_rows(rows(self._theme, found, self._ctx.now()))
                self._stack.setCurrentWidget(self.past)
            else:
                self._say_error(
                    tr("Nothing was decided yet"), tr("Decisions stand here when there are some."), again=False
                )

        def failed(error: Exception) -> None:
            if self._past_shown:
                why = error.text if isinstance(error, SdkError) else str(error)
                self._say_error(tr("The decisions cannot be shown"), why, again=True)

        self._ctx.spawn(read(), on_error=failed)

    # deciding

    def approve(self, message_id: str) -> None:
        card = self._card(message_id)
        if card is not None and card.approve.isEnabled():
            self._decide([card.approval], "approve")

    def edit(self, message_id: str, text: str | None = None) -> None:
        """Another text; what is approved is that one. `text` is one that was written before."""
        card = self._card(message_id)
        if card is None or not card.edit.isEnabled():
            return
        approval = card.approval

        def approve(written: str) -> None:
            changed = None if written == approval.text else written
            self._send([ApprovalDecision(approval, "approve", text=changed)])

        sheet = EditSheet(self._theme, self.window(), approval, approval.text if text is None else text, approve)
        self._open(sheet, sheet.area)

    def reject(self, message_id: str) -> None:
        card = self._card(message_id)
        if card is not None and card.reject.isEnabled():
            self._ask_why([card.approval])

    def _ask_why(self, approvals: Sequence[Approval]) -> None:
        if not approvals:
            return
        kept = tuple(approvals)
        sheet = RejectSheet(
            self._theme, self.window(), len(kept), lambda reason: self._decide(kept, "reject", reason=reason)
        )
        self._open(sheet, sheet.area)

    def _open(self, sheet: Dialog, first: QWidget) -> None:
        self.sheet = sheet
        sheet.open(first)

    def _decide(self, approvals: Sequence[Approval], verdict: ApprovalVerdict, *, reason: str | None = None) -> None:
        self._send([ApprovalDecision(one, verdict, reason=reason) for one in approvals])

    def _send(self, decisions: Sequence[ApprovalDecision]) -> None:
        if self._busy or not decisions or self._queue.offline:
            return
        self._busy = True
        self._refresh()

        async def decide() -> None:
            results = await self._ctx.approvals.decide(decisions)
            self._settled()
            done = sum(one.done for one in results)
            failed = [one for one in results if not one.done]
            verdict = tr("Approved") if decisions[0].verdict == "approve" else tr("Rejected")
            if not failed:
                self._ctx.shell.toast(verdict if done == 1 else tr("{0}: {1} messages").format(verdict, done))
                return
            why = failed[0].detail or tr("It has changed since: look at it again.")
            told = tr("{0} of {1} not decided. {2}").format(len(failed), len(results), why)
            self._tell_undecided(told if len(results) > 1 else tr("Not decided. {0}").format(why), decisions[0])

        def went_wrong(error: Exception) -> None:
            self._settled()
            why = error.text if isinstance(error, SdkError) else str(error)
            self._tell_undecided(tr("Nothing was decided. {0}").format(why), decisions[0])

        self._ctx.spawn(decide(), on_error=went_wrong)

    def _tell_undecided(self, told: str, decision: ApprovalDecision) -> None:
        """What somebody wrote as an edit is not lost with it: it can be looked at again, over what waits now."""
        if decision.text is None:
            self._ctx.shell.toast(told)
            return
        again = partial(self.edit, decision.approval.message_id, decision.text)
        self._ctx.shell.toast(told, action=tr("Open my text"), on_action=again, seconds=30.0)

    def _settled(self) -> None:
        self._busy = False
        for card in self._cards:
            card.tick.setChecked(False)
        self._refresh()

    # moving

    @property
    def current(self) -> str | None:
        """The message that keys act on."""
        return self._current

    def _card(self, message_id: str | None) -> ApprovalCard | None:
        return next((card for card in self._cards if card.approval.message_id == message_id), None)

    def _ticked(self) -> list[Approval]:
        return [card.approval for card in self._cards if card.tick.isChecked()]

    def _choose(self, message_id: str | None) -> None:
        self._current = message_id
        for card in self._cards:
            card.set_current(current=card.approval.message_id == message_id)

    def _step(self, step: int) -> None:
        ids = [card.approval.message_id for card in self._cards]
        if not ids:
            return
        at = ids.index(self._current) if self._current in ids else 0
        self._choose(ids[max(0, min(len(ids) - 1, at + step))])
        card = self._card(self._current)
        if card is not None:
            self.list.ensureWidgetVisible(card, 0, 16)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Single letters, where no field took them."""
        card = self._card(self._current)
        key = event.text().lower()
        if event.modifiers() or self._past_shown or (card is None and key not in ("j", "k")):
            super().keyPressEvent(event)
        elif key in ("j", "k"):
            self._step(1 if key == "j" else -1)
        elif card is not None and key == "a":
            self.approve(card.approval.message_id)
        elif card is not None and key == "e":
            self.edit(card.approval.message_id)
        elif card is not None and key == "r":
            self.reject(card.approval.message_id)
        elif card is not None and key == "x" and card.tick.isEnabled():
            card.tick.toggle()
        else:
            super().keyPressEvent(event)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._show_times()
        self._tick.start()
        self.setFocus(Qt.FocusReason.OtherFocusReason)

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._tick.stop()


class _List(QScrollArea):
    """Rows under each other, not wider than one reads well."""

    def __init__(self, theme: ThemeManager) -> None:
        super().__init__()
        content = QWidget()
        content.setMaximumWidth(_WIDEST)
        self._column = QVBoxLayout(content)
        self._column.setContentsMargins(0, 8, 0, 24)
        self._column.setSpacing(12)
        self._column.addStretch(1)
        holder = QWidget()
        around = QHBoxLayout(holder)
        around.setContentsMargins(24, 0, 24, 0)
        around.addWidget(content, 1)
        around.addStretch(0)
        self.setWidget(holder)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.viewport().setAutoFillBackground(False)
        holder.setAutoFillBackground(False)
        self._bar = OverlayScrollBar(self)

    def show_rows(self, wanted: Sequence[QWidget]) -> None:
        """These rows in this order; the others are their owner's to delete."""
        for number in reversed(range(self._column.count() - 1)):
            item = self._column.itemAt(number)
            if item is not None and item.widget() not in wanted:
                self._column.takeAt(number)
        for number, row in enumerate(wanted):
            if self._column.indexOf(row) != number:
                self._column.removeWidget(row)
                self._column.insertWidget(number, row)
                row.show()

    def replace_rows(self, fresh: Sequence[QWidget]) -> None:
        """Delete what is here and show these."""
        while self._column.count() > 1:
            item = self._column.takeAt(0)
            widget = item.widget() if item is not None else None
            if widget is not None:
                widget.deleteLater()
        self.show_rows(fresh)


def _centered(widget: QWidget) -> QWidget:
    holder = QWidget()
    column = QVBoxLayout(holder)
    column.addWidget(widget, 0, Qt.AlignmentFlag.AlignCenter)
    return holder
