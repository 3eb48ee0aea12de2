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


class MediaItem(WireModel):
    platform_id: str
    type: Literal["photo", "video", "audio"]
    duration_s: int | None = None


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
    reason: str | None = None
    not_before: UtcTime | None = None
    attempt_no: int = 0
    author_id: Uuid | None = Field(default=None, description="the member who wrote it, if written here")
    author_name: str | None = None
    at: UtcTime
    place: int | None = None
    platform_id: str | None = None
    read_at: UtcTime | None = Field(default=None, description="when the fan read it, where the platform tells")
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

    @field_validator("text")
    @classmethod
    def _normal_and_visible(cls, value: str) -> str:
        text = unicodedata.normalize("NFC", value.replace("\r\n", "\n").replace("\r", "\n"))
        if not text.strip():
            raise ValueError("a message needs at least one visible character")
        if len(text) > MAX_TEXT:
            raise ValueError(f"a message has at most {MAX_TEXT} characters")
        if "\x00" in text:
            raise ValueError("a message cannot contain a NUL character")
        return text


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


class MarkRead(WireModel):
    up_to: Uuid = Field(description="the newest message that was seen")


class SendBudget(WireModel):
    """What a creator account may still send in the current window."""

    creator_id: Uuid
    limit: int
    remaining: int
    window_s: int = 60
    next_at: UtcTime | None = Field(default=None, description="when the next send may go, if none may go now")
    server_time: UtcTime
