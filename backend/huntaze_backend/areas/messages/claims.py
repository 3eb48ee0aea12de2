"""Opening attempts: which message of an account goes next, and the commit that must come before the gateway may act.

Late binding: nothing holds a future slot. A claim asks the limiter for the best head of an account at that very moment
(lanes.py); permit and attempt row are committed together or not at all. Who is denied stays where it is, the next one
is asked unless the whole account must wait, and what a person sees is an estimate.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from huntaze_backend.areas.accounts import service as accounts
from huntaze_backend.areas.messages import lanes
from huntaze_backend.areas.messages.budgets import Limited, account_meters, budget_of, campaign_meter, send_meters
from huntaze_backend.areas.messages.compliance import forbid_if_refused
from huntaze_backend.areas.messages.holding import hold_if_asked
from huntaze_backend.areas.messages.lanes import Head
from huntaze_backend.areas.messages.pipeline import advance
from huntaze_backend.areas.messages.rules import SendPolicy
from huntaze_backend.areas.messages.tables import AttemptRow, ConversationRow, MessageRow
from huntaze_backend.core.clock import now
from huntaze_backend.engines.compliance.checking import Compliance
from huntaze_backend.engines.limits.port import Decision, Meter, RateGate
from huntaze_contract.ids import new_id
from huntaze_contract.outgoing import Attempt, Deny, Due, State
from huntaze_contract.wire import CreatorState, Lane, MessageKind, SendBudget

__all__ = ["Agenda", "Claim", "HighWater", "Opened", "Unread", "agenda_of_connection", "claim", "known_platform_ids"]

_HIGH_WATER = 50
"""How many of the newest platform ids are kept as the mark: one would do, but messages can be unsent."""
_MOST_HEADS = 200
_PLATFORM_KINDS = (MessageKind.TEXT.value, MessageKind.PPV.value)
_ATTEMPTS = select(AttemptRow).where(AttemptRow.message_id == bindparam("message")).order_by(AttemptRow.no)
_KNOWN = (
    select(MessageRow.platform_id, MessageRow.at)
    .where(
        MessageRow.conversation_id == bindparam("conversation"),
        MessageRow.platform_id.is_not(None),
        MessageRow.kind.in_(_PLATFORM_KINDS),
    )
    .order_by(MessageRow.at.desc(), MessageRow.id.desc())
    .limit(_HIGH_WATER)
)


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
    """The account's after an attempt was opened; None if nobody watches."""


def agenda_of_connection(session: Session, connection_id: str, skip: Mapping[str, datetime | None]) -> Agenda:
    """Which accounts of a connection have a head that waits, and since or until when.

    Args:
        session: a snapshot.
        connection_id: whose accounts.
        skip: conversations not to look at, each until its time (None: until it is taken out).
    """
    at = now(session)
    skipped = [id_ for id_, until in skip.items() if until is None or until > at]
    return Agenda(lanes.due_accounts(session, connection_id, at, skip=skipped), at)


def claim(
    session: Session,
    gate: RateGate,
    policy: SendPolicy,
    creator_id: str,
    *,
    compliance: Compliance,
    seen: Mapping[str, HighWater],
    watched: Callable[[str], bool],
    skip: Collection[str] = (),
) -> Claim:
    """Open an attempt for the best head of an account, if it may go now.

    Args:
        session: the unit of work.
        gate: the limiter.
        policy: timing.
        creator_id: the account.
        compliance: what may leave; a head that may not any more fails here, one whose text needs a yes goes to wait
            for it, and the next one is asked.
        seen: by conversation, what was read of it a moment ago because of an `Unread`.
        watched: whether anybody of an agency would see its budgets.
        skip: conversations that are being read, or could not be.
    """
    at = now(session)
    best = lanes.best_head(session, creator_id, at, skip=skip)
    if best is None:
        return Claim()
    creator = accounts.creator(session, best.row.agency_id, creator_id)
    if creator.state != CreatorState.CONNECTED:
        return Claim()
    account = _Account(creator, creator.platform_account_id, account_meters(creator, policy))
    passed, barred = set(skip), set[Lane]()
    again_at: datetime | None = None
    while best is not None:
        # The rules or the creator's policy may have changed while it waited.
        if forbid_if_refused(session, compliance, best.row, policy.timing) or hold_if_asked(session, best.row):
            best = lanes.best_head(session, creator_id, at, skip=passed, bar=barred)
            continue
        tried = _try(session, gate, policy, account, best, seen)
        if tried.claim.opened is not None and watched(creator.agency_id):
            return replace(tried.claim, budget=budget_of(session, gate, creator, policy))
        if tried.decision.granted:
            return tried.claim
        whole = gate.peek(session, account.meters)
        if not whole.granted:
            _tell_all(session, gate, policy, account, whole)
            return Claim(again_at=whole.retry_at)
        # Only this fan, or only campaigns: others of the account may go.
        again_at = _earlier(again_at, tried.decision.retry_at)
        if _bars_campaigns(creator, policy, tried.decision):
            barred.add(Lane.CAMPAIGN)
            _tell_campaigns(session, gate, policy, account)
        else:
            passed.add(best.row.conversation_id)
            _tell(session, policy, best.row, tried.decision.retry_at or at)
        best = lanes.best_head(session, creator_id, at, skip=passed, bar=barred)
    return Claim(again_at=again_at)


@dataclass(frozen=True, slots=True)
class _Account:
    """What of an account every try of a claim needs."""

    creator: Limited
    name: str
    """The platform's."""
    meters: tuple[Meter, ...]


@dataclass(frozen=True, slots=True)
class _Tried:
    decision: Decision
    claim: Claim


def _try(
    session: Session,
    gate: RateGate,
    policy: SendPolicy,
    account: _Account,
    best: Head,
    seen: Mapping[str, HighWater],
) -> _Tried:
    """Ask for this head; the claim is what to do if it is granted."""
    row, creator = best.row, account.creator
    conversation = session.get_one(ConversationRow, row.conversation_id)
    past = _attempts(session, row.id)
    mark = _high_water(session, past, conversation, seen)
    meters = send_meters(creator, policy, conversation.id, best.lane)
    if mark is None:
        # Read only when it may go: what is known of a chat must be as young as the attempt.
        decision = gate.peek(session, meters)
        unread = Unread(row.agency_id, conversation.id, account.name, conversation.platform_id)
        return _Tried(decision, Claim(unread=unread))
    decision = gate.acquire(session, meters, longest_flight=policy.timing.longest_flight)
    if decision.permit is None:
        return _Tried(decision, Claim())
    attempt = _open(session, policy, row, decision.permit, account.name, mark, past)
    opened = Opened(
        attempt_id=attempt.id,
        agency_id=row.agency_id,
        conversation_id=row.conversation_id,
        account=account.name,
        chat=conversation.platform_id,
        text=row.text,
        price=row.price,
        media=tuple(str(item["platform_id"]) for item in row.media),
        client_key=attempt.client_key,
    )
    return _Tried(decision, Claim(opened=opened))


def _bars_campaigns(creator: Limited, policy: SendPolicy, decision: Decision) -> bool:
    return decision.blocking is not None and decision.blocking.key == campaign_meter(creator, policy).key


def _earlier(one: datetime | None, other: datetime | None) -> datetime | None:
    return min((moment for moment in (one, other) if moment is not None), default=None)


def _attempts(session: Session, message_id: str) -> Sequence[AttemptRow]:
    return session.scalars(_ATTEMPTS, {"message": message_id}).all()


def _high_water(
    session: Session, past: Sequence[AttemptRow], conversation: ConversationRow, seen: Mapping[str, HighWater]
) -> HighWater | None:
    """What was visible before the first attempt; None if nobody has looked yet."""
    if past:
        return HighWater(tuple(past[0].high_water), past[0].high_water_at)
    if conversation.id in seen:
        return seen[conversation.id]
    known = known_platform_ids(session, conversation.id)
    return known if known.ids and conversation.high_mark is not None else None


def known_platform_ids(session: Session, conversation_id: str) -> HighWater:
    """What of a chat is stored, as a mark."""
    stored = session.execute(_KNOWN, {"conversation": conversation_id}).all()
    return HighWater(tuple(str(platform_id) for platform_id, _ in stored), stored[0][1] if stored else None)


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


def _tell_all(session: Session, gate: RateGate, policy: SendPolicy, account: _Account, decision: Decision) -> None:
    """Show the account's heads as limited, each with the time its turn may come.

    A pause of mere spacing is not shown: it is over before a countdown can be read.
    """
    if decision.blocking is not None and decision.blocking.kind == "spacing":
        return
    heads = lanes.heads_of(session, account.creator.id, now(session), _MOST_HEADS)
    times = gate.forecast(session, account.meters, len(heads))
    for head, until in zip(heads, times, strict=True):
        _tell(session, policy, head.row, until)


def _tell_campaigns(session: Session, gate: RateGate, policy: SendPolicy, account: _Account) -> None:
    """The same for the campaigns, which have used up their share."""
    heads = [
        head
        for head in lanes.heads_of(session, account.creator.id, now(session), _MOST_HEADS)
        if head.lane is Lane.CAMPAIGN
    ]
    meters = (campaign_meter(account.creator, policy), *account.meters)
    for head, until in zip(heads, gate.forecast(session, meters, len(heads)), strict=True):
        _tell(session, policy, head.row, until)


def _tell(session: Session, policy: SendPolicy, row: MessageRow, until: datetime) -> None:
    """Show a message as limited, unless it is and the time it was told is still to come."""
    at = now(session)
    if row.state == State.LIMITED:
        if row.not_before is not None and row.not_before > at:
            return
        advance(session, row, Due(), policy.timing)
    advance(session, row, Deny(max(until, at)), policy.timing)
