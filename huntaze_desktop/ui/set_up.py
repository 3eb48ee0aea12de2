"""Sets up an agency on this computer: the first owner of the backend that the desktop then runs for itself."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout

from huntaze_desktop.ui.centered import CenteredPage
from huntaze_desktop.ui.state import NewAgency
from huntaze_desktop.ui.words import translate
from huntaze_desktop.ui_kit.buttons import Button
from huntaze_desktop.ui_kit.fields import Field, LineEdit, PasswordField
from huntaze_desktop.ui_kit.labels import Paragraph
from huntaze_desktop.ui_kit.notices import IconTile
from huntaze_desktop.ui_kit.theme_manager import ThemeManager

SHORTEST_PASSWORD = 10


class SetUpPage(CenteredPage):
    """`submitted` carries a `NewAgency`, `rejected` goes back to the sign-in page."""

    submitted = Signal(object)
    rejected = Signal()

    def __init__(self, theme: ThemeManager) -> None:
        super().__init__(theme, width=480)
        self.setObjectName("set_up")
        self.setAccessibleName(translate("SetUp", "Set up an agency on this computer"))
        self.agency = self._line(translate("SetUp", "Agency"), "set_up.agency")
        self.name = self._line(translate("SetUp", "Your name"), "set_up.name")
        self.email = self._line(translate("SetUp", "Email"), "set_up.email")
        self.password = PasswordField(
            theme,
            translate("SetUp", "Password"),
            show_name=translate("SetUp", "Show the password"),
            hide_name=translate("SetUp", "Hide the password"),
        )
        self.password.setObjectName("set_up.password")
        hint = translate("SetUp", "At least {n} characters.").format(n=SHORTEST_PASSWORD)
        self._fields = [
            Field(theme, translate("SetUp", "Agency"), self.agency),
            Field(theme, translate("SetUp", "Your name"), self.name),
            Field(theme, translate("SetUp", "Email"), self.email),
            Field(theme, translate("SetUp", "Password"), self.password, hint=hint),
        ]
        self.problem = Paragraph(theme, style="small", role="dangerText")
        self.submit = Button(theme, translate("SetUp", "Set up"), kind="primary")
        self.submit.setObjectName("set_up.submit")
        self.back = Button(theme, translate("SetUp", "Back"), kind="ghost")
        self.back.setObjectName("set_up.back")
        self._build()
        self.submit.clicked.connect(self._submit)
        self.back.clicked.connect(self.rejected)
        for edit in (self.agency, self.name, self.email, self.password):
            edit.returnPressed.connect(self._submit)
            edit.textEdited.connect(self._clear_errors)
        self.setFocusProxy(self.agency)

    def _line(self, name: str, object_name: str) -> LineEdit:
        edit = LineEdit(self._theme, name)
        edit.setObjectName(object_name)
        return edit

    def _build(self) -> None:
        body = self.body
        body.setSpacing(0)
        body.addWidget(IconTile(self._theme, "server", "accent"), 0, Qt.AlignmentFlag.AlignLeft)
        body.addSpacing(16)
        title = translate("SetUp", "Set up an agency on this computer")
        body.addWidget(Paragraph(self._theme, lead=title, style="title"))
        body.addSpacing(6)
        words = translate(
            "SetUp",
            "Huntaze runs its service here, for you alone, with an encrypted database. You become the agency's owner.",
        )
        body.addWidget(Paragraph(self._theme, words, role="text2"))
        for field in self._fields:
            body.addSpacing(16)
            body.addWidget(field)
        body.addSpacing(12)
        body.addWidget(self.problem)
        body.addSpacing(12)
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addStretch(1)
        row.addWidget(self.back)
        row.addWidget(self.submit)
        body.addLayout(row)

    def show_error(self, text: str) -> None:
        """The service refused or did not start; what was typed stays."""
        self.submit.set_busy(False)
        self.problem.set_content(text)

    def _clear_errors(self) -> None:
        for field in self._fields:
            if field.error:
                field.set_error("")
        self.problem.set_content("")

    def _submit(self) -> None:
        if self.submit.is_busy:
            return
        self._clear_errors()
        email = self.email.text().strip()
        checks = (
            (bool(self.agency.text().strip()), translate("SetUp", "Enter the agency's name."), self.agency),
            (bool(self.name.text().strip()), translate("SetUp", "Enter your name."), self.name),
            ("@" in email[1:-1], translate("SetUp", "An address looks like name@agency.example."), self.email),
            (
                len(self.password.text()) >= SHORTEST_PASSWORD,
                translate("SetUp", "Use at least {n} characters.").format(n=SHORTEST_PASSWORD),
                self.password,
            ),
        )
        for field, (good, words, edit) in zip(self._fields, checks, strict=True):
            if not good:
                field.set_error(words)
                edit.setFocus()
                return
        self.submit.set_busy(True)
        self.submitted.emit(
            NewAgency(self.agency.text().strip(), self.name.text().strip(), email, self.password.text())
        )
