"""What was spent in a stretch of time, by whichever dimension.

Whole days of UTC are read from the rollups of days, whole hours at their edges from those of hours, and what is left
from the attempts themselves: so a day of any time zone is exact, and a month reads few rows.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import Select, func, select, union_all
from sqlalchemy.orm import Session

from huntaze_backend.engines.ledger.books import MEASURES, State
from huntaze_backend.engines.ledger.port import RESPONSE_CACHE
from huntaze_backend.engines.ledger.rows import measured
from huntaze_backend.engines.ledger.tables import AttemptRow, RollupRow

__all__ = ["Dimension", "Figures", "Question", "figures", "held", "total"]

Dimension = Literal["provider", "model", "agent", "creator_id", "member_id"]
Source = Literal["day", "hour", "attempts"]


@dataclass(frozen=True, slots=True)
class Question:
    """Which attempts: those of [start, end) in UTC, of the agency or of one of its creators."""

    agency_id: str
    start: datetime
    end: datetime
    creator_id: str | None = None
    cache_hits: bool = False
    """The answers from the response cache, and nothing else; otherwise all but those."""


@dataclass(frozen=True, slots=True)
class Figures:
    """Sums over ended attempts. The cost is in nano-USD."""

    calls: int = 0
    errors: int = 0
    estimated: int = 0
    input_tokens: int = 0
    cached_tokens: int = 0
    output_tokens: int = 0
    reasoning_tokens: int = 0
    cost: int = 0

    def __add__(self, other: "Figures") -> "Figures":
        return Figures(*(getattr(self, name) + getattr(other, name) for name in MEASURES))


def total(session: Session, asked: Question) -> Figures:
    """The sums of all of them."""
    return figures(session, asked, ()).get((), Figures())


def figures(session: Session, asked: Question, by: Sequence[Dimension]) -> dict[tuple[str, ...], Figures]:
    """The sums by the values of these dimensions; a creator or member is "" where there was none."""
    parts = [_part(asked, *piece, by) for piece in pieces(asked.start, asked.end)]
    if not parts:
        return {}
    together = union_all(*parts).subquery()
    keys = [together.c[name] for name in by]
    sums = [func.sum(together.c[name]) for name in MEASURES]
    rows = session.execute(select(*keys, *sums).group_by(*keys).having(func.sum(together.c.calls) > 0)).all()
    return {tuple(row[: len(by)]): Figures(*(int(value) for value in row[len(by) :])) for row in rows}


def held(session: Session, asked: Question) -> int:
    """The bounds of the attempts that have not ended, in nano-USD."""
    where = [AttemptRow.state == State.OPEN.value, *_where(AttemptRow, asked, asked.start, asked.end)]
    return int(session.execute(select(func.coalesce(func.sum(AttemptRow.bound), 0)).where(*where)).scalar_one())


def pieces(start: datetime, end: datetime) -> Iterator[tuple[Source, datetime, datetime]]:
    """Where to read each part of [start, end)."""
    yield from _split(start, end, timedelta(hours=1), "attempts", _hours)


def _hours(start: datetime, end: datetime) -> Iterator[tuple[Source, datetime, datetime]]:
    yield from _split(start, end, timedelta(days=1), "hour", _days)


def _days(start: datetime, end: datetime) -> Iterator[tuple[Source, datetime, datetime]]:
    yield "day", start, end


def _split(
    start: datetime, end: datetime, unit: timedelta, edge: Source, inner: Any
) -> Iterator[tuple[Source, datetime, datetime]]:
    """Whole units go to `inner`, the edges before and after them are read from `edge`."""
    first, last = start - _past(start, unit), end - _past(end, unit)
    first += unit if first < start else timedelta(0)
    if first >= last:
        if start < end:
            yield edge, start, end
        return
    if start < first:
        yield edge, start, first
    yield from inner(first, last)
    if last < end:
        yield edge, last, end


def _past(at: datetime, unit: timedelta) -> timedelta:
    return (at - at.replace(hour=0, minute=0, second=0, microsecond=0)) % unit


def _part(asked: Question, source: Source, start: datetime, end: datetime, by: Sequence[Dimension]) -> Select[Any]:
    if source == "attempts":
        ended = AttemptRow.state != State.OPEN.value
        keys = [func.coalesce(getattr(AttemptRow, name), "").label(name) for name in by]
        return select(*keys, *measured()).where(ended, *_where(AttemptRow, asked, start, end))
    columns = [getattr(RollupRow, name) for name in (*by, *MEASURES)]
    return select(*columns).where(RollupRow.grain == source, *_where(RollupRow, asked, start, end))


def _where(table: type[AttemptRow] | type[RollupRow], asked: Question, start: datetime, end: datetime) -> list[Any]:
    where: list[Any] = [table.agency_id == asked.agency_id, table.at >= start, table.at < end]
    where.append(table.model == RESPONSE_CACHE if asked.cache_hits else table.model != RESPONSE_CACHE)
    if asked.creator_id is not None:
        where.append(table.creator_id == asked.creator_id)
    return where
