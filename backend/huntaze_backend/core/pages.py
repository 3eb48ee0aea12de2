"""Cursors of lists: opaque text that says after which row the next page begins.

Not signed: it holds sort keys of rows the reader was shown, and every page is authorised as if it were the first.
"""

import base64
import binascii
import json
from datetime import UTC, datetime, timedelta

from sqlalchemy import BigInteger, ColumnElement, type_coerce
from sqlalchemy.orm import InstrumentedAttribute

from huntaze_backend.core.errors import ValidationProblem

Key = str | int
_LONGEST = 400
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def write_cursor(*keys: Key) -> str:
    """The cursor after a row with these sort keys."""
    return base64.urlsafe_b64encode(json.dumps(keys, separators=(",", ":")).encode()).decode().rstrip("=")


def read_cursor(cursor: str | None, *types: type[Key]) -> tuple[Key, ...] | None:
    """The sort keys in a cursor, or None without one.

    Raises ValidationProblem for text that `write_cursor` did not make for keys of these types.
    """
    if not cursor:
        return None
    try:
        if len(cursor) > _LONGEST:
            raise ValueError("too long")
        keys = json.loads(base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True))
        if not isinstance(keys, list) or [type(key) for key in keys] != list(types):
            raise ValueError("keys of other types")
        if not all(abs(key) < 2**63 if isinstance(key, int) else "\x00" not in key for key in keys):
            raise ValueError("a key that no row has")
    except (ValueError, RecursionError, binascii.Error) as error:
        raise ValidationProblem("This cursor was not given out by this list.", field="cursor") from error
    return tuple(keys)


def stored_micros(at: datetime) -> int:
    """The integer as which a time is stored: a cursor's key, where `micros` orders by the column."""
    return (at - _EPOCH) // timedelta(microseconds=1)


def micros(column: InstrumentedAttribute[datetime] | InstrumentedAttribute[datetime | None]) -> ColumnElement[int]:
    """A time column as the integer it is stored as: exact in a cursor, whatever the database."""
    return type_coerce(column, BigInteger)
