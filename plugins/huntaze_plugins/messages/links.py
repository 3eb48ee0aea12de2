"""Asks before a link from a message is opened: a fan may have written it."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QHBoxLayout, QWidget

from huntaze_desktop.ui_kit.buttons import Button
from huntaze_desktop.ui_kit.labels import Label, Paragraph
from huntaze_desktop.ui_kit.popover import Popover
from huntaze_desktop.ui_kit.theme_manager import ThemeManager
from huntaze_plugins.messages.words import tr


class LinkPopover(Popover):
    """Shows the whole address, and opens it in the browser only when a person says so."""

    def __init__(self, theme: ThemeManager, open_link: Callable[[str], None]) -> None:
        super().__init__(theme, tr("Open this link?"), width=360, padding=14)
        self._address = ""
        self._shown = Paragraph(theme, role="text2")
        self.body.setSpacing(6)
        self.body.addWidget(Label(theme, tr("Open this link in the browser?"), style="bodyStrong"))
        self.body.addWidget(self._shown)
        row = QHBoxLayout()
        row.setContentsMargins(0, 6, 0, 0)
        row.setSpacing(8)
        opens = Button(theme, tr("Open link"), kind="primary", size=28, icon="external-link")
        opens.setObjectName("messages.link.open")
        copy = Button(theme, tr("Copy link"), size=28, icon="copy")
        opens.clicked.connect(lambda: self._choose(open_link))
        copy.clicked.connect(lambda: self._choose(QGuiApplication.clipboard().setText))
        row.addWidget(opens)
        row.addWidget(copy)
        row.addStretch(1)
        self.body.addLayout(row)

    def ask(self, address: str, anchor: QWidget) -> None:
        """Ask about an address, above `anchor`."""
        self._address = address
        self._shown.set_content(address)
        self.open_at(anchor, above=True)

    def _choose(self, act: Callable[[str], object]) -> None:
        self.dismiss()
        act(self._address)
