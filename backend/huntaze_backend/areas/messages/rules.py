"""Pure rules of the messages area: a row as `Outgoing`, as a wire message, and what makes two messages look alike.

No session and no clock in here. `load` and `store` are the only translation between a row's columns and the state
machine in `huntaze_contract.outgoing`.
"""

import hashlib
import json
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from huntaze_backend.areas.messages.tables import ConversationRow, MessageRow
from huntaze_contract.outgoing import DEFAULT_TIMING, Outgoing, State, Timing
from huntaze_contract.wire import Lane, MediaItem, Message, MessageKind, Provenance, Unsend


@dataclass(frozen=True, slots=True)
class SendPolicy:
    """How fast and how patiently to send. A test makes it quick; production keeps the defaults."""

    window_margin: timedelta = timedelta(milliseconds=100)
    """Added to each limit's window: the platform's clock need not tick exactly as ours."""
    timing: Timing = field(default=DEFAULT_TIMING)
    parallel: int = 8
    """Sends under way at once on one connection."""
    recipient_limit: int = 6
    """Sends to one fan in any `recipient_window`: nobody reads faster."""
    recipient_window: timedelta = timedelta(seconds=60)
    campaign_share: float = 0.7
    """How much of an account's limit campaigns may use up (measured: live replies then wait 46 s instead of 60)."""
    retry_base: timedelta = timedelta(seconds=1)
    retry_max: timedelta = timedelta(seconds=60)

    def back_off(self, attempt_no: int) -> timedelta:
        """The wait after an attempt that was proven not executed: 1, 2, 4 … 60 s."""
        doubled: timedelta = self.retry_base * 2 ** min(max(attempt_no - 1, 0), 16)
        return min(doubled, self.retry_max)


def load(row: MessageRow) -> Outgoing:
    """The state machine's view of an outgoing row."""
    if row.state is None:
        raise ValueError(f"message {row.id} is not an outgoing one")
    return Outgoing(
        id=row.id,
        state=State(row.state),
        place=row.place,
        attempt_no=row.attempt_no,
        spent=row.spent,
        attempt_started_at=row.attempt_started_at,
        not_before=row.not_before,
        complete_listings=row.complete_listings,
        last_listing_at=row.last_listing_at,
        failed_listings=row.failed_listings,
        unlistable_since=row.unlistable_since,
        stop=row.stop,
        platform_message_id=row.platform_id,
        reason=row.reason,
    )


def store(row: MessageRow, message: Outgoing) -> None:
    """Write the state machine's view back. The platform id is written by the binding, which must be unique."""
    row.state = message.state.value
    row.place = message.place
    row.held_place = message.place if message.holds_head else None
    row.attempt_no = message.attempt_no
    row.spent = message.spent
    row.attempt_started_at = message.attempt_started_at
    row.not_before = message.not_before
    row.complete_listings = message.complete_listings
    row.last_listing_at = message.last_listing_at
    row.failed_listings = message.failed_listings
    row.unlistable_since = message.unlistable_since
    row.stop = message.stop
    row.reason = message.reason
    if message.state not in (State.UNKNOWN, State.RECONCILING):
        row.list_at = None


def take_place(conversation: ConversationRow) -> int:
    """The next place in the conversation's order of sending. The caller holds the conversation's lock."""
    place = conversation.next_place
    conversation.next_place = place + 1
    return place


def to_wire(row: MessageRow, ver: int) -> Message:
    """The row as it travels."""
    return Message(
        id=row.id,
        creator_id=row.creator_id,
        conversation_id=row.conversation_id,
        fan_id=row.fan_id,
        direction="in" if row.direction == "in" else "out",
        kind=MessageKind(row.kind),
        text=row.text,
        title=row.title,
        price=row.price,
        currency=row.currency,
        media=[MediaItem.model_validate(item) for item in row.media],
        bought_at=row.bought_at,
        state=State(row.state) if row.state is not None else None,
        reason=row.reason,
        not_before=row.not_before,
        attempt_no=row.attempt_no,
        author_id=row.author_id,
        author_name=row.author_name,
        at=row.at,
        place=row.place,
        platform_id=row.platform_id,
        read_at=row.read_at,
        lane=Lane(row.lane),
        edited_at=row.edited_at,
        unsend=Unsend(row.unsend) if row.unsend is not None else None,
        unsent_at=row.unsent_at,
        ai=None if row.ai is None else Provenance.model_validate(row.ai),
        approved_by=row.approved_by,
        approved_at=row.approved_at,
        ver=ver,
    )


def body_hash(conversation_id: str, text: str) -> str:
    """What a repeat must have in common with the first request under its key."""
    return hashlib.sha256(json.dumps([conversation_id, text]).encode()).hexdigest()


def fingerprint(text: str, price: int | None = None, media: Sequence[str] = ()) -> str:
    """What a message and its copy on the platform have in common.

    The platform may compose characters, change line ends and collapse white space; it changes neither the words nor
    the price nor how many media of which type there are (its media ids are not ours, so they do not count).
    """
    words = " ".join(unicodedata.normalize("NFC", text).split())
    return hashlib.sha256(json.dumps([words, price or 0, sorted(media)]).encode()).hexdigest()


def row_fingerprint(row: MessageRow) -> str:
    return fingerprint(row.text, row.price, [str(item["type"]) for item in row.media])
