"""What the team does with a conversation: puts it back on the pile, out of sight, away as done, into other hands.

Sync functions over one unit of work. A mark is kept with the newest message that was there when it was made; what the
conversation shows is derived from both (`threads.derive`), so a message ends a mark in whatever order it is told.
"""

from datetime import UTC, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from huntaze_backend.areas.accounts import members
from huntaze_backend.areas.fans.service import storable
from huntaze_backend.areas.fans.verdicts import APPLIED, Verdict
from huntaze_backend.areas.messages import thread_store
from huntaze_backend.areas.messages.service import require_conversation
from huntaze_backend.areas.messages.tables import ConversationRow, MessageRow
from huntaze_backend.areas.messages.team_tables import MarksRow
from huntaze_backend.areas.messages.threads import ASKING
from huntaze_backend.core.audit import audit
from huntaze_backend.core.auth import Principal
from huntaze_backend.core.bulk import insert_once
from huntaze_backend.core.clock import now
from huntaze_backend.core.errors import ForbiddenError, NotFoundError, ValidationProblem
from huntaze_contract.outgoing import State
from huntaze_contract.wire import Assign, SetDone, Snooze

__all__ = ["LONGEST_SNOOZE", "assign", "mark_unread", "set_done", "snooze"]

LONGEST_SNOOZE = timedelta(days=366)
_CLOCKS_DIFFER = timedelta(minutes=1)  # a client warns its user above that
_NEVER = datetime(1970, 1, 1, tzinfo=UTC)
_ASKING = sorted(kind.value for kind in ASKING)


def mark_unread(session: Session, who: Principal, conversation_id: str) -> Verdict:
    """Put it back on the pile, until somebody reads it or an answer is delivered."""
    conversation = _locked(session, who, conversation_id)
    marks = _marks(session, conversation.id)
    marks.unread_seen = _newest_answer(session, conversation.id)
    thread_store.refresh(session, [conversation.id])
    return APPLIED


def snooze(session: Session, who: Principal, wish: Snooze) -> Verdict:
    """Out of sight until a time at most a year ahead, or until the fan writes.

    What the fan wrote after the person snoozed it must not disappear unseen: then it changes nothing. Only there a
    client's clock is compared with the platform's, with a minute's tolerance.
    """
    conversation = _locked(session, who, wish.conversation_id)
    if wish.until is not None and wish.until > now(session) + LONGEST_SNOOZE:
        raise ValidationProblem("A conversation can be snoozed for a year at most.", field="until")
    marks = _marks(session, conversation.id)
    if wish.until is None:
        marks.snooze_until = marks.snooze_seen = None
    else:
        heard = _newest_asking(session, conversation.id)
        if heard > wish.at + _CLOCKS_DIFFER:
            return Verdict("superseded", None, None, "The fan wrote after it was snoozed.")
        marks.snooze_until, marks.snooze_seen = wish.until, heard
    thread_store.refresh(session, [conversation.id])
    return APPLIED


def set_done(session: Session, who: Principal, wish: SetDone) -> Verdict:
    """Dealt with up to a message, or not. If the fan wrote after it, it changes nothing."""
    conversation = _locked(session, who, wish.conversation_id)
    marks = _marks(session, conversation.id)
    if not wish.done:
        marks.done_at = marks.done_seen = None
    else:
        if wish.up_to is None:
            raise ValidationProblem("Done needs the newest message that was seen.", field="up_to")
        seen = session.get(MessageRow, wish.up_to)
        if seen is None or seen.conversation_id != conversation.id:
            raise ValidationProblem("This message is not in the conversation.", field="up_to")
        heard = _newest_asking(session, conversation.id)
        if heard > seen.at:
            return Verdict("superseded", None, None, "The fan wrote on after that.")
        marks.done_at, marks.done_seen = now(session), heard
    thread_store.refresh(session, [conversation.id])
    return APPLIED


def assign(session: Session, who: Principal, wish: Assign) -> Verdict:
    """Give a conversation to a member who may see it, or to nobody, if it is still with whom the person saw.

    The note is for who takes it over; it goes when they answer or when the conversation changes hands again.

    Raises: NotFoundError for a member there is not; ForbiddenError for one who may not see the creator.
    """
    conversation = _locked(session, who, wish.conversation_id)
    note = storable(wish.note, "note").strip() or None
    if wish.member_id is not None:
        _check_assignee(session, who, conversation.creator_id, wish.member_id)
    if conversation.assignee_id not in (wish.base_member_id, wish.member_id):
        holder = conversation.assignee_id
        name = members.name_of(session, who.agency_id, holder) if holder else None
        return Verdict("superseded", name, None, f"It is with {name} now." if name else "Nobody has it now.")
    if conversation.assignee_id == wish.member_id and note is None:
        return APPLIED
    handed_over = wish.member_id is not None and (note is not None or wish.member_id != who.member_id)
    conversation.assigned_at = now(session) if wish.member_id is not None else None
    conversation.assignee_id = wish.member_id
    conversation.handover_note = note if wish.member_id is not None else None
    conversation.handover_by = who.name if handed_over else None
    audit(
        session,
        agency_id=who.agency_id,
        actor_id=who.member_id,
        action="conversation_assigned",
        subject=conversation.id,
        member_id=wish.member_id,
    )
    thread_store.refresh(session, [conversation.id])
    return APPLIED


def _check_assignee(session: Session, who: Principal, creator_id: str, member_id: str) -> None:
    may_see = members.may_see(session, who.agency_id, member_id, creator_id)
    if may_see is None:
        raise NotFoundError("There is no such member.")
    if not may_see:
        raise ForbiddenError("This member may not see the creator.", action="Give it to somebody else.")


def _locked(session: Session, who: Principal, conversation_id: str) -> ConversationRow:
    require_conversation(session, who, conversation_id)
    return session.get_one(ConversationRow, conversation_id, with_for_update=True, populate_existing=True)


def _marks(session: Session, conversation_id: str) -> MarksRow:
    """The conversation's marks; the caller holds its lock."""
    insert_once(session, MarksRow, {"conversation_id": conversation_id})
    return session.get_one(MarksRow, conversation_id, populate_existing=True)


def _newest_asking(session: Session, conversation_id: str) -> datetime:
    """Time of the newest message of the fan that asks for an answer; 1970 if there is none."""
    query = select(MessageRow.at).where(
        MessageRow.conversation_id == conversation_id, MessageRow.direction == "in", MessageRow.kind.in_(_ASKING)
    )
    return session.scalar(query.order_by(MessageRow.at.desc()).limit(1)) or _NEVER


def _newest_answer(session: Session, conversation_id: str) -> datetime:
    """Time of the newest delivered answer; 1970 if there is none."""
    query = select(MessageRow.at).where(
        MessageRow.conversation_id == conversation_id,
        MessageRow.direction == "out",
        MessageRow.state == State.SENT.value,
        MessageRow.kind.in_(_ASKING),
    )
    return session.scalar(query.order_by(MessageRow.at.desc()).limit(1)) or _NEVER
