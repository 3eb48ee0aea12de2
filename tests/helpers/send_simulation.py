"""One account's sending on a virtual clock: the real claims, limiter and outcomes over SQLite in memory, no network.

A step is a unit of work as `core.db` runs it, minus the change log. Minutes of an account's life take seconds.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, TypeVar

from sqlalchemy import create_engine
from sqlalchemy.orm import Session
from sqlalchemy.pool import StaticPool

from huntaze_backend.areas.accounts.tables import AgencyRow, ConnectionRow, CreatorRow
from huntaze_backend.areas.messages.claims import HighWater, claim
from huntaze_backend.areas.messages.outcomes import Report, settle
from huntaze_backend.areas.messages.rules import SendPolicy
from huntaze_backend.areas.messages.tables import AttemptRow, ConversationRow, MessageRow
from huntaze_backend.core.clock import CLOCK_KEY
from huntaze_backend.engines.compliance.checking import Compliance
from huntaze_backend.engines.limits.adapters.sql_log import SqlRateGate
from huntaze_backend.migrations.tables import metadata
from huntaze_contract.ids import new_id
from huntaze_contract.wire import CreatorState, Lane

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
T = TypeVar("T")
COMPLIANCE = Compliance()


class VirtualClock:
    """Stands still until the simulation moves it."""

    def __init__(self) -> None:
        self.at = NOON

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return (self.at - NOON).total_seconds()

    async def sleep(self, seconds: float) -> None:
        raise AssertionError("the simulation moves the clock itself")


class EveryChatWasRead(Mapping[str, HighWater]):
    """As if each chat had been read just now, and was empty."""

    def __getitem__(self, key: str) -> HighWater:
        return HighWater((), None)

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0

    def __contains__(self, key: object) -> bool:
        return True


@dataclass(frozen=True)
class Sent:
    """One send as the platform saw it."""

    message_id: str
    conversation_id: str
    lane: Lane
    accepted_at: datetime
    began: datetime

    @property
    def waited(self) -> timedelta:
        return self.began - self.accepted_at


@dataclass
class Account:
    """An account, what waits for it, and what became of it."""

    session: Session
    clock: VirtualClock
    chance: Random
    policy: SendPolicy = field(default_factory=SendPolicy)
    gate: SqlRateGate = field(default_factory=SqlRateGate)
    creator_id: str = field(default_factory=new_id)
    agency_id: str = field(default_factory=new_id)
    connection_id: str = field(default_factory=new_id)
    places: dict[str, int] = field(default_factory=dict)
    sent: list[Sent] = field(default_factory=list)
    flying: list[tuple[datetime, str]] = field(default_factory=list)
    claims: int = 0

    def unit(self, work: Callable[[Session], T]) -> T:
        self.session.info.clear()
        self.session.info[CLOCK_KEY] = self.clock
        result = work(self.session)
        self.session.commit()
        self.session.expunge_all()
        return result

    def open(self, **creator: Any) -> None:
        def make(session: Session) -> None:
            session.add(AgencyRow(id=self.agency_id, name="Northlight", created_at=NOON))
            session.flush()
            session.add(
                ConnectionRow(
                    id=self.connection_id,
                    agency_id=self.agency_id,
                    platform="sandbox",
                    base_url="http://platform",
                    api_key_sealed="",
                    webhook_secret_sealed="",
                    created_at=NOON,
                )
            )
            session.flush()
            session.add(
                CreatorRow(
                    id=self.creator_id,
                    agency_id=self.agency_id,
                    connection_id=self.connection_id,
                    platform="sandbox",
                    platform_account_id="acct",
                    platform_user_id="u",
                    name="Mara",
                    username="mara",
                    timezone="UTC",
                    state=CreatorState.CONNECTED,
                    state_since=NOON,
                    **creator,
                )
            )

        self.unit(make)

    def write(self, lane: Lane, *conversation_ids: str | None) -> list[str]:
        """Put a ready message of this lane into each conversation; None stands for a new one."""
        chats = [id_ or new_id() for id_ in conversation_ids]
        rows: list[dict[str, Any]] = []
        for chat in chats:
            place = self.places[chat] = self.places.get(chat, 0) + 1
            rows.append(
                {
                    "id": new_id(),
                    "agency_id": self.agency_id,
                    "creator_id": self.creator_id,
                    "conversation_id": chat,
                    "fan_id": chat,
                    "direction": "out",
                    "text": f"line {place}",
                    "at": self.clock.at,
                    "state": "ready",
                    "place": place,
                    "held_place": place,
                    "accepted_at": self.clock.at,
                    "lane": lane.value,
                    "client_key": new_id(),
                }
            )
        new = [chat for chat in dict.fromkeys(chats) if self.places[chat] == chats.count(chat)]
        conversations = [
            {
                "id": chat,
                "agency_id": self.agency_id,
                "creator_id": self.creator_id,
                "fan_id": chat,
                "platform_id": chat,
                "last_at": self.clock.at,
            }
            for chat in new
        ]

        def add(session: Session) -> None:
            if conversations:
                session.bulk_insert_mappings(ConversationRow, conversations)  # type: ignore[arg-type]
            session.bulk_insert_mappings(MessageRow, rows)  # type: ignore[arg-type]

        self.unit(add)
        return [str(row["id"]) for row in rows]

    def send_due(self) -> datetime | None:
        """Everything that may go at this moment; returns when it is worth trying again."""
        while True:
            self.claims += 1
            made = self.unit(
                lambda session: claim(
                    session,
                    self.gate,
                    self.policy,
                    self.creator_id,
                    compliance=COMPLIANCE,
                    seen=EveryChatWasRead(),
                    skip=(),
                    watched=_nobody,
                )
            )
            if made.opened is None:
                return made.again_at
            self._began(made.opened.attempt_id)

    def _began(self, attempt_id: str) -> None:
        def look(session: Session) -> Sent:
            attempt = session.get_one(AttemptRow, attempt_id)
            row = session.get_one(MessageRow, attempt.message_id)
            assert row.accepted_at is not None
            return Sent(row.id, row.conversation_id, Lane(row.lane), row.accepted_at, self.clock.at)

        self.sent.append(self.unit(look))
        flight = timedelta(seconds=self.chance.uniform(0.05, 0.6))
        heapq.heappush(self.flying, (self.clock.at + flight, attempt_id))

    def land_due(self) -> None:
        """Settle what the platform has answered by now."""
        while self.flying and self.flying[0][0] <= self.clock.at:
            _, attempt_id = heapq.heappop(self.flying)
            report = Report("sent", platform_id=new_id(), created_at=self.clock.at)
            self.unit(lambda session: settle(session, self.gate, self.policy, attempt_id, report, watched=_nobody))  # noqa: B023

    def run(self, arrivals: list[tuple[datetime, list[str | None]]], until: datetime) -> None:
        """Let live messages arrive and everything go, until that time."""
        coming = sorted(arrivals, reverse=True)
        again_at = self.send_due()
        while True:
            moments = [again_at, self.flying[0][0] if self.flying else None, coming[-1][0] if coming else None]
            following = min((moment for moment in moments if moment is not None), default=until)
            if following >= until:
                return
            self.clock.at = max(self.clock.at, following)
            self.land_due()
            while coming and coming[-1][0] <= self.clock.at:
                self.write(Lane.LIVE, *coming.pop()[1])
            again_at = self.send_due()


@contextmanager
def account(seed: int, **creator: Any) -> Iterator[Account]:
    """A connected account with the usual limits: 10 in any 60 s, 3 s apart."""
    engine = create_engine("sqlite://", poolclass=StaticPool)
    metadata.create_all(engine)
    with Session(engine) as session:
        made = Account(session, VirtualClock(), Random(seed))
        made.open(**creator)
        yield made
    engine.dispose()


def most_in_any(window: timedelta, times: list[datetime]) -> int:
    """The most of these times that lie in any half-open window."""
    ordered = sorted(times)
    most = first = 0
    for last, time in enumerate(ordered):
        while time - ordered[first] >= window:
            first += 1
        most = max(most, last - first + 1)
    return most


def _nobody(_agency_id: str) -> bool:
    return False
