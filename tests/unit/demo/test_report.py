"""The verdict sees every fault that it is there to see."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from huntaze_desktop.demo.report import Intent, JournalRow, busiest_window, judge, read_journal

START = datetime(2026, 1, 2, 18, 0, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def intent(text, seconds=0.0, conversation="c1"):
    return Intent(at(seconds), conversation, "Mara Lind", text)


def out(text, seconds=1.0, chat="f1", account="a1"):
    return JournalRow(account, chat, f"m{text}{seconds}", False, text, at(seconds), at(seconds))


def arrived(seconds, chat="f1", account="a1"):
    return JournalRow(account, chat, f"i{seconds}", True, "hello", at(seconds), at(seconds))


def test_a_perfect_shift():
    verdict = judge([intent("x", 5), intent("y", 9)], [arrived(1), out("x", 6), arrived(8), out("y", 10)], frozenset())
    assert (verdict.sent, verdict.lost, verdict.duplicated, verdict.out_of_order, verdict.failed) == (2, 0, 0, 0, 0)
    assert verdict.received == 2
    assert verdict.live_answers == 2
    assert verdict.median_answer_s == 3.5


def test_a_lost_message_is_seen():
    assert judge([intent("x"), intent("y")], [out("x")], frozenset()).lost == 1


def test_a_failed_message_is_not_lost():
    verdict = judge([intent("x")], [], frozenset({"x"}))
    assert (verdict.failed, verdict.lost) == (1, 0)


def test_a_message_shown_as_failed_that_went_out_is_neither():
    verdict = judge([intent("x")], [out("x")], frozenset({"x"}))
    assert (verdict.failed, verdict.lost, verdict.sent) == (0, 0, 1)


def test_a_copy_is_seen():
    assert judge([intent("x")], [out("x", 1), out("x", 2)], frozenset()).duplicated == 1


def test_a_message_nobody_meant_is_seen():
    assert judge([intent("x")], [out("x"), out("x ", 2)], frozenset()).duplicated == 1


def test_wrong_order_is_seen_within_a_conversation_only():
    swapped = [out("y", 1), out("x", 2)]
    assert judge([intent("x"), intent("y")], swapped, frozenset()).out_of_order == 1
    apart = [out("y", 1, chat="f2"), out("x", 2)]
    assert judge([intent("x"), intent("y", conversation="c2")], apart, frozenset()).out_of_order == 0


def test_a_message_in_the_wrong_chat_is_lost():
    assert judge([intent("x"), intent("y")], [out("x"), out("y", 2, chat="f2")], frozenset()).lost == 1


def test_an_answer_to_history_is_not_live():
    assert judge([intent("x")], [out("x")], frozenset()).live_answers == 0


def test_one_arrival_is_answered_once():
    verdict = judge([intent("x", 5), intent("y", 6)], [arrived(1), out("x", 6), out("y", 7)], frozenset())
    assert verdict.live_answers == 1


@given(st.lists(st.integers(0, 300), min_size=1, max_size=60))
def test_the_busiest_window_equals_the_count_by_hand(seconds):
    journal = [out(str(n), s) for n, s in enumerate(seconds)]
    by_hand = max(sum(start <= s < start + 60 for s in seconds) for start in seconds)
    assert busiest_window(journal) == by_hand


def test_the_window_counts_accounts_apart():
    assert busiest_window([out("x", 1), out("y", 2, account="a2")]) == 1


def test_a_torn_last_line_of_the_journal_is_left_out(tmp_path):
    path = tmp_path / "journal.jsonl"
    row = (
        '{"account":"a","chat":"f","id":"1","direction":"in","text":"hi","price_minor":0,"client_key":null,'
        '"received_at":"2026-01-02T18:00:00Z","executed_at":"2026-01-02T18:00:00Z"}'
    )
    path.write_text(row + "\n" + row[:30])
    assert [r.text for r in read_journal(path)] == ["hi"]
