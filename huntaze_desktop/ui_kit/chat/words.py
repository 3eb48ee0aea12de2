"""Every word that the timeline says, translatable: states, reasons, days, media, the sentence for screen readers."""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime, timedelta

from PySide6.QtCore import QCoreApplication, QDate, QLocale, QTime

from huntaze_desktop.model.entities import Message, MessageKind
from huntaze_desktop.ui_kit.chat.delivery import Action, Delivery, delivery_of
from huntaze_desktop.ui_kit.chat.people import ChatPeople
from huntaze_desktop.ui_kit.chat.rows import DayRow, HeadRow, MessageRow, OfflineRow, Row, countdown

_PLATFORM_SAYS = "refused: "


def _tr(text: str, count: int = -1) -> str:
    return QCoreApplication.translate("Chat", text, None, count)


def clock(at: datetime) -> str:
    """The reader's local time of day, `14:12`."""
    local = at.astimezone()
    return QTime(local.hour, local.minute).toString("HH:mm")


def money(minor: int, currency: str) -> str:
    """`$22`, `$22.50`: whole amounts without decimals, in the reader's locale."""
    symbol = {"USD": "$", "EUR": "€", "GBP": "£"}.get(currency, currency)
    locale = QLocale()
    if locale.language() == QLocale.Language.C:  # no language set: Qt would write 22$
        locale = QLocale(QLocale.Language.English, QLocale.Country.UnitedStates)
    return locale.toCurrencyString(minor / 100, symbol, 0 if minor % 100 == 0 else 2)


def day_text(day: date, today: date) -> str:
    if day == today:
        return _tr("Today")
    if day == today - timedelta(days=1):
        return _tr("Yesterday")
    when = QDate(day.year, day.month, day.day)
    if timedelta(0) < today - day < timedelta(days=7):
        return QLocale().toString(when, "dddd")
    if day.year == today.year:
        return QLocale().toString(when, "d MMMM")
    return QLocale().toString(when, "d MMMM yyyy")


def media_text(types: tuple[str, ...]) -> str:
    """`14 photos, 1 video`."""
    counts = Counter(types)
    parts = []
    for kind in ("photo", "video", "audio"):
        number = counts.get(kind, 0)
        if number:
            parts.append(_media_count(kind, number))
    return ", ".join(parts)


def _media_count(kind: str, number: int) -> str:
    # Written out for each kind, so that translators get whole phrases and their plurals.
    if kind == "photo":
        text = _tr("%n photo", number) if number == 1 else _tr("%n photos", number)
    elif kind == "video":
        text = _tr("%n video", number) if number == 1 else _tr("%n videos", number)
    else:
        text = _tr("%n recording", number) if number == 1 else _tr("%n recordings", number)
    return text


def reason_text(code: str | None) -> str:
    """A stable code in words, or what the platform said; else nothing rather than something technical."""
    if code is None:
        return ""
    if code.startswith(_PLATFORM_SAYS):
        return code.removeprefix(_PLATFORM_SAYS).strip().rstrip(".")
    known = {
        "session_expired": _tr("session expired"),
        "disconnected": _tr("account disconnected"),
        "blocked": _tr("the fan blocked this account"),
        "not_found": _tr("the conversation is gone"),
        "forbidden": _tr("the platform does not allow it"),
        "too_large": _tr("too long for the platform"),
        "validation": _tr("the text was refused"),
        "refused": _tr("the platform refused it"),
        "cannot_send": _tr("this fan cannot be written to"),
        "compliance_blocked": _tr("your agency's rules do not allow this text"),
        "compliance": _tr("the rules changed, and do not allow this text any more"),
        "approval_expired": _tr("nobody approved it in time"),
        "not_approved": _tr("it was not approved"),
        "given_up": _tr("given up"),
        "cannot_list": _tr("the platform could not be read"),
        "attempts_used_up": _tr("three attempts without an answer"),
        "unreachable": _tr("the platform did not answer"),
        "platform_error": _tr("the platform answered with an error"),
        "malformed": _tr("the platform answered with an error"),
        "throttled": _tr("the platform asked to wait"),
        "unauthorized": _tr("the platform key is not valid"),
        "not_done": _tr("something went wrong on the server"),
    }
    return known.get(code.lower(), "")


def action_text(action: Action) -> str:
    return {
        Action.RETRY: _tr("Retry"),
        Action.UNDO: _tr("Undo"),
        Action.SEND_NOW: _tr("Send now"),
        Action.REVIEW: _tr("Review"),
        Action.DECIDE: _tr("Decide"),
        Action.EDIT: _tr("Edit"),
        Action.TAKE_BACK: _tr("Cancel sending"),
        Action.DISCARD: _tr("Discard"),
        Action.UNSEND: _tr("Unsend"),
    }[action]


def state_text(message: Message, now: datetime) -> str:
    """The words at the end of a bubble; empty where the icon beside the time says it as drawn."""
    delivery = delivery_of(message)
    reason = reason_text(message.reason)
    if not reason and message.reason and delivery is Delivery.REJECTED and not message.local:
        # Whoever did not approve it says why in words of their own.
        reason = _tr("not approved: {0}").format(message.reason.strip().rstrip("."))
    if delivery is Delivery.LIMITED:
        left = countdown(message.not_before, now) if message.not_before else None
        return _tr("Rate limit, sends in {0}").format(left) if left else _tr("Rate limit, sends next")
    if delivery in (Delivery.FAILED, Delivery.REJECTED):
        return _tr("Not sent, {0}").format(reason) if reason else _tr("Not sent")
    if delivery is Delivery.HELD and message.not_before is None:
        left = countdown(message.hold_until, now) if message.hold_until else None
        return _tr("Sends in {0}").format(left) if left else _tr("Sends now")
    if delivery in (Delivery.SCHEDULED, Delivery.HELD):
        return _tr("Sends {0}").format(when_text(message.not_before, now)) if message.not_before else _tr("Scheduled")
    if delivery is Delivery.REVIEW:
        return overtaken_text(message.reason)
    if delivery is Delivery.NOT_UNSENT:
        return _tr("Not taken back, {0}").format(reason) if reason else _tr("Not taken back")
    if delivery is Delivery.UNSENT:
        return _taken_back(message)
    return {
        Delivery.CHECKING: _tr("Checking whether it arrived"),
        Delivery.DECIDE: _tr("May have been sent"),
        Delivery.EXPIRED: _tr("Not sent, waited too long"),
        Delivery.APPROVAL: _tr("Waits for approval"),
        Delivery.CANCELLED: _tr("Cancelled, not sent"),
        Delivery.UNSENDING: _tr("Is being taken back"),
    }.get(delivery, "")


def _taken_back(message: Message) -> str:
    """`Taken back 14:20`, with the day where that is not the day on which it was sent."""
    at = message.unsent_at
    if at is None:
        return _tr("Taken back")
    day = at.astimezone().date()
    if day == message.at.astimezone().date():
        return _tr("Taken back {0}").format(clock(at))
    shown = QLocale().toString(QDate(day.year, day.month, day.day), "d MMMM")
    return _tr("Taken back {0}").format(f"{shown} {clock(at)}")


def overtaken_text(code: str | None) -> str:
    """Why a message was held back although it could have been sent."""
    return {
        "colleague_replied": _tr("Not sent, a colleague replied meanwhile"),
        "fan_wrote_on": _tr("Not sent, the fan wrote on meanwhile"),
        "lease_lost": _tr("Not sent, a colleague took over meanwhile"),
        "restored": _tr("May have been sent, the server was restored"),
    }.get(code or "", _tr("Not sent, the conversation went on"))


def when_text(at: datetime, now: datetime) -> str:
    """A time to come: `today 18:00`, `tomorrow 09:00`, `Monday 09:00`, `3 December 09:00`."""
    day, today = at.astimezone().date(), now.astimezone().date()
    if day == today:
        return _tr("today {0}").format(clock(at))
    if day == today + timedelta(days=1):
        return _tr("tomorrow {0}").format(clock(at))
    when = QDate(day.year, day.month, day.day)
    if timedelta(0) < day - today < timedelta(days=7):
        return f"{QLocale().toString(when, 'dddd')} {clock(at)}"
    shown = QLocale().toString(when, "d MMMM" if day.year == today.year else "d MMMM yyyy")
    return f"{shown} {clock(at)}"


def time_text(message: Message) -> str:
    """The time in a bubble: `14:12`, or `edited 14:12`."""
    at = clock(message.at)
    return _tr("edited {0}").format(at) if message.edited_at is not None else at


def spoken_state(message: Message, now: datetime) -> str:
    """The delivery state in words, for tooltips and screen readers; empty for what a fan wrote."""
    text = state_text(message, now)
    if text:
        return text
    return {
        Delivery.SENT: _tr("Sent"),
        Delivery.READ: _tr("Read"),
        Delivery.QUEUED: _tr("Queued on this computer") if message.local else _tr("Queued, waits for its turn"),
        Delivery.SENDING: _tr("Sending"),
    }.get(delivery_of(message), "")


def author_text(message: Message, people: ChatPeople) -> str:
    if message.mine:
        return _tr("You")
    return message.author_name or people.creator_name


def event_text(message: Message, people: ChatPeople) -> str:
    """`Daniel sent a $15 tip`, `Daniel subscribed`."""
    first = people.fan_name.split(" ")[0] or people.fan_name
    amount = money(message.price or 0, message.currency)
    if message.kind is MessageKind.TIP:
        return _tr("{0} sent a {1} tip").format(first, amount)
    if message.price:
        return _tr("{0} subscribed for {1}").format(first, amount)
    return _tr("{0} subscribed").format(first)


def bought_text(message: Message) -> str:
    if message.bought_at is not None:
        return _tr("Purchased {0}").format(clock(message.bought_at))
    return _tr("Not purchased")


def timeline_name() -> str:
    return _tr("Conversation")


def loading_text() -> str:
    return _tr("Loading the conversation")


def load_error(code: str) -> tuple[str, str]:
    """Title and text of a conversation that could not be loaded: what happened, what is safe, what to do."""
    title = _tr("This conversation could not be loaded")
    safe = _tr("Messages you already wrote are safe in the outbox.")
    if code.upper() in ("NOT_FOUND", "FORBIDDEN"):
        return title, _tr("It is gone, or you no longer have access to this creator.") + " " + safe
    if code.upper() == "OFFLINE":
        return title, _tr("It is not saved on this computer, and the server cannot be reached.") + " " + safe
    return title, _tr("It could not be read from this computer.") + " " + safe


def try_again_text() -> str:
    return _tr("Try again")


def error_code_text(code: str, at: str) -> str:
    return _tr("Code {0}, {1}").format(code, at)


def copy_details_text() -> str:
    return _tr("Copy details")


def copy_text() -> str:
    return _tr("Copy")


def copy_selection_text() -> str:
    return _tr("Copy selection")


def copy_link_text() -> str:
    return _tr("Copy link")


def new_messages_text(count: int) -> str:
    return _tr("%n new", count)


def newest_text() -> str:
    return _tr("Newest")


def paid_message_text() -> str:
    return _tr("Paid message")


def typing_text(people: ChatPeople) -> str:
    return _tr("{0} is typing").format(people.fan_name.split(" ")[0])


def offline_text() -> str:
    return _tr("Written offline, sends in this order")


def loading_older_text() -> str:
    return _tr("Loading older messages")


def spoken_row(row: Row, people: ChatPeople, now: datetime) -> str:
    """One sentence for a screen reader."""
    if isinstance(row, MessageRow):
        return spoken_message(row.message, people, now)
    if isinstance(row, DayRow):
        return day_text(row.day, now.astimezone().date())
    if isinstance(row, OfflineRow):
        return offline_text()
    if isinstance(row, HeadRow):
        return loading_older_text() if row.more else _tr("Start of the conversation")
    return typing_text(people) if row.types else _tr("End of the conversation")


def spoken_message(message: Message, people: ChatPeople, now: datetime) -> str:
    """`Daniel Reyes: Good morning, 14:12`; one's own end with where they stand."""
    at = clock(message.at)
    if message.kind in (MessageKind.TIP, MessageKind.SUBSCRIPTION):
        return f"{event_text(message, people)}, {at}"
    who = author_text(message, people) if message.outgoing else people.fan_name
    if message.kind is MessageKind.PPV:
        price = money(message.price or 0, message.currency)
        parts = [message.title or message.text, media_text(message.media_types), price, bought_text(message)]
        body = ", ".join(part for part in parts if part)
    else:
        body = message.text
    state = spoken_state(message, now)
    return f"{who}: {body}, {at}" + (f", {state}" if state else "")
