"""The drawn evening: eleven conversations, one of them with a history, and what is known of its fan."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from huntaze_desktop.sdk import Fan, FanDetails, FanTotals, MessageKind, Note, Purchase
from tests.ui.messages.fakes import NOW, FakeContext, State, message, row


def shift(context: FakeContext) -> None:
    """Fill the fakes with the drawn evening: eleven conversations, the second one with a history."""
    minutes = timedelta(minutes=1)
    context.conversations.rows = [
        row("Kevin Mora", waits=11.08, spent=96_000, unread=1, creator_id="nia", colleague="Ana Costa",
            colleague_types=True, last_text="Is the full cooking video out today?"),
        row("Daniel Reyes", waits=6.7, spent=481_200, last_text="Did you get the Porto photos back yet?"),
        row("Tom Adler", waits=5.33, spent=21_000, unread=1, last_text="Ok, tell me more about the tour dates"),
        row("Oliver Grant", waits=3.17, spent=720_000, unread=3, creator_id="tess",
            last_text="Thank you for the birthday message, it made my day"),
        row("Lucas Blanc", waits=1.8, spent=9500, unread=1, creator_id="iris",
            last_text="Merci beaucoup ! À demain alors"),
        row("Ryan Walsh", waits=0.67, spent=0, fan_is_new=True, unread=1,
            last_text="Hi! Just subscribed, love your travel posts"),
        row("Pieter Vos", minutes_ago=5, spent=18_000, creator_id="tess", failed=1, last_outgoing=True, last_mine=True,
            last_text="Happy you liked it! The next one is on Sunday"),
        row("Sam Porter", minutes_ago=6, spent=43_000, creator_id="nia", queued=1, last_outgoing=True, last_mine=True,
            last_text="Enjoy the game tonight!"),
        row("Elias Norén", minutes_ago=14, spent=62_000, creator_id="iris", last_outgoing=True,
            last_kind=MessageKind.PPV, last_text="Studio vlog", last_price=1800, last_bought=True),
        row("Hugo Martin", minutes_ago=18, spent=130_000, last_outgoing=True, last_mine=True, last_read=True,
            last_text="The schedule is up, have a look"),
        row("Marcus Lee", minutes_ago=34, spent=5800, creator_id="nia", last_outgoing=True, last_author="Priya Nair",
            last_text="That is a great playlist, thank you"),
    ]  # fmt: skip
    one = "c-daniel"
    context.messages.history[one] = (
        message(one, "", at=NOW - 1230 * minutes, kind=MessageKind.PPV, direction="out", state=State.SENT, mine=False,
                author_id="ana", author_name="Ana Costa", title="Lisbon travel diary", price=2200,
                media_types=("photo",) * 14 + ("video",), bought_at=NOW - 1200 * minutes, read_at=NOW),
        message(one, "", at=NOW - 1195 * minutes, kind=MessageKind.TIP, price=1500),
        message(one, "Good morning! Loved the diary, the viewpoint was my favourite", at=NOW - 24 * minutes),
        message(one, "That one took three tries. Guess who forgot the tripod", at=NOW - 22 * minutes,
                state=State.SENT, read_at=NOW),
        message(one, "", at=NOW - 21 * minutes, kind=MessageKind.PPV, state=State.SENT, price=1800, read_at=NOW,
                title="Behind the scenes: studio day", media_types=("photo",) * 9 + ("video",)),
        message(one, "The next stop is Porto, by the way", at=NOW - 20 * minutes, state=State.FAILED,
                reason="session_expired"),
        message(one, "Did you get the Porto photos back yet? Would love to see those 😊", at=NOW - 7 * minutes),
        message(one, "Yes! I picked them up this morning", at=NOW - 2 * minutes, state=State.LIMITED,
                not_before=NOW + timedelta(seconds=4)),
    )  # fmt: skip
    for other in context.conversations.rows:
        if other.id != one:
            said = message(other.id, other.last_text or "Hello", at=other.last_at)
            context.messages.history[other.id] = (said,)
    for other in context.conversations.rows:
        fan = Fan(
            other.fan_id, other.creator_id, f"p-{other.fan_id}", other.fan_name, other.fan_name.split()[0].lower()
        )
        context.fans.details_of[other.fan_id] = FanDetails(replace(fan, totals=FanTotals(lifetime=other.spent)))
    context.fans.details_of["f-daniel"] = _daniel()


def _daniel() -> FanDetails:
    totals = FanTotals(
        lifetime=481_200, last_30_days=38_600, tips=64_000, bought=6, offered=9,
        weeks=(2000, 4200, 3000, 6500, 4000, 8800, 5200, 9000, 7000, 11000, 9200, 12400),
    )  # fmt: skip
    fan = Fan(
        "f-daniel", "mara", "p-9", "Daniel Reyes", "dan_reyes", language="en", location="New York",
        timezone="America/New_York", subscribed_at=NOW - timedelta(days=430), renews_at=NOW + timedelta(days=20),
        totals=totals, tags=("Travel", "Photography", "Early riser"),
    )  # fmt: skip
    notes = (
        Note("n-1", "f-daniel", "Planning a trip to Portugal in May. Ask about his camera.", "Ana Costa",
             NOW - timedelta(days=1), None, mine=False, ver=1),
        Note("n-2", "f-daniel", "Likes film cameras", "Sofia Ortega", NOW - timedelta(days=9), None, mine=True, ver=3),
    )  # fmt: skip
    purchases = (
        Purchase("p1", "Lisbon travel diary", 2200, "USD", NOW - timedelta(days=1), NOW - timedelta(hours=20), "photo"),
        Purchase("p2", "Behind the scenes: studio day", 1800, "USD", NOW - timedelta(minutes=21), None, "video"),
        Purchase("p3", "Cooking night, full video", 2500, "USD", NOW - timedelta(days=11), NOW, "video"),
    )
    return FanDetails(fan, notes, purchases, NOW)
