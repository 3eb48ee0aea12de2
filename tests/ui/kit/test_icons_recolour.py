"""Icons take the colour and sharpness they are asked for, and are rendered once."""

from __future__ import annotations

import pytest
from PySide6.QtGui import QColor, QPixmap

from huntaze_desktop.ui_kit.icons import Icons, stroke_width
from huntaze_desktop.ui_kit.theme_manager import ThemeManager


def inks(pixmap: QPixmap) -> set[str]:
    image = pixmap.toImage()
    seen = (image.pixelColor(x, y) for x in range(image.width()) for y in range(image.height()))
    return {color.name() for color in seen if color.alpha() == 255}


@pytest.fixture
def icons(theme: ThemeManager) -> Icons:
    return theme.theme.icons


def test_an_icon_wears_the_colour_it_is_given(icons: Icons) -> None:
    assert inks(icons.pixmap("circle-check", 48, QColor("#12925E"))) == {"#12925e"}
    assert inks(icons.pixmap("circle-check", 48, QColor("#D4343C"))) == {"#d4343c"}


def test_the_same_icon_is_rendered_once(icons: Icons) -> None:
    first = icons.pixmap("crown", 12, QColor("#875200"))
    assert icons.pixmap("crown", 12, QColor("#875200")).cacheKey() == first.cacheKey()
    assert icons.pixmap("crown", 12, QColor("#875201")).cacheKey() != first.cacheKey()


def test_a_sharper_screen_gets_more_pixels_for_the_same_size(icons: Icons) -> None:
    sharp = icons.pixmap("crown", 12, QColor("#875200"), 2.0)
    assert sharp.width() == 24
    assert sharp.deviceIndependentSize().width() == 12


@pytest.mark.parametrize(("size", "stroke"), [(11, 1.3), (13, 1.3), (16, 1.4), (20, 1.6), (24, 1.75)])
def test_strokes_are_as_thick_as_drawn(size: float, stroke: float) -> None:
    assert stroke_width(size) == stroke


def test_the_oldest_icons_leave_a_full_cache(icons: Icons) -> None:
    first = icons.pixmap("x", 10, QColor("#000000")).cacheKey()
    for shade in range(700):
        icons.pixmap("x", 10, QColor(shade % 256, shade // 256, 1))
    assert icons.pixmap("x", 10, QColor("#000000")).cacheKey() != first
