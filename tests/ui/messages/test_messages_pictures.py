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
from PySide6.QtCore import QCoreApplication, QEvent, QPointF, QTranslator
from PySide6.QtGui import QColor, QHoverEvent, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QListView, QTextEdit
from pytestqt.qtbot import QtBot

from huntaze_desktop.plugin_host.manifest import accepts_api, read_manifest
from huntaze_desktop.sdk import (
    API_VERSION,
    AttemptSeen,
    BackendError,
    Candidate,
    ChangeNotice,
    ConnectionState,
    CreatorState,
    Evidence,
    ListFilter,
    Message,
    MissedMessage,
    Review,
    SendBudget,
    SuggestionReady,
    SuggestionText,
)
from huntaze_desktop.ui_kit.chat import Action
from huntaze_desktop.ui_kit.chips import Chip
from huntaze_desktop.ui_kit.conversation_list import RowAction
from huntaze_desktop.ui_kit.dialog import Dialog
from huntaze_desktop.ui_kit.popover import MenuItem
from huntaze_desktop.ui_kit.theme import Look
from huntaze_desktop.ui_kit.theme_manager import ThemeManager
from huntaze_plugins import messages
from huntaze_plugins.messages.decide_sheet import DecideSheet
from huntaze_plugins.messages.page import MessagesPage
from tests.ui.messages.evening import shift
from tests.ui.messages.fakes import NOW, FakeContext, State, View, creator, message
from tests.ui.messages.fakes_ai import DRAWN, ready, suggestion

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


def hover(view: QListView, at: QPointF) -> None:
    """Put the pointer there; without a screen no movement does."""
    for kind in (QEvent.Type.HoverEnter, QEvent.Type.HoverMove):
        QApplication.sendEvent(view.viewport(), QHoverEvent(kind, at, view.viewport().mapToGlobal(at), QPointF()))
    QTest.mouseMove(view.viewport(), at.toPoint())


def assigned(page: MessagesPage, context: FakeContext) -> None:
    """As drawn: mine, a colleague who looks in, the budget used up, and a text to be queued."""
    for one in ("c-daniel", "c-tom"):
        context.conversations.change(one, assignee_id="me", assignee_name="Sofia Ortega", assigned_to_me=True)
    context.conversations.change("c-oliver", assignee_id="ana", assignee_name="Ana Costa")
    empty_at = NOW + timedelta(seconds=72)
    context.messages.budgets["mara"] = View(SendBudget("mara", 10, 0, NOW + timedelta(seconds=12), 7, empty_at))
    page.open("c-daniel")
    context.conversations.change("c-daniel", colleague="Ana Costa")
    page.thread_pane.composer.set_text("They are ready! I picked my eight favourites.")
    view = page.list.list
    index = view.list_model.index_of("c-elias")
    view.scrollTo(index)
    place = view.action_rect("c-elias", RowAction.SNOOZE).center()
    QApplication.processEvents()
    hover(view, QPointF(place))


def several(page: MessagesPage, context: FakeContext) -> None:
    context.conversations.change("c-hugo", snoozed_until=NOW + timedelta(hours=3))
    context.conversations.change("c-tom", done=True)
    page.open("c-daniel")
    for _ in range(3):
        page.list.list.mark_step(1)


def team_states(page: MessagesPage, context: FakeContext) -> None:
    """Bubbles that are held, scheduled, edited, taken back; and the note of a hand-over."""
    tomorrow = (NOW + timedelta(days=1)).astimezone().replace(hour=9, minute=0)
    sent = {"state": State.SENT}
    made = (
        message("c-daniel", "Good morning! Loved the diary", at=NOW - timedelta(minutes=24)),
        message("c-daniel", "An edited one", at=NOW - timedelta(minutes=20), edited_at=NOW, **sent),
        message("c-daniel", "Sent to the wrong fan, sorry", at=NOW - timedelta(minutes=19), unsend="done",
                unsent_at=NOW - timedelta(minutes=16), **sent),
        message("c-daniel", "This one is on its way back", at=NOW - timedelta(minutes=18), unsend="requested", **sent),
        message("c-daniel", "And this one stays", at=NOW - timedelta(minutes=17), unsend="failed",
                reason="refused: It was read.", **sent),
        message("c-daniel", "Friday works", at=NOW - timedelta(minutes=5), state=State.NEEDS_REVIEW,
                reason="colleague_replied", local=True),
        message("c-daniel", "See you on Friday", at=NOW - timedelta(minutes=4), state=State.EXPIRED, local=True),
        message("c-daniel", "Did this one arrive?", at=NOW - timedelta(minutes=3), state=State.NEEDS_HUMAN),
        message("c-daniel", "Good morning, Daniel", at=NOW - timedelta(minutes=2), state=State.SCHEDULED,
                not_before=tomorrow),
        message("c-daniel", "Yes! I picked them up this morning", at=NOW, state=State.QUEUED_LOCAL, local=True,
                hold_until=NOW + timedelta(seconds=4)),
    )  # fmt: skip
    context.messages.history["c-daniel"] = tuple(sorted(made, key=lambda row: (row.local, row.at)))
    context.conversations.change(
        "c-daniel", assignee_id="me", assignee_name="Sofia Ortega", assigned_to_me=True,
        handover_note="Promised the Porto album by Friday", handover_by="Ana Costa",
    )  # fmt: skip
    page.open("c-daniel")
    page.thread_pane.editing.begin(made[-2].id, "c-daniel", "Good morning, Daniel")


def held_back(page: MessagesPage, context: FakeContext) -> None:
    held = message("c-daniel", "Friday works for me, let us say at eight", at=NOW, state=State.NEEDS_REVIEW, local=True)
    context.messages.add("c-daniel", held)
    minute = timedelta(minutes=1)
    missed = (
        MissedMessage(outgoing=False, text="Are you there? I would need to know today", at=NOW - 9 * minute),
        MissedMessage(outgoing=True, text="Saturday is better for us", at=NOW - 6 * minute, author_name="Ana Costa"),
        MissedMessage(outgoing=False, text="Saturday it is then", at=NOW - 2 * minute),
    )
    context.messages.reviews[held.id] = Review(held.id, held.text, NOW - 11 * minute, "colleague_replied", missed)
    page.open("c-daniel")
    page.thread_pane.timeline.view.action_requested.emit(held.id, Action.REVIEW)


def row_held_back(page: MessagesPage, context: FakeContext) -> None:
    """As `held_back`, with two more behind it."""
    for text in ("I booked the table by the river", "Tell me what you would like to drink"):
        waiting = message("c-daniel", text, at=NOW, state=State.QUEUED_LOCAL, local=True)
        context.messages.add("c-daniel", waiting)
    last = context.messages.history["c-daniel"]
    held_back(page, context)
    page.thread_pane.resolving.close()
    held = context.messages.history["c-daniel"][-1]
    context.messages.history["c-daniel"] = (*last[:-2], held, *last[-2:])
    context.messages.views["c-daniel"].set(context.messages.window_of("c-daniel"))
    page.thread_pane.timeline.view.action_requested.emit(held.id, Action.REVIEW)


def undecided(page: MessagesPage, context: FakeContext) -> None:
    lost = message("c-daniel", "Friday works for me", at=NOW, state=State.NEEDS_HUMAN)
    context.messages.add("c-daniel", lost)
    minute = timedelta(minutes=1)
    context.messages.evidence_of[lost.id] = Evidence(
        lost.id,
        lost.text,
        (AttemptSeen(1, NOW - 9 * minute, "ambiguous", None), AttemptSeen(2, NOW - 5 * minute, "not_executed", None)),
        (
            Candidate("p1", "Friday works for me", NOW - 9 * minute, same_text=True, taken=False),
            Candidate("p2", "The next stop is Porto", NOW - 8 * minute, same_text=False, taken=True),
        ),
        NOW,
        complete=True,
    )
    page.open("c-daniel")
    page.thread_pane.timeline.view.action_requested.emit(lost.id, Action.DECIDE)
    assert isinstance(page.thread_pane.resolving.sheet, DecideSheet)
    page.thread_pane.resolving.sheet.again.setChecked(True)


def kept_offline(page: MessagesPage, context: FakeContext) -> None:
    """Notes, tags and fields that wait, and what a colleague changed meanwhile."""
    page.open("c-daniel")
    context.go(ConnectionState.OFFLINE)
    context.conversations.change("c-daniel", changes=3)
    context.spawn(context.fans.set_field("f-daniel", "nickname", "Dan"))
    context.spawn(context.fans.set_field("f-daniel", "about", "Works in a museum, two sisters"))
    context.spawn(context.fans.add_tag("f-daniel", "Museum"))
    context.spawn(_note(context))
    superseded = ChangeNotice(
        "n1", "set_field", "superseded", None, "Daniel Reyes", "Dan", "Danny", "Ana Costa", NOW, can_restore=True
    )
    context.changes.notices_view.set((superseded,))
    page.panel.details.lines["birthday"].begin()
    page.panel._scroll.setValue(0)


async def _note(context: FakeContext) -> None:
    await context.fans.add_note("f-daniel", "Likes trains and film cameras")


def scheduling(page: MessagesPage, context: FakeContext) -> None:
    page.open("c-daniel")
    page.thread_pane.composer.set_text("Good morning, Daniel")
    page.thread_pane.composer.later.click()


def picking(page: MessagesPage, context: FakeContext) -> None:
    scheduling(page, context)
    entry = page.findChild(MenuItem, "messages.time.pick")
    assert entry is not None
    entry.click()


def assigning(page: MessagesPage, context: FakeContext) -> None:
    page.open("c-daniel")
    page.thread_pane.header.assignee.click()


def handing_over(page: MessagesPage, context: FakeContext) -> None:
    page.open("c-daniel")
    row = page.thread_pane.row
    assert row is not None
    sheet = page.menus.hand_over(row)
    assert sheet is not None
    sheet.note.set_text("Promised the Porto album by Friday")


def suggested(page: MessagesPage, context: FakeContext, *pieces: object) -> None:
    context.ai.at_once = list(pieces)  # type: ignore[arg-type]  # pieces, an error or the end
    page.open("c-daniel")
    page.thread_pane.assistant.suggesting.ask_anew()


def suggestions(page: MessagesPage, context: FakeContext) -> None:
    """As drawn: three cards, and a rule that minds a word."""
    context.compliance.mind("email", "replace", "inbox")
    suggested(page, context, *ready(*DRAWN))
    composer = page.thread_pane.composer
    composer.set_text(
        "They are ready! I picked my eight favourites and wrote a line for each. If it is easier, I can send a preview"
        " to your email tonight"
    )
    composer.rules.look()


def suggestions_written(page: MessagesPage, context: FakeContext) -> None:
    long = suggestion("The walk is one album with eighteen photos and a short film. " * 6, local=True, tone=None)
    suggested(page, context, SuggestionReady(0, long), SuggestionText(1, "Which stop do you like best, the"))
    page.thread_pane.suggestions.set_folded(folded=False)


def suggestions_failed(page: MessagesPage, context: FakeContext) -> None:
    context.compliance.mind("paypal", "block")
    suggested(page, context, BackendError("The AI budget for today is used up.", "BUDGET_EXCEEDED"))
    page.thread_pane.composer.set_text("Use my paypal")
    page.thread_pane.composer.rules.look()


def suggestions_french(page: MessagesPage, context: FakeContext) -> None:
    """Words as long as the French ones."""
    suggested(page, context, *ready(*DRAWN))
    for card in page.thread_pane.suggestions.cards:
        for button, word in ((card.insert, "Insérer"), (card.send, "Envoyer"), (card.rewrite, "Réécrire")):
            button.set_label(word)
    page.thread_pane.suggestions.set_folded(folded=False)


SCENES: dict[str, Scene] = {
    "suggestions": suggestions,
    "suggestions-written": suggestions_written,
    "suggestions-failed": suggestions_failed,
    "suggestions-french": suggestions_french,
    "assigned": assigned,
    "several": several,
    "team": team_states,
    "review": held_back,
    "review-row": row_held_back,
    "decide": undecided,
    "kept": kept_offline,
    "schedule": scheduling,
    "pick": picking,
    "assign": assigning,
    "handover": handing_over,
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


ALL = [(look, size) for look in ("light", "dark") for size in SIZES]
DAILY = [("light", "large"), ("dark", "small")]
"""Every look and every size once per scene; all four are painted when somebody wants to look at them."""


@pytest.mark.parametrize(("look", "size"), ALL if "HUNTAZE_PICTURES" in os.environ else DAILY)
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
    # Paragraphs learn their height from their width, and their columns from them.
    for _ in range(4):
        QApplication.processEvents()
    assert page.size().toTuple() == SIZES[size]
    picture = page.grab().toImage()
    colors = colors_of(picture)
    assert len(colors) > 20
    covered = page.window().findChild(Dialog) is not None
    assert theme.theme.hex("raised" if covered else "surface").lower() in colors
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
