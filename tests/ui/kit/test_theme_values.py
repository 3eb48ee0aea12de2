"""The theme gives the tokens' values, in every look, and its colours can be read."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QGuiApplication, QPalette
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from huntaze_desktop.ui_kit.theme import ColorRole, Theme
from huntaze_desktop.ui_kit.theme_manager import ThemeManager

SURFACES: tuple[ColorRole, ...] = ("canvas", "surface", "subtle", "sunken", "raised", "fill", "hover", "selected")

# README "Contrast, worst case over all surfaces" and "Pairs": role, grounds, least ratio in light and in dark.
READABLE: list[tuple[ColorRole, tuple[ColorRole, ...], float, float]] = [
    ("text", (*SURFACES, "pressed"), 12.0, 11.0),
    ("text2", ("canvas", "surface", "subtle", "sunken", "raised", "fill", "hover", "selected"), 6.5, 5.9),
    ("text3", ("canvas", "surface", "subtle", "sunken", "raised", "fill", "hover", "selected"), 4.9, 4.5),
    ("accentText", (*SURFACES, "accentSubtle"), 5.3, 5.9),
    ("successText", ("surface", "canvas", "subtle", "successSubtle"), 5.5, 7.8),
    ("warningText", ("surface", "canvas", "subtle", "warningSubtle"), 5.6, 8.1),
    ("dangerText", ("surface", "canvas", "subtle", "dangerSubtle"), 5.6, 7.1),
    ("vip", ("vipSubtle",), 5.6, 8.9),
    ("onAccent", ("accent", "accentHover", "accentPressed", "danger"), 4.5, 4.5),
    ("bubbleOutText", ("bubbleOut",), 14.0, 11.0),
    ("borderControl", ("surface",), 3.2, 3.8),
    ("focus", ("surface", "canvas"), 5.2, 6.8),
]


def luminance(color: QColor) -> float:
    def channel(value: float) -> float:
        return value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4

    return 0.2126 * channel(color.redF()) + 0.7152 * channel(color.greenF()) + 0.0722 * channel(color.blueF())


def contrast(one: QColor, other: QColor) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("choice", ["light", "dark"])
@pytest.mark.parametrize(("role", "grounds", "light", "dark"), READABLE, ids=[row[0] for row in READABLE])
def test_text_can_be_read_on_every_ground_it_is_put_on(
    theme: ThemeManager, choice: str, role: ColorRole, grounds: tuple[ColorRole, ...], light: float, dark: float
) -> None:
    theme.set_choice("dark" if choice == "dark" else "light")
    now = theme.theme
    least = dark if now.is_dark else light
    for ground in grounds:
        assert contrast(now.color(role), now.color(ground)) >= least, f"{role} on {ground}"


@pytest.mark.parametrize("choice", ["light", "dark"])
def test_every_avatar_colour_carries_its_initials(theme: ThemeManager, choice: str) -> None:
    theme.set_choice("dark" if choice == "dark" else "light")
    least = 8.0 if theme.theme.is_dark else 6.4
    for number in range(200):
        ground, letters = theme.theme.avatar_colors(f"person-{number}")
        assert contrast(ground, letters) >= least


def test_switching_dresses_the_application_once_and_tells_once(
    theme: ThemeManager, qapp: QApplication, qtbot: QtBot
) -> None:
    told: list[str] = []
    theme.changed.connect(lambda: told.append(theme.theme.name))
    theme.set_choice("dark")
    theme.set_choice("dark")
    assert told == ["dark"]
    assert qapp.palette().color(QPalette.ColorRole.Base) == theme.theme.color("surface")
    assert theme.theme.hex("raised") in qapp.styleSheet()


def test_system_follows_the_desktop(theme: ThemeManager) -> None:
    theme.set_choice("system")
    dark = QGuiApplication.styleHints().colorScheme() == Qt.ColorScheme.Dark
    assert theme.theme.is_dark == dark


def test_stronger_contrast_replaces_lines_and_quiet_text(theme: ThemeManager) -> None:
    quiet = theme.theme.hex("text2")
    theme.set_high_contrast(True)
    assert theme.theme.hex("text2") != quiet
    surface = theme.theme.color("surface")
    assert contrast(theme.theme.color("border"), surface) >= 3.0


def test_less_motion_stops_every_movement(theme: ThemeManager) -> None:
    assert [theme.theme.duration(name) for name in ("fast", "base", "slow", "skeleton")] == [0, 0, 0, 0]
    theme.set_less_motion(False)
    assert theme.theme.duration("base") == 140


def test_text_grows_with_the_scale_and_refuses_steps_that_were_not_drawn(theme: ThemeManager) -> None:
    before = theme.theme.font("body").pixelSize(), theme.theme.line_height("body")
    theme.set_scale(1.5)
    after = theme.theme.font("body").pixelSize(), theme.theme.line_height("body")
    assert before == (13, 20)
    assert after == (20, 30)
    with pytest.raises(ValueError, match=r"1\.3"):
        theme.set_scale(1.3)


def test_figures_are_tabular(theme: ThemeManager) -> None:
    metrics = theme.theme.metrics("body")
    assert metrics.horizontalAdvance("1111") == metrics.horizontalAdvance("0000")


def test_a_colour_can_be_thinned_without_touching_the_role(theme: ThemeManager) -> None:
    thin = theme.theme.color("accent", 0.5)
    assert thin.alphaF() == pytest.approx(0.5, abs=0.01)
    assert theme.theme.color("accent").alphaF() == 1.0


def test_a_second_manager_takes_over_and_the_first_goes_quiet(qapp: QApplication, theme: ThemeManager) -> None:
    second = ThemeManager(qapp, "dark")
    assert qapp.findChildren(ThemeManager) == [second]
    assert isinstance(theme.theme, Theme)
    assert qapp.palette().color(QPalette.ColorRole.Base) == second.theme.color("surface")
