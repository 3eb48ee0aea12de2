"""Feature flags: per agency, with a percentage by stable hash, live and audited.

A flag is declared in code with its default; an agency's owner may set it otherwise. Reading one is a look into memory:
what an agency set is kept for a moment, and forgotten at once where it is changed in this process.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from sqlalchemy import Boolean, Integer, String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from huntaze_backend.core.audit import audit
from huntaze_backend.core.bulk import insert_once
from huntaze_backend.core.clock import now
from huntaze_backend.core.db import Committed, Database, after_commit
from huntaze_backend.core.errors import NotFoundError
from huntaze_backend.core.schema import Base, UtcMicros

__all__ = ["FLAGS", "Flag", "FlagReader", "FlagRow", "FlagState", "Flags", "in_share", "list_flags", "set_flag"]

_KEPT_S = 5.0
"""How soon a change made by another process is seen."""


class FlagRow(Base):
    """What an agency set. No row: the default."""

    __tablename__ = "feature_flags"

    agency_id: Mapped[str] = mapped_column(String(36), primary_key=True)
    name: Mapped[str] = mapped_column(String(60), primary_key=True)
    enabled: Mapped[bool] = mapped_column(Boolean)
    percentage: Mapped[int] = mapped_column(Integer)
    updated_by: Mapped[str | None] = mapped_column(String(36))
    updated_at: Mapped[datetime] = mapped_column(UtcMicros)


@dataclass(frozen=True, slots=True)
class Flag:
    """A flag that the code asks for."""

    name: str
    description: str
    enabled: bool
    """Where nobody set it."""


FLAGS: Mapping[str, Flag] = {
    flag.name: flag
    for flag in (
        Flag(
            "hybrid_orchestrator",
            "Choose the model by task and complexity, with fallbacks. Off: one configured provider answers everything.",
            enabled=True,
        ),
    )
}


@dataclass(frozen=True, slots=True)
class FlagState:
    """A flag as it stands for an agency."""

    flag: Flag
    enabled: bool
    percentage: int
    """0–100, of those for whom it is asked; counts while enabled."""
    updated_by: str | None = None
    updated_at: datetime | None = None

    def is_on(self, subject: str) -> bool:
        return self.enabled and in_share(self.flag.name, subject, self.percentage)


class FlagReader(Protocol):
    """What an engine asks."""

    async def is_on(self, agency_id: str, name: str, subject: str) -> bool:
        """Args: subject: who stays on the same side of a percentage, e.g. a creator's id."""
        ...


def in_share(name: str, subject: str, percentage: int) -> bool:
    """Whether a subject is within the first `percentage` of a hundred.

    Stable: who is in at 10 % is in at 20 %; and the flag's name is part of it, so that not always the same are first.
    """
    if percentage >= 100:
        return True
    digest = hashlib.sha256(f"{name}:{subject}".encode()).digest()
    return int.from_bytes(digest[:8], "big") % 10_000 < percentage * 100


def list_flags(session: Session, agency_id: str) -> list[FlagState]:
    """Every flag as it stands for an agency."""
    rows = {row.name: row for row in session.scalars(select(FlagRow).where(FlagRow.agency_id == agency_id))}
    return [_state(flag, rows.get(flag.name)) for flag in FLAGS.values()]


def set_flag(
    session: Session, *, agency_id: str, actor_id: str, name: str, enabled: bool, percentage: int
) -> FlagState:
    """Set a flag for an agency. Raises: NotFoundError for a name that no code asks for."""
    flag = FLAGS.get(name)
    if flag is None:
        raise NotFoundError("There is no such flag.")
    at = now(session)
    # Two owners may set it for the first time at once: one inserts, the other waits for the row.
    default = {"agency_id": agency_id, "name": name, "enabled": flag.enabled, "percentage": 100, "updated_at": at}
    insert_once(session, FlagRow, default)
    row = session.get_one(FlagRow, (agency_id, name), with_for_update=True)
    before = _state(flag, row)
    row.enabled, row.percentage, row.updated_by, row.updated_at = enabled, percentage, actor_id, at
    audit(
        session,
        agency_id=agency_id,
        actor_id=actor_id,
        action="flag_set",
        subject=name,
        enabled=enabled,
        percentage=percentage,
        was_enabled=before.enabled,
        was_percentage=before.percentage,
    )
    after_commit(session, _FlagsChanged(agency_id))
    return _state(flag, row)


def _state(flag: Flag, row: FlagRow | None) -> FlagState:
    if row is None:
        return FlagState(flag, flag.enabled, 100)
    return FlagState(flag, row.enabled, row.percentage, row.updated_by, row.updated_at)


@dataclass(frozen=True, slots=True)
class _FlagsChanged:
    agency_id: str


class Flags:
    """Reads flags; implements `FlagReader`."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._clock = database.clock.monotonic
        self._kept: dict[str, tuple[float, Mapping[str, FlagState]]] = {}
        self._generation = 0
        database.on_commit(self._on_commit)

    async def is_on(self, agency_id: str, name: str, subject: str) -> bool:
        """See the port. Raises: KeyError for a flag that is not declared."""
        kept = self._kept.get(agency_id)
        if kept is None or kept[0] <= self._clock():
            kept = await self._read(agency_id)
        return kept[1][name].is_on(subject)

    async def _read(self, agency_id: str) -> tuple[float, Mapping[str, FlagState]]:
        generation = self._generation
        states: Iterable[FlagState] = await self._database.read(lambda session: list_flags(session, agency_id))
        found = (self._clock() + _KEPT_S, {state.flag.name: state for state in states})
        if generation == self._generation:  # else what was read may be what was just changed
            self._kept[agency_id] = found
        return found

    def _on_commit(self, committed: Committed) -> None:
        for event in committed.events:
            if isinstance(event, _FlagsChanged):
                self._generation += 1
                self._kept.pop(event.agency_id, None)
