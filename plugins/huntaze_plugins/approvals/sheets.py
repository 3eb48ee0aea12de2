"""The two answers that need words: another text, and a reason."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtWidgets import QWidget

from huntaze_desktop.sdk import Approval, outgoing
from huntaze_desktop.ui_kit.dialog import Dialog
from huntaze_desktop.ui_kit.labels import Paragraph
from huntaze_desktop.ui_kit.text_area import TextArea
from huntaze_desktop.ui_kit.theme_manager import ThemeManager
from huntaze_desktop.ui_kit.tooltip import explain_disabled, explain_enabled
from huntaze_plugins.approvals.words import tr

_LONGEST_REASON = 200


class EditSheet(Dialog):
    """The text that is approved is the one that stands here."""

    def __init__(
        self, theme: ThemeManager, window: QWidget, approval: Approval, text: str, approve: Callable[[str], object]
    ) -> None:
        title = tr("Edit the message to {0}").format(approval.fan_name)
        super().__init__(theme, window, title, close_name=tr("Close"), width=560)
        self.setObjectName("approvals.edit")
        self._approve = approve
        self.body.addWidget(Paragraph(theme, tr("It goes out exactly as it stands here."), role="text2"))
        self.area = TextArea(theme, tr("Message"), lines=6)
        self.area.set_text(text)
        self.body.addWidget(self.area)
        self.cancel = self.add_button(tr("Cancel"))
        self.ok = self.add_button(tr("Approve this text"), kind="primary", object_name="approvals.edit.ok")
        self.cancel.clicked.connect(self.close_dialog)
        self.ok.clicked.connect(self._done)
        self.area.submitted.connect(self._done)
        self.area.left.connect(self.close_dialog)
        self.area.changed.connect(self._check)

    def _check(self) -> None:
        text = self.area.text()
        if not text.strip():
            explain_disabled(self.ok, tr("A message needs at least one visible character"))
        elif len(text) > outgoing.MAX_TEXT:
            explain_disabled(self.ok, tr("Too long: a message has at most {0} characters").format(outgoing.MAX_TEXT))
        else:
            explain_enabled(self.ok)

    def _done(self) -> None:
        if self.ok.isEnabled():
            text = self.area.text()
            self.close_dialog()
            self._approve(text)


class RejectSheet(Dialog):
    """Why: the author reads it, and keeps the text."""

    def __init__(self, theme: ThemeManager, window: QWidget, count: int, reject: Callable[[str], object]) -> None:
        title = tr("Reject this message") if count == 1 else tr("Reject {0} messages").format(count)
        super().__init__(theme, window, title, close_name=tr("Close"), width=480)
        self.setObjectName("approvals.reject")
        self._reject = reject
        told = tr("Nothing is sent. The author keeps the text and reads your reason.")
        self.body.addWidget(Paragraph(theme, told, role="text2"))
        self.area = TextArea(theme, tr("Reason"), placeholder=tr("What should be different?"), lines=3)
        self.body.addWidget(self.area)
        self.cancel = self.add_button(tr("Cancel"))
        self.ok = self.add_button(tr("Reject"), kind="danger", object_name="approvals.reject.ok")
        self.cancel.clicked.connect(self.close_dialog)
        self.ok.clicked.connect(self._done)
        self.area.submitted.connect(self._done)
        self.area.left.connect(self.close_dialog)
        self.area.changed.connect(self._check)
        self._check()

    def _check(self) -> None:
        length = len(self.area.text().strip())
        if not length:
            explain_disabled(self.ok, tr("Say why: the author reads it"))
        elif length > _LONGEST_REASON:
            explain_disabled(self.ok, tr("A reason has at most {0} characters").format(_LONGEST_REASON))
        else:
            explain_enabled(self.ok)

    def _done(self) -> None:
        if self.ok.isEnabled():
            reason = self.area.text().strip()
            self.close_dialog()
            self._reject(reason)
