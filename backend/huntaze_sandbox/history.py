"""The past of the whole platform, a function of the seed: accounts, fans, and what was written and paid before.

Times are laid out backwards from `now_ms`, so the personas' Friday 18:00 is the machine's now.
"""

from dataclasses import dataclass
from random import Random

from huntaze_sandbox.accounts import fan_shares, make_accounts
from huntaze_sandbox.model import Account, Transaction
from huntaze_sandbox.past import FanPast, Unnumbered, new_fan

FIRST_MESSAGE_ID = 7_400_000_000_001
FIRST_TRANSACTION_ID = 52_000_001

#: Each account starts with some fans waiting for an answer: this share, at least one, and no more than a screenful.
WAITING_SHARE = 0.03
MOST_WAITING = 20
GENEROUS_WRITE = 6.0


@dataclass(frozen=True, slots=True)
class Past:
    """What the generator made, and the next free ids."""

    accounts: list[Account]
    next_message_id: int
    next_transaction_id: int


def make_past(seed: int, fans: int, messages: int, now_ms: int) -> Past:
    """Make all accounts with `fans` fans and exactly `messages` messages between them."""
    accounts = make_accounts(seed, now_ms)
    heads = apportion(fan_shares(), fans)
    people = [(account, index) for account, count in zip(accounts, heads, strict=True) for index in range(count)]
    weights = [_weight(seed, account, index, now_ms) for account, index in people]
    budgets = apportion(weights, messages, least=1 if messages >= fans else 0)
    for (account, index), budget in zip(people, budgets, strict=True):
        waiting = index < min(MOST_WAITING, max(1, round(WAITING_SHARE * heads[account.number])))
        chat = FanPast(seed, account, index, now_ms, budget).live(waiting=waiting)
        account.chats[chat.fan.id] = chat
    return _number(accounts)


def _weight(seed: int, account: Account, index: int, now_ms: int) -> float:
    """How much a fan has written, relative to others; who carries a page also writes the most."""
    usual = Random(f"{seed}:{account.number}:{index}:weight").lognormvariate(0.0, 0.9)
    return usual * (GENEROUS_WRITE if new_fan(seed, account, index, now_ms).persona.generous else 1.0)


def apportion(weights: list[float], total: int, least: int = 0) -> list[int]:
    """Split `total` by weight into whole numbers of at least `least`; the largest remainders take what is left."""
    if not weights:
        return []
    free = total - least * len(weights)
    whole = sum(weights)
    exact = [free * weight / whole for weight in weights]
    parts = [int(part) for part in exact]
    by_remainder = sorted(range(len(weights)), key=lambda at: exact[at] - parts[at], reverse=True)
    for at in by_remainder[: free - sum(parts)]:
        parts[at] += 1
    return [part + least for part in parts]


def _number(accounts: list[Account]) -> Past:
    """Give ids in the order of time, over all accounts, as a platform does; then fill in what needs them."""
    messages = [message for account in accounts for chat in account.chats.values() for message in chat.messages]
    messages.sort(key=lambda message: (message.at, message.chat))
    for number, message in enumerate(messages, start=FIRST_MESSAGE_ID):
        message.id = number
    rows = [(account, row) for account in accounts for row in account.transactions]
    rows.sort(key=lambda pair: (pair[1].at, pair[1].fan))
    for account in accounts:
        account.transactions = []
    for number, (account, row) in enumerate(rows, start=FIRST_TRANSACTION_ID):
        paid_for = row.paid_for.id if isinstance(row, Unnumbered) and row.paid_for else None
        final = Transaction(number, row.kind, row.amount, row.at, row.fan, paid_for, row.status, row.origin)
        account.transactions.append(final)
        account.chats[row.fan].fan.totals.add(final)
    for account in accounts:
        _mark_read(account)
        chats = sorted(account.chats.values(), key=lambda chat: chat.messages[-1].id if chat.messages else 0)
        account.recent = {chat.fan.id: None for chat in chats}
    return Past(accounts, FIRST_MESSAGE_ID + len(messages), FIRST_TRANSACTION_ID + len(rows))


def _mark_read(account: Account) -> None:
    for chat in account.chats.values():
        if chat.messages:
            chat.read_by_fan = chat.messages[-1].id
            answered = len(chat.messages) - chat.unread
            chat.read_by_creator = chat.messages[answered - 1].id if answered else 0
