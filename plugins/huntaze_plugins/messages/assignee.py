"""Who answers a conversation: the chip in the head, the menu of colleagues, and the note of a hand-over."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QKeyEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QAbstractButton, QSizePolicy, QWidget

from huntaze_desktop.sdk import ConversationRow, Member
from huntaze_desktop.ui_kit.avatars import initials_of, paint_avatar
from huntaze_desktop.ui_kit.dialog import Dialog
from huntaze_desktop.ui_kit.labels import Label, Paragraph
from huntaze_desktop.ui_kit.painting import rounded_box
from huntaze_desktop.ui_kit.popover import Face, Menu
from huntaze_desktop.ui_kit.select import Select
from huntaze_desktop.ui_kit.style import RADIUS_PROPERTY
from huntaze_desktop.ui_kit.text_area import TextArea
from huntaze_desktop.ui_kit.theme_manager import ThemeManager
from huntaze_desktop.ui_kit.tooltip import explain_disabled, explain_enabled
from huntaze_plugins.messages.words import first_name, tr

_FACE = 20.0
LONGEST_NOTE = 1000


class AssigneeChip(QAbstractButton):
    """`Assigned to you` with a face; pressing it offers the colleagues."""

    def __init__(self, theme: ThemeManager, me_id: str) -> None:
        super().__init__()
        self._theme = theme
        self._me = me_id
        self._row: ConversationRow | None = None
        self._short = False
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.setProperty(RADIUS_PROPERTY, 6)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        theme.changed.connect(self._refresh)

    def show_row(self, row: ConversationRow) -> None:
        self._row = row
        self._refresh()

    def set_short(self, *, short: bool) -> None:
        self._short = short
        self._refresh()

    def _refresh(self) -> None:
        self.setText(self.words())
        spoken = self.words(short=False)
        self.setAccessibleName(spoken)
        self.setToolTip(tr("{0}. Give it to somebody (A)").format(spoken))
        self.updateGeometry()
        self.update()

    def words(self, *, short: bool | None = None) -> str:
        row, brief = self._row, self._short if short is None else short
        if row is None or row.assignee_id is None:
            return tr("Assign") if brief else tr("Unassigned")
        if row.assigned_to_me:
            return tr("You") if brief else tr("Assigned to you")
        name = first_name(row.assignee_name or "")
        return name if brief else tr("Assigned to {0}").format(name)

    def sizeHint(self) -> QSize:
        theme = self._theme.theme
        width = 4 + _FACE + 6 + theme.metrics("small").horizontalAdvance(self.text()) + 6
        return QSize(math.ceil(width), theme.at_least(28))

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in {Qt.Key.Key_Return, Qt.Key.Key_Enter}:
            self.click()
            return
        super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        theme, row = self._theme.theme, self._row
        painter = QPainter(self)
        box = QRectF(self.rect())
        if self.isDown() or self.underMouse():
            rounded_box(painter, box, 6, fill=theme.color("pressed" if self.isDown() else "hover"))
        middle = box.center().y()
        face = QRectF(4, middle - _FACE / 2, _FACE, _FACE)
        if row is not None and row.assignee_id is not None:
            initials = initials_of(row.assignee_name or "")
            stable_id = self._me if row.assigned_to_me else row.assignee_id
            paint_avatar(painter, face, stable_id=stable_id, initials=initials, shape="circle", theme=theme)
        else:
            theme.icons.paint(painter, QPointF(6, middle - 8), "user-plus", 16, theme.color("text2"))
        painter.setPen(theme.color("text2"))
        painter.setFont(theme.font("small"))
        painter.drawText(box.adjusted(4 + _FACE + 6, 0, 0, 0), Qt.AlignmentFlag.AlignVCenter, self.text())
        painter.end()


def assign_menu(
    theme: ThemeManager,
    row: ConversationRow,
    members: Sequence[Member],
    me_id: str,
    chosen: Callable[[Member | None], object],
    hand_over: Callable[[], object],
) -> Menu:
    """The colleagues, oneself first; nobody; and a hand-over with a note."""
    menu = Menu(theme, tr("Assign to"), width=240)
    for member in sorted(members, key=lambda one: (one.id != me_id, one.name.casefold())):
        text = tr("{0} (you)").format(member.name) if member.id == me_id else member.name
        menu.add_item(
            text,
            partial(chosen, member),
            face=Face(member.id, initials_of(member.name)),
            ticked=member.id == row.assignee_id,
            object_name=f"messages.assign.{member.id}",
        )
    menu.add_item(
        tr("Nobody"),
        lambda: chosen(None),
        icon="user-minus",
        ticked=row.assignee_id is None,
        object_name="messages.assign.nobody",
    )
    if any(member.id != me_id for member in members):
        menu.add_separator()
        menu.add_item(tr("Hand over with a note…"), hand_over, icon="sticky-note", object_name="messages.handover")
    return menu


class HandOver(Dialog):
    """Asks to whom, and what that colleague should know; the note is for the team, the fan never sees it."""

    def __init__(
        self,
        theme: ThemeManager,
        window: QWidget,
        fan_name: str,
        colleagues: Sequence[Member],
        handed: Callable[[Member, str], object],
        *,
        first: Member | None = None,
    ) -> None:
        title = tr("Hand over {0}").format(fan_name)
        super().__init__(theme, window, title, close_name=tr("Close"), width=440)
        self._colleagues = {member.id: member for member in colleagues}
        self._handed = handed
        self.body.addWidget(Label(theme, tr("To"), style="smallMedium"))
        self.to = Select(theme, tr("To"), [(one.id, one.name) for one in colleagues], width=400)
        if first is not None and first.id in self._colleagues:
            self.to.set_value(first.id)
        self.body.addWidget(self.to)
        self.body.addSpacing(4)
        self.body.addWidget(Label(theme, tr("Note for your colleague"), style="smallMedium"))
        self.note = TextArea(
            theme, tr("Note for your colleague"), placeholder=tr("What was promised, what comes next?"), lines=4
        )
        self.note.edit.setObjectName("messages.handover.note")
        self.body.addWidget(self.note)
        told = tr("Only the team sees it. It stands over the composer until it is read.")
        self.body.addWidget(Paragraph(theme, told, style="small", role="text3"))
        cancel = self.add_button(tr("Cancel"), kind="ghost")
        cancel.clicked.connect(self.close_dialog)
        self.ok = self.add_button(tr("Hand over"), kind="primary", object_name="messages.handover.ok")
        self.ok.clicked.connect(self._hand)
        self.note.submitted.connect(self._hand)
        self.note.left.connect(self.close_dialog)
        self.note.changed.connect(self._check)

    def _check(self) -> None:
        over = len(self.note.text().strip()) - LONGEST_NOTE
        if over > 0:
            explain_disabled(self.ok, tr("Too long by {0} characters").format(over))
        else:
            explain_enabled(self.ok)

    def _hand(self) -> None:
        if self.ok.isEnabled():
            member, note = self._colleagues[self.to.value], self.note.text().strip()
            self.close_dialog()
            self._handed(member, note)
