"""The assistant and the rules behind the plugin's door, for tests: pieces come when a test gives them."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Generator
from datetime import UTC, datetime
from itertools import count
from typing import Any

from huntaze_desktop.sdk import (
    ComplianceCategory,
    ComplianceFinding,
    ComplianceTier,
    ComplianceVerdict,
    Rewrite,
    Suggestion,
    SuggestionPiece,
    SuggestionReady,
)

_numbers = count(1)


class Pause:
    """Awaited by a fake that waits; `resume` runs the coroutine on to its next pause or its end."""

    def __init__(self) -> None:
        self.resume: Callable[[], None] = lambda: None

    def __await__(self) -> Generator[Pause, None, None]:
        yield self


def drive(work: Coroutine[Any, Any, None], on_error: Callable[[Exception], None] | None) -> None:
    """Run a coroutine until it ends or waits; what it waits for runs it on."""
    try:
        waits = work.send(None)
    except StopIteration:
        return
    except Exception as error:
        if on_error is None:
            raise
        on_error(error)
        return
    assert isinstance(waits, Pause), "a fake never waits for anything else"
    waits.resume = lambda: drive(work, on_error)


class FakeStream:
    """A PieceStream that a test fills."""

    def __init__(self, conversation_id: str, options: dict[str, Any]) -> None:
        self.conversation_id = conversation_id
        self.options = options
        self.closed = False
        self._items: list[SuggestionPiece | Exception | None] = []
        self._waits: Pause | None = None

    def give(self, *items: SuggestionPiece | Exception | None) -> None:
        """Pieces, an error, or None for the end."""
        self._items += items
        self._run_on()

    def close(self) -> None:
        self.closed = True
        self._run_on()

    def _run_on(self) -> None:
        waits, self._waits = self._waits, None
        if waits is not None:
            waits.resume()

    def __aiter__(self) -> FakeStream:
        return self

    async def __anext__(self) -> SuggestionPiece:
        while not self._items and not self.closed:
            self._waits = Pause()
            await self._waits
        item = None if self.closed else self._items.pop(0)
        if item is None:
            raise StopAsyncIteration
        if isinstance(item, Exception):
            raise item
        return item


class FakeAi:
    def __init__(self) -> None:
        self.streams: list[FakeStream] = []
        self.at_once: list[SuggestionPiece | Exception | None] | None = None
        """What every stream holds from its beginning."""
        self.uses: list[tuple[str, str, str | None, str | None]] = []
        self.rewrites: list[tuple[str, str, str | None, str | None]] = []
        self.rewritten = "Said in another way"
        self.error: Exception | None = None
        self.hold: Pause | None = None
        """Set: the next rewrite waits for it."""

    def suggest(
        self, conversation_id: str, *, based_on: str | None = None, count: int = 3, fresh: bool = False
    ) -> FakeStream:
        stream = FakeStream(conversation_id, {"based_on": based_on, "count": count, "fresh": fresh})
        self.streams.append(stream)
        if self.at_once is not None:
            stream.give(*self.at_once)
        return stream

    async def rewrite(
        self, conversation_id: str, text: str, kind: str, *, tone: str | None = None, language: str | None = None
    ) -> Rewrite:
        self.rewrites.append((text, kind, tone, language))
        if self.hold is not None:
            await self.hold
        if self.error is not None:
            raise self.error
        return Rewrite(self.rewritten, "small-1", local=False, cost_nano_usd=400_000)

    async def used(
        self, suggestion_id: str, outcome: str, *, message_id: str | None = None, final_text: str | None = None
    ) -> None:
        self.uses.append((suggestion_id, outcome, message_id, final_text))


def suggestion(text: str, **fields: Any) -> Suggestion:
    values: dict[str, Any] = {
        "id": f"s{next(_numbers)}",
        "conversation_id": "c-daniel",
        "text": text,
        "tone": "warm",
        "confidence": 0.94,
        "model": "A Large",
        "local": False,
        "cost_nano_usd": 2_100_000,
        "reason": ("Ordinary talk",),
        "created_at": datetime(2026, 11, 13, 14, 36, tzinfo=UTC),
    }
    return Suggestion(**(values | fields))


DRAWN = (
    suggestion("They came out better than I hoped. Want a first look before Friday?"),
    suggestion("Which stop do you like best, the bridge or the old bookshop?", tone="question", confidence=0.87,
               model="B Fast", cost_nano_usd=400_000),
    suggestion("The walk is one album, 18 photos. Since you liked Lisbon, it is $16 for you.", tone="offer",
               confidence=0.71, cost_nano_usd=2_300_000),
)  # fmt: skip


def ready(*made: Suggestion) -> list[SuggestionPiece | Exception | None]:
    """A whole set, as a stream brings it."""
    return [*(SuggestionReady(index, one) for index, one in enumerate(made)), None]


class FakeRules:
    """Rules that mind given words."""

    ready = True

    def __init__(self) -> None:
        self.words: dict[str, tuple[ComplianceTier, str | None]] = {}
        self.checked: list[tuple[str, str]] = []
        self.listeners: list[Callable[[Any], None]] = []

    @property
    def rules(self) -> FakeRules:
        return self

    value = None

    def subscribe(self, listener: Callable[[Any], None]) -> Callable[[], None]:
        self.listeners.append(listener)
        listener(self)
        return lambda: self.listeners.remove(listener) if listener in self.listeners else None

    def mind(self, word: str, tier: str, replacement: str | None = None) -> None:
        self.words[word] = (ComplianceTier(tier), replacement)
        for listener in tuple(self.listeners):
            listener(self)

    def check(self, text: str, creator_id: str, price: int | None = None) -> ComplianceVerdict:
        self.checked.append((text, creator_id))
        found = []
        for word, (tier, replacement) in self.words.items():
            start = text.find(word)
            if start >= 0:
                found.append(_finding(word, tier, start, replacement))
        findings = tuple(sorted(found, key=lambda one: one.start))
        return ComplianceVerdict(findings, text)


def _finding(word: str, tier: ComplianceTier, start: int, replacement: str | None) -> ComplianceFinding:
    from huntaze_contract.compliance import Reason

    reason = Reason("keep", "Keep fans on the platform.", "Restez sur la plateforme.")
    place = (start, start + len(word))
    return ComplianceFinding(
        "contact.test", tier, ComplianceCategory.OFF_PLATFORM_CONTACT, *place, word, reason, replacement
    )
