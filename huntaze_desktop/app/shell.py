"""The window as plugins and the host see it: pages go into the rail, the top bar's choices come out as live values."""

from collections.abc import Callable
from typing import TYPE_CHECKING, cast

from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from huntaze_desktop.app.values import LocalValue
from huntaze_desktop.ui.state import ShortcutView
from huntaze_desktop.ui.window import MainWindow
from huntaze_desktop.ui_kit.theme_manager import ThemeManager
from huntaze_desktop.ui_kit.toast import SECONDS

if TYPE_CHECKING:  # the sdk brings the model's classes: 35 ms that the first paint does not need
    from huntaze_desktop.sdk import Page

__all__ = ["Shell"]


class _LazyPage(QWidget):
    """Holds a page's place until it is opened for the first time: what nobody looks at is not built."""

    def __init__(self, page: "Page") -> None:
        super().__init__()
        self._page = page
        self._built = False
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)

    def showEvent(self, event: QShowEvent) -> None:
        if not self._built:
            self._built = True
            self._column.addWidget(cast("QWidget", self._page.build()))
        super().showEvent(event)


class Shell:
    """Implements `sdk.ShellApi` for plugins and `plugin_host.PageSink` for the host."""

    def __init__(self, window: MainWindow, theme: ThemeManager) -> None:
        self._window = window
        self._theme = theme
        self._pages: dict[str, list[str]] = {}
        self._selected_creator: LocalValue[str | None] = LocalValue(None)
        self._search_text: LocalValue[str] = LocalValue("")
        window.creator_selected.connect(self._selected_creator.set)
        window.search_text_changed.connect(self._search_text.set)

    @property
    def theme(self) -> ThemeManager:
        return self._theme

    @property
    def selected_creator(self) -> LocalValue[str | None]:
        return self._selected_creator

    @property
    def search_text(self) -> LocalValue[str]:
        return self._search_text

    def toast(
        self,
        text: str,
        *,
        action: str | None = None,
        on_action: Callable[[], None] | None = None,
        seconds: float = SECONDS,
        topic: str = "",
    ) -> None:
        self._window.toasts.show(text, action=action or "", on_action=on_action, seconds=seconds, topic=topic)

    def add_page(self, plugin_id: str, page: "Page") -> None:
        self._window.add_page(page.id, page.title, page.icon, _LazyPage(page), page.shortcut or "")
        self._window.set_page_shortcuts(page.id, [ShortcutView(text, caps) for text, caps in page.keys])
        self._pages.setdefault(plugin_id, []).append(page.id)

    def remove_pages(self, plugin_id: str) -> None:
        for page_id in self._pages.pop(plugin_id, []):
            self._window.remove_page(page_id)

    def set_badge(self, page_id: str, count: int) -> None:
        self._window.set_page_count(page_id, count)
