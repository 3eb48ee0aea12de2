"""Taking in what became of an attempt: the message's event, the permit's end, the account's pause, in one commit."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

import structlog
from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from huntaze_backend.areas.accounts import service as accounts
from huntaze_backend.areas.messages.budgets import account_key, budget_of
from huntaze_backend.areas.messages.pipeline import AlreadyBoundError, advance
from huntaze_backend.areas.messages.rules import SendPolicy
from huntaze_backend.areas.messages.tables import AttemptRow, MessageRow
from huntaze_backend.core.clock import now
from huntaze_backend.engines.limits.port import RateGate
from huntaze_backend.events import MessageSettled, emit
from huntaze_contract.outgoing import (
    Ambiguous,
    Event,
    NotExecuted,
    PauseAccount,
    Proof,
    Refuse,
    State,
    Succeed,
    Throttle,
)
from huntaze_contract.wire import CreatorState, SendBudget

__all__ = ["Report", "Settled", "reading_failed", "settle"]

log = structlog.get_logger(__name__)

_OF_ATTEMPT = select(AttemptRow.message_id).where(AttemptRow.id == bindparam("attempt"))


@dataclass(frozen=True, slots=True)
class Report:
    """A gateway's outcome, freed from the gateway: this module cannot send."""

    kind: Literal["sent", "refused", "not_executed", "throttled", "ambiguous"]
    detail: str | None = None
    platform_id: str | None = None
    created_at: datetime | None = None
    retry_after_s: float | None = None
    session_expired: bool = False


@dataclass(frozen=True, slots=True)
class Settled:
    agency_id: str
    creator_id: str
    budget: SendBudget | None
    """The account's now; None if nobody watches."""


def settle(
    session: Session,
    gate: RateGate,
    policy: SendPolicy,
    attempt_id: str,
    report: Report,
    *,
    watched: Callable[[str], bool],
) -> Settled:
    """Close an attempt. A second report of the same attempt changes nothing unless it proves delivery.

    Args:
        session: the unit of work.
        gate: holds the permit.
        policy: timing.
        attempt_id: which attempt.
        report: what became of it.
        watched: whether anybody of an agency would see its budgets.
    """
    # The message first, then its attempt, as everywhere: two units of work then cannot wait for each other.
    found = session.scalar(_OF_ATTEMPT, {"attempt": attempt_id})
    row = session.get_one(MessageRow, found, with_for_update=True)
    attempt = session.get_one(AttemptRow, attempt_id)
    if attempt.outcome is None:
        attempt.outcome, attempt.detail, attempt.settled_at = report.kind, report.detail, now(session)
        _settle_permit(session, gate, attempt, report)
    creator = accounts.creator(session, row.agency_id, row.creator_id)
    if report.session_expired:
        accounts.set_creator_state(session, creator, CreatorState.SESSION_EXPIRED)
    if row.state == State.SENDING and row.attempt_no == attempt.no:
        _answer(session, gate, policy, row, report)
    elif report.platform_id is not None:
        _late(session, policy, row, report)
    unclear = row.state == State.UNKNOWN
    emit(session, MessageSettled(row.id, row.conversation_id, row.creator_id, row.agency_id, unclear))
    budget = budget_of(session, gate, creator, policy) if watched(row.agency_id) else None
    return Settled(row.agency_id, row.creator_id, budget)


def reading_failed(session: Session, agency_id: str, creator_id: str, *, expired: bool) -> datetime:
    """A chat could not be read before sending; returns the server's time. A lost session is noted at the creator."""
    if expired:
        creator = accounts.creator(session, agency_id, creator_id)
        accounts.set_creator_state(session, creator, CreatorState.SESSION_EXPIRED)
    return now(session)


def _settle_permit(session: Session, gate: RateGate, attempt: AttemptRow, report: Report) -> None:
    if report.kind == "not_executed":
        gate.refund(session, attempt.permit_id)
    else:
        gate.settle(session, attempt.permit_id, certain=report.kind != "ambiguous")


def _answer(session: Session, gate: RateGate, policy: SendPolicy, row: MessageRow, report: Report) -> None:
    event = _event(session, policy, row, report)
    try:
        effects = advance(session, row, event, policy.timing, created_at=report.created_at)
    except AlreadyBoundError:
        # The platform named a message that is another row's. Which of the two it is, only a search can tell.
        log.exception("send.answer_already_bound", message_id=row.id)
        effects = advance(session, row, Ambiguous("already_bound"), policy.timing)
    for effect in effects:
        if isinstance(effect, PauseAccount):
            accounts.pause_creator(session, row.creator_id, effect.until)
            gate.penalise(session, account_key(row.creator_id), effect.until)


def _event(session: Session, policy: SendPolicy, row: MessageRow, report: Report) -> Event:
    if report.kind == "sent" and report.platform_id is not None:
        return Succeed(report.platform_id)
    if report.kind == "refused":
        return Refuse(report.detail or "refused")
    if report.kind == "ambiguous" or report.kind == "sent":
        return Ambiguous(report.detail or "ambiguous")
    wait = timedelta(seconds=report.retry_after_s) if report.retry_after_s else policy.back_off(row.attempt_no)
    until = now(session) + wait
    return Throttle(until) if report.kind == "throttled" else NotExecuted(until, report.detail or "not_executed")


def _late(session: Session, policy: SendPolicy, row: MessageRow, report: Report) -> None:
    """An answer after the message moved on: proof, if it is proof of anything."""
    if report.platform_id is None or row.platform_id == report.platform_id:
        return
    if row.platform_id is not None:
        # What was bound looked the same; the answer says it was another one, which the next poll takes in as such.
        log.warning("send.answer_differs_from_proof", message_id=row.id)
        return
    try:
        advance(session, row, Proof(report.platform_id), policy.timing, created_at=report.created_at)
    except AlreadyBoundError:
        log.exception("send.answer_already_bound", message_id=row.id)
