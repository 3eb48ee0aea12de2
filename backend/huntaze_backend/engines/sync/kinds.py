"""What sync knows of an entity: how its rows are loaded, and in which order a snapshot delivers them.

Areas register their kinds; sync knows no area. Every loader works on many ids at once, with a number of statements that
does not depend on how many.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from huntaze_contract.wire import WireModel

__all__ = ["EntityKind", "Scope", "Stage", "StagePage", "SyncRegistry", "stage_by_id"]


@dataclass(frozen=True, slots=True)
class Scope:
    """What a reader may see: an agency, and of it these creators (None: all)."""

    agency_id: str
    creator_ids: frozenset[str] | None


@dataclass(frozen=True, slots=True)
class StagePage:
    """Ids of a stage, and the key after which it goes on; None when it has ended."""

    ids: list[str]
    after: str | None


@dataclass(frozen=True, slots=True)
class Stage:
    """A part of a snapshot. Stages come by `order`: members 10, creators 20, fans 30, conversations 40, recent messages
    50, notes 60, transactions 70, remaining messages 80.
    """

    order: int
    page: Callable[[Session, Scope, str | None, int], StagePage]
    """(session, scope, after, limit): the next ids, at most `limit`; `after` is what the page before returned."""
    count: Callable[[Session, Scope], int]


@dataclass(frozen=True, slots=True)
class EntityKind:
    """A kind of entity on the wire."""

    name: str
    load: Callable[[Session, str, Sequence[str]], Mapping[str, WireModel]]
    """(session, agency id, ids): wire rows with their `ver`, by id; ids that are gone are absent."""
    change: type[Any]
    """The wire's change model of this kind."""
    snapshot: Sequence[Stage] = ()


@dataclass(slots=True)
class SyncRegistry:
    """The kinds that this installation syncs."""

    _kinds: dict[str, EntityKind] = field(default_factory=dict)

    def register(self, kind: EntityKind) -> None:
        if kind.name in self._kinds:
            raise ValueError(f"the entity kind {kind.name} is registered twice")
        self._kinds[kind.name] = kind

    def kind(self, name: str) -> EntityKind:
        return self._kinds[name]

    def stages(self) -> list[tuple[EntityKind, Stage]]:
        """All stages of a snapshot, in order."""
        found = [(kind, stage) for kind in self._kinds.values() for stage in kind.snapshot]
        return sorted(found, key=lambda pair: (pair[1].order, pair[0].name))

    def __iter__(self) -> Iterator[EntityKind]:
        return iter(self._kinds.values())


def stage_by_id(
    order: int,
    *,
    id: InstrumentedAttribute[str],  # noqa: A002
    agency_id: InstrumentedAttribute[str],
    creator_id: InstrumentedAttribute[str] | InstrumentedAttribute[str | None] | None,
    where: Sequence[Any] = (),
) -> Stage:
    """A stage that delivers a table by id. `creator_id` None: the whole agency sees every row."""

    def conditions(scope: Scope) -> list[Any]:
        found = [agency_id == scope.agency_id, *where]
        if creator_id is not None and scope.creator_ids is not None:
            found.append(creator_id.in_(scope.creator_ids))
        return found

    def page(session: Session, scope: Scope, after: str | None, limit: int) -> StagePage:
        query = select(id).where(*conditions(scope)).order_by(id).limit(limit)
        ids = list(session.scalars(query if after is None else query.where(id > after)))
        return StagePage(ids, ids[-1] if len(ids) == limit else None)

    def count(session: Session, scope: Scope) -> int:
        return session.execute(select(func.count()).where(*conditions(scope))).scalar_one()

    return Stage(order, page, count)
