"""Conversations and messages as sync delivers them: first what a first screen shows, then the rest, newest first."""

from typing import Any

from sqlalchemy import Select, func, select, tuple_
from sqlalchemy.orm import InstrumentedAttribute, Session

from huntaze_backend.areas.messages.loaders import load_conversations, load_messages
from huntaze_backend.areas.messages.tables import ConversationRow, MessageRow
from huntaze_backend.core.pages import micros
from huntaze_backend.engines.compliance import layers
from huntaze_backend.engines.compliance.tables import LayerRow
from huntaze_backend.engines.sync.kinds import EntityKind, Scope, Stage, StagePage, SyncRegistry, stage_by_id
from huntaze_contract.wire import ComplianceChange, ConversationChange, MessageChange

__all__ = ["register"]

CONVERSATIONS = 200
"""How many of the newest conversations a first screen gets messages for."""
MESSAGES = 50
"""How many of each."""


def register(registry: SyncRegistry) -> None:
    """Who may see a creator sees its conversations."""
    conversations = stage_by_id(
        40, id=ConversationRow.id, agency_id=ConversationRow.agency_id, creator_id=ConversationRow.creator_id
    )
    recent = Stage(50, _recent_page, _recent_count)
    remaining = Stage(80, _remaining_page, _remaining_count)
    registry.register(EntityKind("conversation", load_conversations, ConversationChange, [conversations]))
    registry.register(EntityKind("message", load_messages, MessageChange, [recent, remaining]))
    registry.register(EntityKind(layers.ENTITY, layers.load_layers, ComplianceChange, _compliance_stages()))


def _compliance_stages() -> list[Stage]:
    """The agency's own changes of the rules are everybody's, a creator's are hers."""
    of_agency = stage_by_id(
        30, id=LayerRow.id, agency_id=LayerRow.agency_id, creator_id=None, where=[LayerRow.creator_id.is_(None)]
    )
    of_creators = stage_by_id(
        30,
        id=LayerRow.id,
        agency_id=LayerRow.agency_id,
        creator_id=LayerRow.creator_id,
        where=[LayerRow.creator_id.is_not(None)],
    )
    return [of_agency, of_creators]


def _recent_page(session: Session, scope: Scope, after: str | None, limit: int) -> StagePage:
    """The stage as a table of CONVERSATIONS rows and MESSAGES columns; `after` is the number of cells passed."""
    passed = int(after or 0)
    row, column = divmod(passed, MESSAGES)
    rows = max(1, limit // MESSAGES) if column == 0 else 1
    conversations = session.scalars(_newest(scope).offset(row).limit(min(rows, CONVERSATIONS - row))).all()
    if not conversations:
        return StagePage([], None)
    width = min(limit, MESSAGES - column)
    rank = (
        func.row_number()
        .over(partition_by=MessageRow.conversation_id, order_by=(MessageRow.at.desc(), MessageRow.id.desc()))
        .label("rank")
    )
    ranked = (
        select(MessageRow.id, MessageRow.conversation_id, rank)
        .where(MessageRow.conversation_id.in_(conversations))
        .subquery()
    )
    cells = select(ranked.c.id, ranked.c.conversation_id, ranked.c.rank).where(
        ranked.c.rank > column, ranked.c.rank <= column + width
    )
    order = {id_: index for index, id_ in enumerate(conversations)}
    found = sorted(session.execute(cells).all(), key=lambda cell: (order[cell.conversation_id], cell.rank))
    following = (row + len(conversations)) * MESSAGES if width + column == MESSAGES else passed + width
    ended = following >= CONVERSATIONS * MESSAGES
    return StagePage([cell.id for cell in found], None if ended else str(following))


def _recent_count(session: Session, scope: Scope) -> int:
    newest = _newest(scope).limit(CONVERSATIONS).subquery()
    per_conversation = (
        select(func.count().label("rows"))
        .select_from(MessageRow)
        .where(MessageRow.conversation_id.in_(select(newest.c.id)))
        .group_by(MessageRow.conversation_id)
    )
    return sum(min(int(rows), MESSAGES) for rows in session.scalars(per_conversation))


def _newest(scope: Scope) -> Select[str]:
    query = select(ConversationRow.id).where(*_in_scope(scope, ConversationRow.agency_id, ConversationRow.creator_id))
    return query.order_by(ConversationRow.last_at.desc(), ConversationRow.id.desc())


def _remaining_page(session: Session, scope: Scope, after: str | None, limit: int) -> StagePage:
    # All of them: leaving out what the recent stage gave costs more than giving it twice.
    at = micros(MessageRow.at)
    query = select(MessageRow.id, at).where(*_in_scope(scope, MessageRow.agency_id, MessageRow.creator_id))
    if after is not None:
        passed, _, id_ = after.partition(":")
        query = query.where(tuple_(at, MessageRow.id) < tuple_(int(passed), id_))
    found = session.execute(query.order_by(at.desc(), MessageRow.id.desc()).limit(limit)).all()
    following = f"{found[-1][1]}:{found[-1][0]}" if len(found) == limit else None
    return StagePage([row[0] for row in found], following)


def _remaining_count(session: Session, scope: Scope) -> int:
    return session.execute(
        select(func.count())
        .select_from(MessageRow)
        .where(*_in_scope(scope, MessageRow.agency_id, MessageRow.creator_id))
    ).scalar_one()


def _in_scope(scope: Scope, agency: InstrumentedAttribute[str], creator: InstrumentedAttribute[str]) -> list[Any]:
    found: list[Any] = [agency == scope.agency_id]
    if scope.creator_ids is not None:
        found.append(creator.in_(sorted(scope.creator_ids)))
    return found
