"""What a listing of a chat proves about one message of ours. Pure: no session, no clock, no network.

The service weighs real listings with it (reconcile.py), the simulation weighs a model's: the same rule decides in both
whether a message was sent, may be sent again, or must wait.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from huntaze_backend.areas.messages import rules
from huntaze_backend.engines.gateways.reading import PlatformMessage

__all__ = ["Evidence", "after_the_mark", "fingerprint_of", "likelihood", "weigh"]


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a listing shows."""

    proof: PlatformMessage | None
    """The oldest message that can only be the one looked for."""
    complete: bool
    """Whether the listing, showing no proof, counts towards absence."""


def weigh(
    newest_first: Sequence[PlatformMessage], *, complete: bool, owners: Mapping[str, str], wanted: str
) -> Evidence:
    """Look for a message in what its chat shows above the high-water mark.

    Args:
        newest_first: the messages above the mark.
        complete: whether the listing succeeded and reached the mark.
        owners: by platform id, the key under which its row was written here; "" for a row that a listing made.
        wanted: the fingerprint of the message looked for.
    """
    free = [message for message in reversed(newest_first) if message.from_us and not owners.get(message.id)]
    proof = next((message for message in free if fingerprint_of(message) == wanted), None)
    # Ours, new, written by nobody here, and different: perhaps this very message as the platform rewrote it. Then its
    # absence cannot be proven, and if no proof comes a person decides.
    return Evidence(proof, complete and not free)


def after_the_mark(message: PlatformMessage, high_water: Iterable[str], high_water_at: datetime | None) -> bool:
    """Whether a platform message was not there before the first attempt. Both times are the platform's."""
    if message.id in high_water:
        return False
    return high_water_at is None or message.created_at >= high_water_at


def likelihood(place: int | None, *, holds_head: bool) -> tuple[bool, int]:
    """Orders messages that read the same by whose proof a platform message is, the likeliest first.

    One that holds its conversation's head may be under way this moment; one that failed or was cancelled is only
    believed not to be there. (By place alone a failed message took the proof of a later one with the same words, and
    the later one was sent twice: found by the simulation, once in 20,000 sends.)
    """
    return not holds_head, place or 0


def fingerprint_of(message: PlatformMessage) -> str:
    return rules.fingerprint(message.text, message.price, message.media_types)
