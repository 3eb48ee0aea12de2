"""Translation and small texts that several parts of the page share."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from PySide6.QtCore import QCoreApplication, QDate, QLocale, QTime

from huntaze_desktop.sdk import Connection, ConnectionState, ConversationRow, Tier, short_amount, tier
from huntaze_desktop.ui_kit.badges import TierKind

_LEAST_NANO = 100_000
_PLATFORMS = {"onlyfans": "OnlyFans", "fansly": "Fansly", "sandbox": "Sandbox"}
_TIERS: dict[Tier, TierKind] = {
    Tier.VIP: "vip",
    Tier.HIGH: "high",
    Tier.MID: "mid",
    Tier.LOW: "low",
    Tier.NEW: "new",
}


def tr(text: str, count: int = -1) -> str:
    """A text of this page in the reader's language."""
    return QCoreApplication.translate("Messages", text, None, count)


def first_name(name: str) -> str:
    return name.split(" ", 1)[0]


def platform_name(platform: str) -> str:
    """`OnlyFans` for `onlyfans`; an unknown platform keeps its own spelling."""
    return _PLATFORMS.get(platform, platform)


def is_online(connection: Connection) -> bool:
    """Whether a change reaches the server now."""
    return connection.state in (ConnectionState.ONLINE, ConnectionState.SYNCING)


def tier_of(row: ConversationRow) -> tuple[TierKind, str]:
    """The tier badge of a fan: kind and amount."""
    kind = tier(row.spent, is_new=row.fan_is_new)
    return _TIERS[kind], tr("New") if kind is Tier.NEW else short_amount(row.spent)


def local_time(zone: str | None, now: datetime) -> str | None:
    """The fan's time of day, `09:36`; None when the time zone is not known."""
    if not zone:
        return None
    try:
        there = now.astimezone(ZoneInfo(zone))
    except (ZoneInfoNotFoundError, ValueError):
        return None
    return QTime(there.hour, there.minute).toString("HH:mm")


def day_month(at: datetime, now: datetime) -> str:
    """`Today`, `Yesterday`, `12 Nov`, `3 Dec 2025`."""
    day, today = at.astimezone().date(), now.astimezone().date()
    if day == today:
        return tr("Today")
    if day == today - timedelta(days=1):
        return tr("Yesterday")
    when = QDate(day.year, day.month, day.day)
    return QLocale().toString(when, "d MMM" if day.year == today.year else "d MMM yyyy")


def language_name(code: str | None) -> str | None:
    """`English` for `en`, in the reader's language where Qt knows it."""
    if not code:
        return None
    locale = QLocale(code)
    if locale.language() == QLocale.Language.C:
        return code
    return QLocale.languageToString(locale.language())


def percent_text(share: float) -> str:
    """`94%`, in French `94 %` with its narrow space."""
    gap = "\u202f" if QLocale().language() == QLocale.Language.French else ""
    return f"{round(share * 100)}{gap}%"


def cost_text(nano_usd: int) -> str:
    """What a suggestion cost: `$0.0021`; what is less than a hundredth of a cent is said to be."""
    if 0 < nano_usd < _LEAST_NANO:
        return f"<{_dollars(_LEAST_NANO)}"
    return _dollars(nano_usd)


def _dollars(nano_usd: int) -> str:
    amount = QLocale().toString(nano_usd / 1e9, "f", 4)
    return f"{amount}\u202f$" if QLocale().language() == QLocale.Language.French else f"${amount}"


def tone_name(tone: str | None) -> str:
    """A tone in the reader's language; one that is not known here keeps its own word."""
    names = {
        "warm": tr("Warm"),
        "playful": tr("Playful"),
        "short": tr("Short"),
        "polite": tr("Polite"),
        "question": tr("Question"),
        "offer": tr("Offer"),
        "thanks": tr("Thanks"),
    }
    return names.get(tone, tone[:1].upper() + tone[1:]) if tone else ""
