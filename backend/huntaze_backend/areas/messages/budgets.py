"""How fast a creator account may send: the meters of a send, and what a person sees of them."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from sqlalchemy.orm import Session

from huntaze_backend.areas.messages import lanes
from huntaze_backend.areas.messages.rules import SendPolicy
from huntaze_backend.areas.messages.tables import MessageRow
from huntaze_backend.core.clock import now
from huntaze_backend.engines.limits.port import Meter, RateGate
from huntaze_contract.wire import Lane, SendBudget

__all__ = ["Limited", "account_key", "account_meters", "budget_of", "campaign_meter", "send_meters", "turn_of"]


class Limited(Protocol):
    """What of a creator says how fast it may send."""

    @property
    def id(self) -> str: ...
    @property
    def send_limit(self) -> int: ...
    @property
    def window_s(self) -> float: ...
    @property
    def spacing_s(self) -> float: ...


def account_meters(creator: Limited, policy: SendPolicy) -> tuple[Meter, ...]:
    """The rules for sending from one creator account; the first is the account's own limit."""
    account = Meter(
        account_key(creator.id), creator.send_limit, timedelta(seconds=creator.window_s) + policy.window_margin
    )
    if creator.spacing_s <= 0:
        return (account,)
    return (account, Meter(f"spacing:{creator.id}", 1, timedelta(seconds=creator.spacing_s), "spacing"))


def campaign_meter(creator: Limited, policy: SendPolicy) -> Meter:
    """What campaigns may take of the account's limit: the rest is there when a person answers."""
    limit = max(1, int(creator.send_limit * policy.campaign_share))
    return Meter(f"campaign:{creator.id}", limit, timedelta(seconds=creator.window_s) + policy.window_margin)


def send_meters(creator: Limited, policy: SendPolicy, conversation_id: str, lane: Lane) -> tuple[Meter, ...]:
    """All rules for one send: the account's, the fan's, and the lane's if it has one."""
    recipient = Meter(f"recipient:{conversation_id}", policy.recipient_limit, policy.recipient_window)
    own = (recipient, campaign_meter(creator, policy)) if lane is Lane.CAMPAIGN else (recipient,)
    return account_meters(creator, policy) + own


def account_key(creator_id: str) -> str:
    return f"account:{creator_id}"


def budget_of(session: Session, gate: RateGate, creator: Limited, policy: SendPolicy) -> SendBudget:
    """What the creator may still send in the present window, what waits, and when the last of it may go."""
    meters = account_meters(creator, policy)
    decision = gate.peek(session, meters)
    waiting = lanes.waiting(session, creator.id)
    return SendBudget(
        creator_id=creator.id,
        limit=creator.send_limit,
        remaining=decision.remaining.get(meters[0].key, 0),
        window_s=max(1, round(creator.window_s)),
        next_at=decision.retry_at,
        waiting=sum(waiting.values()),
        empty_at=_last_turn(session, gate, creator, policy, waiting) if waiting else None,
        server_time=now(session),
    )


def turn_of(session: Session, gate: RateGate, creator: Limited, policy: SendPolicy, row: MessageRow) -> datetime:
    """An estimate of when a message that waits may go, if nothing better comes."""
    ahead = dict(lanes.waiting_before(session, row))
    mine = Lane(row.lane)
    ahead[mine] = ahead.get(mine, 0) + 1
    return _last_turn(session, gate, creator, policy, ahead)


def _last_turn(
    session: Session, gate: RateGate, creator: Limited, policy: SendPolicy, waiting: Mapping[Lane, int]
) -> datetime:
    """When the last of so many may go."""
    meters = account_meters(creator, policy)
    last = _nth(session, gate, meters, sum(waiting.values()))
    campaigns = waiting.get(Lane.CAMPAIGN, 0)
    if campaigns == 0:
        return last
    return max(last, _nth(session, gate, (campaign_meter(creator, policy), *meters), campaigns))


def _nth(session: Session, gate: RateGate, meters: Sequence[Meter], n: int) -> datetime:
    """When the nth send may go. After two rounds of the first meter's limit, which is the tightest, they repeat."""
    limit = meters[0].limit
    times = gate.forecast(session, meters, min(n, 2 * limit))
    if n <= len(times):
        return times[n - 1]
    rounds, place = divmod(n - 1 - limit, limit)
    return times[limit + place] + rounds * (times[limit + place] - times[place])
