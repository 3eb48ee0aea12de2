"""How fast a creator account may send: its meters, and what a person sees of them."""

from datetime import timedelta
from typing import Protocol

from sqlalchemy.orm import Session

from huntaze_backend.areas.messages.rules import SendPolicy
from huntaze_backend.core.clock import now
from huntaze_backend.engines.limits.port import Meter, RateGate
from huntaze_contract.wire import SendBudget

__all__ = ["Limited", "account_key", "account_meters", "budget_of"]


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


def account_key(creator_id: str) -> str:
    return f"account:{creator_id}"


def budget_of(session: Session, gate: RateGate, creator: Limited, policy: SendPolicy) -> SendBudget:
    """What the creator may still send in the present window."""
    meters = account_meters(creator, policy)
    decision = gate.peek(session, meters)
    return SendBudget(
        creator_id=creator.id,
        limit=creator.send_limit,
        remaining=decision.remaining.get(meters[0].key, 0),
        window_s=max(1, round(creator.window_s)),
        next_at=decision.retry_at,
        server_time=now(session),
    )
