"""What ships as data is there, parses, and is licensed."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import pytest
from PySide6.QtGui import QFontDatabase, QFontInfo
from PySide6.QtWidgets import QApplication

import huntaze_resources
from huntaze_desktop.ui_kit.fonts import load_fonts
from huntaze_desktop.ui_kit.theme import ColorRole, TextStyle
from huntaze_desktop.ui_kit.theme_manager import ThemeManager


def test_the_tokens_name_exactly_the_roles_and_styles_that_code_may_use() -> None:
    tokens = huntaze_resources.tokens()
    roles = set(get_args(ColorRole))
    assert set(tokens["color"]["light"]) == set(tokens["color"]["dark"]) == roles
    assert set(tokens["type"]["styles"]) == set(get_args(TextStyle))


def test_every_shipped_icon_follows_the_text_colour() -> None:
    names = huntaze_resources.icon_names()
    assert len(names) > 50
    for name in names:
        assert "currentColor" in huntaze_resources.icon_svg(name)


@pytest.mark.parametrize("name", ["no-such-icon", "../tokens", "..\\tokens", ""])
def test_an_unknown_icon_is_refused_by_name(name: str) -> None:
    with pytest.raises(KeyError):
        huntaze_resources.icon_svg(name)


def test_each_family_of_fonts_and_icons_ships_with_its_licence() -> None:
    root = Path(huntaze_resources.__file__).parent
    licences = {path.name for path in root.rglob("LICENSE*")}
    assert licences == {"LICENSE-Inter.txt", "LICENSE-NotoColorEmoji.txt", "LICENSE-Lucide.txt"}


def test_the_bundled_fonts_are_the_ones_that_are_used(theme: ThemeManager) -> None:
    weights = {QFontInfo(theme.theme.font("body", weight=weight)).weight() for weight in (400, 500, 600)}
    assert weights == {400, 500, 600}
    assert QFontInfo(theme.theme.font("body")).family() == "Inter"
    assert "Noto Color Emoji" in QFontDatabase.families()


def test_loading_the_fonts_twice_registers_them_once(qapp: QApplication, theme: ThemeManager) -> None:
    before = len(QFontDatabase.families())
    load_fonts(qapp)
    assert len(QFontDatabase.families()) == before
