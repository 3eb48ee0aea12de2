"""Suggestions above the composer: streamed in place, inserted, sent, dismissed, and never elsewhere."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QLocale, Qt
from pytestqt.qtbot import QtBot

from huntaze_desktop.sdk import (
    BackendError,
    ConnectionState,
    OfflineError,
    SuggestionCut,
    SuggestionReady,
    SuggestionText,
)
from huntaze_plugins.messages import suggesting
from huntaze_plugins.messages.page import MessagesPage
from huntaze_plugins.messages.suggestion_card import SuggestionCard
from huntaze_plugins.messages.words import cost_text, percent_text
from tests.ui.messages.fakes import FakeContext
from tests.ui.messages.fakes_ai import DRAWN, FakeStream, ready, suggestion
from tests.ui.messages.hands import child, click, shown, write

ALT, SHIFT, CONTROL = (
    Qt.KeyboardModifier.AltModifier,
    Qt.KeyboardModifier.ShiftModifier,
    Qt.KeyboardModifier.ControlModifier,
)


@pytest.fixture(autouse=True)
def _ask_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(suggesting, "ASK_AFTER_MS", 0)


def opened(qtbot: QtBot, page: MessagesPage, context: FakeContext, conversation: str = "c-daniel") -> FakeStream:
    before = len(context.ai.streams)
    page.open(conversation)
    qtbot.waitUntil(lambda: len(context.ai.streams) > before)
    return context.ai.streams[-1]


def cards(page: MessagesPage) -> list[SuggestionCard]:
    return [card for card in page.thread_pane.suggestions.cards if not card.isHidden()]


def note(page: MessagesPage) -> str:
    return page.thread_pane.suggestions.note.text()


def test_three_cards_fill_in_place(page: MessagesPage, context: FakeContext, qtbot: QtBot) -> None:
    stream = opened(qtbot, page, context)
    assert stream.conversation_id == "c-daniel"
    assert stream.options["count"] == 3
    assert stream.options["based_on"] == context.messages.history["c-daniel"][-1].id
    strip = page.thread_pane.suggestions
    assert len(cards(page)) == 3
    height = strip.sizeHint().height()
    stream.give(SuggestionText(1, "Which stop"))
    assert cards(page)[1].body.text == "Which stop"
    assert not cards(page)[1].insert.isEnabled()
    stream.give(SuggestionText(1, " do you like?"))
    assert cards(page)[1].body.text == "Which stop do you like?"
    stream.give(*ready(*DRAWN))
    assert [card.body.text for card in cards(page)] == [one.text for one in DRAWN]
    assert "94% sure, Warm, A Large, $0.0021" in cards(page)[0].accessibleName()
    assert strip.sizeHint().height() == height


def test_typing_goes_on_while_they_are_written(page: MessagesPage, context: FakeContext, qtbot: QtBot) -> None:
    stream = opened(qtbot, page, context)
    write(qtbot, page, "My own")
    stream.give(SuggestionText(0, "They came"))
    write(qtbot, page, " words")
    assert page.thread_pane.composer.text() == "My own words"
    assert page.thread_pane.composer.editor.hasFocus()


def test_leaving_stops_the_request_and_nothing_arrives_elsewhere(
    page: MessagesPage, context: FakeContext, qtbot: QtBot
) -> None:
    first = opened(qtbot, page, context)
    second = opened(qtbot, page, context, "c-tom")
    assert first.closed
    first.give(*ready(*DRAWN))
    assert second.conversation_id == "c-tom"
    assert [card.body.text for card in cards(page)] == ["", "", ""]
    again = opened(qtbot, page, context)
    assert second.closed
    assert not again.closed


def test_coming_back_costs_nothing(page: MessagesPage, context: FakeContext, qtbot: QtBot) -> None:
    opened(qtbot, page, context).give(*ready(*DRAWN))
    opened(qtbot, page, context, "c-tom")
    page.open("c-daniel")
    qtbot.wait(20)
    assert len(context.ai.streams) == 2
    assert [card.body.text for card in cards(page)] == [one.text for one in DRAWN]


def test_who_does_not_wait_is_answered_only_on_demand(page: MessagesPage, context: FakeContext, qtbot: QtBot) -> None:
    context.messages.history["c-hugo"] = context.messages.history["c-tom"][:1]
    page.open("c-hugo")
    qtbot.wait(20)
    assert context.ai.streams == []
    click(qtbot, child(page, "messages.suggestions.fresh"))
    assert len(context.ai.streams) == 1


def test_a_click_and_alt_with_a_digit_insert_and_a_person_sends(
    page: MessagesPage, context: FakeContext, qtbot: QtBot
) -> None:
    opened(qtbot, page, context).give(*ready(*DRAWN))
    write(qtbot, page, "Hi")
    qtbot.keyClick(page.thread_pane.composer.editor, Qt.Key.Key_1, ALT)
    assert page.thread_pane.composer.text() == f"Hi {DRAWN[0].text}"
    assert context.messages.sent == []
    assert context.ai.uses == [(DRAWN[0].id, "inserted", None, None)]
    qtbot.keyClick(page.thread_pane.composer.editor, Qt.Key.Key_Return, CONTROL)
    assert context.messages.made_of == [DRAWN[0].id]
    click(qtbot, cards(page)[1].insert)
    assert page.thread_pane.composer.text() == DRAWN[1].text


def test_what_was_emptied_is_ones_own_again(page: MessagesPage, context: FakeContext, qtbot: QtBot) -> None:
    opened(qtbot, page, context).give(*ready(*DRAWN))
    click(qtbot, cards(page)[0].insert)
    page.thread_pane.composer.set_text("")
    write(qtbot, page, "Mine")
    qtbot.keyClick(page.thread_pane.composer.editor, Qt.Key.Key_Return, CONTROL)
    assert context.messages.made_of == [None]


def test_sent_at_once_with_the_usual_undo_and_the_draft_stays(
    page: MessagesPage, context: FakeContext, qtbot: QtBot
) -> None:
    opened(qtbot, page, context).give(*ready(*DRAWN))
    write(qtbot, page, "Begun")
    qtbot.keyClick(page.thread_pane.composer.editor, Qt.Key.Key_2, ALT | SHIFT)
    assert context.messages.sent == [("c-daniel", DRAWN[1].text)]
    assert context.messages.made_of == [DRAWN[1].id]
    assert context.messages.send_options[0][1] == 5.0
    assert page.thread_pane.composer.text() == "Begun"
    assert context.messages.drafts["c-daniel"] == "Begun"
    assert context.shell.toasts[-1][1] == "Undo"


def test_what_became_of_it_is_told_when_it_cannot_be_undone(
    page: MessagesPage, context: FakeContext, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huntaze_plugins.messages.sending.UNDO_S", 0.01)
    opened(qtbot, page, context).give(*ready(*DRAWN))
    click(qtbot, cards(page)[0].send)
    qtbot.waitUntil(lambda: bool(context.ai.uses))
    sent = context.messages.history["c-daniel"][-1]
    assert context.ai.uses == [(DRAWN[0].id, "sent", sent.id, DRAWN[0].text)]


def test_dismissing_takes_a_card_away_by_mouse_and_key(page: MessagesPage, context: FakeContext, qtbot: QtBot) -> None:
    opened(qtbot, page, context).give(*ready(*DRAWN))
    cards(page)[0].insert.setFocus()
    qtbot.keyClick(cards(page)[0].insert, Qt.Key.Key_Delete)
    assert context.ai.uses == [(DRAWN[0].id, "dismissed", None, None)]
    assert len(cards(page)) == 2
    for card in tuple(cards(page)):
        card.dismissed.emit(card.index)
    assert cards(page) == []
    assert note(page) == "Nothing to suggest here."


def test_a_new_set_takes_the_place_of_the_old_one(page: MessagesPage, context: FakeContext, qtbot: QtBot) -> None:
    opened(qtbot, page, context).give(*ready(*DRAWN))
    qtbot.keyClick(page.thread_pane.composer.editor, Qt.Key.Key_S, ALT)
    assert context.ai.streams[-1].options["fresh"] is True
    context.ai.streams[-1].give(*ready(suggestion("Another one")))
    assert [card.body.text for card in cards(page)] == ["Another one"]


def test_half_a_card_can_be_finished_but_not_sent(page: MessagesPage, context: FakeContext, qtbot: QtBot) -> None:
    stream = opened(qtbot, page, context)
    stream.give(SuggestionReady(0, DRAWN[0]), SuggestionText(1, "Which stop"), SuggestionCut(1, "The model stopped"))
    stream.give(None)
    assert len(cards(page)) == 2
    assert cards(page)[1].insert.isEnabled()
    assert not cards(page)[1].send.isEnabled()
    qtbot.keyClick(page.thread_pane.composer.editor, Qt.Key.Key_2, ALT | SHIFT)
    assert context.messages.sent == []


def test_an_error_says_so_and_can_be_tried_again(page: MessagesPage, context: FakeContext, qtbot: QtBot) -> None:
    opened(qtbot, page, context).give(BackendError("The budget for today is used up.", "BUDGET_EXCEEDED"))
    assert note(page) == "Suggestions are not available. The budget for today is used up."
    click(qtbot, child(page, "messages.suggestions.fresh"))
    context.ai.streams[-1].give(*ready(*DRAWN))
    assert len(cards(page)) == 3


def test_offline_they_are_paused_and_what_is_known_stays(
    page: MessagesPage, context: FakeContext, qtbot: QtBot
) -> None:
    opened(qtbot, page, context).give(*ready(*DRAWN))
    context.go(ConnectionState.OFFLINE)
    assert len(cards(page)) == 3
    page.open("c-tom")
    assert page.thread_pane.suggestions.title.text() == "Suggestions paused"
    context.go(ConnectionState.ONLINE)
    qtbot.waitUntil(lambda: len(context.ai.streams) == 2)
    context.ai.streams[-1].give(OfflineError("No line."))
    assert page.thread_pane.suggestions.title.text() == "Suggestions paused"


def test_a_new_word_of_the_fan_asks_anew(page: MessagesPage, context: FakeContext, qtbot: QtBot) -> None:
    from tests.ui.messages.fakes import NOW, message

    first = opened(qtbot, page, context)
    context.messages.add("c-daniel", message("c-daniel", "And?", at=NOW))
    qtbot.waitUntil(lambda: len(context.ai.streams) == 2)
    assert first.closed
    assert context.ai.streams[1].options["based_on"] == context.messages.history["c-daniel"][-1].id


def test_low_windows_have_one_line(qtbot: QtBot, context: FakeContext) -> None:
    page = shown(qtbot, context, 1024, 640)
    opened(qtbot, page, context).give(*ready(*DRAWN))
    strip = page.thread_pane.suggestions
    assert strip.is_folded
    assert note(page) == DRAWN[0].text
    qtbot.keyClick(page.thread_pane.composer.editor, Qt.Key.Key_1, ALT)
    assert page.thread_pane.composer.text() == DRAWN[0].text
    click(qtbot, strip.fold)
    assert not strip.is_folded


def test_a_long_text_is_cut_to_three_lines_and_inserted_whole(
    page: MessagesPage, context: FakeContext, qtbot: QtBot
) -> None:
    long = "They came out better than I hoped. " * 40
    opened(qtbot, page, context).give(*ready(suggestion(long.strip()), *DRAWN[1:]))
    assert cards(page)[0].body.is_cut()
    click(qtbot, cards(page)[0].insert)
    assert page.thread_pane.composer.text() == long.strip()


# --- the field's text in another way ---------------------------------------------------------------------------------


def test_rewriting_replaces_the_text_and_can_be_undone(page: MessagesPage, context: FakeContext, qtbot: QtBot) -> None:
    page.open("c-daniel")
    write(qtbot, page, "Send me it")
    page.thread_pane.assistant.rewriting.run("tone", tone="polite")
    assert context.ai.rewrites == [("Send me it", "tone", "polite", None)]
    assert page.thread_pane.composer.text() == "Said in another way"
    _, action, undo = context.shell.toasts[-1]
    assert action == "Undo"
    assert undo is not None
    undo()
    assert page.thread_pane.composer.text() == "Send me it"
    page.thread_pane.assistant.rewriting.run("translate", language="fr")
    page.thread_pane.composer.editor.undo()
    assert page.thread_pane.composer.text() == "Send me it"


def test_what_was_typed_meanwhile_wins(page: MessagesPage, context: FakeContext, qtbot: QtBot) -> None:
    from tests.ui.messages.fakes_ai import Pause

    hold = context.ai.hold = Pause()
    page.open("c-daniel")
    write(qtbot, page, "Send me it")
    page.thread_pane.assistant.rewriting.run("rewrite")
    write(qtbot, page, " now")
    hold.resume()
    assert page.thread_pane.composer.text() == "Send me it now"
    page.thread_pane.assistant.rewriting.run("rewrite")
    page.open("c-tom")
    hold.resume()
    assert page.thread_pane.composer.text() == ""


def test_a_rewriting_that_fails_leaves_the_text(page: MessagesPage, context: FakeContext, qtbot: QtBot) -> None:
    context.ai.error = BackendError("No model answers.", "UNAVAILABLE")
    page.open("c-daniel")
    write(qtbot, page, "Send me it")
    page.thread_pane.assistant.rewriting.run("rewrite")
    assert page.thread_pane.composer.text() == "Send me it"
    assert "No model answers." in context.shell.toasts[-1][0]
    assert not page.thread_pane.composer.rewriting.tone.is_busy


def test_figures_follow_the_language() -> None:
    assert (percent_text(0.94), cost_text(2_100_000), cost_text(10), cost_text(0)) == (
        "94%", "$0.0021", "<$0.0001", "$0.0000",
    )  # fmt: skip
    before = QLocale()
    QLocale.setDefault(QLocale(QLocale.Language.French))
    try:
        assert (percent_text(0.94), cost_text(2_100_000)) == ("94\u202f%", "0,0021\u202f$")
    finally:
        QLocale.setDefault(before)
