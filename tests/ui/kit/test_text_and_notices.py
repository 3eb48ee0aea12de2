"""Labels, banners, empty states, skeletons, progress, cards, splitters."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QEvent, QPoint, Qt
from PySide6.QtGui import QGuiApplication, QHelpEvent
from PySide6.QtWidgets import QApplication, QSplitterHandle, QWidget
from pytestqt.qtbot import QtBot

from huntaze_desktop.ui_kit.labels import ElidedLabel, IconLabel, KeyHint, Label, Paragraph, SectionHeader
from huntaze_desktop.ui_kit.notices import Banner, CodeStrip, EmptyState
from huntaze_desktop.ui_kit.progress import ProgressBar, Spinner
from huntaze_desktop.ui_kit.skeleton import Block, Skeleton
from huntaze_desktop.ui_kit.surfaces import Card, Splitter
from huntaze_desktop.ui_kit.theme_manager import ThemeManager

if TYPE_CHECKING:
    from tests.ui.kit.conftest import Bench

LONG = "Every fan has an answer. Pick a conversation to read it again, or use the quiet time below."


def test_names_from_outside_are_never_taken_for_markup(theme: ThemeManager, bench: Bench) -> None:
    plain, tagged = Label(theme, "Bob"), Label(theme, "<b>Bob</b>")
    bench(plain, tagged)
    assert tagged.sizeHint().width() > plain.sizeHint().width() * 2


def test_a_label_follows_the_theme_and_its_role(theme: ThemeManager, bench: Bench) -> None:
    label = Label(theme, "Synced", style="small", role="text2")
    bench(label)
    assert label.palette().windowText().color() == theme.theme.color("text2")
    theme.set_choice("dark")
    assert label.palette().windowText().color() == theme.theme.color("text2")
    label.set_role("dangerText")
    label.set_text_style("title")
    assert label.palette().windowText().color() == theme.theme.color("dangerText")
    assert label.font().pixelSize() == 20


def test_a_paragraph_wraps_with_the_drawn_line_height(theme: ThemeManager, bench: Bench) -> None:
    paragraph = Paragraph(theme, LONG, lead="All caught up.", max_width=240)
    bench(paragraph)
    lines = paragraph.height() // 20
    assert lines >= 3
    assert paragraph.height() == lines * 20
    assert paragraph.accessibleName() == f"All caught up. {LONG}"
    paragraph.set_content("Short.")
    assert paragraph.heightForWidth(240) == 20


def test_a_cut_line_has_the_whole_in_its_tooltip(theme: ThemeManager, bench: Bench) -> None:
    label = ElidedLabel(theme, LONG)
    bench(label)
    for width, tooltip in ((80, LONG), (1200, "")):
        label.setFixedWidth(width)
        QApplication.sendEvent(label, QHelpEvent(QEvent.Type.ToolTip, QPoint(2, 2), label.mapToGlobal(QPoint(2, 2))))
        assert label.toolTip() == tooltip


def test_a_section_counts_and_carries_a_control(theme: ThemeManager, bench: Bench) -> None:
    header, control = SectionHeader(theme, "Notes", 2), IconLabel(theme, "plus", name="Add")
    header.add_control(control)
    bench(header)
    assert (header.accessibleName(), control.isVisible()) == ("Notes", True)
    header.set_count(None)
    assert [label.text() for label in header.findChildren(Label) if label.isVisible()] == ["Notes"]


def test_keys_are_read_as_one_phrase(theme: ThemeManager) -> None:
    hint = KeyHint(theme, "Ctrl", "K")
    assert hint.accessibleName() == "Ctrl K"
    assert hint.sizeHint().height() == 18
    hint.deleteLater()


@pytest.mark.parametrize(
    ("kind", "ground"), [("info", "accentSubtle"), ("warning", "warningSubtle"), ("error", "dangerSubtle")]
)
def test_a_banner_says_it_in_words_and_offers_what_to_do(
    theme: ThemeManager, bench: Bench, qtbot: QtBot, kind: str, ground: str
) -> None:
    banner = Banner(theme, kind, "You are offline.", "Keep reading and writing.")  # type: ignore[arg-type]
    done: list[str] = []
    button = banner.add_action("Retry now", lambda: done.append("retry"), primary=True)
    bench(banner)
    assert banner.accessibleName() == "You are offline. Keep reading and writing."
    assert banner.grab().toImage().pixelColor(3, 3).name() == theme.theme.hex(ground).lower()  # type: ignore[arg-type]
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    assert done == ["retry"]
    banner.set_content("Back.", "")
    assert banner.accessibleName() == "Back."


def test_a_banner_grows_instead_of_cutting_its_text(theme: ThemeManager, bench: Bench) -> None:
    banner = Banner(theme, "warning", "You are offline since 14:36.", LONG * 3)
    bench(banner, size=(360, 480))
    assert banner.height() > 100


def test_an_empty_state_explains_and_offers(theme: ThemeManager, bench: Bench, qtbot: QtBot) -> None:
    state = EmptyState(theme, icon="check-check", title="No unread messages", text=LONG, tone="success")
    done: list[bool] = []
    button = state.add_action("Show all", lambda: done.append(True))
    bench(state)
    assert state.accessibleName().startswith("No unread messages Every fan")
    qtbot.keyClick(button, Qt.Key.Key_Return)
    assert done == [True]
    state.set_content("", "Fan details appear here.")
    assert state.accessibleName() == "Fan details appear here."
    assert not state.title.isVisible()


def test_an_error_code_copies_its_details(theme: ThemeManager, bench: Bench, qtbot: QtBot) -> None:
    strip = CodeStrip(theme, "Code HZ-401", "HZ-401 at 14:36:08", copy_text="Copy details")
    bench(strip)
    with qtbot.waitSignal(strip.copied):
        qtbot.mouseClick(strip.button, Qt.MouseButton.LeftButton)
    assert QGuiApplication.clipboard().text() == "HZ-401 at 14:36:08"


def test_a_skeleton_waits_before_it_shows(theme: ThemeManager, bench: Bench, qtbot: QtBot) -> None:
    skeleton = Skeleton(theme, "Loading", lambda _width, _height: [Block(0, 0, 40, 40)])
    bench(skeleton)
    skeleton.done()
    skeleton.wait()
    assert not skeleton.isVisible()
    qtbot.waitUntil(skeleton.isVisible)
    skeleton.done()
    assert not skeleton.isVisible()


def test_content_that_comes_quickly_never_shows_a_skeleton(theme: ThemeManager, bench: Bench, qtbot: QtBot) -> None:
    skeleton = Skeleton(theme, "Loading", lambda _width, _height: [])
    bench(skeleton)
    skeleton.done()
    skeleton.wait()
    skeleton.done()
    later = Skeleton(theme, "Later", lambda _width, _height: [])
    bench(later)
    later.done()
    later.wait()
    # The later one proves that the delay has passed.
    qtbot.waitUntil(later.isVisible)
    assert not skeleton.isVisible()


def test_a_skeleton_pulses_only_where_motion_is_wanted(theme: ThemeManager, bench: Bench) -> None:
    skeleton = Skeleton(theme, "Loading", lambda _width, _height: [Block(0, 0, 10, 10)])
    bench(skeleton)
    skeleton.show()
    assert not skeleton.is_pulsing
    skeleton.hide()
    theme.set_less_motion(False)
    skeleton.show()
    assert skeleton.is_pulsing
    skeleton.hide()
    assert not skeleton.is_pulsing


def test_progress_says_how_far_it_is(theme: ThemeManager, bench: Bench) -> None:
    bar = ProgressBar(theme, "Filling the agency")
    bench(bar)
    bar.set_value(0.42)
    assert bar.accessibleName() == "Filling the agency, 42 %"
    bar.set_value(7)
    assert bar.value == 1.0
    bar.set_value(None)
    assert bar.accessibleName() == "Filling the agency"


def test_a_spinner_turns_while_it_is_seen(theme: ThemeManager, bench: Bench, qtbot: QtBot) -> None:
    theme.set_less_motion(False)
    spinner = Spinner(theme, "Loading")
    bench(spinner)
    before = spinner.grab().toImage()
    qtbot.waitUntil(lambda: spinner.grab().toImage() != before)
    assert spinner.accessibleName() == "Loading"


def test_a_card_carries_its_title(theme: ThemeManager, bench: Bench) -> None:
    card = Card(theme, "Notes")
    card.body.addWidget(Label(theme, "Planning a trip"))
    bench(card)
    assert card.accessibleName() == "Notes"
    assert card.grab().toImage().pixelColor(card.width() // 2, 0).name() == theme.theme.hex("border").lower()


def test_a_splitter_is_one_pixel_to_the_eye_and_seven_to_the_mouse(
    theme: ThemeManager, bench: Bench, qtbot: QtBot
) -> None:
    splitter = Splitter(theme)
    left, right = QWidget(), QWidget()
    for pane in (left, right):
        pane.setMinimumSize(100, 100)
        splitter.addWidget(pane)
    bench(splitter)
    handle = splitter.handle(1)
    assert isinstance(handle, QSplitterHandle)
    assert right.x() - left.geometry().right() == 2
    assert (handle.width(), handle.contentsRect().width()) == (7, 1)
    before = left.width()
    start = handle.rect().center() - QPoint(3, 0)
    qtbot.mousePress(handle, Qt.MouseButton.LeftButton, pos=start)
    qtbot.mouseMove(handle, start + QPoint(40, 0))
    qtbot.mouseRelease(handle, Qt.MouseButton.LeftButton, pos=start)
    assert left.width() > before
