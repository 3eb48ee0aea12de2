"""The main window: rail, top bar, sheet with pages, status bar; covers (sign-in, errors) over all of it.

It takes views and gives signals. Who is signed in, what is queued and which pages exist is told to it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QCloseEvent, QKeyEvent, QKeySequence, QPainter, QPaintEvent, QResizeEvent, QShortcut
from PySide6.QtWidgets import (
    QApplication,
    QHBoxLayout,
    QLineEdit,
    QMainWindow,
    QPlainTextEdit,
    QStackedWidget,
    QTextEdit,
    QVBoxLayout,
    QWidget,
)

from huntaze_desktop.ui.banners import StandingBanners
from huntaze_desktop.ui.rail import Rail
from huntaze_desktop.ui.sheet import Sheet
from huntaze_desktop.ui.shortcuts import ShortcutOverlay
from huntaze_desktop.ui.state import ConnectionView, CostsView, CreatorView, PersonView, ShortcutView
from huntaze_desktop.ui.status_bar import StatusBar
from huntaze_desktop.ui.top_bar import TopBar
from huntaze_desktop.ui.words import translate
from huntaze_desktop.ui_kit.focus import give_back_focus
from huntaze_desktop.ui_kit.theme_manager import ThemeManager
from huntaze_desktop.ui_kit.toast import Toasts

#: A page marks its panes with this dynamic property; F6 goes through them in order of appearance.
PANE_PROPERTY = "pane"
#: A page marks with this one the widget over whose lower left corner notices may stand.
NOTICES_PROPERTY = "notices"
_TOAST_FOOT = 44
# X11 and Wayland number the physical keys 1 to 0 this way whatever is printed on them (AZERTY types & é " …).
_SCAN_OF_DIGIT_1 = 10
_MAX_DIGITS = 10
_LOW_WINDOW = 760


@dataclass(frozen=True, slots=True)
class _Page:
    id: str
    title: str
    widget: QWidget
    shortcut: str


class _Shell(QWidget):
    """Everything but covers; paints the canvas."""

    def __init__(self, theme: ThemeManager) -> None:
        super().__init__()
        self._theme = theme

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), self._theme.theme.color("canvas"))
        painter.end()


class MainWindow(QMainWindow):
    """The window. Closing it only asks (`close_requested`); the owner calls `close_for_good` when all is saved."""

    page_changed = Signal(str)
    creator_selected = Signal(object)
    search_text_changed = Signal(str)
    sign_out_requested = Signal()
    close_requested = Signal()
    theme_selected = Signal(str)
    retry_requested = Signal()
    outbox_requested = Signal()

    def __init__(
        self,
        theme: ThemeManager,
        *,
        version: str,
        language: str = "EN",
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        super().__init__()
        self._theme = theme
        self._pages: dict[str, _Page] = {}
        self._page_shortcuts: dict[str, tuple[ShortcutView, ...]] = {}
        self._may_close = False
        self._overlay: ShortcutOverlay | None = None
        self.setWindowTitle("Huntaze")
        self.setMinimumSize(QSize(*theme.theme.layout("window.min")))
        self.resize(QSize(*theme.theme.layout("window.default")))
        self.rail = Rail(theme)
        self.top = TopBar(theme)
        self.sheet = Sheet(theme)
        self.status = StatusBar(theme, version=version, language=language, clock=clock)
        self.toasts = Toasts(theme, self, foot=_TOAST_FOOT, over=self._notices_corner)
        self._standing = StandingBanners(
            theme, self.sheet, self.retry_requested.emit, self.outbox_requested.emit, clock
        )
        self._stack = QStackedWidget()
        self._stack.addWidget(self._build())
        self.setCentralWidget(self._stack)
        self._connect()

    def _build(self) -> QWidget:
        shell = _Shell(self._theme)
        right = QVBoxLayout()
        right.setSpacing(0)
        right.addWidget(self.top)
        right.addWidget(self.sheet, 1)
        upper = QHBoxLayout()
        upper.setSpacing(0)
        upper.addWidget(self.rail)
        upper.addLayout(right, 1)
        column = QVBoxLayout(shell)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(upper, 1)
        column.addWidget(self.status)
        return shell

    def _connect(self) -> None:
        self.rail.selected.connect(self.show_page)
        self.top.creator_selected.connect(self.creator_selected)
        self.top.search_text_changed.connect(self.search_text_changed)
        self.top.sign_out_requested.connect(self.sign_out_requested)
        self.top.theme_selected.connect(self.theme_selected)
        self.top.quit_requested.connect(self.close)
        self.top.shortcuts_requested.connect(self.show_shortcuts)
        self.status.outbox_requested.connect(self.outbox_requested)
        for keys, action in (
            ("Ctrl+K", self._focus_search),
            ("Ctrl+F", self._focus_page_search),
            ("F6", lambda: self._next_pane(1)),
            ("Shift+F6", lambda: self._next_pane(-1)),
            ("Ctrl+Q", self.close),
        ):
            self._shortcut(keys, action)

    def _shortcut(self, keys: str, action: Callable[[], object]) -> QShortcut:
        shortcut = QShortcut(QKeySequence(keys), self)
        shortcut.activated.connect(action)
        return shortcut

    # Pages

    def add_page(
        self, page_id: str, title: str, icon: str, widget: QWidget, shortcut: str = "", *, at_foot: bool = False
    ) -> None:
        """Adds a page and its entry in the rail; the first one is shown.

        Raises:
            ValueError: the id is taken.
        """
        if page_id in self._pages:
            raise ValueError(f"There is a page {page_id!r} already.")
        item = self.rail.add(page_id, title, icon, at_foot=at_foot)
        if shortcut:
            item.setToolTip(QKeySequence(shortcut).toString(QKeySequence.SequenceFormat.NativeText))
            self._shortcut(shortcut, lambda: self.show_page(page_id)).setObjectName(f"shortcut.{page_id}")
        self._pages[page_id] = _Page(page_id, title, widget, shortcut)
        self.sheet.pages.addWidget(widget)
        if len(self._pages) == 1:
            self.show_page(page_id)
        self._fit()

    def remove_page(self, page_id: str) -> None:
        """Takes a page away, for a plugin that is switched off; its widget is the caller's again."""
        page = self._pages.pop(page_id)
        self._page_shortcuts.pop(page_id, None)
        self.rail.remove(page_id)
        for shortcut in self.findChildren(QShortcut, f"shortcut.{page_id}"):
            shortcut.setEnabled(False)
            shortcut.deleteLater()
        self.sheet.pages.removeWidget(page.widget)
        page.widget.setParent(None)
        if self._pages and self.current_page not in self._pages:
            self.show_page(next(iter(self._pages)))

    @property
    def current_page(self) -> str:
        """Id of the page shown, or an empty text."""
        widget = self.sheet.pages.currentWidget()
        return next((page.id for page in self._pages.values() if page.widget is widget), "")

    def show_page(self, page_id: str) -> None:
        page = self._pages[page_id]
        changed = self.sheet.pages.currentWidget() is not page.widget or len(self._pages) == 1
        self.sheet.pages.setCurrentWidget(page.widget)
        self.rail.set_current(page_id)
        self.setWindowTitle(f"{page.title} – Huntaze")
        if changed:
            self.toasts.arrange()
            self.page_changed.emit(page_id)

    def set_page_count(self, page_id: str, count: int) -> None:
        """The badge of a page: how many things wait there."""
        self.rail.set_count(page_id, count)

    def set_page_shortcuts(self, page_id: str, shortcuts: Sequence[ShortcutView]) -> None:
        """What the overlay lists for a page that was added."""
        if page_id in self._pages:
            self._page_shortcuts[page_id] = tuple(shortcuts)

    # Views

    def set_connection(self, view: ConnectionView) -> None:
        self.status.set_connection(view)
        self.top.set_connection_state(view.state)
        self._standing.set_connection(view)

    def set_costs(self, view: CostsView | None) -> None:
        """What AI costs today, for who may see it."""
        self.status.set_costs(view)

    def set_outbox_opens(self, opens: bool) -> None:
        """Whether somebody answers `outbox_requested`."""
        self.status.set_outbox_opens(opens)
        self._standing.set_outbox_opens(opens)

    def set_person(self, person: PersonView | None) -> None:
        self.top.set_person(person)

    def set_creators(self, creators: Sequence[CreatorView]) -> None:
        self.top.set_creators(creators)

    def set_cover(self, cover: QWidget | None) -> None:
        """Shows one widget instead of the whole shell (sign-in, an error), or the shell again.

        The previous cover is deleted.
        """
        old = self.cover
        if old is not None:
            self._stack.removeWidget(old)
            old.deleteLater()
        if cover is not None:
            self._stack.addWidget(cover)
        self._stack.setCurrentIndex(self._stack.count() - 1)

    @property
    def cover(self) -> QWidget | None:
        return self._stack.widget(1) if self._stack.count() > 1 else None

    def _notices_corner(self) -> QWidget | None:
        """What the shown page offers for notices to stand over."""
        page = self.sheet.pages.currentWidget() if self.cover is None else None
        inner = page.findChildren(QWidget) if page is not None else []
        return next((child for child in inner if child.property(NOTICES_PROPERTY) is True and child.isVisible()), None)

    # Keys

    def _focus_search(self) -> None:
        if self.cover is None:
            self.top.search.setFocus(Qt.FocusReason.ShortcutFocusReason)
            self.top.search.selectAll()

    def _focus_page_search(self) -> None:
        """Ctrl+F: the page's own search (a field named "….search"), else the window's."""
        page = self.sheet.pages.currentWidget()
        fields = page.findChildren(QLineEdit) if page is not None else []
        own = next((field for field in fields if field.objectName().endswith(".search") and field.isVisible()), None)
        if own is None or self.cover is not None:
            self._focus_search()
            return
        own.setFocus(Qt.FocusReason.ShortcutFocusReason)
        own.selectAll()

    def panes(self) -> list[QWidget]:
        """What F6 goes through: rail, top bar, then the page's panes."""
        page = self.sheet.pages.currentWidget()
        inner = [
            child for child in (page.findChildren(QWidget) if page else []) if child.property(PANE_PROPERTY) is True
        ]
        return [self.rail, self.top, *(pane for pane in inner if pane.isVisible())]

    def _next_pane(self, step: int) -> None:
        panes = self.panes()
        focus = QApplication.focusWidget()
        at = next((n for n, pane in enumerate(panes) if focus is not None and pane.isAncestorOf(focus)), -1)
        for offset in range(1, len(panes) + 1):
            pane = panes[(at + step * offset) % len(panes)]
            stop = _first_stop(pane)
            if stop is not None:
                self.setAttribute(Qt.WidgetAttribute.WA_KeyboardFocusChange)
                stop.setFocus(Qt.FocusReason.TabFocusReason)
                return

    def show_shortcuts(self) -> None:
        """Opens the overlay; a second call while it is open does nothing."""
        if self._overlay is not None:
            return
        own = translate("Shortcuts", "Everywhere")
        groups = [(own, self._own_shortcuts())]
        groups += [(self._pages[page_id].title, keys) for page_id, keys in self._page_shortcuts.items()]
        came_from = QApplication.focusWidget()
        overlay = self._overlay = ShortcutOverlay(self._theme, self, groups)

        def gone() -> None:
            self._overlay = None
            give_back_focus(came_from)

        overlay.dismissed.connect(gone)
        overlay.show()
        overlay.raise_()
        overlay.setFocus(Qt.FocusReason.PopupFocusReason)

    def _own_shortcuts(self) -> tuple[ShortcutView, ...]:
        pages = tuple(
            ShortcutView(page.title, tuple(page.shortcut.split("+"))) for page in self._pages.values() if page.shortcut
        )
        return (
            *pages,
            ShortcutView(translate("Shortcuts", "Search"), ("Ctrl", "K")),
            ShortcutView(translate("Shortcuts", "Search this list"), ("Ctrl", "F")),
            ShortcutView(translate("Shortcuts", "Next pane"), ("F6",)),
            ShortcutView(translate("Shortcuts", "Previous pane"), ("Shift", "F6")),
            ShortcutView(translate("Shortcuts", "This list"), ("?",)),
            ShortcutView(translate("Shortcuts", "Quit"), ("Ctrl", "Q")),
        )

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if self.cover is None and self._handle_key(event):
            return
        super().keyPressEvent(event)

    def _handle_key(self, event: QKeyEvent) -> bool:
        typing = isinstance(QApplication.focusWidget(), QLineEdit | QTextEdit | QPlainTextEdit)
        if event.text() == "?" and not typing:
            self.show_shortcuts()
            return True
        if event.key() == Qt.Key.Key_Escape and self.top.search.hasFocus():
            page = self.sheet.pages.currentWidget()
            stop = _first_stop(page) if page is not None else None
            if stop is not None:
                stop.setFocus(Qt.FocusReason.OtherFocusReason)
            return True
        digit = event.nativeScanCode() - _SCAN_OF_DIGIT_1
        if event.modifiers() == Qt.KeyboardModifier.ControlModifier and 0 <= digit < _MAX_DIGITS:
            wanted = f"Ctrl+{(digit + 1) % 10}"
            page_id = next((page.id for page in self._pages.values() if page.shortcut == wanted), None)
            if page_id is not None:
                self.show_page(page_id)
                return True
        return False

    # Window

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()
        self.toasts.arrange()
        if self._overlay is not None:
            self._overlay.dismiss()

    def _fit(self) -> None:
        narrow = self.width() <= self._theme.theme.layout("breakpoints.compact")
        self.top.set_narrow(narrow)
        self.rail.set_tight(narrow or self.height() < _LOW_WINDOW)

    def closeEvent(self, event: QCloseEvent) -> None:
        if self._may_close:
            event.accept()
            return
        event.ignore()
        self.close_requested.emit()

    def close_for_good(self) -> None:
        """Closes the window; called when everything behind it has ended."""
        self._may_close = True
        self.close()


def _first_stop(pane: QWidget) -> QWidget | None:
    """The first widget in a pane that takes the keyboard."""
    if pane.focusPolicy() & Qt.FocusPolicy.TabFocus and pane.isVisible() and pane.isEnabled():
        return pane
    return next(
        (
            child
            for child in pane.findChildren(QWidget)
            if child.focusPolicy() & Qt.FocusPolicy.TabFocus and child.isVisible() and child.isEnabled()
        ),
        None,
    )
