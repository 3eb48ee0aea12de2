"""The state of the platform and the one place where it changes: events are applied here, live and when replayed.

Each verb makes events, hands them to the sink (state file and journal) *before* they count, applies them, and then
tells the listeners (webhooks, personas). A process killed in between has either kept the event or never answered.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from huntaze_sandbox import events
from huntaze_sandbox.clock import Clock
from huntaze_sandbox.events import Announcement, Event
from huntaze_sandbox.history import Past
from huntaze_sandbox.model import Account, Chat, Fan, Message, Transaction
from huntaze_sandbox.past import PERIOD_MS, new_fan

UNSEND_MS = 24 * 3600 * 1000


class Sink(Protocol):
    """Where events are kept before they count."""

    def keep(self, batch: Sequence[Event]) -> None: ...


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    fingerprint: str
    body: str
    at: int


@dataclass(slots=True)
class World:
    """All accounts with their chats, registered webhooks and kept answers.

    `listeners` are called with each event after it counts; replayed events call nobody.
    """

    seed: int
    clock: Clock
    accounts: dict[str, Account]
    next_message: int
    next_transaction: int
    origin_ms: int
    webhooks: dict[int, events.WebhookSet] = field(default_factory=dict)
    answers: dict[tuple[str, str], KeptAnswer] = field(default_factory=dict)
    sink: Sink | None = None
    listeners: list[Callable[[Announcement], None]] = field(default_factory=list)

    @classmethod
    def of(cls, past: Past, seed: int, clock: Clock, origin_ms: int) -> "World":
        """Begin with a seeded past that ended at `origin_ms`."""
        accounts = {account.id: account for account in past.accounts}
        return cls(seed, clock, accounts, past.next_message_id, past.next_transaction_id, origin_ms)

    # --- looking

    def chat(self, account: str, chat: int) -> Chat:
        return self.accounts[account].chats[chat]

    # --- verbs

    def commit(self, *batch: Event) -> None:
        """Keep, apply and announce events that belong together."""
        if self.sink:
            self.sink.keep(batch)
        for event in batch:
            self.apply(event)
        for event in batch:
            self.announce(event)

    def announce(self, event: Announcement) -> None:
        """Tell the listeners."""
        for listener in self.listeners:
            listener(event)

    def send(
        self,
        account: str,
        chat: int,
        text: str,
        *,
        received_at: int,
        price: int = 0,
        media: tuple[int, ...] = (),
        locked: bool = False,
        key: str | None = None,
        hidden_ms: int = 0,
    ) -> Message:
        """Execute a message of the creator."""
        now = self.clock.now_ms()
        vault = self.accounts[account].vault
        title = vault[media[0]].title if media else None
        hidden_until = now + hidden_ms if hidden_ms else 0
        written = events.MessageWritten(
            account=account,
            chat=chat,
            id=self.next_message,
            mine=True,
            text=text,
            at=now,
            received_at=received_at,
            price=price,
            title=title,
            media=media,
            locked=locked,
            key=key,
            hidden_until=hidden_until,
        )
        self.commit(written)
        return self.chat(account, chat).messages[-1]

    def write(self, account: str, chat: int, text: str, tip: int = 0) -> Message:
        """Let a fan write, with a tip or without."""
        now = self.clock.now_ms()
        written = events.MessageWritten(
            account=account, chat=chat, id=self.next_message, mine=False, text=text, at=now, received_at=now, tip=tip
        )
        if tip:
            self.commit(written, self._payment(account, "tip", tip, chat, written.id))
        else:
            self.commit(written)
        return self.chat(account, chat).messages[-1]

    def open(self, account: str, chat: int, message: int) -> bool:
        """Let a fan pay for a message; false when it is bought already, free, theirs or gone."""
        found = self.chat(account, chat).find(message)
        if found is None or found.opened or not found.price or not found.mine:
            return False
        opened = events.MessageOpened(account, chat, message, self.clock.now_ms())
        self.commit(opened, self._payment(account, "message", found.price, chat, message))
        return True

    def delete(self, account: str, chat: int, message: int) -> bool:
        """Take back a message of the creator within 24 hours."""
        found = self.chat(account, chat).find(message)
        if found is None or not found.mine or self.clock.now_ms() - found.at >= UNSEND_MS:
            return False
        self.commit(events.MessageDeleted(account, chat, message))
        return True

    def read(self, account: str, chat: int, *, by_creator: bool) -> bool:
        """Mark a chat as read by one side; false when there was nothing new."""
        found = self.chat(account, chat)
        seen = found.read_by_creator if by_creator else found.read_by_fan
        if not found.messages or found.messages[-1].id <= seen:
            return False
        self.commit(events.ChatRead(account, chat, by_creator, found.messages[-1].id))
        return True

    def join(self, account: str) -> Fan:
        """Let somebody new subscribe."""
        house = self.accounts[account]
        index = 1 + max((chat.fan.index for chat in house.chats.values()), default=-1)
        joined = events.FanJoined(account, index, self.clock.now_ms())
        fan = new_fan(self.seed, house, index, joined.at)
        self.commit(joined, self._payment(account, "subscription", house.price, fan.id))
        return house.chats[fan.id].fan

    def renew(self, account: str, fan: int) -> None:
        """Let a fan pay for one more period, from now or from the end of the running one."""
        now = self.clock.now_ms()
        house = self.accounts[account]
        until = max(now, house.chats[fan].fan.subscribed_until) + PERIOD_MS
        moved = events.SubscriptionMoved(account, fan, until)
        self.commit(moved, self._payment(account, "subscription", house.price, fan))

    def set_session(self, account: str, *, authenticated: bool) -> bool:
        """Log an account in or out; false when it is so already."""
        if self.accounts[account].authenticated is authenticated:
            return False
        self.commit(events.SessionChanged(account, authenticated))
        return True

    def _payment(self, account: str, kind: str, amount: int, fan: int, message: int | None = None) -> events.Paid:
        return events.Paid(account, self.next_transaction, kind, amount, self.clock.now_ms(), fan, message)

    # --- applying

    def apply(self, event: Event) -> None:
        """Change the state by one event."""
        match event:
            case events.MessageWritten():
                self._apply_message(event)
            case events.MessageOpened():
                opened = self.chat(event.account, event.chat).find(event.id)
                if opened:
                    opened.opened, opened.changed = True, event.at
            case events.MessageDeleted():
                self._apply_deletion(event)
            case events.ChatRead():
                self._apply_reading(event)
            case events.Paid():
                self._apply_payment(event)
            case events.FanJoined():
                house = self.accounts[event.account]
                fan = new_fan(self.seed, house, event.index, event.at)
                house.chats[fan.id] = Chat(fan)
                house.touch(fan.id)
            case events.SubscriptionMoved():
                self.chat(event.account, event.fan).fan.subscribed_until = event.until
            case events.SessionChanged():
                self.accounts[event.account].authenticated = event.authenticated
            case events.WebhookSet():
                self.webhooks[event.id] = event
            case events.WebhookGone():
                self.webhooks.pop(event.id, None)
            case events.AnswerKept():
                self.answers[event.account, event.key] = KeptAnswer(event.fingerprint, event.body, event.at)
            case events.HabitMoved():
                habit = self.chat(event.account, event.fan).habit
                habit.decisions, habit.thread, habit.turn = event.decisions, event.thread, event.turn
                habit.said, habit.nudges = event.said, event.nudges

    def _apply_message(self, event: events.MessageWritten) -> None:
        house = self.accounts[event.account]
        chat = house.chats[event.chat]
        message = Message(
            id=event.id,
            chat=event.chat,
            mine=event.mine,
            text=event.text,
            at=event.at,
            price=event.price,
            title=event.title,
            media=event.media,
            tip=event.tip,
            locked=event.locked,
            hidden_until=event.hidden_until,
        )
        chat.messages.append(message)
        if not event.mine:
            chat.unread += 1
            chat.fan.last_seen = max(chat.fan.last_seen, event.at)
        house.touch(event.chat)
        self.next_message = event.id + 1

    def _apply_deletion(self, event: events.MessageDeleted) -> None:
        chat = self.chat(event.account, event.chat)
        at = chat.position(event.id)
        if at < len(chat.messages) and chat.messages[at].id == event.id:
            del chat.messages[at]

    def _apply_reading(self, event: events.ChatRead) -> None:
        chat = self.chat(event.account, event.chat)
        if event.by_creator:
            chat.read_by_creator = max(chat.read_by_creator, event.up_to)
            newer = chat.messages[chat.position(chat.read_by_creator + 1) :]
            chat.unread = sum(not message.mine for message in newer)
        else:
            chat.read_by_fan = max(chat.read_by_fan, event.up_to)

    def _apply_payment(self, event: events.Paid) -> None:
        house = self.accounts[event.account]
        row = Transaction(event.id, event.kind, event.amount, event.at, event.fan, event.message)
        house.transactions.append(row)
        house.chats[event.fan].fan.totals.add(row)
        self.next_transaction = event.id + 1
