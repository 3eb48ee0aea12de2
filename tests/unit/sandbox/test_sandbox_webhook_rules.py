"""What is told about events, and when an endpoint is given up; delivery itself is tested over HTTP."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from huntaze_sandbox.events import ChatRead, HabitMoved, WebhookSet
from huntaze_sandbox.webhooks import EVENTS, FORGET_AFTER_S, notices, sign


def test_a_signature_is_the_published_example() -> None:
    # RFC 4231, test case 2.
    expected = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    assert sign("Jefe", b"what do ya want for nothing?") == expected


def test_an_endpoint_that_takes_nothing_for_ten_minutes_is_removed(evening: Callable[..., Any]) -> None:
    shift = evening()
    for number in (1, 2):
        shift.world.commit(WebhookSet(number, "http://127.0.0.1:9/hook", EVENTS, "not-a-real-secret"))
    shift.platform.webhooks.forget_if_gone(1)
    shift.clock.seconds += FORGET_AFTER_S - 1
    shift.platform.webhooks.forget_if_gone(1)
    assert set(shift.world.webhooks) == {1, 2}
    shift.clock.seconds += 1
    shift.platform.webhooks.forget_if_gone(1)
    shift.platform.webhooks.forget_if_gone(2)
    assert set(shift.world.webhooks) == {2}


def test_what_is_nobody_s_business_is_not_told(evening: Callable[..., Any]) -> None:
    world = evening().world
    account = next(iter(world.accounts.values()))
    chat = next(iter(account.chats))
    assert list(notices(world, HabitMoved(account.id, chat, 1, 1, 1, 1, 1))) == []
    assert list(notices(world, ChatRead(account.id, chat, by_creator=True, up_to=1))) == []
    assert [notice.event for notice in notices(world, ChatRead(account.id, chat, by_creator=False, up_to=1))] == [
        "messages.read"
    ]


def test_a_whole_evening_tells_known_events_only(evening: Callable[..., Any]) -> None:
    shift = evening()
    told: set[str] = set()
    shift.world.listeners.append(lambda event: told.update(notice.event for notice in notices(shift.world, event)))
    shift.live(1_200)
    assert told <= set(EVENTS)
    assert {"messages.received", "users.typing", "users.online", "users.offline", "transactions.new"} <= told
