"""Conversations, messages, and the door through which a message is sent."""

import unicodedata
from enum import StrEnum
from typing import Literal

from pydantic import Field, field_validator

from huntaze_contract.outgoing import MAX_TEXT, State
from huntaze_contract.wire.base import Currency, Minor, UtcTime, Uuid, WireModel


class MessageKind(StrEnum):
    """What a timeline row is. Tips and subscriptions are rows of their own, bound to their transaction."""

    TEXT = "text"
    PPV = "ppv"
    TIP = "tip"
    SUBSCRIPTION = "subscription"


MessageState = State
"""States of outgoing messages; an incoming one has none."""


class Lane(StrEnum):
    """Who goes first when an account may send: a live reply before a scheduled one, those before machines."""

    LIVE = "live"
    SCHEDULED = "scheduled"
    AUTOMATION = "automation"
    CAMPAIGN = "campaign"


class Unsend(StrEnum):
    """How taking back a delivered message stands. `failed` keeps the message: the platform did not let it go."""

    REQUESTED = "requested"
    DONE = "done"
    FAILED = "failed"


class MediaItem(WireModel):
    platform_id: str
    type: Literal["photo", "video", "audio"]
    duration_s: int | None = None


class Provenance(WireModel):
    """What a machine had to do with a text. The server works it out; nobody can claim it away."""

    suggestion_id: Uuid | None = None
    provider: str
    model: str
    confidence: float | None = Field(default=None, ge=0, le=1)
    ai_share: float = Field(ge=0, le=1, description="how much of the text stands as the machine wrote it")
    edited: bool = Field(description="a person changed enough of it to have written it with the machine")


class Message(WireModel):
    """One row of a conversation's timeline.

    `at` orders the timeline: the platform's time where the platform has the message, else when it was accepted. `state`
    is null for what a fan wrote. `not_before` belongs to `limited`, `scheduled` and backed-off `ready`.
    """

    id: Uuid
    creator_id: Uuid
    conversation_id: Uuid
    fan_id: Uuid
    direction: Literal["in", "out"]
    kind: MessageKind = MessageKind.TEXT
    text: str = ""
    title: str | None = Field(default=None, description="of a PPV message")
    price: Minor | None = Field(default=None, description="of a PPV message; the amount of a tip or subscription")
    currency: Currency = "USD"
    media: list[MediaItem] = Field(default_factory=list)
    bought_at: UtcTime | None = None
    state: State | None = None
    reason: str | None = Field(default=None, description="why it is in its state, or why it was not taken back")
    not_before: UtcTime | None = None
    attempt_no: int = 0
    author_id: Uuid | None = Field(default=None, description="the member who wrote it, if written here")
    author_name: str | None = None
    at: UtcTime
    place: int | None = None
    platform_id: str | None = None
    read_at: UtcTime | None = Field(default=None, description="when the fan read it, where the platform tells")
    lane: Lane = Lane.LIVE
    edited_at: UtcTime | None = Field(default=None, description="when its text was last changed while it waited here")
    unsend: Unsend | None = Field(default=None, description="of a delivered message that someone takes back")
    unsent_at: UtcTime | None = Field(default=None, description="when the platform had taken it back")
    ai: Provenance | None = Field(default=None, description="what a machine had to do with the text")
    approved_by: Uuid | None = Field(default=None, description="the member whose yes this text has")
    approved_at: UtcTime | None = None
    ver: int = 0


class LastMessage(WireModel):
    """What the conversation list shows of the newest row."""

    id: Uuid
    direction: Literal["in", "out"]
    kind: MessageKind
    text: str
    price: Minor | None = None
    bought: bool = False
    state: State | None = None
    read: bool = False
    author_id: Uuid | None = None
    author_name: str | None = None
    at: UtcTime


class Conversation(WireModel):
    """A fan and a creator.

    `waiting_since` is the time of the oldest incoming message that no delivered message of ours followed; null when
    nobody waits. It stops at delivery, not at queueing.
    """

    id: Uuid
    creator_id: Uuid
    fan_id: Uuid
    platform_id: str
    unread: int = 0
    waiting_since: UtcTime | None = None
    last: LastMessage | None = None
    last_at: UtcTime
    can_send: bool = True
    cannot_send_reason: str | None = None
    reply_rev: int = Field(default=0, description="counts outgoing messages of whoever wrote them, other tools too")
    marked_unread: bool = Field(default=False, description="a member put it back on the pile; ends when it is read")
    assignee_id: Uuid | None = None
    assigned_at: UtcTime | None = None
    handover_note: str | None = Field(default=None, description="what the colleague who handed it over wants to say")
    handover_by: str | None = Field(default=None, description="that colleague's name")
    snoozed_until: UtcTime | None = Field(default=None, description="out of sight until then, or until the fan writes")
    done_at: UtcTime | None = Field(default=None, description="dealt with; ends when the fan writes again")
    ver: int = 0


class NewMessage(WireModel):
    """A message to send. Its id travels in the `Idempotency-Key` header and is its identity for life."""

    conversation_id: Uuid
    text: str = Field(min_length=1, max_length=MAX_TEXT)
    composed_at: UtcTime
    device_id: Uuid
    device_seq: int = Field(ge=0, le=2**53)
    prev_id: Uuid | None = Field(
        default=None, description="the message this device sent before it in this conversation, if that is not yet sent"
    )
    base_rev: int | None = Field(
        default=None,
        ge=0,
        le=2**53,
        description="the conversation's `reply_rev` that the writer saw; a colleague's later answer is a COLLISION",
    )
    lease_epoch: int | None = Field(
        default=None,
        ge=1,
        le=2**53,
        description="the reply lease it was written under, if any; LEASE_LOST if it is not current",
    )
    epoch: str | None = Field(
        default=None,
        max_length=36,
        description="of the snapshot that the writer had when this was first sent; RESTORED if the service has another"
        " one and does not know the message: it may have had it before",
    )
    send_at: UtcTime | None = Field(default=None, description="goes at that time and not before; up to a year ahead")
    suggestion_id: Uuid | None = Field(
        default=None, description="the suggestion it was made from; the server compares the texts by itself as well"
    )
    override: bool = Field(
        default=False, description="a person saw what was missed and wants it sent all the same; audited"
    )

    @field_validator("text")
    @classmethod
    def _text(cls, value: str) -> str:
        return sendable_text(value)


def sendable_text(value: str) -> str:
    """A message's text in the form in which it is stored and sent; raises ValueError for one that cannot be sent."""
    text = unicodedata.normalize("NFC", value.replace("\r\n", "\n").replace("\r", "\n"))
    if not text.strip():
        raise ValueError("a message needs at least one visible character")
    if len(text) > MAX_TEXT:
        raise ValueError(f"a message has at most {MAX_TEXT} characters")
    if "\x00" in text:
        raise ValueError("a message cannot contain a NUL character")
    return text


class MessageEdit(WireModel):
    """Another text for a message that still waits here and of which no attempt was ever made."""

    text: str = Field(min_length=1, max_length=MAX_TEXT)
    base_ver: int = Field(
        ge=0, le=2**53, description="the version that was edited; another one is refused with CONFLICT"
    )

    @field_validator("text")
    @classmethod
    def _text(cls, value: str) -> str:
        return sendable_text(value)


class Collision(WireModel):
    """Why a message was not accepted: what happened in the conversation while it was written."""

    reason: Literal["colleague_replied", "fan_wrote_on", "lease_lost"]
    missed: list[Message] = Field(description="oldest first, at most 20")
    reply_rev: int = Field(description="what to name as `base_rev` when it is sent all the same")
    holder: str | None = Field(default=None, description="who holds the reply lease now")


class Lease(WireModel):
    """Who answers a conversation at this moment. A courtesy with a fence: the door checks `epoch`, not the clock."""

    conversation_id: Uuid
    member_id: Uuid
    member_name: str
    epoch: int
    expires_at: UtcTime


class LeaseRequest(WireModel):
    device_id: Uuid
    take_over: bool = Field(default=False, description="take it although a colleague holds it: 'I will answer'")


class SendAnswer(WireModel):
    """The message as it stands now, also on every repeat."""

    message: Message
    estimated_at: UtcTime | None = Field(
        default=None, description="an estimate of when it goes; a label, not a promise"
    )
    server_time: UtcTime


class Resolution(WireModel):
    """What a person found on the platform for a message in `needs_human`."""

    verdict: Literal["sent", "not_sent_send_again", "not_sent_give_up"]
    platform_id: str | None = Field(default=None, min_length=1, max_length=200)


class AttemptSeen(WireModel):
    """One attempt to send, as a person who has to decide sees it."""

    no: int
    started_at: UtcTime
    outcome: str | None = Field(description="sent, refused, not_executed, throttled or ambiguous; null while open")
    detail: str | None = None


class Candidate(WireModel):
    """A message of ours that the platform lists and that was not there before the first attempt."""

    platform_id: str
    text: str
    at: UtcTime
    same_text: bool
    bound_to: Uuid | None = Field(default=None, description="the message of ours that it is known to be")


class Evidence(WireModel):
    """What is known of a message in `needs_human`: our attempts, and what the platform lists at this moment."""

    message: Message
    attempts: list[AttemptSeen]
    candidates: list[Candidate]
    listed_at: UtcTime
    complete: bool = Field(description="the listing reaches back to what was visible before the first attempt")
    trouble: str | None = Field(default=None, description="why the platform could not be listed")


class MarkRead(WireModel):
    up_to: Uuid = Field(description="the newest message that was seen")


class SendBudget(WireModel):
    """What a creator account may still send in the current window. `waiting` and `empty_at` are an estimate."""

    creator_id: Uuid
    limit: int
    remaining: int
    window_s: int = 60
    next_at: UtcTime | None = Field(default=None, description="when the next send may go, if none may go now")
    waiting: int = Field(default=0, description="messages of the account that wait for their turn")
    empty_at: UtcTime | None = Field(default=None, description="when the last of them may go, if nothing else comes")
    server_time: UtcTime
