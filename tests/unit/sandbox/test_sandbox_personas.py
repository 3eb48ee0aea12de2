"""Live personas: each makes the same choices for a seed, they come at the promised rate, and they react to answers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from typing import Any

import pytest

from huntaze_sandbox.clock import FRIDAY_EVENING_S
from huntaze_sandbox.events import (
    Announcement,
    ChatRead,
    FanJoined,
    MessageOpened,
    MessageWritten,
    Paid,
    Presence,
    SubscriptionEnded,
    SubscriptionMoved,
)

DAY_S = 86_400.0


def arrivals(evening: Any) -> list[float]:
    return [at for at, event in evening.heard if isinstance(event, MessageWritten) and not event.mine]


def stories(evening: Any) -> dict[int, list[str]]:
    """What each fan wrote, in order."""
    told: dict[int, list[str]] = defaultdict(list)
    for _, event in evening.heard:
        if isinstance(event, MessageWritten) and not event.mine:
            told[event.chat].append(event.text)
    return told


def answering(evening: Any, whom: Callable[[int], bool]) -> Callable[[Announcement], None]:
    def answer(event: Announcement) -> None:
        if isinstance(event, MessageWritten) and not event.mine and whom(event.chat):
            evening.world.send(event.account, event.chat, "Thank you!", received_at=evening.clock.now_ms())

    return answer


def test_the_same_seed_makes_the_same_evening(evening: Callable[..., Any]) -> None:
    one, two = evening(), evening()
    one.live(300)
    two.live(300)
    assert one.heard == two.heard
    assert len(arrivals(one)) > 60


def test_what_others_are_answered_does_not_change_what_a_fan_says(evening: Callable[..., Any]) -> None:
    quiet, busy = evening(), evening()
    quiet.live(240)
    busy.live(240, answering(busy, lambda chat: chat % 2 == 0))
    odd = {chat: story for chat, story in stories(quiet).items() if chat % 2}
    assert odd == {chat: story for chat, story in stories(busy).items() if chat % 2}
    assert len(odd) >= 5
    assert stories(quiet) != stories(busy)


@pytest.mark.parametrize("seed", [1, 2, 7, 8])
def test_twenty_to_thirty_messages_a_minute_arrive_on_friday_evening(evening: Callable[..., Any], seed: int) -> None:
    shift = evening(seed=seed, fans=2_000, messages=2_000)
    shift.live(300)
    assert 100 <= len(arrivals(shift)) <= 150
    assert arrivals(shift)[0] <= 3


@pytest.mark.parametrize("seed", range(6))
def test_twelve_fans_are_enough_for_a_lively_minute(evening: Callable[..., Any], seed: int) -> None:
    small = evening(seed=seed, fans=12, messages=120)
    small.live(60)
    assert len(arrivals(small)) >= 12
    assert arrivals(small)[0] <= 3


def test_speed_moves_the_personas_and_not_the_timestamps(evening: Callable[..., Any]) -> None:
    slow, fast = evening(), evening(speed=10.0)
    slow.live(300)
    fast.live(30)
    assert abs(len(arrivals(slow)) - len(arrivals(fast))) <= 10
    written = [event for _, event in fast.heard if isinstance(event, MessageWritten)]
    assert all(0 <= event.at - fast.platform.world.origin_ms <= 30_000 for event in written)


def test_the_clock_starts_on_a_friday_at_six(evening: Callable[..., Any]) -> None:
    shift = evening()
    assert shift.platform.director.personas.now() == FRIDAY_EVENING_S == (4 * 24 + 18) * 3600


def test_nobody_moves_before_the_start(evening: Callable[..., Any]) -> None:
    shift = evening()
    shift.clock.seconds += 600
    assert shift.platform.director.step() == 0
    assert shift.heard == []


def test_typing_is_seen_before_a_message(evening: Callable[..., Any]) -> None:
    shift = evening()
    shift.live(120)
    typing: set[int] = set()
    for _, event in shift.heard:
        if isinstance(event, Presence) and event.what == "typing":
            typing.add(event.chat)
        if isinstance(event, MessageWritten):
            assert event.chat in typing


def test_an_answered_fan_reads_and_mostly_writes_back_within_a_minute_or_so(evening: Callable[..., Any]) -> None:
    shift = evening(arrivals_per_minute=0.0)
    fans = [(account, chat) for account in shift.world.accounts.values() for chat in account.chats.values()]
    shift.platform.director.begin()
    free = [(account, chat) for account, chat in fans if not chat.fan.blocked]
    for account, chat in free:
        shift.world.send(account.id, chat.fan.id, "How are you today?", received_at=0)
    shift.live(90)
    reads = {event.chat for _, event in shift.heard if isinstance(event, ChatRead)}
    backs = {event.chat: at for at, event in shift.heard if isinstance(event, MessageWritten) and not event.mine}
    assert reads == {chat.fan.id for _, chat in free}
    assert 0.4 * len(free) < len(backs) < len(free)
    assert all(5 <= at <= 70 for at in backs.values())


def test_spenders_buy_what_they_are_offered_and_others_let_it_lie(evening: Callable[..., Any]) -> None:
    shift = evening(fans=200, messages=200, arrivals_per_minute=0.0)
    shift.platform.director.begin()
    offered: dict[int, float] = {}
    for account in shift.world.accounts.values():
        for chat in account.chats.values():
            media = (next(iter(account.vault)),)
            shift.world.send(account.id, chat.fan.id, "New!", price=1500, media=media, received_at=0)
            offered[chat.fan.id] = chat.fan.persona.spend
    shift.live(120)
    bought = {event.chat for _, event in shift.heard if isinstance(event, MessageOpened)}
    paid = {event.fan: event.amount for _, event in shift.heard if isinstance(event, Paid) and event.kind == "message"}
    assert paid == dict.fromkeys(bought, 1500)
    rich = [fan for fan, spend in offered.items() if spend >= 0.5]
    poor = [fan for fan, spend in offered.items() if spend < 0.1]
    assert sum(fan in bought for fan in rich) / len(rich) > 3 * sum(fan in bought for fan in poor) / len(poor)


def test_new_fans_subscribe_and_write(evening: Callable[..., Any]) -> None:
    shift = evening()
    shift.live(1_800)
    joined = [event for _, event in shift.heard if isinstance(event, FanJoined)]
    assert joined
    written = {event.chat for _, event in shift.heard if isinstance(event, MessageWritten)}
    new = [chat for account in shift.world.accounts.values() for chat in account.chats.values() if chat.fan.index >= 12]
    assert any(chat.fan.id in written for chat in new)


def test_subscriptions_that_run_out_are_renewed_or_ended(evening: Callable[..., Any]) -> None:
    shift = evening(fans=60, messages=60, speed=0.001)
    before = {fan for account in shift.world.accounts.values() for fan in account.chats}
    shift.platform.director.begin()
    shift.clock.seconds += 20 * DAY_S
    shift.platform.director.step()
    renewed = {event.fan for _, event in shift.heard if isinstance(event, SubscriptionMoved)}
    ended = {event.fan for _, event in shift.heard if isinstance(event, SubscriptionEnded)}
    assert renewed
    assert ended
    assert not renewed & ended
    paid = [event.fan for _, event in shift.heard if isinstance(event, Paid) and event.kind == "subscription"]
    assert sorted(fan for fan in paid if fan in before) == sorted(renewed)


def test_a_fan_who_blocked_the_creator_stays_silent(evening: Callable[..., Any]) -> None:
    shift = evening(fans=300, messages=300)
    blocked = {
        chat.fan.id for account in shift.world.accounts.values() for chat in account.chats.values() if chat.fan.blocked
    }
    assert blocked
    shift.live(600)
    assert not blocked & set(stories(shift))


def test_renewing_does_not_make_a_fan_come_more_often(evening: Callable[..., Any]) -> None:
    shift = evening(fans=60, messages=600)
    shift.platform.director.begin()
    account = next(iter(shift.world.accounts.values()))
    fan = next(chat.fan.id for chat in account.chats.values() if chat.unread)
    for _ in range(30):
        shift.world.renew(account.id, fan)
    shift.live(60)
    assert len(stories(shift)[fan]) <= 4


def test_a_fan_who_comes_back_writes_again(evening: Callable[..., Any]) -> None:
    shift = evening(fans=200, messages=400)
    shift.platform.director.begin()
    now = shift.clock.now_ms()
    account, gone = next(
        (account, chat.fan)
        for account in shift.world.accounts.values()
        for chat in account.chats.values()
        if chat.fan.subscribed_until < now and not chat.fan.blocked
    )
    shift.world.renew(account.id, gone.id)
    shift.live(90)
    assert stories(shift)[gone.id]
