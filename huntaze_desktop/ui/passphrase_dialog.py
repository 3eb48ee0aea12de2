"""Asks for a passphrase where the system has no keyring: a new one (typed twice) or the one chosen before.

Shown as a cover of the main window, never with a nested event loop.
"""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout

from huntaze_desktop.ui.centered import CenteredPage
from huntaze_desktop.ui.words import translate
from huntaze_desktop.ui_kit.buttons import Button
from huntaze_desktop.ui_kit.fields import Field, PasswordField
from huntaze_desktop.ui_kit.labels import Paragraph
from huntaze_desktop.ui_kit.notices import IconTile
from huntaze_desktop.ui_kit.theme_manager import ThemeManager

#: Shorter ones fall to guessing by machine within days.
SHORTEST = 10


class PassphrasePage(CenteredPage):
    """`accepted` carries the passphrase, `rejected` means quit. `create` asks twice and explains."""

    accepted = Signal(str)
    rejected = Signal()

    def __init__(self, theme: ThemeManager, *, create: bool) -> None:
        super().__init__(theme, width=480)
        self._create = create
        self.setObjectName("passphrase")
        title = translate("Passphrase", "Choose a passphrase") if create else translate("Passphrase", "Unlock Huntaze")
        self.setAccessibleName(title)
        self.first = self._edit(translate("Passphrase", "Passphrase"), "passphrase.first")
        self.first_field = Field(
            theme,
            translate("Passphrase", "Passphrase"),
            self.first,
            hint=translate("Passphrase", "At least {n} characters.").format(n=SHORTEST) if create else "",
        )
        self.second = self._edit(translate("Passphrase", "Repeat it"), "passphrase.second")
        self.second_field = Field(theme, translate("Passphrase", "Repeat it"), self.second)
        self.submit = Button(
            theme,
            translate("Passphrase", "Encrypt and continue") if create else translate("Passphrase", "Unlock"),
            kind="primary",
        )
        self.submit.setObjectName("passphrase.submit")
        self.quit = Button(theme, translate("Passphrase", "Quit"), kind="ghost")
        self.quit.setObjectName("passphrase.quit")
        self._build(title)
        self.submit.clicked.connect(self._submit)
        self.quit.clicked.connect(self.rejected)
        self.setFocusProxy(self.first)

    def _edit(self, name: str, object_name: str) -> PasswordField:
        edit = PasswordField(
            self._theme,
            name,
            show_name=translate("Passphrase", "Show the passphrase"),
            hide_name=translate("Passphrase", "Hide the passphrase"),
        )
        edit.setObjectName(object_name)
        edit.returnPressed.connect(self._submit)
        edit.textEdited.connect(self._clear_errors)
        return edit

    def _build(self, title: str) -> None:
        theme, body = self._theme, self.body
        body.setSpacing(0)
        body.addWidget(IconTile(theme, "key-round", "accent"), 0, Qt.AlignmentFlag.AlignLeft)
        body.addSpacing(16)
        body.addWidget(Paragraph(theme, lead=title, style="title"))
        body.addSpacing(6)
        body.addWidget(Paragraph(theme, self._explanation(), role="text2"))
        body.addSpacing(20)
        body.addWidget(self.first_field)
        if self._create:
            body.addSpacing(16)
            body.addWidget(self.second_field)
        body.addSpacing(24)
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addStretch(1)
        row.addWidget(self.quit)
        row.addWidget(self.submit)
        body.addLayout(row)

    def _explanation(self) -> str:
        if self._create:
            return translate(
                "Passphrase",
                "This computer has no keyring, so a passphrase protects the messages kept on it. Huntaze asks for it "
                "at each start and stores it nowhere. If it is lost, the local copy is emptied and fetched again; "
                "messages that were still waiting to be sent are then lost.",
            )
        return translate(
            "Passphrase",
            "The messages kept on this computer are encrypted. "
            "Enter the passphrase you chose when you first signed in.",
        )

    def set_busy(self, busy: bool) -> None:
        """While the key is derived and tried."""
        self.submit.set_busy(busy)
        self.first.setReadOnly(busy)
        self.second.setReadOnly(busy)

    def show_error(self, text: str) -> None:
        """The passphrase was wrong, or could not be used."""
        self.set_busy(False)
        self.first_field.set_error(text)
        self.first.selectAll()
        self.first.setFocus()

    def _clear_errors(self) -> None:
        for field in (self.first_field, self.second_field):
            if field.error:
                field.set_error("")

    def _submit(self) -> None:
        if self.submit.is_busy:
            return
        self._clear_errors()
        phrase = self.first.text()
        if not phrase:
            self.show_error(translate("Passphrase", "Enter your passphrase."))
        elif self._create and len(phrase) < SHORTEST:
            self.show_error(translate("Passphrase", "Use at least {n} characters.").format(n=SHORTEST))
        elif self._create and phrase != self.second.text():
            self.second_field.set_error(translate("Passphrase", "The two are not the same."))
            self.second.setFocus()
        else:
            self.set_busy(True)
            self.accepted.emit(phrase)
