"""The limiter as an exact log in SQL, in the caller's own transaction.

SQLite has one writer, so a decision and its record cannot be torn apart; PostgreSQL takes the meters' rows in the order
of their keys and reads the clock when it has them, so that decisions about one meter follow one another in time. The
log is read by a statement of its own after that: what the one before us wrote is not in the snapshot that waited.
"""

import heapq
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Row,
    String,
    Update,
    bindparam,
    case,
    delete,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session

from huntaze_backend.core.bulk import insert_new
from huntaze_backend.core.clock import now, server_time
from huntaze_backend.core.schema import UtcMicros
from huntaze_backend.engines.limits.port import Decision, Meter
from huntaze_backend.engines.limits.tables import MeterRow, PermitRow
from huntaze_contract.ids import new_id

_MICROSECOND = timedelta(microseconds=1)
_LEFT_OVERS = 20
"""So many rows that no longer count are read with the others before a statement removes them."""

# Made once: every send asks them several times, and making one costs more than its answer.
_KEYS: BindParameter[str] = bindparam("keys", expanding=True)
_AT: BindParameter[datetime] = bindparam("at", type_=UtcMicros())
_PAUSES = select(MeterRow.key, MeterRow.blocked_until).where(MeterRow.key.in_(_KEYS)).order_by(MeterRow.key)
_LOCKED = _PAUSES.with_for_update().cte("locked")
# PostgreSQL reads the clock here for each row that `locked` hands out, which is when it has it.
_HELD = select(_LOCKED.c.key, _LOCKED.c.blocked_until, server_time())
_NEW = postgresql.insert(MeterRow)
_MADE = _NEW.on_conflict_do_update(index_elements=["key"], set_={"key": _NEW.excluded.key}).returning(
    MeterRow.key, MeterRow.blocked_until, server_time()
)
_LOG = (
    select(PermitRow.key, PermitRow.open, PermitRow.started_at, PermitRow.counts_until)
    .where(PermitRow.key.in_(_KEYS))
    .order_by(PermitRow.counts_until)
)
_OVER = delete(PermitRow).where(PermitRow.key.in_(_KEYS), PermitRow.counts_until <= _AT)
_TAKE = insert(PermitRow)
_END = (
    update(PermitRow)
    .where(PermitRow.permit_id == bindparam("permit", type_=String()), PermitRow.open)
    .values(open=False)
)


def _answered(at: ColumnElement[datetime], later: Any, earlier: Any) -> Update:
    until = at + PermitRow.window_us
    # A log entry only ever shortens (its bound was the worst case); spacing runs anew from the answer.
    end = case(
        (PermitRow.kind == "spacing", later(PermitRow.counts_until, until)),
        else_=earlier(PermitRow.counts_until, until),
    )
    return _END.values(counts_until=end)


_ANSWERED_POSTGRESQL = _answered(server_time(), func.greatest, func.least)
_ANSWERED_SQLITE = _answered(_AT, func.max, func.min)
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
        blocked, at = self._lock(session, meters)
        keys = [meter.key for meter in meters]
        entries = self._log(session, keys)
        counting = _counting(entries, at)
        connection = session.connection()
        if len(entries) - len(counting) >= _LEFT_OVERS:
            connection.execute(_OVER, {"keys": keys, "at": at})
        decision = _decide(meters, blocked, counting, at)
        if not decision.granted:
            return decision
        permit = new_id()
        rows = [
            {
                "permit_id": permit,
                "key": meter.key,
                "kind": meter.kind,
                "window_us": meter.window // _MICROSECOND,
                "open": True,
                "started_at": at,
                "counts_until": at + meter.window + (longest_flight if meter.kind == "log" else timedelta(0)),
            }
            for meter in meters
        ]
        connection.execute(_TAKE, rows)
        remaining = {key: left - 1 for key, left in decision.remaining.items()}
        return Decision(granted=True, permit=permit, remaining=remaining)

    def peek(self, session: Session, meters: Sequence[Meter]) -> Decision:
        keys = [meter.key for meter in meters]
        rows = session.execute(_PAUSES, {"keys": keys})
        at = now(session)
        return _decide(meters, dict(rows.all()), _counting(self._log(session, keys), at), at)

    def forecast(self, session: Session, meters: Sequence[Meter], count: int) -> list[datetime]:
        keys = [meter.key for meter in meters]
        rows = session.execute(_PAUSES, {"keys": keys})
        at = now(session)
        pauses = [pause for _, pause in rows if pause is not None]
        entries = _counting(self._log(session, keys), at)
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
        connection = session.connection()
        if not certain:
            connection.execute(_END, {"permit": permit})
        elif connection.dialect.name == "postgresql":
            connection.execute(_ANSWERED_POSTGRESQL, {"permit": permit})
        else:
            connection.execute(_ANSWERED_SQLITE, {"permit": permit, "at": now(session)})

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

    def _lock(self, session: Session, meters: Sequence[Meter]) -> tuple[dict[str, datetime | None], datetime]:
        """Hold the meters until the commit: their pauses, and the time at which they were held."""
        keys = sorted({meter.key for meter in meters})
        if session.get_bind().dialect.name == "sqlite":  # whoever writes holds everything
            return dict(session.execute(_PAUSES, {"keys": keys}).all()), now(session)
        rows = session.execute(_HELD, {"keys": keys}).all()
        if len(rows) < len(keys):
            rows = session.connection().execute(_MADE, [{"key": key, "blocked_until": None} for key in keys]).all()
        return {key: pause for key, pause, _ in rows}, max(at for _, _, at in rows)

    def _log(self, session: Session, keys: Sequence[str]) -> Sequence[_Entry]:
        return session.execute(_LOG, {"keys": keys}).all()


def _counting(entries: Sequence[_Entry], at: datetime) -> list[_Entry]:
    return [entry for entry in entries if entry.counts_until > at]


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
