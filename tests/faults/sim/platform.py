"""A platform reduced to what matters: what was really executed, when it can be seen, and the judge of it all.

The model knows of every post which message of ours it is; nobody else is told. It executes whatever it is asked to, as
often as it is asked: it knows no idempotency.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from huntaze_backend.engines.gateways.reading import MessagePage, PlatformMessage

__all__ = ["NOON", "Chat", "Post", "Verdicts", "executions", "most_in_any_window"]

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


@dataclass(slots=True)
class Post:
    """What stands in a chat."""

    seen: PlatformMessage
    executed_at: float
    visible_at: float
    whose: int | str | None
    """Which message of ours it is; None for a fan's, and for what was typed on a phone."""


@dataclass(slots=True)
class Chat:
    """A chat with its truth. Times are seconds since the world began."""

    account: str
    id: str
    posts: list[Post] = field(default_factory=list)

    def execute(
        self, text: str, at: float, visible_at: float, *, whose: int | str | None = None, from_us: bool = True
    ) -> Post:
        """Put a message into the chat: whoever asks, and however often."""
        created_at = NOON + timedelta(seconds=at)
        seen = PlatformMessage(f"{self.id}/{len(self.posts)}", self.id, text, from_us, created_at)
        post = Post(seen, at, visible_at, whose)
        self.posts.append(post)
        return post

    def visible(self, at: float) -> list[PlatformMessage]:
        """What a listing shows, newest first."""
        return [post.seen for post in reversed(self.posts) if post.visible_at <= at]

    def whole_page(self, at: float, before: str | None, limit: int) -> MessagePage:
        """One page of a listing that works."""
        shown = self.visible(at)
        if before is not None:
            shown = shown[next(n for n, message in enumerate(shown) if message.id == before) + 1 :]
        return MessagePage(tuple(shown[:limit]), complete=len(shown) <= limit)


@dataclass(slots=True)
class Verdicts:
    """What the judge found: counts, and a sentence for each finding (the first of them)."""

    lost: int = 0
    doubled: int = 0
    reordered: int = 0
    unsettled: int = 0
    false_failures: int = 0
    too_fast: int = 0
    findings: list[str] = field(default_factory=list)

    _MOST = 20

    @property
    def total(self) -> int:
        return self.lost + self.doubled + self.reordered + self.unsettled + self.false_failures + self.too_fast

    def add(self, what: str, sentence: str) -> None:
        setattr(self, what, getattr(self, what) + 1)
        if len(self.findings) < self._MOST:
            self.findings.append(sentence)

    def judge_message(self, name: str, state: str, executions: int) -> None:
        """Weigh where one message ended against how often it was executed."""
        if executions > 1:
            self.add("doubled", f"{name} stands on the platform {executions} times")
        if state == "sent":
            if not executions:
                self.add("lost", f"{name} is said to be sent, and is not on the platform")
        elif state in ("failed", "rejected", "cancelled", "expired"):
            if executions:
                self.add("false_failures", f"{name} is said to be {state}, and is on the platform")
        else:
            self.add("unsettled", f"{name} is still {state} at the end")

    def judge_order(self, name: str, places: Sequence[int]) -> None:
        """`places`: of a conversation's messages, in the order of their first execution."""
        if any(later < earlier for earlier, later in pairwise(places)):
            self.add("reordered", f"{name} was executed in the order of places {list(places)}")

    def judge_pace(self, account: str, times: Iterable[float], limit: int, seconds: float) -> int:
        """Count an account's executions; returns the most in any window."""
        most = most_in_any_window(sorted(times), seconds)
        if most > limit:
            self.add("too_fast", f"{account} sent {most} messages within {seconds:g} s")
        return most


def most_in_any_window(times: Sequence[float], seconds: float) -> int:
    """The most of ascending `times` in any half-open window of that length."""
    most = start = 0
    for end, at in enumerate(times):
        while at - times[start] >= seconds:
            start += 1
        most = max(most, end - start + 1)
    return most


def executions(chats: Iterable[Chat]) -> Counter[int | str]:
    """How often each of our messages was executed."""
    return Counter(post.whose for chat in chats for post in chat.posts if post.whose is not None)
