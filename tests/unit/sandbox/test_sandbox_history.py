"""The seeded past: the same for a seed, complete, in order, and with books that balance."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from dataclasses import asdict
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from huntaze_sandbox.history import Past, apportion, make_past
from huntaze_sandbox.model import Account

NOW = 1_790_000_000_000


@pytest.fixture(scope="module")
def past() -> Past:
    return make_past(7, 400, 9_000, NOW)


def everything(past: Past, shift: int = 0) -> list[Any]:
    """All of a past as plain data, with its times moved by `shift`."""

    def moved(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: moved(inner) for name, inner in value.items()}
        if isinstance(value, list | tuple):
            return [moved(inner) for inner in value]
        return value + shift if isinstance(value, int) and value > 10**12 and value < 3 * 10**12 else value

    return [moved(asdict(account)) for account in past.accounts]


@given(seed=st.integers(0, 2**32), fans=st.integers(0, 30), extra=st.integers(0, 200))
@settings(max_examples=25)
def test_the_same_seed_gives_the_same_past(seed: int, fans: int, extra: int) -> None:
    messages = fans + extra if fans else 0
    assert everything(make_past(seed, fans, messages, NOW)) == everything(make_past(seed, fans, messages, NOW))


def test_a_later_start_moves_times_and_nothing_else() -> None:
    later = make_past(3, 20, 300, NOW + 86_400_123)
    assert everything(later) == everything(make_past(3, 20, 300, NOW), shift=86_400_123)


def test_another_seed_gives_another_past() -> None:
    assert everything(make_past(1, 20, 300, NOW)) != everything(make_past(2, 20, 300, NOW))


@given(seed=st.integers(0, 2**32), fans=st.integers(1, 60), messages=st.integers(0, 400))
@settings(max_examples=25)
def test_there_are_exactly_as_many_fans_and_messages_as_asked_for(seed: int, fans: int, messages: int) -> None:
    accounts = make_past(seed, fans, messages, NOW).accounts
    assert sum(len(account.chats) for account in accounts) == fans
    assert sum(len(chat.messages) for account in accounts for chat in account.chats.values()) == messages


@given(
    st.lists(st.floats(0.01, 1e6), min_size=1, max_size=50),
    st.integers(0, 10_000),
)
def test_parts_add_up_to_the_whole(weights: list[float], total: int) -> None:
    parts = apportion(weights, total)
    assert sum(parts) == total
    assert all(part >= 0 for part in parts)


def test_the_four_creators_are_there_with_full_vaults(past: Past) -> None:
    assert [account.name for account in past.accounts] == ["Mara Lind", "Nora Berg", "Tess Ardent", "Ivy Rhodes"]
    assert all(len(account.vault) > 60 and len(account.chats) > 50 for account in past.accounts)


def test_ids_follow_time_over_all_accounts(past: Past) -> None:
    messages = [row for account in past.accounts for chat in account.chats.values() for row in chat.messages]
    messages.sort(key=lambda message: message.id)
    times = [message.at for message in messages]
    assert times == sorted(times)
    assert len({message.id for message in messages}) == len(messages)
    assert past.next_message_id == messages[-1].id + 1


def test_every_chat_is_in_order_and_lies_between_subscribing_and_now(past: Past) -> None:
    for account in past.accounts:
        for chat in account.chats.values():
            times = [message.at for message in chat.messages]
            assert times == sorted(times)
            assert all(chat.fan.subscribed_at <= at <= NOW for at in times)


@pytest.mark.parametrize("number", range(4))
def test_what_fans_have_spent_is_the_sum_of_their_transactions(past: Past, number: int) -> None:
    account = past.accounts[number]
    sums: dict[int, Counter[str]] = defaultdict(Counter)
    for row in account.transactions:
        sums[row.fan][row.bucket] += row.amount
    for fan, chat in account.chats.items():
        totals = chat.fan.totals
        assert (totals.subscriptions, totals.tips, totals.messages) == (
            sums[fan]["subscription"],
            sums[fan]["tip"],
            sums[fan]["message"],
        )
        assert totals.total == sum(sums[fan].values()) >= 0


@pytest.mark.parametrize("number", range(4))
def test_tips_and_bought_messages_have_their_transaction(past: Past, number: int) -> None:
    account = past.accounts[number]
    paid = {(row.kind, row.message): row.amount for row in account.transactions if row.message}
    bought = tips = 0
    for chat in account.chats.values():
        for message in chat.messages:
            assert (("message", message.id) in paid) is message.opened
            assert (("tip", message.id) in paid) is (message.tip > 0)
            if message.opened:
                bought += 1
                assert paid["message", message.id] == message.price
            if message.tip:
                tips += 1
                assert paid["tip", message.id] == message.tip
            if message.price:
                assert message.mine
                assert message.media
                assert message.title
                assert 300 <= message.price <= 20_000
    assert bought
    assert tips


def test_taken_back_money_names_what_it_was(past: Past) -> None:
    taken = [row for account in past.accounts for row in account.transactions if row.amount < 0]
    assert taken
    for account in past.accounts:
        rows = {(row.fan, row.message, row.kind): row for row in account.transactions}
        for row in account.transactions:
            if row.amount < 0:
                origin = rows[row.fan, row.message, row.bucket]
                assert origin.status == "reversed"
                assert origin.amount == -row.amount
                assert origin.at <= row.at


def test_some_fans_wait_for_an_answer_and_only_they_have_unread_messages(past: Past) -> None:
    for account in past.accounts:
        unread = [chat for chat in account.chats.values() if chat.unread]
        waiting = [chat for chat in account.chats.values() if not chat.messages[-1].mine]
        assert unread == waiting
        assert unread
        assert all(not chat.fan.blocked and chat.fan.subscribed_until > NOW for chat in unread)


def test_fans_are_people_of_many_places_and_five_languages(past: Past) -> None:
    fans = [chat.fan for account in past.accounts for chat in account.chats.values()]
    assert {fan.persona.language for fan in fans} == {"en", "fr", "es", "de", "pt"}
    assert len({fan.location for fan in fans}) > 40
    assert len({fan.username for fan in fans}) == len(fans)
    assert all(re_ascii(fan.username) for fan in fans)


def re_ascii(text: str) -> bool:
    return text.isascii() and " " not in text and bool(text)


def test_names_do_not_repeat_within_an_account() -> None:
    account: Account = make_past(7, 2_000, 0, NOW).accounts[0]
    counts = Counter((chat.fan.name, chat.fan.persona.language) for chat in account.chats.values())
    assert max(counts.values()) == 1


def test_the_demo_s_past_is_made_in_seconds() -> None:
    begin = time.process_time()
    make_past(7, 2_000, 60_000, NOW)
    assert time.process_time() - begin < 6
