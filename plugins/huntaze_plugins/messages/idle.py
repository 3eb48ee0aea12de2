"""What stands in the middle while no conversation is open: whether anyone waits, and the keys that help."""

from __future__ import annotations

from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from huntaze_desktop.ui_kit.labels import KeyHint, Label
from huntaze_desktop.ui_kit.notices import EmptyState
from huntaze_desktop.ui_kit.theme_manager import ThemeManager
from huntaze_plugins.messages.words import tr


class IdlePane(QWidget):
    """Invites to pick a conversation; says "All caught up" when nobody waits."""

    def __init__(self, theme: ThemeManager, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._state = EmptyState(
            theme, icon="message-square", title=tr("Pick a conversation"), text="", tone="accent", large=True
        )
        keys = QWidget()
        keys.setFixedWidth(280)
        lines = QVBoxLayout(keys)
        lines.setContentsMargins(0, 0, 0, 0)
        lines.setSpacing(0)
        for text, names in (
            (tr("Next, previous conversation"), ("J", "K")),
            (tr("Reply"), ("R",)),
            (tr("Search conversations"), ("Ctrl", "F")),
        ):
            line = QHBoxLayout()
            line.setContentsMargins(0, 7, 0, 7)
            line.addWidget(Label(theme, text, role="text2"))
            line.addStretch(1)
            line.addWidget(KeyHint(theme, *names))
            lines.addLayout(line)
        self._state.add_below(keys, gap=8)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self._state)
        self.set_waiting(waiting=True)

    def set_waiting(self, *, waiting: bool) -> None:
        """Whether a fan waits for an answer."""
        if waiting:
            self._state.set_content(tr("Pick a conversation"), tr("Who waits longest stands on top of the list."))
        else:
            told = tr("Every fan has an answer. Pick a conversation to read it again.")
            self._state.set_content(tr("All caught up"), told)

    @property
    def title(self) -> str:
        return self._state.accessibleName()
