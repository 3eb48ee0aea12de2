"""What the platform tells us by webhook: verified, taken in once, applied in one unit of work.

Order and repetition are the intake's concern and harmless; the inbox only saves the work of a second telling. What an
event names without telling it, the poller is asked to read.
"""

import hashlib
import hmac
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import delete
from sqlalchemy.orm import Session

from huntaze_backend.areas.accounts import service as accounts
from huntaze_backend.areas.fans import intake as fans
from huntaze_backend.areas.fans.intake import Source
from huntaze_backend.areas.messages import intake, money
from huntaze_backend.areas.messages.chats import conversation_id, open_chat
from huntaze_backend.areas.messages.tables import ConversationRow, InboxRow
from huntaze_backend.core.bulk import insert_once
from huntaze_backend.core.clock import now
from huntaze_backend.engines.gateways.reading import (
    AccountEvent,
    ActivityEvent,
    BoughtEvent,
    DeletedEvent,
    MessageEvent,
    PlatformEvent,
    ReadEvent,
    SubscriptionEvent,
    TransactionEvent,
)
from huntaze_backend.events import emit
from huntaze_contract.wire import CreatorState

_LONGEST_KEY = 190

SEEN_FOR = timedelta(days=7)
"""How long the inbox remembers; a platform repeats itself within minutes."""

EVENTS = (
    "messages.received",
    "messages.sent",
    "messages.deleted",
    "messages.read",
    "messages.ppv.unlocked",
    "tips.received",
    "transactions.new",
    "subscriptions.new",
    "subscriptions.renewed",
    "subscriptions.expired",
    "users.typing",
    "users.online",
    "users.offline",
    "accounts.connected",
    "accounts.session_expired",
)
"""What we ask the platform to tell us."""


@dataclass(frozen=True, slots=True)
class LookAgain:
    """An event: the account has something that was named but not told; the poller should not wait for its time."""

    creator_id: str


@dataclass(frozen=True, slots=True)
class Typing:
    """A fan types; worth telling, not worth keeping."""

    agency_id: str
    creator_id: str
    conversation_id: str


def signed(body: bytes, signature: str, secret: str) -> bool:
    """Whether `signature` (hex) is the HMAC-SHA256 of the raw body."""
    wanted = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(wanted.encode(), signature.strip().lower().encode())


def event_key(given: str | None, body: bytes) -> str:
    """What makes two deliveries the same telling: the platform's key, or the body where it gives none."""
    return f"key:{given}" if given and len(given) <= _LONGEST_KEY else f"body:{hashlib.sha256(body).hexdigest()}"


def receive(session: Session, connection_id: str, key: str, name: str, event: PlatformEvent) -> Typing | None:
    """Take one event in, unless its key was taken in before. Returns what is to be passed on at once."""
    row = {"connection_id": connection_id, "event_key": key, "event": name[:60], "received_at": now(session)}
    if not insert_once(session, InboxRow, row):
        return None
    creator = accounts.creator_of_account(session, connection_id, event.account)
    if creator is None:
        return None
    if isinstance(event, AccountEvent):
        accounts.set_creator_state(
            session, creator, CreatorState.CONNECTED if event.connected else CreatorState.SESSION_EXPIRED
        )
        emit(session, LookAgain(creator.id))
        return None
    return _apply(session, Source(creator.id, creator.agency_id, creator.platform_account_id), event)


def _apply(
    session: Session,
    source: Source,
    event: MessageEvent | DeletedEvent | BoughtEvent | TransactionEvent | SubscriptionEvent | ActivityEvent | ReadEvent,
) -> Typing | None:
    match event:
        case MessageEvent(message=message, fan=fan):
            if open_chat(session, source, message.chat, fan):
                emit(session, LookAgain(source.creator_id))
            intake.put_messages(session, source, [message])
        case DeletedEvent(message_id=message_id):
            intake.deleted(session, source, message_id)
        case BoughtEvent(message_id=message_id):
            intake.bought(session, source, message_id)
        case TransactionEvent(transaction=None, transaction_id=transaction_id):
            _want_transaction(session, source, transaction_id)
        case TransactionEvent(transaction=transaction) if transaction is not None:
            money.put_transactions(session, source, [transaction])
        case SubscriptionEvent(fan=fan, transaction_id=transaction_id):
            fans.put_fans(session, source, [fan], complete=True)
            _want_transaction(session, source, transaction_id)
        case ReadEvent(chat=chat, message_id=message_id):
            intake.read_by_fan(session, source, chat, message_id)
        case ActivityEvent(kind="typing", fan_id=fan_id):
            conversation = session.get(ConversationRow, conversation_id(source, fan_id))
            if conversation is not None:
                return Typing(source.agency_id, source.creator_id, conversation.id)
        case ActivityEvent(fan_id=fan_id):
            fans.seen(session, source, fan_id, now(session))
    return None


def _want_transaction(session: Session, source: Source, transaction_id: str | None) -> None:
    if transaction_id is not None and not fans.known_transaction(session, source, transaction_id):
        emit(session, LookAgain(source.creator_id))


def forget_old(session: Session) -> None:
    """Empty the inbox of what is too old to come again."""
    session.execute(delete(InboxRow).where(InboxRow.received_at < now(session) - SEEN_FOR))
