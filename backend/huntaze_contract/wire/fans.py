"""Fans, and what the team knows of them: notes, tags, transactions."""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, field_validator

from huntaze_contract.wire.base import Currency, Minor, UtcTime, Uuid, WireModel

Tag = Annotated[str, Field(min_length=1, max_length=40)]


class FanTotals(WireModel):
    """What a fan spent, gross, refunds taken off; minor units of `currency`."""

    currency: Currency = "USD"
    lifetime: Minor = 0
    last_30_days: Minor = 0
    tips: Minor = 0
    ppv: Minor = 0
    subscriptions: Minor = 0
    weeks: list[Minor] = Field(default_factory=list, description="spend of the last 12 weeks, oldest first")
    bought: int = Field(default=0, description="PPV messages bought")
    offered: int = Field(default=0, description="PPV messages sent")


class FanField(WireModel):
    """A fact that the team keeps of a fan. `ver` counts the changes of this one field."""

    value: str
    ver: int
    by: str = Field(description="name of the member who wrote it")
    at: UtcTime


FanFieldName = Literal["nickname", "about", "birthday"]
"""What the team may keep. `about` is long text, merged by lines; the others are single values."""


class Fan(WireModel):
    id: Uuid
    creator_id: Uuid
    platform_id: str
    name: str
    username: str
    language: str | None = None
    location: str | None = None
    timezone: str | None = None
    subscribed_at: UtcTime | None = None
    renews_at: UtcTime | None = None
    active: bool = True
    last_seen_at: UtcTime | None = None
    totals: FanTotals = FanTotals()
    tags: list[str] = Field(default_factory=list)
    fields: dict[FanFieldName, FanField] = Field(default_factory=dict)
    ver: int = 0


class TransactionKind(StrEnum):
    SUBSCRIPTION = "subscription"
    TIP = "tip"
    PPV = "ppv"
    REFUND = "refund"
    CHARGEBACK = "chargeback"


class Transaction(WireModel):
    id: Uuid
    creator_id: Uuid
    fan_id: Uuid
    kind: TransactionKind
    amount: Minor = Field(description="gross; negative for refunds and chargebacks")
    net: Minor
    currency: Currency
    at: UtcTime
    message_id: Uuid | None = None
    ver: int = 0


class Note(WireModel):
    """A note of the team on a fan; shared with everyone who may see the creator."""

    id: Uuid
    fan_id: Uuid
    creator_id: Uuid
    text: str
    author_id: Uuid | None
    author_name: str
    created_at: UtcTime
    edited_at: UtcTime | None = None
    ver: int = 0


def _visible(value: str) -> str:
    if not value.strip():
        raise ValueError("needs at least one visible character")
    return value.strip()


class NewNote(WireModel):
    id: Uuid = Field(description="made by the client; a repeat of the same id changes nothing")
    text: str = Field(min_length=1, max_length=5000)

    _text_visible = field_validator("text")(_visible)


class NoteEdit(WireModel):
    text: str = Field(min_length=1, max_length=5000)
    base_ver: int = Field(
        ge=0, le=2**53, description="the version that was edited; another one is refused with CONFLICT"
    )

    _text_visible = field_validator("text")(_visible)


class NewTag(WireModel):
    tag: Tag

    _tag_visible = field_validator("tag")(_visible)
