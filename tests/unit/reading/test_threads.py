"""A conversation's derived fields depend on what was said, not on the order or number of its reports."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from huntaze_backend.areas.messages.threads import Entry, Marks, derive, read_mark_from_count
from huntaze_contract.outgoing import State
from huntaze_contract.wire import MessageKind

START = datetime(2026, 11, 20, 18, tzinfo=UTC)


def at(minute: int) -> datetime:
    return START + timedelta(minutes=minute)


def fan_says(id_: str, minute: int, kind: MessageKind = MessageKind.TEXT) -> Entry:
    return Entry(id=id_, at=at(minute), incoming=True, kind=kind)


def we_say(id_: str, minute: int, state: State = State.SENT) -> Entry:
    return Entry(id=id_, at=at(minute), incoming=False, state=state)


minutes = st.integers(min_value=0, max_value=30)
entries = st.lists(
    st.builds(
        Entry,
        id=st.sampled_from([f"m{n}" for n in range(12)]),
        at=minutes.map(at),
        incoming=st.booleans(),
        kind=st.sampled_from(MessageKind),
        state=st.sampled_from([State.SENT, State.READY, State.FAILED, State.CANCELLED, State.UNKNOWN]),
    ),
    unique_by=lambda entry: entry.id,
)


maybe = st.none() | minutes.map(at)
marks = st.builds(Marks, snooze_until=maybe, snooze_seen=maybe, done_at=maybe, done_seen=maybe, unread_seen=maybe)


@given(entries, maybe, marks, st.data())
def test_any_order_and_any_repetition_end_in_the_same_fields(said, read_up_to, asked, data):
    reports = data.draw(st.lists(st.sampled_from(said))) if said else []
    shuffled = data.draw(st.permutations([*said, *reports]))

    assert derive(shuffled, read_up_to, asked) == derive(said, read_up_to, asked)


@given(entries, st.none() | minutes.map(at))
def test_a_fan_waits_from_the_oldest_message_that_no_delivered_answer_followed(said, read_up_to):
    thread = derive(said, read_up_to)

    answers = [row.at for row in said if row.delivered]
    unanswered = [row.at for row in said if row.incoming and row.kind in {"text", "ppv"}]
    unanswered = sorted(moment for moment in unanswered if all(moment > answer for answer in answers))
    assert thread.waiting_since == (unanswered[0] if unanswered else None)
    assert thread.unread <= len(unanswered)
    assert all(earlier <= later for earlier, later in pairwise(unanswered))


def test_an_answer_stops_the_clock_when_it_is_delivered_not_when_it_is_queued():
    asked = fan_says("a", 1)

    assert derive([asked, we_say("b", 2, State.LIMITED)], None).waiting_since == at(1)
    assert derive([asked, we_say("b", 2, State.UNKNOWN)], None).waiting_since == at(1)
    assert derive([asked, we_say("b", 2, State.SENT)], None).waiting_since is None


def test_the_clock_starts_at_the_first_of_several_unanswered_messages():
    assert derive([fan_says("a", 3), fan_says("b", 5), we_say("c", 1)], None).waiting_since == at(3)


def test_a_tip_is_the_newest_row_but_nobody_waits_for_an_answer_to_it():
    thread = derive([fan_says("a", 1), we_say("b", 2), fan_says("tip", 3, MessageKind.TIP)], None)

    assert (thread.last_id, thread.waiting_since, thread.unread) == ("tip", None, 0)


def test_reading_clears_unread_and_leaves_the_clock_running():
    thread = derive([fan_says("a", 1), fan_says("b", 2), fan_says("c", 3)], at(2))

    assert (thread.unread, thread.waiting_since) == (1, at(1))


def test_a_cancelled_message_is_not_the_newest_of_its_conversation():
    assert derive([fan_says("a", 1), we_say("b", 2, State.CANCELLED)], None).last_id == "a"


def test_a_conversation_without_messages_has_nothing_to_say():
    thread = derive([], None)

    assert (thread.unread, thread.waiting_since, thread.last_id, thread.last_at) == (0, None, None, None)


@given(st.lists(minutes.map(at), unique=True), st.integers(min_value=0, max_value=40))
def test_the_read_mark_taken_from_a_count_leaves_that_many_unread(times, unread):
    newest_first = sorted(times, reverse=True)

    mark = read_mark_from_count(newest_first, unread)

    said = [Entry(id=str(index), at=moment, incoming=True) for index, moment in enumerate(times)]
    assert derive(said, mark).unread == min(unread, len(times))


def test_a_snooze_and_done_last_until_the_fan_asks_again():
    asked = Marks(snooze_until=at(90), snooze_seen=at(2), done_at=at(5), done_seen=at(2))
    before = [fan_says("a", 1), fan_says("b", 2), fan_says("tip", 9, MessageKind.TIP), we_say("c", 10)]

    kept, ended = derive(before, None, asked), derive([*before, fan_says("d", 3)], None, asked)

    assert (kept.snoozed_until, kept.done_at) == (at(90), at(5))
    assert (ended.snoozed_until, ended.done_at) == (None, None)


def test_marked_unread_lasts_until_an_answer_is_delivered():
    asked = Marks(unread_seen=at(2))
    before = [we_say("a", 2), fan_says("b", 3), we_say("c", 4, State.READY)]

    assert derive(before, at(3), asked).marked_unread
    assert not derive([*before, we_say("d", 5)], at(3), asked).marked_unread
    assert not derive(before, at(3)).marked_unread
