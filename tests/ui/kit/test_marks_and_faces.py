"""Avatars and the marks of list rows: what is painted, where, and how wide."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter

from huntaze_desktop.ui_kit.avatars import Avatar, initials_of, paint_avatar, paint_fan
from huntaze_desktop.ui_kit.badges import (
    TierKind,
    TimerLevel,
    paint_presence,
    paint_state,
    paint_tier,
    paint_timer,
    paint_unread,
    presence_width,
    state_width,
    tier_width,
    timer_width,
    unread_width,
)
from huntaze_desktop.ui_kit.theme_manager import ThemeManager

GROUND = "#ffffff"


def painted(paint: Callable[[QPainter], object], width: int = 160, height: int = 40) -> QImage:
    image = QImage(width, height, QImage.Format.Format_ARGB32_Premultiplied)
    image.fill(QColor(GROUND))
    painter = QPainter(image)
    paint(painter)
    painter.end()
    return image


def reach(image: QImage) -> int:
    """How far right something was painted."""
    columns = [
        x for x in range(image.width()) if any(image.pixelColor(x, y).name() != GROUND for y in range(image.height()))
    ]
    return max(columns, default=-1) + 1


@pytest.mark.parametrize(
    ("name", "initials"),
    [
        ("Daniel Reyes", "DR"),
        ("Ana", "A"),
        ("maría del mar lópez", "ML"),
        ("", ""),
        ("  ", ""),
        ("😀 Bob", "B"),
        ("🌵", "🌵"),
    ],
)
def test_initials_are_the_first_and_last_word_s(name: str, initials: str) -> None:
    assert initials_of(name) == initials


def test_a_person_keeps_one_colour_whatever_the_machine(theme: ThemeManager) -> None:
    ground, _ = theme.theme.avatar_colors("0192f7c4-0000-7000-8000-000000000001")
    again, _ = theme.theme.avatar_colors("0192f7c4-0000-7000-8000-000000000001")
    assert ground == again
    everyone = {theme.theme.avatar_colors(f"id-{n}")[0].name() for n in range(300)}
    assert len(everyone) == 10


def test_fans_are_round_and_creators_square(theme: ThemeManager) -> None:
    corner_of: dict[str, str] = {}
    for shape in ("circle", "square"):
        image = painted(
            lambda painter, shape=shape: paint_avatar(
                painter, QRectF(0, 0, 40, 40), stable_id="x", initials="", shape=shape, theme=theme.theme
            )
        )
        corner_of[shape] = image.pixelColor(4, 4).name()
        assert image.pixelColor(20, 4).name() == theme.theme.avatar_colors("x")[0].name()
    assert corner_of["circle"] == GROUND
    assert corner_of["square"] != GROUND


def test_the_creators_badge_is_cut_out_of_the_fan(theme: ThemeManager) -> None:
    row = QColor("#EDF0FF")
    image = painted(
        lambda painter: paint_fan(
            painter,
            QPointF(0, 0),
            40,
            fan_id="fan",
            fan_initials="",
            creator_id="creator",
            creator_initials="",
            row_color=row,
            theme=theme.theme,
        ),
        height=60,
    )
    # The badge is 16 px at −6/−4, so it spans 30…46 by 28…44, and the ring lies left of it.
    assert image.pixelColor(38, 36).name() == theme.theme.avatar_colors("creator")[0].name()
    assert image.pixelColor(29, 36).name() == row.name()


@pytest.mark.parametrize("kind", ["vip", "high", "mid", "low", "new"])
def test_a_tier_takes_the_width_it_announces(theme: ThemeManager, kind: TierKind) -> None:
    widths: list[float] = []
    image = painted(lambda painter: widths.append(paint_tier(painter, 0, 20, kind, "$4.8k", theme.theme)))
    assert widths == [tier_width(kind, "$4.8k", theme.theme)]
    assert 0 < reach(image) <= widths[0] + 1


def test_a_vip_wears_a_crown_not_only_a_colour(theme: ThemeManager) -> None:
    assert tier_width("vip", "$1", theme.theme) >= tier_width("high", "$1", theme.theme) + 12


@pytest.mark.parametrize(("level", "ground"), [("ok", "fill"), ("warn", "warningSubtle"), ("late", "dangerSubtle")])
def test_a_timer_says_how_late_it_is(theme: ThemeManager, level: TimerLevel, ground: str) -> None:
    image = painted(lambda painter: paint_timer(painter, 0, 20, level, "6:42", theme.theme))
    assert image.pixelColor(2, 20).name() == theme.theme.hex(ground).lower()  # type: ignore[arg-type]
    assert reach(image) <= timer_width(level, "6:42", theme.theme) + 1


def test_a_neutral_timer_stays_visible_on_a_selected_row(theme: ThemeManager) -> None:
    image = painted(lambda painter: paint_timer(painter, 0, 20, "ok", "0:40", theme.theme, on_selected=True))
    assert image.pixelColor(2, 20).name() == theme.theme.hex("surface").lower()


@pytest.mark.parametrize(("count", "width"), [(1, 8), (3, 18)])
def test_one_unread_is_a_dot_and_more_are_a_number(theme: ThemeManager, count: int, width: float) -> None:
    image = painted(lambda painter: paint_unread(painter, 0, 20, count, theme.theme))
    assert unread_width(count, theme.theme) == width
    assert reach(image) == width


def test_nothing_unread_paints_nothing(theme: ThemeManager) -> None:
    assert reach(painted(lambda painter: paint_unread(painter, 0, 20, 0, theme.theme))) == 0


def test_hundreds_of_unread_do_not_widen_the_row_for_ever(theme: ThemeManager) -> None:
    assert unread_width(5000, theme.theme) == unread_width(100, theme.theme)


def test_states_and_presence_take_the_width_they_announce(theme: ThemeManager) -> None:
    now = theme.theme
    assert (
        reach(painted(lambda p: paint_state(p, 0, 20, "failed", "Not sent", now))) <= state_width("Not sent", now) + 1
    )
    image = painted(lambda p: paint_presence(p, 0, 20, "ana", "AC", "Ana is replying", now))
    assert reach(image) <= presence_width("Ana is replying", now) + 1


def test_an_avatar_widget_is_named_after_its_person(theme: ThemeManager) -> None:
    avatar = Avatar(theme, 28)
    avatar.set_person("1", "Ana Costa")
    assert avatar.accessibleName() == "Ana Costa"
    assert avatar.sizeHint().width() == 28
    assert avatar.grab().toImage().pixelColor(14, 3) != QColor(Qt.GlobalColor.transparent)
    avatar.deleteLater()
