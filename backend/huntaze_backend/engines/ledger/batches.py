"""One transaction of the ledger: some attempts end, others are reserved, and every sum moves with them.

Many callers share a transaction, because its cost is nearly all in being one (a commit to the disk, a round trip per
statement). Within it the attempts that end come first, so that what they give back is there for those that ask.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy.orm import Session

from huntaze_backend.core.clock import now
from huntaze_backend.engines.ledger import books, rows
from huntaze_backend.engines.ledger.books import Attempt, State
from huntaze_backend.engines.ledger.meters import Meter, blocking
from huntaze_backend.engines.ledger.port import BudgetExceededError, Charge, Reserved, UnknownAttemptError, Usage
from huntaze_backend.engines.ledger.prices import Price, PriceTable, cost_of
from huntaze_backend.events import CostsChanged, emit

__all__ = ["Answer", "Ending", "Opening", "Work", "apply", "expire"]


@dataclass(frozen=True, slots=True)
class Opening:
    """Reserve an attempt."""

    charge: Charge
    bound: int
    price_version: str
    ttl_s: float


@dataclass(frozen=True, slots=True)
class Ending:
    """Settle an attempt, or release it (`usage` None)."""

    attempt_id: str
    usage: Usage | None
    outcome: str
    latency_ms: int | None = None
    ttft_ms: int | None = None
    price: Price | None = None
    """At which it was reserved, where that is known: two clocks may disagree about the day."""
    free: Attempt | None = None
    """An attempt of a model that costs nothing is not stored when it begins: this is it."""


Work = Opening | Ending
Answer = Reserved | int | Exception
"""Leave to make the attempt, the booked cost, or the error that concerns this work alone."""


def apply(session: Session, works: Sequence[Work], prices: PriceTable) -> list[Answer]:
    """Do all of it, and answer each."""
    endings = [work for work in works if isinstance(work, Ending)]
    openings = [work for work in works if isinstance(work, Opening)]
    known = rows.locked_attempts(session, [work.attempt_id for work in endings])
    known |= {work.free.attempt_id: work.free for work in endings if work.free and work.attempt_id not in known}
    agencies = {attempt.agency_id for attempt in known.values()} | {work.charge.agency_id for work in openings}
    books_ = _Books(rows.locked_meters(session, agencies))
    at = now(session)  # after the locks: of two transactions about one budget, the later one sees the later time
    for meter in books_.meters:
        meter.roll(at)
    answers = {id(work): _end(books_, known, work, prices, at) for work in endings}
    answers |= {id(work): _open(books_, work, at) for work in openings}
    books_.write(session, at)
    return [answers[id(work)] for work in works]


def expire(session: Session, limit: int) -> int:
    """Book at its bound what nobody ended in time; how many there were.

    In a budget nothing changes by it: what was held is spent now. So it need not happen at once.
    """
    overdue = rows.locked_overdue(session, now(session), limit)
    if not overdue:
        return 0
    books_ = _Books(rows.locked_meters(session, {attempt.agency_id for attempt in overdue}))
    at = now(session)
    for meter in books_.meters:
        meter.roll(at)
    for attempt in overdue:
        books_.move(attempt, books.expired(attempt, at))
    books_.write(session, at)
    return len(overdue)


@dataclass(slots=True)
class _Books:
    """What a transaction changes, gathered so that each table is written once."""

    meters: Sequence[Meter]
    created: list[Attempt] = field(default_factory=list)
    changed: list[Attempt] = field(default_factory=list)
    sums: rows.Sums = field(default_factory=dict)

    def applicable(self, agency_id: str, creator_id: str | None) -> list[Meter]:
        return [meter for meter in self.meters if meter.applies(agency_id, creator_id)]

    def move(self, before: Attempt | None, after: Attempt) -> None:
        """An attempt is something else than before; `before` None: it is not stored."""
        (self.created if before is None else self.changed).append(after)
        for meter in self.applicable(after.agency_id, after.creator_id):
            meter.move(before, after)
        counted = books.measures(after)
        uncounted = books.NOTHING if before is None else books.measures(before)
        if counted is uncounted:
            return
        for grain, start in books.grains(after):
            sums = self.sums.setdefault(rows.rollup_key(after, grain, start), dict(books.NOTHING))
            for name in books.MEASURES:
                sums[name] += counted[name] - uncounted[name]

    def write(self, session: Session, at: datetime) -> None:
        rows.insert_attempts(session, self.created)
        rows.update_attempts(session, self.changed)
        rows.update_meters(session, [meter for meter in self.meters if meter.moved])
        rows.add_to_rollups(session, self.sums)
        for agency_id in {key[0] for key in self.sums}:
            emit(session, CostsChanged(agency_id))


def _open(books_: _Books, work: Opening, at: datetime) -> Answer:
    charge = work.charge
    meters = books_.applicable(charge.agency_id, charge.creator_id)
    full = blocking(meters, work.bound)
    if full is not None:
        whose = "The agency" if full.creator_id is None else "The creator"
        return BudgetExceededError(f"{whose}'s budget of the {full.period} has no room for this call.")
    # A clock that was put back must not make an attempt of a period that the budget has left.
    at = max([at, *(meter.period_start for meter in meters)])
    attempt = books.opened(charge, bound=work.bound, price_version=work.price_version, at=at, ttl_s=work.ttl_s)
    books_.move(None, attempt)
    return Reserved(charge.attempt_id, work.bound, work.price_version, _any_soft(meters))


def _any_soft(meters: Iterable[Meter]) -> bool:
    return any(meter.soft_exceeded for meter in meters)


def _end(books_: _Books, known: dict[str, Attempt], work: Ending, prices: PriceTable, at: datetime) -> Answer:
    attempt = known.get(work.attempt_id)
    if attempt is None:
        return UnknownAttemptError(f"nobody reserved the attempt {work.attempt_id}")
    if attempt.state in (State.SETTLED, State.RELEASED):
        return attempt.cost
    if work.usage is None:
        after = books.ended(attempt, State.RELEASED, Usage(0), cost=0, outcome=work.outcome, at=at)
    else:
        price = work.price or prices.find(attempt.provider, attempt.model, attempt.at)
        cost = cost_of(price, work.usage)
        after = books.ended(
            attempt,
            State.SETTLED,
            work.usage,
            cost=cost,
            outcome=work.outcome,
            at=at,
            latency_ms=work.latency_ms,
            ttft_ms=work.ttft_ms,
        )
    known[work.attempt_id] = after  # a second ending in the same transaction finds it ended
    books_.move(None if work.free else attempt, after)
    return after.cost
