"""Spend tiers of fans, by lifetime value in minor units of USD."""

from datetime import timedelta
from enum import StrEnum


class Tier(StrEnum):
    VIP = "vip"
    HIGH = "high"
    MID = "mid"
    LOW = "low"
    NEW = "new"


VIP_FROM = 100_000
HIGH_FROM = 30_000
MID_FROM = 10_000

NEW_FOR = timedelta(days=7)
"""A fan is new for this long after subscribing."""


def tier(spent: int, *, is_new: bool) -> Tier:
    """The tier of a fan who spent `spent` cents; a new fan below the first tier is `new`."""
    if spent >= VIP_FROM:
        return Tier.VIP
    if spent >= HIGH_FROM:
        return Tier.HIGH
    if spent >= MID_FROM:
        return Tier.MID
    return Tier.NEW if is_new else Tier.LOW


def short_amount(minor: int) -> str:
    """`$95`, `$960`, `$4.8k`, `$12k`: whole dollars, one decimal of thousands below ten thousand."""
    dollars = minor // 100
    if dollars < 1000:
        return f"${dollars}"
    if dollars < 10_000:
        tenths = dollars // 100
        return f"${tenths // 10}k" if tenths % 10 == 0 else f"${tenths // 10}.{tenths % 10}k"
    return f"${dollars // 1000}k"
