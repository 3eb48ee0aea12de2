"""What every wire model shares: how times are written, how pages look, which version this is."""

from datetime import UTC, datetime
from typing import Annotated, Generic, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PlainSerializer

API_VERSION = "2.0"
"""Major.minor of the HTTP API. A desktop refuses only a backend of another major."""

API_MAJOR = int(API_VERSION.split(".", maxsplit=1)[0])


def _to_utc(value: datetime) -> datetime:
    if value.tzinfo is None:
        raise ValueError("a time needs its offset, as in 2026-11-21T18:00:00Z")
    return value.astimezone(UTC)


def _write(value: datetime) -> str:
    return value.isoformat(timespec="microseconds").replace("+00:00", "Z")


UtcTime = Annotated[datetime, AfterValidator(_to_utc), PlainSerializer(_write, return_type=str, when_used="json")]
"""A point in time, UTC, microseconds, written with `Z`."""

Uuid = Annotated[
    str,
    Field(pattern=r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$", description="UUID, lower case"),
]
Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$", description="ISO 4217")]
Minor = Annotated[int, Field(ge=-(2**53), le=2**53, description="integer minor units (cents)")]


class WireModel(BaseModel):
    """Base of all wire models: immutable, and blind to fields it does not know."""

    model_config = ConfigDict(frozen=True, extra="ignore", str_strip_whitespace=False)


Item = TypeVar("Item")


class Page(WireModel, Generic[Item]):
    """One page of a list; `next_cursor` is opaque and null at the end."""

    items: list[Item]
    next_cursor: str | None = None
