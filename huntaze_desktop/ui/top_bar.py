"""The top bar: which creators one works for, the search, and who is signed in."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import cast

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFontMetricsF, QKeyEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QAbstractButton, QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from huntaze_desktop.ui.state import ConnectionState, CreatorView, PersonView
from huntaze_desktop.ui.words import translate
from huntaze_desktop.ui_kit.avatars import paint_avatar
from huntaze_desktop.ui_kit.chips import Segmented
from huntaze_desktop.ui_kit.fields import SearchField
from huntaze_desktop.ui_kit.labels import ElidedLabel, Label
from huntaze_desktop.ui_kit.painting import rounded_box
from huntaze_desktop.ui_kit.popover import Face, Menu
from huntaze_desktop.ui_kit.style import RADIUS_PROPERTY
from huntaze_desktop.ui_kit.theme_manager import ThemeChoice, ThemeManager

HEIGHT = 48
_FACES = 4
_PROFILE_WIDTH = 264
_SWITCHER_WIDE, _SWITCHER_NARROW = 336, 296
_SEARCH_WIDE, _SEARCH_NARROW = 420, 300


class CreatorSwitcher(QAbstractButton):
    """All creators or one of them; opens a menu. `selected` carries the id, None for all."""

    selected = Signal(object)

    def __init__(self, theme: ThemeManager) -> None:
        super().__init__()
        self._theme = theme
        self._creators: tuple[CreatorView, ...] = ()
        self._current: str | None = None
        self._menu = Menu(theme, translate("TopBar", "Creators"), width=_SWITCHER_NARROW - 16)
        self.setObjectName("top.creators")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.setProperty(RADIUS_PROPERTY, 8)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setFixedSize(_SWITCHER_WIDE, 36)
        self.clicked.connect(self._open)
        theme.changed.connect(self.update)

    @property
    def menu(self) -> Menu:
        return self._menu

    @property
    def current(self) -> str | None:
        return self._current

    def set_creators(self, creators: Sequence[CreatorView]) -> None:
        """The creators to choose from; a chosen one that is gone falls back to all."""
        self._creators = tuple(creators)
        if self._current is not None and self._current not in {creator.id for creator in creators}:
            self.choose(None)
        self._show_choice()

    def choose(self, creator_id: str | None) -> None:
        if creator_id != self._current:
            self._current = creator_id
            self._show_choice()
            self.selected.emit(creator_id)

    def _show_choice(self) -> None:
        current = next((creator for creator in self._creators if creator.id == self._current), None)
        self.setText(current.name if current else translate("TopBar", "All creators"))
        self.setAccessibleName(translate("TopBar", "Creators shown: {name}").format(name=self.text()))
        self.update()

    def _open(self) -> None:
        self._menu.clear()
        every = self._current is None
        self._menu.add_item(
            translate("TopBar", "All creators"),
            partial(self.choose, None),
            icon="users",
            ticked=every,
            object_name="top.creators.all",
        )
        self._menu.add_separator()
        for creator in self._creators:
            self._menu.add_item(
                creator.name,
                partial(self.choose, creator.id),
                ticked=creator.id == self._current,
                face=Face(creator.id, creator.initials, "square"),
                object_name=f"top.creators.{creator.id}",
            )
        self._menu.open_at(self)

    def paintEvent(self, event: QPaintEvent) -> None:
        theme = self._theme.theme
        painter = QPainter(self)
        if self.underMouse() or self.isDown() or self._menu.is_open:
            rounded_box(painter, QRectF(self.rect()), 8, fill=theme.color("pressed"))
        middle = self.height() / 2
        x = 8.0
        shown = [creator for creator in self._creators if self._current in {None, creator.id}][:_FACES]
        for creator in shown:
            rect = QRectF(x, middle - 11, 22, 22)
            paint_avatar(painter, rect, stable_id=creator.id, initials=creator.initials, shape="square", theme=theme)
            x += 25
        x += 5
        painter.setPen(theme.color("text"))
        painter.setFont(theme.font("bodyStrong"))
        metrics = QFontMetricsF(theme.font("bodyStrong"))
        text = metrics.elidedText(self.text(), Qt.TextElideMode.ElideRight, self.width() - x - 60)
        painter.drawText(QRectF(x, 0, self.width() - x, self.height()), Qt.AlignmentFlag.AlignVCenter, text)
        if self._current is None:
            x += metrics.horizontalAdvance(text) + 8
            painter.setPen(theme.color("text3"))
            painter.setFont(theme.font("small"))
            rect = QRectF(x, 0, 40, self.height())
            painter.drawText(rect, Qt.AlignmentFlag.AlignVCenter, str(len(self._creators)))
        corner = QPointF(self.width() - 24, middle - 7)
        theme.icons.paint(painter, corner, "chevrons-up-down", 14, theme.color("text3"))
        painter.end()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in {Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Down}:
            self.click()
            return
        super().keyPressEvent(event)


class ProfileButton(QAbstractButton):
    """The signed-in person's avatar with a presence dot; opens the profile menu."""

    def __init__(self, theme: ThemeManager) -> None:
        super().__init__()
        self._theme = theme
        self._person: PersonView | None = None
        self._online = False
        self.setObjectName("top.profile")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setFixedSize(30, 30)
        self.setProperty(RADIUS_PROPERTY, 15)
        theme.changed.connect(self.update)

    def set_person(self, person: PersonView | None) -> None:
        self._person = person
        name = (
            translate("TopBar", "Profile of {name}").format(name=person.name)
            if person
            else translate("TopBar", "Profile")
        )
        self.setAccessibleName(name)
        self.setToolTip(name)
        self.update()

    def set_online(self, online: bool) -> None:
        self._online = online
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(30, 30)

    def paintEvent(self, event: QPaintEvent) -> None:
        theme = self._theme.theme
        painter = QPainter(self)
        rect = QRectF(1, 1, 28, 28)
        if self._person is None:
            rounded_box(painter, rect, 14, fill=theme.color("pressed"))
            theme.icons.paint(painter, QPointF(7, 7), "user", 16, theme.color("text2"))
        else:
            person = self._person
            paint_avatar(painter, rect, stable_id=person.id, initials=person.initials, shape="circle", theme=theme)
            rounded_box(painter, QRectF(20, 20, 10, 10), 5, fill=theme.color("canvas"))
            dot = theme.color("success" if self._online else "textDisabled")
            rounded_box(painter, QRectF(22, 22, 6, 6), 3, fill=dot)
        painter.end()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in {Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Down}:
            self.click()
            return
        super().keyPressEvent(event)


class TopBar(QWidget):
    """Creator switcher, search, profile. What is not there yet is absent."""

    creator_selected = Signal(object)
    search_text_changed = Signal(str)
    theme_selected = Signal(str)
    shortcuts_requested = Signal()
    sign_out_requested = Signal()
    quit_requested = Signal()

    def __init__(self, theme: ThemeManager) -> None:
        super().__init__()
        self._theme = theme
        self._person: PersonView | None = None
        self.setObjectName("top")
        self.setAccessibleName(translate("TopBar", "Top bar"))
        self._fit()
        theme.changed.connect(self._fit)
        self.creators = CreatorSwitcher(theme)
        self.creators.selected.connect(self.creator_selected)
        self.creators.hide()
        placeholder = translate("TopBar", "Search fans and messages")
        self.search = SearchField(
            theme,
            placeholder,
            placeholder=placeholder,
            clear_name=translate("TopBar", "Clear the search"),
            key_hint=("Ctrl", "K"),
            ground="bar",
        )
        self.search.setObjectName("top.search")
        self.search.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.search.setFixedWidth(_SEARCH_WIDE)
        self.search.textChanged.connect(self.search_text_changed)
        self.profile = ProfileButton(theme)
        self.profile.clicked.connect(self.open_profile)
        self.profile_menu = Menu(theme, translate("TopBar", "Profile"))
        row = QHBoxLayout(self)
        row.setContentsMargins(4, 0, 16, 0)
        row.setSpacing(12)
        row.addWidget(self.creators)
        row.addSpacing(8)
        row.addWidget(self.search)
        row.addStretch(1)
        row.addWidget(self.profile)

    def _fit(self) -> None:
        self.setFixedHeight(self._theme.theme.at_least(32) + HEIGHT - 32)
        self.update()

    def set_creators(self, creators: Sequence[CreatorView]) -> None:
        self.creators.set_creators(creators)
        self.creators.setVisible(bool(creators))

    def set_person(self, person: PersonView | None) -> None:
        self._person = person
        self.profile.set_person(person)

    def set_connection_state(self, state: ConnectionState) -> None:
        self.profile.set_online(state == "online")

    def set_narrow(self, narrow: bool) -> None:
        self.creators.setFixedWidth(_SWITCHER_NARROW if narrow else _SWITCHER_WIDE)
        self.search.setFixedWidth(_SEARCH_NARROW if narrow else _SEARCH_WIDE)

    def open_profile(self) -> None:
        menu = self.profile_menu
        menu.clear()
        if self._person is not None:
            menu.add_widget(self._who(self._person))
            menu.add_separator()
        menu.add_widget(self._theme_choice())
        menu.add_separator()
        keys = translate("TopBar", "Keyboard shortcuts")
        menu.add_item(
            keys, self.shortcuts_requested.emit, icon="keyboard", key_hint=("?",), object_name="profile.shortcuts"
        )
        if self._person is not None:
            out = translate("TopBar", "Sign out")
            menu.add_item(out, self.sign_out_requested.emit, icon="log-out", object_name="profile.sign_out")
        menu.add_item(
            translate("TopBar", "Quit"),
            self.quit_requested.emit,
            icon="power",
            key_hint=("Ctrl", "Q"),
            object_name="profile.quit",
        )
        menu.open_at(self.profile, align="right", width=self._theme.theme.at_least(_PROFILE_WIDTH))

    def _who(self, person: PersonView) -> QWidget:
        box = QWidget()
        column = QVBoxLayout(box)
        column.setContentsMargins(10, 6, 10, 6)
        column.setSpacing(0)
        column.addWidget(ElidedLabel(self._theme, person.name, style="bodyStrong"))
        column.addWidget(Label(self._theme, person.role, style="small", role="text3"))
        return box

    def _theme_choice(self) -> QWidget:
        box = QWidget()
        column = QVBoxLayout(box)
        column.setContentsMargins(6, 4, 6, 4)
        options = [
            ("light", translate("TopBar", "Light"), "sun"),
            ("dark", translate("TopBar", "Dark"), "moon"),
            ("system", translate("TopBar", "System"), "monitor"),
        ]
        choice = Segmented(self._theme, translate("TopBar", "Theme"), options)
        for key, _text, _icon in options:
            choice.button(key).setObjectName(f"profile.theme.{key}")
        choice.set_value(self._theme.choice)
        choice.chosen.connect(self._choose_theme)
        column.addWidget(choice)
        return box

    def _choose_theme(self, key: str) -> None:
        self._theme.set_choice(cast("ThemeChoice", key))
        self.theme_selected.emit(key)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), self._theme.theme.color("canvas"))
        painter.end()
