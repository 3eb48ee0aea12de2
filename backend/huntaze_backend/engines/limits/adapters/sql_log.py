"""The limiter as an exact log in SQL, in the caller's own transaction.

SQLite has one writer, so a decision and its record cannot be torn apart; PostgreSQL takes the meters' rows in the order
of their keys, then reads the clock, so that decisions about one meter follow one another in time.
"""

import heapq
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import BindParameter, Row, bindparam, delete, select, update
from sqlalchemy.orm import Session

from huntaze_backend.core.bulk import insert_new
from huntaze_backend.core.clock import now
from huntaze_backend.core.schema import UtcMicros
from huntaze_backend.engines.limits.port import Decision, Meter
from huntaze_backend.engines.limits.tables import MeterRow, PermitRow
from huntaze_contract.ids import new_id

_MICROSECOND = timedelta(microseconds=1)

# Made once: every send asks them several times, and making one costs more than its answer.
_KEYS: BindParameter[str] = bindparam("keys", expanding=True)
_PAUSES = select(MeterRow.key, MeterRow.blocked_until).where(MeterRow.key.in_(_KEYS)).order_by(MeterRow.key)
_LOCKED_PAUSES = _PAUSES.with_for_update()
_COUNTING = (
    select(PermitRow.key, PermitRow.open, PermitRow.started_at, PermitRow.counts_until)
    .where(PermitRow.key.in_(_KEYS), PermitRow.counts_until > bindparam("at", type_=UtcMicros()))
    .order_by(PermitRow.counts_until)
)
_OVER = delete(PermitRow).where(PermitRow.key.in_(_KEYS), PermitRow.counts_until <= bindparam("at", type_=UtcMicros()))
_OVER = _OVER.execution_options(synchronize_session=False)
_Entry = Row[str, bool, datetime, datetime]
"""A permit in a meter's log: key, open, started_at, counts_until."""


@dataclass(frozen=True, slots=True)
class _Verdict:
    """What one meter says: when it admits next (None: now), and how many it admits now."""

    admits_at: datetime | None
    remaining: int


class SqlRateGate:
    """Implements `RateGate`."""

    def acquire(self, session: Session, meters: Sequence[Meter], *, longest_flight: timedelta) -> Decision:
        blocked = self._lock(session, meters)
        at = now(session)
        keys = [meter.key for meter in meters]
        session.execute(_OVER, {"keys": keys, "at": at})
        decision = _decide(meters, blocked, self._counting(session, keys, at), at)
        if not decision.granted:
            return decision
        permit = new_id()
        for meter in meters:
            until = at + meter.window if meter.kind == "spacing" else at + longest_flight + meter.window
            row = PermitRow(permit_id=permit, key=meter.key, kind=meter.kind, open=True)
            row.window_us = meter.window // _MICROSECOND
            row.started_at = at
            row.counts_until = until
            session.add(row)
        session.flush()
        remaining = {key: left - 1 for key, left in decision.remaining.items()}
        return Decision(granted=True, permit=permit, remaining=remaining)

    def peek(self, session: Session, meters: Sequence[Meter]) -> Decision:
        keys = [meter.key for meter in meters]
        rows = session.execute(_PAUSES, {"keys": keys})
        at = now(session)
        return _decide(meters, dict(rows.all()), self._counting(session, keys, at), at)

    def forecast(self, session: Session, meters: Sequence[Meter], count: int) -> list[datetime]:
        keys = [meter.key for meter in meters]
        rows = session.execute(_PAUSES, {"keys": keys})
        at = now(session)
        pauses = [pause for _, pause in rows if pause is not None]
        entries = self._counting(session, keys, at)
        # Of each meter the `limit` latest ends decide, the earliest of them first.
        ends = {
            meter.key: heapq.nlargest(
                meter.limit, (_frees(entry, meter, at) for entry in entries if entry.key == meter.key)
            )
            for meter in meters
        }
        for heap in ends.values():
            heapq.heapify(heap)
        times: list[datetime] = []
        for _ in range(count):
            earliest = max([at, *pauses, *times[-1:]])
            for meter in meters:
                if len(ends[meter.key]) >= meter.limit:
                    earliest = max(earliest, ends[meter.key][0])
            times.append(earliest)
            for meter in meters:
                heapq.heappush(ends[meter.key], earliest + meter.window)
                if len(ends[meter.key]) > meter.limit:
                    heapq.heappop(ends[meter.key])
        return times

    def settle(self, session: Session, permit: str, *, certain: bool) -> None:
        at = now(session)
        for row in session.scalars(select(PermitRow).where(PermitRow.permit_id == permit, PermitRow.open)).all():
            row.open = False
            if not certain:
                continue
            until = at + timedelta(microseconds=row.window_us)
            # A log entry only ever shortens (its bound was the worst case); spacing runs anew from the answer.
            row.counts_until = max(row.counts_until, until) if row.kind == "spacing" else min(row.counts_until, until)
        session.flush()

    def refund(self, session: Session, permit: str) -> None:
        session.execute(delete(PermitRow).where(PermitRow.permit_id == permit, PermitRow.open))

    def penalise(self, session: Session, key: str, until: datetime) -> None:
        insert_new(session, MeterRow, [{"key": key, "blocked_until": None}])
        session.execute(
            update(MeterRow)
            .where(
                MeterRow.key == key,
                MeterRow.blocked_until.is_(None) | (MeterRow.blocked_until < until),
            )
            .values(blocked_until=until)
        )

    def _lock(self, session: Session, meters: Sequence[Meter]) -> dict[str, datetime | None]:
        keys = sorted({meter.key for meter in meters})
        rows = dict(session.execute(_LOCKED_PAUSES, {"keys": keys}).all())
        if len(rows) < len(keys):
            insert_new(session, MeterRow, [{"key": key, "blocked_until": None} for key in keys])
            rows = dict(session.execute(_LOCKED_PAUSES, {"keys": keys}).all())
        return rows

    def _counting(self, session: Session, keys: Sequence[str], at: datetime) -> Sequence[_Entry]:
        return session.execute(_COUNTING, {"keys": keys, "at": at}).all()


def _decide(
    meters: Sequence[Meter], blocked: dict[str, datetime | None], entries: Sequence[_Entry], at: datetime
) -> Decision:
    remaining: dict[str, int] = {}
    latest: datetime | None = None
    blocking: Meter | None = None
    penalised = False
    for meter in meters:
        verdict = _judge(meter, [entry for entry in entries if entry.key == meter.key], at)
        pause = blocked.get(meter.key)
        if meter.kind == "log":
            remaining[meter.key] = verdict.remaining
        if verdict.admits_at is not None and (latest is None or verdict.admits_at > latest):
            latest, blocking = verdict.admits_at, meter
        if pause is not None and pause > at:
            penalised = True
            remaining[meter.key] = 0
            if latest is None or pause > latest:
                latest, blocking = pause, None
    return Decision(
        granted=latest is None, retry_at=latest, blocking=blocking, penalised=penalised, remaining=remaining
    )


def _judge(meter: Meter, entries: Sequence[_Entry], at: datetime) -> _Verdict:
    if len(entries) < meter.limit:
        return _Verdict(None, meter.limit - len(entries))
    frees = sorted(_frees(entry, meter, at) for entry in entries)
    return _Verdict(frees[len(entries) - meter.limit], 0)


def _frees(entry: _Entry, meter: Meter, at: datetime) -> datetime:
    # An open send counts at least for the window from now: it may be answered this very moment.
    return at + meter.window if entry.open and meter.kind == "log" else entry.counts_until
