"""What a write changed: every write returns one, and views use it to decide whether they have to look again."""

from collections.abc import Iterable
from dataclasses import dataclass

from huntaze_contract.ids import Id


@dataclass(frozen=True, slots=True)
class Touched:
    """Ids whose rows changed, by what views ask for; `everything` after a resync."""

    conversations: frozenset[Id] = frozenset()
    timelines: frozenset[Id] = frozenset()
    """Conversations that only got history: a full sync brings 60,000 messages and changes no row of the list."""
    fans: frozenset[Id] = frozenset()
    creators: bool = False
    outbox: bool = False
    changes: bool = False
    """What waits besides messages, or the notices about it."""
    rules: bool = False
    """What the agency's rules of compliance are."""
    everything: bool = False

    def __or__(self, other: "Touched") -> "Touched":
        return Touched(
            self.conversations | other.conversations,
            self.timelines | other.timelines,
            self.fans | other.fans,
            self.creators or other.creators,
            self.outbox or other.outbox,
            self.changes or other.changes,
            self.rules or other.rules,
            self.everything or other.everything,
        )

    def __bool__(self) -> bool:
        seen = self.conversations or self.timelines or self.fans or self.creators
        return bool(seen or self.outbox or self.changes or self.rules or self.everything)

    @classmethod
    def all_of(cls, parts: Iterable["Touched"]) -> "Touched":
        whole = cls()
        for part in parts:
            whole |= part
        return whole


EVERYTHING = Touched(creators=True, outbox=True, changes=True, rules=True, everything=True)
