"""The window of a timeline: whatever is loaded and in which order, it never contradicts itself."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from huntaze_contract.outgoing import State
from huntaze_desktop.model.entities import Message, MessageKind
from huntaze_desktop.model.window import MAX_ROWS, PAGE, MessageWindow

START = datetime(2026, 11, 20, tzinfo=UTC)


def row(index: int, *, local: bool = False, text: str = "") -> Message:
    return Message(
        id=f"{'local' if local else 'row'}-{index:05}",
        conversation_id="talk",
        direction="out" if local else "in",
        kind=MessageKind.TEXT,
        text=text,
        at=START + timedelta(seconds=index // 3),  # several rows share a second: the id decides
        state=State.QUEUED_LOCAL if local else None,
        local=local,
    )


class Scrolling(RuleBasedStateMachine):
    """A reader who scrolls through a conversation that grows, while messages wait to be sent."""

    @initialize(size=st.integers(0, 3 * MAX_ROWS), waiting=st.integers(0, 5))
    def open(self, size: int, waiting: int) -> None:
        self.server = [row(index) for index in range(size)]
        self.local = [row(10_000 + index, local=True) for index in range(waiting)]
        self.window = MessageWindow("talk").reset()
        self.jump()

    def _index_after(self, last: Message) -> int:
        return next(i for i, one in enumerate(self.server) if one.id == last.id) + 1

    def _shown(self) -> list[Message]:
        return [one for one in self.window.rows if not one.local]

    @rule()
    def jump(self) -> None:
        before = self.window.generation
        self.window = self.window.reset()
        page = [*self.server[-PAGE:], *self.local]
        self.window = self.window.with_newest(self.window.generation, page, has_oldest=len(self.server) <= PAGE)
        assert self.window.generation == before + 1
        assert not self.window.loading

    @precondition(lambda self: self._shown() and not self.window.has_oldest)
    @rule()
    def scroll_up(self) -> None:
        end = self._index_after(self._shown()[0]) - 1
        page = self.server[max(0, end - PAGE) : end]
        self.window = self.window.with_older(self.window.generation, page, has_oldest=end <= PAGE)
        assert self.window.rows[0].id == page[0].id

    @precondition(lambda self: self._shown() and not self.window.has_newest)
    @rule()
    def scroll_down(self) -> None:
        start = self._index_after(self._shown()[-1])
        page = self.server[start : start + PAGE]
        newest = start + PAGE >= len(self.server)
        self.window = self.window.with_newer(
            self.window.generation, [*page, *(self.local if newest else [])], has_newest=newest
        )

    @rule(count=st.integers(1, 90))
    def receive(self, count: int) -> None:
        self.server += [row(len(self.server) + index) for index in range(count)]
        if self.window.has_newest:
            self.refresh()

    @rule(text=st.text(max_size=3))
    def edit(self, text: str) -> None:
        if self.server:
            self.server[-1] = row(len(self.server) - 1, text=text)
            if self.window.has_newest:
                self.refresh()
                assert self._shown()[-1].text == text

    def refresh(self) -> None:
        shown = self._shown()
        start = self._index_after(shown[0]) - 1 if shown else 0
        self.window = self.window.refreshed(
            self.window.generation, [*self.server[start:], *self.local], has_oldest=start == 0, has_newest=True
        )

    @rule(kind=st.sampled_from(["newest", "older", "newer", "refreshed"]))
    def late_answer(self, kind: str) -> None:
        old, before = self.window.generation - 1, self.window
        late = [row(77_777)]
        after = {
            "newest": lambda: before.with_newest(old, late, has_oldest=True),
            "older": lambda: before.with_older(old, late, has_oldest=True),
            "newer": lambda: before.with_newer(old, late, has_newest=True),
            "refreshed": lambda: before.refreshed(old, late, has_oldest=True, has_newest=True),
        }[kind]()
        assert after is before

    @invariant()
    def holds_together(self) -> None:
        self.window.check_invariants()

    @invariant()
    def shows_a_part_of_the_conversation_without_holes(self) -> None:
        shown = self._shown()
        if shown:
            start = self._index_after(shown[0]) - 1
            assert [one.id for one in shown] == [one.id for one in self.server[start : start + len(shown)]]
            assert not self.window.has_oldest or start == 0
            assert not self.window.has_newest or start + len(shown) == len(self.server)


TestScrolling = Scrolling.TestCase


@given(st.lists(st.tuples(st.integers(0, 30), st.booleans()), max_size=60))
def test_a_row_that_comes_twice_stands_once_in_its_newest_form(picks: list[tuple[int, bool]]) -> None:
    rows = [row(index, text="new" if new else "old") for index, new in picks]
    window = MessageWindow("talk").with_newest(0, rows, has_oldest=True)
    window.check_invariants()
    newest = {one.id: one.text for one in rows}
    assert {one.id: one.text for one in window.rows} == newest


def test_the_far_end_is_let_go_with_all_that_waits_there() -> None:
    rows = [row(index) for index in range(1000, 1000 + MAX_ROWS - 2)]
    window = MessageWindow("talk").with_newest(
        0, [*rows, row(9000, local=True), row(9001, local=True)], has_oldest=False
    )
    assert window.has_newest
    window = window.with_older(0, [row(999)], has_oldest=True)
    window.check_invariants()
    assert (window.has_newest, window.has_oldest) == (False, True)
    assert not any(one.local for one in window.rows)


def test_what_waits_comes_after_everything_the_server_has() -> None:
    early = row(0, local=True)
    window = MessageWindow("talk").with_newest(0, [early, row(50), row(60)], has_oldest=True)
    assert [one.local for one in window.rows] == [False, False, True]


@pytest.mark.parametrize(
    ("window", "words"),
    [
        (MessageWindow("talk", rows=(row(1), row(1))), "twice"),
        (MessageWindow("talk", rows=(row(9), row(1))), "order"),
        (MessageWindow("other", rows=(row(1),)), "another conversation"),
        (MessageWindow("talk", rows=(row(1, local=True),), has_newest=False), "newest end"),
        (MessageWindow("talk", rows=tuple(row(index) for index in range(MAX_ROWS + 1))), "larger"),
    ],
)
def test_contradictions_are_noticed(window: MessageWindow, words: str) -> None:
    with pytest.raises(AssertionError, match=words):
        window.check_invariants()


def test_what_is_on_its_way_stands_after_what_was_delivered_meanwhile() -> None:
    limited = replace(row(1), direction="out", state=State.LIMITED)
    delivered_later = replace(row(30), direction="out", state=State.SENT)
    failed = replace(row(2), direction="out", state=State.FAILED)
    window = MessageWindow("talk").with_newest(0, [limited, delivered_later, failed], has_oldest=True)
    assert window.rows == (failed, delivered_later, limited)
    window.check_invariants()
