"""Opening attempts: which message of an account goes next, and the commit that must come before the gateway may act.

Late binding: nothing holds a future slot. A claim asks the limiter for the best head of an account at that very moment;
permit and attempt row are committed together or not at all. Who is denied stays where it is, and what a person sees is
an estimate.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session, aliased

from huntaze_backend.areas.accounts import service as accounts
from huntaze_backend.areas.messages.budgets import account_meters, budget_of
from huntaze_backend.areas.messages.pipeline import advance
from huntaze_backend.areas.messages.rules import SendPolicy
from huntaze_backend.areas.messages.tables import AttemptRow, ConversationRow, MessageRow
from huntaze_backend.core.clock import now
from huntaze_backend.engines.limits.port import Decision, Meter, RateGate
from huntaze_contract.ids import new_id
from huntaze_contract.outgoing import Attempt, Deny, Due, State
from huntaze_contract.wire import CreatorState, MessageKind, SendBudget

__all__ = ["Agenda", "Claim", "HighWater", "Opened", "Unread", "agenda_of_connection", "claim"]

_WAITING = (State.READY.value, State.LIMITED.value)
_HIGH_WATER = 50
"""How many of the newest platform ids are kept as the mark: one would do, but messages can be unsent."""
_MOST_HEADS = 200
_PLATFORM_KINDS = (MessageKind.TEXT.value, MessageKind.PPV.value)


@dataclass(frozen=True, slots=True)
class Agenda:
    """When each account's best head may be tried, and the server's time."""

    due: Mapping[str, datetime]
    at: datetime


@dataclass(frozen=True, slots=True)
class HighWater:
    """What a chat showed just now, newest first, and the platform's time of the newest."""

    ids: tuple[str, ...]
    newest_at: datetime | None


@dataclass(frozen=True, slots=True)
class Opened:
    """A committed attempt. Not yet work for a gateway: dispatch makes it that."""

    attempt_id: str
    agency_id: str
    conversation_id: str
    account: str
    chat: str
    text: str
    price: int | None
    media: tuple[str, ...]
    client_key: str


@dataclass(frozen=True, slots=True)
class Unread:
    """The head's conversation was never read: without knowing what is there, proof could not be told from history."""

    agency_id: str
    conversation_id: str
    account: str
    chat: str


@dataclass(frozen=True, slots=True)
class Claim:
    """What a claim led to: an attempt, a chat to read first, or nothing before `again_at` (None: nothing waits)."""

    opened: Opened | None = None
    unread: Unread | None = None
    again_at: datetime | None = None
    budget: SendBudget | None = None
    """The account's after an attempt was opened."""


def agenda_of_connection(session: Session, connection_id: str) -> Agenda:
    """Which accounts of a connection have a head that waits, and since or until when."""
    creator_ids = [row.id for row in accounts.creators_of_connection(session, connection_id)]
    at = now(session)
    # A limited head is due whenever the limiter admits; its `not_before` is only what a person was told.
    due: dict[str, datetime] = {}
    for creator_id, state, not_before in session.execute(
        _heads_of(creator_ids).with_only_columns(MessageRow.creator_id, MessageRow.state, MessageRow.not_before)
    ):
        when = not_before if state == State.READY and not_before is not None else at
        due[creator_id] = min(due.get(creator_id, when), when)
    return Agenda(due, at)


def claim(
    session: Session,
    gate: RateGate,
    policy: SendPolicy,
    creator_id: str,
    *,
    seen: Mapping[str, HighWater],
    skip: Collection[str] = (),
) -> Claim:
    """Open an attempt for the best head of an account, if it may go now.

    Args:
        session: the unit of work.
        gate: the limiter.
        policy: timing.
        creator_id: the account.
        seen: by conversation, what was read of it a moment ago because of an `Unread`.
        skip: conversations that are being read, or could not be.
    """
    best = _best_head(session, creator_id, skip)
    if best is None:
        return Claim()
    creator = accounts.creator(session, best.agency_id, creator_id)
    if creator.state != CreatorState.CONNECTED:
        return Claim()
    conversation = session.get_one(ConversationRow, best.conversation_id)
    account = creator.platform_account_id
    past = _attempts(session, best.id)
    mark = _high_water(session, past, conversation, seen)
    meters = account_meters(creator, policy)
    if mark is None:
        # Read only when it may go: what is known of a chat must be as young as the attempt.
        decision = gate.peek(session, meters)
    else:
        decision = gate.acquire(session, meters, longest_flight=policy.timing.longest_flight)
    if not decision.granted:
        _tell_wait(session, gate, policy, creator_id, meters, decision)
        return Claim(again_at=decision.retry_at)
    if mark is None or decision.permit is None:
        return Claim(unread=Unread(best.agency_id, conversation.id, account, conversation.platform_id))
    attempt = _open(session, policy, best, decision.permit, account, mark, past)
    return Claim(
        opened=Opened(
            attempt_id=attempt.id,
            agency_id=best.agency_id,
            conversation_id=best.conversation_id,
            account=account,
            chat=conversation.platform_id,
            text=best.text,
            price=best.price,
            media=tuple(str(item["platform_id"]) for item in best.media),
            client_key=attempt.client_key,
        ),
        budget=budget_of(session, gate, creator, policy),
    )


def _heads_of(creator_ids: Sequence[str]) -> Select[MessageRow]:
    before = aliased(MessageRow)
    first = (
        select(func.min(before.held_place))
        .where(before.conversation_id == MessageRow.conversation_id, before.held_place.is_not(None))
        .scalar_subquery()
    )
    return select(MessageRow).where(
        MessageRow.held_place.is_not(None),
        MessageRow.creator_id.in_(creator_ids),
        MessageRow.state.in_(_WAITING),
        MessageRow.held_place == first,
    )


def _due_heads(creator_id: str, at: datetime, skip: Collection[str]) -> Select[MessageRow]:
    """An account's heads that may be tried, the oldest first; rows that another unit of work holds are left to it."""
    return (
        _heads_of([creator_id])
        .where(
            MessageRow.conversation_id.not_in(skip),
            (MessageRow.state == State.LIMITED.value) | MessageRow.not_before.is_(None) | (MessageRow.not_before <= at),
        )
        .order_by(MessageRow.accepted_at, MessageRow.id)
        .with_for_update(of=MessageRow, skip_locked=True)
    )


def _best_head(session: Session, creator_id: str, skip: Collection[str]) -> MessageRow | None:
    return session.scalar(_due_heads(creator_id, now(session), skip).limit(1))


def _attempts(session: Session, message_id: str) -> Sequence[AttemptRow]:
    return session.scalars(select(AttemptRow).where(AttemptRow.message_id == message_id).order_by(AttemptRow.no)).all()


def _high_water(
    session: Session, past: Sequence[AttemptRow], conversation: ConversationRow, seen: Mapping[str, HighWater]
) -> HighWater | None:
    """What was visible before the first attempt; None if nobody has looked yet."""
    if past:
        return HighWater(tuple(past[0].high_water), past[0].high_water_at)
    if conversation.id in seen:
        return seen[conversation.id]
    stored = session.execute(
        select(MessageRow.platform_id, MessageRow.at)
        .where(
            MessageRow.conversation_id == conversation.id,
            MessageRow.platform_id.is_not(None),
            MessageRow.kind.in_(_PLATFORM_KINDS),
        )
        .order_by(MessageRow.at.desc(), MessageRow.id.desc())
        .limit(_HIGH_WATER)
    ).all()
    if not stored or conversation.high_mark is None:
        return None
    return HighWater(tuple(str(platform_id) for platform_id, _ in stored), stored[0][1])


def _open(
    session: Session,
    policy: SendPolicy,
    row: MessageRow,
    permit: str,
    account: str,
    mark: HighWater,
    past: Sequence[AttemptRow],
) -> AttemptRow:
    at = now(session)
    if row.state == State.LIMITED:
        advance(session, row, Due(), policy.timing)
    advance(session, row, Attempt(at), policy.timing)
    attempt = AttemptRow(
        id=new_id(),
        message_id=row.id,
        no=row.attempt_no,
        account=account,
        client_key=_platform_key(row, past),
        started_at=at,
        ttl_ms=round(policy.timing.attempt_ttl.total_seconds() * 1000),
        high_water=list(mark.ids),
        high_water_at=mark.newest_at,
        permit_id=permit,
    )
    session.add(attempt)
    session.flush()
    return attempt


def _platform_key(row: MessageRow, past: Sequence[AttemptRow]) -> str:
    """The key for the platform: new after a refusal, which it might repeat from memory; else the one used before."""
    if not past:
        return row.id
    return f"{row.id}.{row.attempt_no}" if past[-1].outcome == "refused" else past[-1].client_key


def _tell_wait(
    session: Session,
    gate: RateGate,
    policy: SendPolicy,
    creator_id: str,
    meters: Sequence[Meter],
    decision: Decision,
) -> None:
    """Show the account's heads as limited, each with the time its turn may come.

    A pause of mere spacing is not shown: it is over before a countdown can be read.
    """
    if decision.blocking is not None and decision.blocking.kind == "spacing":
        return
    at = now(session)
    heads = session.scalars(_due_heads(creator_id, at, ()).limit(_MOST_HEADS)).all()
    times = gate.forecast(session, meters, len(heads))
    for head, until in zip(heads, times, strict=True):
        if head.state == State.LIMITED and head.not_before is not None and head.not_before > at:
            continue
        if head.state == State.LIMITED:
            advance(session, head, Due(), policy.timing)
        advance(session, head, Deny(max(until, at)), policy.timing)
