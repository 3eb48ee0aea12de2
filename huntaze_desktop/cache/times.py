"""Times in the store are integer microseconds since 1970 UTC: they compare, sort and index as what they are."""

from datetime import UTC, datetime, timedelta
from typing import overload

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


@overload
def to_us(value: datetime) -> int: ...
@overload
def to_us(value: None) -> None: ...
def to_us(value: datetime | None) -> int | None:
    return None if value is None else (value - _EPOCH) // _MICROSECOND


@overload
def from_us(value: int) -> datetime: ...
@overload
def from_us(value: None) -> None: ...
def from_us(value: int | None) -> datetime | None:
    # Adding a timedelta is exact; dividing by a million and going through a float is not.
    return None if value is None else _EPOCH + timedelta(microseconds=value)
