"""Pure rules of the fans area: what a tag is, and what a fan's transactions add up to.

No I/O and no clock: the service brings rows and the time.
"""

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from huntaze_contract.wire import FanTotals, TransactionKind

MAX_TAG = 40
"""Longest tag, in characters."""
MAX_TAGS = 50
"""Most tags of one fan."""
WEEKS = 12
"""How many weeks of spending a fan's chart shows."""
WEEK = timedelta(days=7)
MONTH = timedelta(days=30)

_TAKEN_OFF = frozenset({TransactionKind.REFUND, TransactionKind.CHARGEBACK})


def clean_tag(text: str) -> str:
    """The tag as it is stored: NFC, one space between words, none around."""
    return " ".join(unicodedata.normalize("NFC", text).split())


def tag_key(text: str) -> str:
    """What makes two tags the same tag, whatever their case."""
    return clean_tag(text).casefold()


def signed(kind: TransactionKind, amount: int) -> int:
    """The amount with the sign it has in a sum: refunds and chargebacks are negative however a platform writes them."""
    return -abs(amount) if kind in _TAKEN_OFF else amount


@dataclass(frozen=True, slots=True)
class Spend:
    """The sum of a fan's transactions of one kind in one week; `age` counts weeks back from now, 0 is this one."""

    kind: TransactionKind
    age: int
    amount: int
    last_30_days: int


def totals(spends: Iterable[Spend], *, bought: int, offered: int, currency: str = "USD") -> FanTotals:
    """What a fan spent, from sums by kind and week. Money taken back lowers the lifetime and its week, not its kind."""
    weeks = [0] * WEEKS
    by_kind: dict[TransactionKind, int] = {}
    lifetime = recent = 0
    for spend in spends:
        lifetime += spend.amount
        recent += spend.last_30_days
        by_kind[spend.kind] = by_kind.get(spend.kind, 0) + spend.amount
        if spend.age < WEEKS:
            weeks[WEEKS - 1 - spend.age] += spend.amount
    return FanTotals(
        currency=currency,
        lifetime=lifetime,
        last_30_days=recent,
        tips=by_kind.get(TransactionKind.TIP, 0),
        ppv=by_kind.get(TransactionKind.PPV, 0),
        subscriptions=by_kind.get(TransactionKind.SUBSCRIPTION, 0),
        weeks=weeks,
        bought=bought,
        offered=offered,
    )
