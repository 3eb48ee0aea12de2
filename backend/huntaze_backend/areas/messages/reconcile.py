"""What became of a send that nobody answered: evidence is looked for on the platform, and only evidence decides.

Proof of delivery is a message of ours on the platform that was not visible before the first attempt, is bound to no
other row and has the same fingerprint. Proof of absence is two complete listings after the quarantine; a listing that
failed, or does not reach back past what was visible before, proves nothing. Late proof always wins, whoever brings it.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

import structlog
from sqlalchemy import bindparam, func, select
from sqlalchemy.orm import Session

from huntaze_backend.areas.accounts import service as accounts
from huntaze_backend.areas.messages import evidence, rules
from huntaze_backend.areas.messages.pipeline import AlreadyBoundError, advance, bind, first_attempt, note
from huntaze_backend.areas.messages.rules import SendPolicy
from huntaze_backend.areas.messages.tables import AttemptRow, ConversationRow, MessageRow
from huntaze_backend.core.clock import now
from huntaze_backend.engines.gateways.reading import GatewayError, PlatformMessage, PlatformReader, Trouble
from huntaze_backend.engines.limits.port import RateGate
from huntaze_backend.events import MessageSettled, emit
from huntaze_contract.outgoing import (
    DEFAULT_TIMING,
    Ambiguous,
    IllegalTransitionError,
    Listed,
    Proof,
    Reconcile,
    State,
    Timing,
)

__all__ = ["Found", "Listing", "Search", "judge", "late_proof", "look", "read_back", "recover"]

log = structlog.get_logger(__name__)

_MOST_PAGES = 10
_PAGE = 100
_SEARCHED = (State.UNKNOWN.value, State.RECONCILING.value)
_NO_ANSWER = "The platform cannot be read at this moment."
_TROUBLES = {
    Trouble.UNAUTHORIZED: "The platform's key is not accepted any more.",
    Trouble.SESSION_EXPIRED: "The account is logged out at the platform.",
    Trouble.NOT_FOUND: "The platform does not know this chat.",
}


@dataclass(frozen=True, slots=True)
class Search:
    """One message to look for."""

    message_id: str
    connection_id: str | None
    """Null: the creator was disconnected, and nobody can look."""
    account: str
    chat: str
    attempt_no: int
    high_water: tuple[str, ...]
    began_at: datetime
    """The server's time before the listing was asked for: what it does not show was not visible then."""


@dataclass(frozen=True, slots=True)
class Listing:
    """Messages newer than the high-water mark, newest first."""

    messages: tuple[PlatformMessage, ...]
    complete: bool
    trouble: str | None = None
    """Why it failed, for a person."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a look found."""

    due: list[Search]
    next_at: datetime | None
    """When the next search is due; None: there is none."""
    silent: bool
    """Whether a send is under way that its gateway should have reported long ago."""
    at: datetime
    """The server's time."""


# --- looking ------------------------------------------------------------------------------------------------------


def look(session: Session, policy: SendPolicy, running: Collection[str]) -> Found:
    """What there is to search for now, and when there will be more. Mostly nothing: two small statements say so.

    Args:
        session: a snapshot.
        policy: says when a gateway must have reported.
        running: messages that are being searched for.
    """
    at = now(session)
    oldest = session.scalar(_OLDEST_UNDER_WAY)
    times = [
        (id_, list_at) for id_, list_at in session.execute(_TO_SEARCH) if list_at is not None and id_ not in running
    ]
    due = [id_ for id_, list_at in times if list_at <= at]
    return Found(
        _searches(session, due, at) if due else [],
        next_at=min((list_at for _, list_at in times if list_at > at), default=None),
        silent=oldest is not None and _overdue(oldest, at, policy.timing),
        at=at,
    )


def _searches(session: Session, message_ids: Sequence[str], at: datetime) -> list[Search]:
    asked = {"messages": message_ids}
    due = session.execute(_SEARCHED_ROWS, asked).all()
    # The first comes last, and so it is the one that stays: its mark decides what can be proof.
    attempts = {attempt.message_id: attempt for attempt in session.scalars(_THEIR_ATTEMPTS, asked)}
    return [
        Search(
            message_id=row.id,
            connection_id=accounts.creator(session, row.agency_id, row.creator_id).connection_id,
            account=attempts[row.id].account,
            chat=chat,
            attempt_no=row.attempt_no,
            high_water=tuple(attempts[row.id].high_water),
            began_at=at,
        )
        for row, chat in due
    ]


_OLDEST_UNDER_WAY = select(func.min(MessageRow.attempt_started_at)).where(
    MessageRow.held_place.is_not(None), MessageRow.state == State.SENDING.value
)
_TO_SEARCH = select(MessageRow.id, MessageRow.list_at).where(
    MessageRow.list_at.is_not(None), MessageRow.state.in_(_SEARCHED)
)
_SEARCHED_ROWS = (
    select(MessageRow, ConversationRow.platform_id)
    .join(ConversationRow, ConversationRow.id == MessageRow.conversation_id)
    .where(MessageRow.id.in_(bindparam("messages", expanding=True)))
    .order_by(MessageRow.list_at)
)
_THEIR_ATTEMPTS = (
    select(AttemptRow)
    .where(AttemptRow.message_id.in_(bindparam("messages", expanding=True)))
    .order_by(AttemptRow.no.desc())
)


async def read_back(reader: PlatformReader, search: Search) -> Listing:
    """List the chat from its newest message back to the high-water mark. Never raises: a failure proves nothing."""
    marks = set(search.high_water)
    found: list[PlatformMessage] = []
    before: str | None = None
    try:
        for _ in range(_MOST_PAGES):
            page = await reader.messages(search.account, search.chat, before=before, limit=_PAGE)
            for message in page.items:
                if message.id in marks:
                    return Listing(tuple(found), complete=True)
                found.append(message)
            if page.complete:
                # The chat's very beginning. If messages were known before, they are gone: this is another history.
                return Listing(tuple(found), complete=not marks)
            if not page.items or page.items[-1].id == before:
                break
            before = page.items[-1].id
    except GatewayError as error:
        log.info("reconcile.listing_failed", message_id=search.message_id, kind=error.kind)
        return Listing(tuple(found), complete=False, trouble=_TROUBLES.get(error.kind, _NO_ANSWER))
    return Listing(tuple(found), complete=False, trouble="The chat has more messages than can be searched.")


# --- judging ------------------------------------------------------------------------------------------------------


def judge(session: Session, search: Search, listing: Listing, timing: Timing) -> State | None:
    """Weigh what a listing shows. Returns the message's state, or None if the search was overtaken."""
    row = session.get(MessageRow, search.message_id, with_for_update=True)
    if row is None or row.state not in _SEARCHED or row.attempt_no != search.attempt_no:
        return None
    if row.state == State.UNKNOWN:
        advance(session, row, Reconcile(), timing)
    ours = [message.id for message in listing.messages if message.from_us]
    owners = _owners(session, row.creator_id, ours)
    found = evidence.weigh(
        listing.messages, complete=listing.complete, owners=owners, wanted=rules.row_fingerprint(row)
    )
    if found.proof is not None:
        advance(session, row, Proof(found.proof.id), timing, created_at=found.proof.created_at)
        _settled(session, row)
        return State.SENT
    advance(session, row, Listed(search.began_at, found.complete), timing)
    if row.state not in _SEARCHED:
        _settled(session, row)
    return State(str(row.state))


def _owners(session: Session, creator_id: str, platform_ids: Sequence[str]) -> dict[str, str]:
    """Platform id → key under which its row was written here, "" for rows that a listing made."""
    if not platform_ids:
        return {}
    found = session.execute(_OWNERS, {"creator": creator_id, "platform_ids": platform_ids})
    return {str(platform_id): key or "" for platform_id, key in found}


_OWNERS = select(MessageRow.platform_id, MessageRow.client_key).where(
    MessageRow.creator_id == bindparam("creator"),
    MessageRow.platform_id.in_(bindparam("platform_ids", expanding=True)),
)


def _settled(session: Session, row: MessageRow) -> None:
    unclear = row.state == State.UNKNOWN
    emit(session, MessageSettled(row.id, row.conversation_id, row.creator_id, row.agency_id, unclear))


# --- proof from elsewhere -----------------------------------------------------------------------------------------


def late_proof(session: Session, creator_id: str, message: PlatformMessage, timing: Timing = DEFAULT_TIMING) -> bool:
    """Whether a platform message of ours, bound to no row, proves one of our sends; then it is bound here.

    Called for every such message that a webhook, a poll or a backfill brings. The permit of a send under way is settled
    by its own answer, or runs out by itself: proof says that it happened, not that it is over.
    """
    if not message.from_us:
        return False
    query = (
        select(MessageRow)
        .join(ConversationRow, ConversationRow.id == MessageRow.conversation_id)
        .where(
            ConversationRow.creator_id == creator_id,
            ConversationRow.platform_id == message.chat,
            MessageRow.platform_id.is_(None),
            MessageRow.client_key.is_not(None),
            MessageRow.attempt_no > 0,
        )
        .order_by(MessageRow.place)
        .with_for_update(of=MessageRow)
    )
    wanted = evidence.fingerprint_of(message)
    candidates = session.scalars(query).all()
    for row in sorted(
        candidates, key=lambda row: evidence.likelihood(row.place, holds_head=row.held_place is not None)
    ):
        if rules.row_fingerprint(row) == wanted and _after_the_mark(session, row, message):
            try:
                _take_proof(session, row, message, timing)
            except (IllegalTransitionError, AlreadyBoundError):
                log.warning("reconcile.proof_not_taken", message_id=row.id, state=row.state)
                continue
            _settled(session, row)
            return True
    return False


def _take_proof(session: Session, row: MessageRow, message: PlatformMessage, timing: Timing) -> None:
    if row.state != State.SENT:
        advance(session, row, Proof(message.id), timing, created_at=message.created_at)
        return
    # A person said that it was sent, without saying which message it is: now it is known.
    bind(session, row, message.id)
    row.at = message.created_at
    note(session, row, thread=True)


def _after_the_mark(session: Session, row: MessageRow, message: PlatformMessage) -> bool:
    attempt = first_attempt(session, row.id)
    return attempt is not None and evidence.after_the_mark(message, attempt.high_water, attempt.high_water_at)


# --- after a crash ------------------------------------------------------------------------------------------------


def _overdue(started: datetime, at: datetime, timing: Timing) -> bool:
    return at >= started + timing.longest_flight + timing.margin


def recover(session: Session, gate: RateGate, policy: SendPolicy, *, everything: bool) -> int:
    """Turn sends whose gateway will not report any more into unknown ones. Returns how many.

    Args:
        session: the unit of work.
        gate: holds their permits.
        policy: says when a gateway must have reported.
        everything: at the start of the only worker, when no gateway runs. A gateway of another worker loses nothing by
            it: its late answer is late proof.
    """
    at = now(session)
    query = (
        select(MessageRow)
        .where(MessageRow.held_place.is_not(None), MessageRow.state == State.SENDING.value)
        .with_for_update(skip_locked=True)
    )
    recovered = 0
    for row in session.scalars(query).all():
        started = row.attempt_started_at
        if (
            not everything
            and started is not None
            and at < started + policy.timing.longest_flight + policy.timing.margin
        ):
            continue
        advance(session, row, Ambiguous("crash"), policy.timing)
        _settled(session, row)
        recovered += 1
    # Also those of messages that a webhook proved sent before the gateway died: nobody reports them any more.
    forgotten = select(AttemptRow).where(AttemptRow.outcome.is_(None))
    if not everything:
        forgotten = forgotten.where(AttemptRow.started_at <= at - policy.timing.longest_flight - policy.timing.margin)
    for attempt in session.scalars(forgotten.with_for_update(skip_locked=True)).all():
        attempt.outcome, attempt.detail, attempt.settled_at = "ambiguous", "crash", at
        gate.settle(session, attempt.permit_id, certain=False)
    return recovered
