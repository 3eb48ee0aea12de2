"""Reads the change log and snapshots for one reader, with that reader's rights, in one database snapshot each."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from huntaze_backend.core.changes import ChangeRow
from huntaze_backend.core.clock import now
from huntaze_backend.core.errors import CursorExpiredError
from huntaze_backend.engines.sync import cursor
from huntaze_backend.engines.sync.cursor import Position, SnapshotPosition
from huntaze_backend.engines.sync.kinds import EntityKind, Scope, SyncRegistry
from huntaze_contract.wire import Change, SnapshotPage, SyncPage, WireModel

__all__ = ["changes_after", "position_of", "snapshot_page"]


def position_of(session: Session, scope: Scope, text: str | None) -> Position:
    """The position a client's cursor stands for; without one the beginning of the log.

    The log holds every living entity once, so reading it from the beginning gives all there is.
    """
    if text is None:
        return cursor.here(session, scope).model_copy(update={"seq": 0})
    position = Position.read(text)
    cursor.check(session, scope, position)
    return position


def changes_after(
    session: Session, registry: SyncRegistry, scope: Scope, position: Position, limit: int
) -> tuple[SyncPage, Position]:
    """Changes after `position` that the reader may see, in commit order, and where the next page starts.

    Raises: CursorExpiredError.
    """
    last_seq = cursor.here(session, scope).seq if position.seq == 0 else cursor.check(session, scope, position)
    query = (
        select(ChangeRow.seq, ChangeRow.entity, ChangeRow.entity_id, ChangeRow.op)
        .where(ChangeRow.agency_id == scope.agency_id, ChangeRow.seq > position.seq)
        .order_by(ChangeRow.seq)
        .limit(limit + 1)
    )
    if scope.creator_ids is not None:
        query = query.where(or_(ChangeRow.creator_id.is_(None), ChangeRow.creator_id.in_(scope.creator_ids)))
    rows = list(session.execute(query).all())
    has_more = len(rows) > limit
    rows = rows[:limit]
    wanted: dict[str, list[str]] = defaultdict(list)
    for _, entity, entity_id, op in rows:
        if op == "U":
            wanted[entity].append(entity_id)
    loaded = {name: registry.kind(name).load(session, scope.agency_id, ids) for name, ids in wanted.items()}
    seq = rows[-1][0] if has_more else last_seq
    reached = position.model_copy(update={"seq": seq})
    page = SyncPage(
        changes=[_change(registry.kind(entity), seq, id_, loaded.get(entity, {})) for seq, entity, id_, _ in rows],
        cursor=reached.write(),
        seq=seq,
        has_more=has_more,
        server_time=now(session),
    )
    return page, reached


def snapshot_page(session: Session, registry: SyncRegistry, scope: Scope, page: str | None, limit: int) -> SnapshotPage:
    """A page of everything the reader may see, filled from as many stages as fit.

    Raises: CursorExpiredError if the rights or the database changed since the first page.
    """
    stages = registry.stages()
    if page is None:
        total = sum(stage.count(session, scope) for _, stage in stages)
        at = SnapshotPosition(start=cursor.here(session, scope), stage=0, after=None, done=0, total=total)
    else:
        at = SnapshotPosition.read(page)
        cursor.check(session, scope, at.start)
        if at.stage >= len(stages):
            raise CursorExpiredError
    changes: list[Change] = []
    stage_no, after = at.stage, at.after
    while stage_no < len(stages) and len(changes) < limit:
        kind, stage = stages[stage_no]
        found = stage.page(session, scope, after, limit - len(changes))
        changes.extend(_rows(session, kind, scope, found.ids))
        after = found.after
        if after is None:
            stage_no += 1
    done = at.done + len(changes)
    following = at.model_copy(update={"stage": stage_no, "after": after, "done": done})
    return SnapshotPage(
        changes=changes,
        cursor=at.start.write(),
        seq=at.start.seq,
        next_page=following.write() if stage_no < len(stages) else None,
        done=done,
        total=max(at.total, done),
        epoch=at.start.epoch,
        server_time=now(session),
    )


def _rows(session: Session, kind: EntityKind, scope: Scope, ids: Sequence[str]) -> list[Change]:
    if not ids:
        return []
    loaded = kind.load(session, scope.agency_id, ids)
    return [
        kind.change(seq=getattr(loaded[id_], "ver", 0), id=id_, op="U", row=loaded[id_]) for id_ in ids if id_ in loaded
    ]


def _change(kind: EntityKind, seq: int, id_: str, loaded: Mapping[str, WireModel]) -> Change:
    row = loaded.get(id_)
    change: Change = kind.change(seq=seq, id=id_, op="D" if row is None else "U", row=row)
    return change
