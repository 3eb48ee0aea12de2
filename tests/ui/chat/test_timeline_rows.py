"""From messages to rows: groups, day dividers, the offline divider; and which actions a state offers."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from huntaze_contract.outgoing import TRANSITIONS, State
from huntaze_desktop.model.entities import MessageKind
from huntaze_desktop.model.window import MessageWindow
from huntaze_desktop.ui_kit.chat.delivery import Action, Delivery, actions_in_bubble, actions_of, delivery_of
from huntaze_desktop.ui_kit.chat.rows import DayRow, HeadRow, MessageRow, OfflineRow, TailRow, countdown, rows_of
from huntaze_desktop.ui_kit.chat.text import between, links_in, units
from huntaze_desktop.ui_kit.chat.words import clock, reason_text, state_text
from tests.ui.chat.chat_builders import CONVERSATION, NOW, message, talk, window


def kinds(rows: tuple[object, ...]) -> list[str]:
    return [type(row).__name__.removesuffix("Row") for row in rows]


def messages(rows: tuple[object, ...]) -> list[MessageRow]:
    return [row for row in rows if isinstance(row, MessageRow)]


def test_messages_of_one_person_form_a_group_with_one_name() -> None:
    rows = messages(rows_of(window(message("a", mine=True), message("b", mine=True), message("c"))))
    assert [(row.first, row.last, row.named) for row in rows] == [
        (True, False, True),
        (False, True, False),
        (True, True, False),
    ]


def test_a_colleague_starts_a_group_of_her_own() -> None:
    rows = messages(rows_of(window(message("a", mine=True), message("b", author_name="Ana Costa", author_id="ana"))))
    assert [row.named for row in rows] == [True, True]


def test_a_tip_breaks_a_group_and_has_no_name() -> None:
    one, tip, two = message("a"), message("", kind=MessageKind.TIP, price=1500), message("b")
    rows = messages(rows_of(window(one, tip, two)))
    assert [row.first for row in rows] == [True, True, True]
    assert not rows[1].named


def test_a_long_silence_starts_a_new_group() -> None:
    rows = messages(rows_of(window(message("a", minutes_ago=100), message("b", minutes_ago=10))))
    assert rows[1].first


def test_each_day_has_its_divider() -> None:
    rows = rows_of(window(message("a", minutes_ago=60 * 48), message("b", minutes_ago=60 * 24), message("c")))
    assert kinds(rows) == ["Head", "Day", "Message", "Day", "Message", "Day", "Message", "Tail"]


def test_what_waits_on_this_computer_stands_under_its_own_divider() -> None:
    rows = rows_of(window(message("a"), message("b", state=State.QUEUED_LOCAL, local=True, minutes_ago=1)))
    assert kinds(rows) == ["Head", "Day", "Message", "Offline", "Message", "Tail"]
    assert messages(rows)[1].named


def test_an_empty_window_still_has_its_ends() -> None:
    rows = rows_of(MessageWindow(CONVERSATION))
    assert rows == (HeadRow(more=False), TailRow(types=False))


@given(
    st.lists(
        st.tuples(st.integers(0, 60 * 24 * 5), st.sampled_from(["in", "mine", "ana", "local", "tip"])), max_size=30
    )
)
def test_keys_are_unique_and_dividers_stand_before_what_they_announce(plan: list[tuple[int, str]]) -> None:
    made = []
    for minutes, who in plan:
        fields: dict[str, object] = {"minutes_ago": minutes}
        match who:
            case "mine":
                fields["mine"] = True
            case "ana":
                fields |= {"author_name": "Ana", "author_id": "ana"}
            case "local":
                fields |= {"state": State.QUEUED_LOCAL, "local": True}
            case "tip":
                fields |= {"kind": MessageKind.TIP, "price": 100}
        made.append(message("x", **fields))
    made.sort(key=lambda row: (row.local, row.at, row.id))
    rows = rows_of(window(*made), UTC)
    keys = [row.key for row in rows]
    assert len(keys) == len(set(keys))
    assert [row.message for row in messages(rows)] == made
    for row, after in itertools.pairwise(rows):
        if isinstance(row, DayRow):
            assert isinstance(after, MessageRow | OfflineRow)
        if isinstance(row, OfflineRow):
            assert isinstance(after, MessageRow)
            assert after.message.local
    for before, after in zip(messages(rows), messages(rows)[1:], strict=False):
        assert before.last == after.first


@pytest.mark.parametrize("state", [State.UNKNOWN, State.RECONCILING, State.SENDING, State.NEEDS_HUMAN, State.SENT])
def test_a_message_that_may_be_under_way_offers_no_way_to_send_it_again(state: State) -> None:
    actions = actions_of(message("a", state=state))
    assert Action.RETRY not in actions
    assert Action.SEND_NOW not in actions


@pytest.mark.parametrize("state", list(State))
def test_actions_follow_the_table_of_transitions(state: State) -> None:
    actions = set(actions_of(message("a", state=state)))
    if Action.RETRY in actions:
        assert State.READY in TRANSITIONS[state]
    assert Action.RETRY not in set(actions_of(message("a", state=State.REJECTED)))
    if Action.REVIEW in actions:
        assert State.ACCEPTED in TRANSITIONS[state]
    assert (Action.DECIDE in actions) == (state is State.NEEDS_HUMAN)
    if actions & {Action.DISCARD, Action.TAKE_BACK, Action.SEND_NOW}:
        assert State.CANCELLED in TRANSITIONS[state]


def test_a_failed_message_offers_retry_first_and_can_be_discarded() -> None:
    failed = message("a", state=State.FAILED)
    assert actions_in_bubble(failed) == (Action.RETRY,)
    assert actions_of(failed) == (Action.RETRY, Action.DISCARD)


def test_what_the_server_refused_at_its_door_can_go_as_a_new_message() -> None:
    refused = message("a", state=State.REJECTED, local=True)
    assert actions_in_bubble(refused) == (Action.RETRY,)
    assert actions_of(refused) == (Action.RETRY, Action.EDIT, Action.DISCARD)


def test_online_nothing_says_that_it_was_written_offline() -> None:
    shown = window(message("a", state=State.SENT), message("b", state=State.QUEUED_LOCAL, local=True))
    assert kinds(rows_of(shown, UTC, offline=False)) == ["Head", "Day", "Message", "Message", "Tail"]
    assert "Offline" in kinds(rows_of(shown, UTC, offline=True))


def test_a_held_message_can_be_undone_until_its_seconds_are_over() -> None:
    held = message("a", state=State.QUEUED_LOCAL, local=True, hold_until=NOW + timedelta(seconds=5))
    assert (delivery_of(held), actions_in_bubble(held)) == (Delivery.HELD, (Action.UNDO,))
    assert state_text(held, NOW) == "Sends in 0:05"
    later = messages(rows_of(window(held), UTC, now=NOW + timedelta(seconds=5)))[0]
    assert delivery_of(later.message) is Delivery.QUEUED


def test_offline_a_held_message_waits_like_any_queued_one() -> None:
    held = message("a", state=State.QUEUED_LOCAL, local=True, hold_until=NOW + timedelta(seconds=5))
    shown = {
        offline: messages(rows_of(window(held), UTC, offline=offline, now=NOW))[0].message for offline in (False, True)
    }
    assert delivery_of(shown[False]) is Delivery.HELD
    assert delivery_of(shown[True]) is Delivery.QUEUED
    assert state_text(shown[True], NOW) == ""


def test_a_scheduled_message_says_when_it_goes() -> None:
    at = (NOW + timedelta(days=1)).replace(hour=9, minute=0)
    told = [
        state_text(message("a", state=state, not_before=at), NOW) for state in (State.SCHEDULED, State.QUEUED_LOCAL)
    ]
    assert told == ["Sends tomorrow 09:00"] * 2
    held = message("a", state=State.QUEUED_LOCAL, not_before=at, hold_until=NOW + timedelta(seconds=5))
    assert (state_text(held, NOW), actions_in_bubble(held)) == ("Sends tomorrow 09:00", (Action.UNDO,))
    far = message("a", state=State.SCHEDULED, not_before=at + timedelta(days=40))
    assert state_text(far, NOW).startswith("Sends 24 Dec")
    assert actions_of(far) == (Action.SEND_NOW, Action.EDIT, Action.TAKE_BACK)


def test_what_was_once_attempted_is_not_edited() -> None:
    assert Action.EDIT in actions_of(message("a", state=State.LIMITED))
    assert Action.EDIT not in actions_of(message("a", state=State.LIMITED, attempt_no=1))


def test_a_delivered_message_can_be_taken_back_for_a_day() -> None:
    sent = message("a", state=State.SENT)
    assert actions_of(sent, NOW) == (Action.UNSEND,)
    assert actions_of(sent, NOW + timedelta(hours=25)) == ()
    assert actions_of(message("a", state=State.SENT, unsend="requested"), NOW) == ()
    assert actions_of(message("a", state=State.SENT, unsend="failed"), NOW) == (Action.UNSEND,)
    assert actions_of(message("from the fan"), NOW) == ()


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("colleague_replied", "Not sent, a colleague replied meanwhile"),
        ("fan_wrote_on", "Not sent, the fan wrote on meanwhile"),
        ("lease_lost", "Not sent, a colleague took over meanwhile"),
        ("overtaken", "Not sent, the conversation went on"),
    ],
)
def test_an_overtaken_message_says_why(reason: str, words: str) -> None:
    assert state_text(message("a", state=State.NEEDS_REVIEW, reason=reason), NOW) == words


def test_taking_back_is_told_in_each_of_its_states() -> None:
    gone = message("a", state=State.SENT, unsend="done")
    later = [replace(gone, unsent_at=gone.at + timedelta(hours=hours)) for hours in (0, 24)]
    at = clock(gone.at)
    assert [state_text(one, NOW) for one in later] == [f"Taken back {at}", f"Taken back 14 November {at}"]
    told = [state_text(message("a", state=State.SENT, unsend=one), NOW) for one in ("requested", "done", "failed")]
    assert told == ["Is being taken back", "Taken back", "Not taken back"]
    kept = message("a", state=State.SENT, unsend="failed", reason="not_done")
    assert state_text(kept, NOW) == "Not taken back, something went wrong on the server"
    assert Action.UNSEND in actions_of(kept, kept.at)


def test_reasons_are_said_in_words() -> None:
    assert reason_text("session_expired") == "session expired"
    assert reason_text("CANNOT_SEND") == "this fan cannot be written to"
    assert reason_text("refused: Contains a link.") == "Contains a link"
    assert reason_text("http_502") == ""
    assert reason_text(None) == ""


def test_read_is_more_than_sent() -> None:
    assert delivery_of(message("a", state=State.SENT)) is Delivery.SENT
    assert delivery_of(message("a", state=State.SENT, read_at=NOW)) is Delivery.READ
    assert delivery_of(message("a")) is Delivery.NONE


def test_a_countdown_rounds_up_and_ends() -> None:
    until = datetime(2026, 1, 1, 12, 0, 4, tzinfo=UTC)
    assert countdown(until, until - timedelta(seconds=3.2)) == "0:04"
    assert countdown(until, until - timedelta(seconds=75)) == "1:15"
    assert countdown(until, until) is None


def test_links_are_found_in_qts_counting_and_without_the_full_stop() -> None:
    text = "😊 see www.example.org/a, or (https://example.org)."
    found = links_in(text)
    assert [between(text, link.start, link.start + link.length) for link in found] == [
        "www.example.org/a",
        "https://example.org",
    ]
    assert found[0].address == "https://www.example.org/a"
    assert units("😊") == 2


def test_a_long_talk_has_a_row_for_each_message() -> None:
    assert len(messages(rows_of(window(*talk(200))))) == 200


@pytest.mark.parametrize(
    ("reason", "local", "said"),
    [
        ("Too early to offer this.", False, "Not sent, not approved: Too early to offer this"),
        ("approval_expired", False, "Not sent, nobody approved it in time"),
        ("not_approved", False, "Not sent, it was not approved"),
        ("COMPLIANCE_BLOCKED", True, "Not sent, your agency's rules do not allow this text"),
        ("SOME_CODE", True, "Not sent"),
    ],
)
def test_who_was_refused_reads_why(reason: str, local: bool, said: str) -> None:
    assert state_text(message("Hi", state=State.REJECTED, reason=reason, local=local), NOW) == said


def test_what_waits_for_a_yes_says_so() -> None:
    assert state_text(message("Hi", state=State.WAITING_APPROVAL), NOW) == "Waits for approval"
