"""Every word of the conversation list, translatable, and the sentence that a screen reader says for a row."""

from __future__ import annotations

from datetime import datetime, timedelta

from PySide6.QtCore import QCoreApplication, QDate, QLocale, QTime

from huntaze_desktop.model.entities import ConversationRow, MessageKind
from huntaze_desktop.model.listing import SectionKind
from huntaze_desktop.model.tiers import Tier, short_amount, tier
from huntaze_desktop.model.waiting import DEFAULT_SLA, Urgency, urgency, waited
from huntaze_desktop.ui_kit.chat.words import money
from huntaze_desktop.ui_kit.conversation_list.items import FooterItem, Item, SectionItem, spoken_wait


def _tr(text: str, count: int = -1) -> str:
    return QCoreApplication.translate("ConversationList", text, None, count)


def first_name(name: str) -> str:
    return name.split(" ", 1)[0]


def section_text(kind: SectionKind) -> str:
    return {
        SectionKind.LATE: _tr("Waiting over 5 min"),
        SectionKind.WAITING: _tr("Waiting"),
        SectionKind.ANSWERED: _tr("Answered"),
        SectionKind.RESULTS: _tr("Results"),
    }[kind]


def footer_text(more: int) -> str:
    return _tr("%n more conversations. Search finds them.", more)


def time_text(at: datetime, now: datetime) -> str:
    """`14:25` today, else the day as short as it is clear."""
    local, today = at.astimezone(), now.astimezone().date()
    day = local.date()
    if day == today:
        return QTime(local.hour, local.minute).toString("HH:mm")
    if day == today + timedelta(days=1):
        return _tr("Tomorrow")
    if day == today - timedelta(days=1):
        return _tr("Yesterday")
    when = QDate(day.year, day.month, day.day)
    if timedelta(0) < abs(today - day) < timedelta(days=7):
        return QLocale().toString(when, "ddd")
    return QLocale().toString(when, "d MMM" if day.year == today.year else "d MMM yyyy")


def tier_text(row: ConversationRow) -> str:
    kind = tier(row.spent, is_new=row.fan_is_new)
    return _tr("New") if kind is Tier.NEW else short_amount(row.spent)


def state_words(row: ConversationRow) -> tuple[str, str] | None:
    """Kind and word of the state chip: what is unsent outweighs what is queued."""
    if row.failed:
        return "failed", _tr("Not sent")
    if row.queued:
        return "queued", _tr("Queued")
    return None


def colleague_text(row: ConversationRow) -> str:
    name = first_name(row.replying or row.colleague or "")
    replies = row.replying is not None or row.colleague_types
    return _tr("{0} is replying").format(name) if replies else _tr("{0} is reading").format(name)


def snippet(row: ConversationRow) -> str:
    """The newest message in one line."""
    text = " ".join(row.last_text.split())
    amount = money(row.last_price or 0, row.currency)
    if row.last_kind is MessageKind.TIP:
        return _tr("Sent a {0} tip").format(amount)
    if row.last_kind is MessageKind.SUBSCRIPTION:
        return _tr("Subscribed")
    if row.last_kind is MessageKind.PPV:
        title = text or _tr("Paid message")
        words = _tr("Bought “{0}” for {1}") if row.last_bought else _tr("Offered “{0}” for {1}")
        return words.format(title, amount)
    if row.last_outgoing and row.last_mine and not (row.failed or row.queued):
        return _tr("You: {0}").format(text)
    if row.last_outgoing and row.last_author and not row.last_mine:
        return f"{first_name(row.last_author)}: {text}"
    return text


def action_text(action: str, row: ConversationRow) -> str:
    """What a row's action does, for its tooltip."""
    if action == "done":
        return _tr("Reopen (E)") if row.done else _tr("Done (E)")
    return _tr("Snooze (H)") if action == "snooze" else _tr("More")


def spoken_item(item: Item, now: datetime) -> str:
    """One sentence: `Daniel Reyes, VIP, waiting 6 minutes 42, late`."""
    if isinstance(item, SectionItem):
        return f"{section_text(item.kind)} {item.count}"
    if isinstance(item, FooterItem):
        return footer_text(item.more)
    parts = [item.fan_name]
    kind = tier(item.spent, is_new=item.fan_is_new)
    parts.append(_tr("VIP") if kind is Tier.VIP else tier_text(item))
    if item.done:
        parts.append(_tr("done"))
    if item.snoozed_until is not None and item.snoozed_until > now:
        parts.append(_tr("snoozed until {0}").format(time_text(item.snoozed_until, now)))
    elif item.waiting_since is not None and not item.done:
        wait = waited(item.waiting_since, now)
        minutes, seconds = spoken_wait(wait)
        parts.append(_tr("waiting {0} minutes {1}").format(minutes, seconds))
        if urgency(wait, DEFAULT_SLA) is Urgency.LATE:
            parts.append(_tr("late"))
    if item.unread:
        parts.append(_tr("%n unread", item.unread))
    elif item.marked_unread:
        parts.append(_tr("marked as unread"))
    if item.assignee_id is not None:
        name = _tr("you") if item.assigned_to_me else first_name(item.assignee_name or "")
        parts.append(_tr("assigned to {0}").format(name))
    if item.changes:
        parts.append(_tr("%n changes wait for a connection", item.changes))
    if (state := state_words(item)) is not None:
        parts.append(state[1])
    if item.colleague or item.replying:
        parts.append(colleague_text(item))
    parts.append(snippet(item))
    return ", ".join(part for part in parts if part)
