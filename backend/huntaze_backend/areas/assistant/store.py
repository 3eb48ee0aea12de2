"""Stored suggestions: a set for each last message of a conversation, who writes it, and what became of each.

Sync functions over one unit of work.
"""

from datetime import timedelta

from sqlalchemy import ColumnElement, delete, func, or_, select, update
from sqlalchemy.orm import Session

from huntaze_backend.areas.assistant import knowledge
from huntaze_backend.areas.assistant.rules import Evidence, similarity, stronger
from huntaze_backend.areas.assistant.tables import FlightRow, SuggestionRow, SuggestionUseRow
from huntaze_backend.areas.messages import service as messages
from huntaze_backend.areas.messages.loaders import load_messages
from huntaze_backend.areas.messages.provenance import MachineText
from huntaze_backend.core.auth import Principal
from huntaze_backend.core.bulk import insert_once
from huntaze_backend.core.clock import now
from huntaze_backend.core.errors import NotFoundError, ValidationProblem
from huntaze_contract.wire import Suggestion, SuggestionOutcome, SuggestionUse

__all__ = [
    "REPLY",
    "SuggestedTexts",
    "acceptance",
    "claim",
    "made_before",
    "prefetched_today",
    "release",
    "replace_set",
    "shown",
    "stored_set",
    "use",
]

REPLY = "reply"
_FEWEST_USES = 10
_LATEST_USES = 200
_RECENT = timedelta(days=7)
_MOST_RECENT = 50


def shown(row: SuggestionRow) -> Suggestion:
    """On the wire."""
    return Suggestion.model_validate(row, from_attributes=True)


def stored_set(session: Session, conversation_id: str, last_id: str | None) -> dict[int, Suggestion]:
    """The suggestions for a conversation as it stands, by card."""
    query = select(SuggestionRow).where(*_of(conversation_id, last_id), SuggestionRow.replaced.is_(False))
    return {row.slot: shown(row) for row in session.scalars(query.order_by(SuggestionRow.created_at))}


def made_before(session: Session, conversation_id: str, last_id: str | None) -> int:
    """How many were made for it and replaced."""
    query = select(func.count()).select_from(SuggestionRow)
    return session.execute(query.where(*_of(conversation_id, last_id), SuggestionRow.replaced.is_(True))).scalar_one()


def replace_set(session: Session, conversation_id: str, last_id: str | None) -> None:
    """Somebody wants another set."""
    session.execute(
        update(SuggestionRow)
        .where(*_of(conversation_id, last_id))
        .values(replaced=True)
        .execution_options(synchronize_session=False)
    )


def claim(session: Session, conversation_id: str, token: str, *, for_s: float) -> bool:
    """Be the only one who writes the conversation's suggestions; False while somebody else does."""
    at = now(session)
    until = at + timedelta(seconds=for_s)
    row = {"conversation_id": conversation_id, "token": token, "expires_at": until}
    if insert_once(session, FlightRow, row):
        return True
    taken = (
        update(FlightRow)
        .where(FlightRow.conversation_id == conversation_id)
        .where(or_(FlightRow.expires_at <= at, FlightRow.token == token))
        .values(token=token, expires_at=until)
        .returning(FlightRow.token)
        .execution_options(synchronize_session=False)
    )
    return session.execute(taken).first() is not None


def release(session: Session, conversation_id: str, token: str) -> None:
    """Done writing."""
    mine = (FlightRow.conversation_id == conversation_id, FlightRow.token == token)
    session.execute(delete(FlightRow).where(*mine).execution_options(synchronize_session=False))


def prefetched_today(session: Session, agency_id: str) -> int:
    """What suggestions that nobody asked for have cost the agency since midnight UTC, in nano-USD."""
    midnight = now(session).replace(hour=0, minute=0, second=0, microsecond=0)
    query = select(func.coalesce(func.sum(SuggestionRow.cost_nano_usd), 0)).where(
        SuggestionRow.agency_id == agency_id, SuggestionRow.created_at >= midnight, SuggestionRow.prefetched
    )
    return int(session.execute(query).scalar_one())


def acceptance(session: Session, creator_id: str, model: str, tone: str) -> tuple[float, int] | None:
    """How much of a model's suggestions of one tone the creator's team kept, 0–1, and of how many; None for too few."""
    latest = (
        select(SuggestionUseRow.similarity)
        .join(SuggestionRow, SuggestionRow.id == SuggestionUseRow.suggestion_id)
        .where(SuggestionRow.creator_id == creator_id, SuggestionRow.model == model, SuggestionRow.tone == tone)
        .order_by(SuggestionUseRow.at.desc())
        .limit(_LATEST_USES)
    )
    kept = session.scalars(latest).all()
    return (round(sum(kept) / len(kept), 2), len(kept)) if len(kept) >= _FEWEST_USES else None


def use(session: Session, who: Principal, suggestion_id: str, told: SuggestionUse) -> None:
    """Record what became of a suggestion, and learn from it.

    Raises: NotFoundError; ValidationProblem for a message of another conversation.
    """
    row = session.get(SuggestionRow, suggestion_id, with_for_update=True)
    if row is None or row.agency_id != who.agency_id or not who.may_see(row.creator_id):
        raise NotFoundError("There is no such suggestion.")
    known = session.get(SuggestionUseRow, suggestion_id)
    final = _final_text(session, row, told)
    if not stronger(told.outcome, None if known is None else known.outcome):
        return
    dismissed = told.outcome is SuggestionOutcome.DISMISSED
    was_used = known is not None and known.outcome != SuggestionOutcome.DISMISSED
    kept = 0.0 if dismissed else 1.0 if final is None else similarity(row.text, final)
    at = now(session)  # a statement on PostgreSQL, which would flush a row half filled
    if known is None:
        known = SuggestionUseRow(suggestion_id=suggestion_id, agency_id=row.agency_id)
        session.add(known)
    known.member_id, known.outcome, known.similarity, known.at = who.member_id, told.outcome.value, kept, at
    known.message_id, known.final_text = told.message_id or known.message_id, final
    session.flush()
    if row.kind == REPLY:
        _learn(session, who, row, told, final, was_used=was_used)


def _learn(
    session: Session, who: Principal, row: SuggestionRow, told: SuggestionUse, final: str | None, *, was_used: bool
) -> None:
    dismissed = told.outcome is SuggestionOutcome.DISMISSED
    if row.source_id is not None and (dismissed or not was_used):
        knowledge.count(session, row.source_id, used=int(not dismissed), dismissed=int(dismissed))
    if told.outcome in (SuggestionOutcome.EDITED, SuggestionOutcome.SENT):
        knowledge.remember(
            session,
            agency_id=row.agency_id,
            creator_id=row.creator_id,
            fan_id=messages.get_conversation(session, who, row.conversation_id).fan_id,
            asked=row.asked,
            answered=final or row.text,
            origin_id=told.message_id or row.id,
            source="suggestion",
            evidence=Evidence(used=1),
        )


def _final_text(session: Session, row: SuggestionRow, told: SuggestionUse) -> str | None:
    """The message's own text where one is named: what was sent counts, not what a client says of it."""
    if told.message_id is None:
        return told.final_text
    message = load_messages(session, row.agency_id, [told.message_id]).get(told.message_id)
    if message is None or message.conversation_id != row.conversation_id or message.direction != "out":
        raise ValidationProblem("This message is not one of the conversation's answers.", field="message_id")
    return message.text


def _of(conversation_id: str, last_id: str | None) -> tuple[ColumnElement[bool], ...]:
    based_on = SuggestionRow.based_on.is_(None) if last_id is None else SuggestionRow.based_on == last_id
    return (SuggestionRow.conversation_id == conversation_id, SuggestionRow.kind == REPLY, based_on)


class SuggestedTexts:
    """Implements `messages.provenance.MachineTexts`: what the assistant wrote, for the door to compare with."""

    def named(self, session: Session, *, creator_id: str, suggestion_id: str) -> MachineText | None:
        """See the port."""
        row = session.get(SuggestionRow, suggestion_id)
        return _machine_text(row) if row is not None and row.creator_id == creator_id else None

    def recent(self, session: Session, *, creator_id: str, conversation_id: str) -> list[MachineText]:
        """See the port: those of the conversation, rewrites included."""
        query = (
            select(SuggestionRow)
            .where(SuggestionRow.conversation_id == conversation_id, SuggestionRow.creator_id == creator_id)
            .where(SuggestionRow.created_at > now(session) - _RECENT)
            .order_by(SuggestionRow.created_at.desc())
            .limit(_MOST_RECENT)
        )
        return [_machine_text(row) for row in session.scalars(query)]


def _machine_text(row: SuggestionRow) -> MachineText:
    return MachineText(row.text, row.provider, row.model, row.id, row.confidence)
