"""Reply leases: who answers a conversation at this moment, so that two people do not write the same answer.

A lease lasts 45 s on the server's clock and is renewed while somebody writes. It is a courtesy: a process that was
paused may believe in a lease that ended long ago. What protects is the fence: every new holder gets a higher epoch, and
the accepting door compares the epoch a message was written under with `current_epoch`, whatever the clock says.
"""

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from huntaze_backend.areas.messages.service import require_conversation
from huntaze_backend.areas.messages.team_tables import LeaseRow
from huntaze_backend.core.audit import audit
from huntaze_backend.core.auth import Principal
from huntaze_backend.core.bulk import insert_once
from huntaze_backend.core.clock import now
from huntaze_backend.core.errors import ConflictError
from huntaze_contract.wire import Lease, LeaseRequest, ProblemCode

__all__ = ["LASTS", "current_epoch", "give_back", "holder", "take"]

LASTS = timedelta(seconds=45)
"""How long a lease holds without being renewed; clients renew it every 15 s."""


def current_epoch(session: Session, conversation_id: str) -> int | None:
    """The epoch of whoever took the conversation last, also after it ran out; None if nobody ever did."""
    return session.scalar(select(LeaseRow.epoch).where(LeaseRow.conversation_id == conversation_id))


def holder(session: Session, conversation_id: str) -> Lease | None:
    """Who holds the conversation at this moment."""
    row = session.get(LeaseRow, conversation_id, populate_existing=True)
    return _held(row, now(session)) if row is not None else None


def take(session: Session, who: Principal, conversation_id: str, request: LeaseRequest) -> tuple[Lease, str]:
    """Take or renew the lease; returns it with its creator's id.

    The holder's own computer keeps the epoch, also after the lease ran out, as long as nobody else took it. Another
    computer of the same member is another holder, but asks nobody.

    Raises: ConflictError with LEASE_HELD while a colleague holds it and `take_over` is not asked.
    """
    conversation = require_conversation(session, who, conversation_id)
    at = now(session)
    first = {
        "conversation_id": conversation_id,
        "agency_id": who.agency_id,
        "creator_id": conversation.creator_id,
        "member_id": who.member_id,
        "member_name": who.name,
        "device_id": request.device_id,
        "epoch": 1,
        "expires_at": at + LASTS,
    }
    is_first = insert_once(session, LeaseRow, first)
    row = session.get_one(LeaseRow, conversation_id, with_for_update=True, populate_existing=True)
    if not is_first and (row.member_id, row.device_id) != (who.member_id, request.device_id):
        held = _held(row, at)
        if held is not None and held.member_id != who.member_id:
            if not request.take_over:
                raise ConflictError(
                    f"{held.member_name} answers this conversation.",
                    code=ProblemCode.LEASE_HELD,
                    title="A colleague answers",
                    action="Leave it to them, or take it over.",
                    lease=held,
                )
            audit(
                session,
                agency_id=who.agency_id,
                actor_id=who.member_id,
                action="lease_taken_over",
                subject=conversation_id,
                taken_from=held.member_id,
            )
        row.member_id, row.member_name, row.device_id = who.member_id, who.name, request.device_id
        row.epoch += 1
    row.expires_at = at + LASTS
    return _lease(row, who.member_id), conversation.creator_id


def give_back(session: Session, who: Principal, conversation_id: str, device_id: str | None) -> str | None:
    """End one's own lease; returns the creator's id, or None when there was nothing to end.

    The epoch stays: what was written under the lease and arrives later is still good, unless somebody else took over.
    """
    conversation = require_conversation(session, who, conversation_id)
    row = session.get(LeaseRow, conversation_id, with_for_update=True, populate_existing=True)
    at = now(session)
    if row is None or row.member_id != who.member_id or row.expires_at <= at:
        return None
    if device_id is not None and row.device_id != device_id:
        return None
    row.expires_at = at
    return conversation.creator_id


def _held(row: LeaseRow, at: datetime) -> Lease | None:
    return _lease(row, row.member_id) if row.member_id is not None and row.expires_at > at else None


def _lease(row: LeaseRow, member_id: str) -> Lease:
    return Lease(
        conversation_id=row.conversation_id,
        member_id=member_id,
        member_name=row.member_name,
        epoch=row.epoch,
        expires_at=row.expires_at,
    )
