"""Pictures of the page in every state, in both themes and at the largest and smallest drawn window.

With HUNTAZE_PICTURES set to a folder they are saved there, to be laid beside the drawings.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from PySide6.QtCore import QCoreApplication, QTranslator
from PySide6.QtGui import QColor, QImage
from PySide6.QtWidgets import QApplication, QLabel, QTextEdit
from pytestqt.qtbot import QtBot

from huntaze_desktop.plugin_host.manifest import accepts_api, read_manifest
from huntaze_desktop.sdk import API_VERSION, ConnectionState, CreatorState, ListFilter, Message, SendBudget
from huntaze_desktop.ui_kit.chips import Chip
from huntaze_desktop.ui_kit.theme import Look
from huntaze_desktop.ui_kit.theme_manager import ThemeManager
from huntaze_plugins import messages
from huntaze_plugins.messages.page import MessagesPage
from tests.ui.messages.fakes import NOW, FakeContext, State, View, creator, message, shift

SIZES = {"large": (1364, 824), "small": (948, 604)}
Scene = Callable[[MessagesPage, FakeContext], None]


def talk(page: MessagesPage, context: FakeContext) -> None:
    page.open("c-daniel")
    page.thread_pane.composer.set_text("They are ready! I picked my eight favourites and wrote a line for each.")


def every_bubble(page: MessagesPage, context: FakeContext) -> None:
    rows: list[Message] = []
    for number, state in enumerate(one for one in State if one is not State.DRAFT):
        local = state in (State.QUEUED_LOCAL, State.EXPIRED, State.NEEDS_REVIEW)
        rows.append(
            message("c-daniel", f"This one is {state.value}", at=NOW - timedelta(minutes=40 - number), state=state,
                    reason="session_expired", not_before=NOW + timedelta(seconds=4), local=local)
        )  # fmt: skip
    context.messages.history["c-daniel"] = tuple(sorted(rows, key=lambda row: (row.local, row.at)))
    page.open("c-daniel")


def offline(page: MessagesPage, context: FakeContext) -> None:
    page.open("c-daniel")
    context.go(ConnectionState.OFFLINE)
    queued = message("c-daniel", "They came out better than I hoped", at=NOW, state=State.QUEUED_LOCAL, local=True)
    context.messages.add("c-daniel", queued)


def at_the_limit(page: MessagesPage, context: FakeContext) -> None:
    context.messages.budgets["mara"] = View(SendBudget("mara", 10, 0, NOW + timedelta(seconds=12)))
    page.open("c-daniel")
    page.thread_pane.composer.set_text("x" * 10_250)
    page.panel.notes.begin()
    page.panel.tags.begin()
    context.conversations.change("c-daniel", colleague="Ana Costa")


def empty(page: MessagesPage, context: FakeContext) -> None:
    context.conversations.rows = [row for row in context.conversations.rows if not row.unread]
    page.list.set_filter(ListFilter.UNREAD)


def loading(page: MessagesPage, context: FakeContext) -> None:
    context.messages.loading = True
    page.open("c-daniel")


def error(page: MessagesPage, context: FakeContext) -> None:
    context.messages.broken.add("c-daniel")
    expired = creator("mara", "Mara Lind", CreatorState.SESSION_EXPIRED)
    context.team.view.set((expired, *context.team.view.value[1:]))
    page.open("c-daniel")


def types(page: MessagesPage, context: FakeContext) -> None:
    page.open("c-daniel")
    view = context.messages.views["c-daniel"]
    view.set(replace(view.value, fan_types=True))


SCENES: dict[str, Scene] = {
    "talk": talk,
    "bubbles": every_bubble,
    "offline": offline,
    "limit": at_the_limit,
    "empty": empty,
    "loading": loading,
    "error": error,
    "typing": types,
}


def shown(qtbot: QtBot, context: FakeContext, size: tuple[int, int]) -> MessagesPage:
    page = MessagesPage(context)
    page.setAutoFillBackground(True)
    palette = page.palette()
    palette.setColor(palette.ColorRole.Window, context.shell.theme.theme.color("surface"))
    page.setPalette(palette)
    page.resize(*size)
    qtbot.addWidget(page)
    with qtbot.waitExposed(page):
        page.show()
    return page


def colors_of(picture: QImage) -> Counter[str]:
    places = ((x, y) for x in range(0, picture.width(), 3) for y in range(0, picture.height(), 3))
    return Counter(QColor(picture.pixel(x, y)).name() for x, y in places)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("look", ["light", "dark"])
@pytest.mark.parametrize("scene", SCENES)
def test_every_state_is_painted_in_the_themes_colours(
    qtbot: QtBot, qapp: QApplication, scene: str, look: str, size: str
) -> None:
    theme = ThemeManager(qapp, look, look=Look(less_motion=True))  # type: ignore[arg-type]
    context = FakeContext(theme)
    shift(context)
    page = shown(qtbot, context, SIZES[size])
    SCENES[scene](page, context)
    if scene == "loading":
        qtbot.waitUntil(page.thread_pane.timeline.skeleton.isVisible, timeout=2000)
    QApplication.processEvents()
    assert page.size().toTuple() == SIZES[size]
    picture = page.grab().toImage()
    colors = colors_of(picture)
    assert len(colors) > 20
    assert theme.theme.hex("surface").lower() in colors
    # Single pixels at the edge of a letter may have any colour; a ground may not.
    ground = colors.total() / 200
    assert all(colors[grey] < ground for grey in ("#efefef", "#f0f0f0", "#323232")), "a colour that Qt chose by itself"
    folder = os.environ.get("HUNTAZE_PICTURES")
    if folder:
        Path(folder).mkdir(parents=True, exist_ok=True)
        assert picture.save(str(Path(folder) / f"messages-{scene}-{look}-{size}.png"))
    theme.set_choice("light")


class Brackets(QTranslator):
    """A language in which every text stands in brackets."""

    def translate(self, context: str, text: str, disambiguation: str | None = None, n: int = -1) -> str:
        return f"[{text}]"


def test_every_word_of_the_page_can_be_translated(qtbot: QtBot, context: FakeContext) -> None:
    language = Brackets()
    QCoreApplication.installTranslator(language)
    try:
        page = shown(qtbot, context, SIZES["large"])
        page.open("c-daniel")
        context.go(ConnectionState.OFFLINE)
        chips = [chip.text() for chip in page.findChildren(Chip)]
        assert all(text.startswith("[") for text in chips)
        assert all(edit.placeholderText().startswith("[") for edit in page.findChildren(QTextEdit))
        own = {"Daniel Reyes", "$4,812", "$386", "$640", "2", ""}
        plain = [
            label.text()
            for label in page.findChildren(QLabel)
            if label.isVisible() and "[" not in label.text() and label.text() not in own
        ]
        written_by_people = {note.text for note in context.fans.details_of["f-daniel"].notes}
        assert [text for text in plain if text not in written_by_people and "@" not in text] == []
        spoken = page.list.list.list_model.index_of("section:late").data()
        assert spoken.startswith("[")
    finally:
        QCoreApplication.removeTranslator(language)


def test_the_manifest_fits_the_door() -> None:
    manifest = read_manifest(Path(messages.__file__).parent)
    assert manifest.id == "messages"
    assert accepts_api(manifest, API_VERSION)
    assert manifest.contributes.slots == ("messages.context_panel",)
