"""Whatever order a platform tells its story in, and however often, the same rows stand in the end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, create_engine, select
from sqlalchemy.orm import Session

from huntaze_backend.areas.accounts import tables as _accounts  # noqa: F401  (its tables are part of the metadata)
from huntaze_backend.areas.fans.intake import Source, put_fans
from huntaze_backend.areas.fans.tables import FanRow, TransactionRow
from huntaze_backend.areas.messages import intake, money
from huntaze_backend.areas.messages.chats import open_chat, put_chats
from huntaze_backend.areas.messages.tables import ConversationRow, MessageRow
from huntaze_backend.core.clock import CLOCK_KEY
from huntaze_backend.core.schema import Base
from huntaze_backend.engines.gateways.reading import (
    PlatformChat,
    PlatformFan,
    PlatformMedia,
    PlatformMessage,
    PlatformTransaction,
)
from huntaze_backend.engines.limits import tables as _limits  # noqa: F401

START = datetime(2026, 11, 20, 18, tzinfo=UTC)
SOURCE = Source("11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222", "acct_1")
FAN = PlatformFan(id="7", name="Jonas", username="jonas", language="de")
WHOLE_FAN = PlatformFan(id="7", name="Jonas", username="jonas", language="de", subscribed_at=START, active=True)


class StoppedClock:
    def now(self) -> datetime:
        return START + timedelta(hours=5)

    def monotonic(self) -> float:
        return 0.0

    async def sleep(self, seconds: float) -> None:
        raise AssertionError("nobody sleeps in a unit of work")


def message(number: int, text: str, *, mine: bool = False, **more: Any) -> PlatformMessage:
    at = START + timedelta(minutes=number)
    return PlatformMessage(id=f"m{number}", chat="7", text=text, from_us=mine, created_at=at, **more)


def payment(number: int, type_: Any, amount: int, message_id: str | None = None) -> PlatformTransaction:
    at = START + timedelta(minutes=number, seconds=30)
    return PlatformTransaction(f"t{number}", type_, amount, amount * 4 // 5, "USD", at, "7", message_id, "done")


SET = (PlatformMedia("5", "photo"), PlatformMedia("6", "video", 30))
Telling = Callable[[Session], object]


def told(item: PlatformMessage) -> Telling:
    """By webhook: the chat may be unknown."""

    def tell(session: Session) -> None:
        open_chat(session, SOURCE, item.chat, None if item.from_us else FAN)
        intake.put_messages(session, SOURCE, [item])

    return tell


def paid(item: PlatformTransaction) -> Telling:
    return lambda session: money.put_transactions(session, SOURCE, [item])


def listed_chat(session: Session) -> None:
    put_chats(
        session, SOURCE, [PlatformChat("7", FAN, can_send=True, cannot_send_reason=None, unread=3, last_message=None)]
    )


STORY: tuple[Telling, ...] = (
    told(message(1, "Hello")),
    told(message(2, "Good evening", mine=True, read=True)),
    told(message(3, "A new set", mine=True, price=1500, title="Lake", media=SET, bought=True, read=True)),
    told(message(4, "Lovely!")),
    told(message(5, "For you", tip=2000)),
    told(message(6, "", tip=500)),
    told(message(7, "Are you there?")),
    paid(payment(0, "subscription", 999)),
    paid(payment(4, "message", 1500, "m3")),
    paid(payment(5, "tip", 2000, "m5")),
    paid(payment(6, "tip", 500, "m6")),
    paid(payment(8, "refund", 500)),
    listed_chat,
    lambda session: put_fans(session, SOURCE, [WHOLE_FAN], complete=True),
)
EARLIER: tuple[Telling, ...] = (
    told(message(2, "Good evening", mine=True)),
    told(message(3, "A new set", mine=True, price=1500, title="Lake", media=SET)),
    lambda session: intake.bought(session, SOURCE, "m3"),
    lambda session: intake.read_by_fan(session, SOURCE, "7", "m2"),
    lambda session: put_fans(session, SOURCE, [FAN], complete=False),
)
"""What may have been told before or after: older versions of the same facts."""


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    engine = create_engine("sqlite://")
    Base.metadata.create_all(engine)
    yield engine
    engine.dispose()


def outcome(engine: Engine, tellings: list[Telling]) -> Any:
    """What stands in the tables after each telling was a unit of work, the tables being empty before."""
    with Session(engine) as session, session.begin():
        for table in reversed(Base.metadata.sorted_tables):
            session.execute(table.delete())
    for tell in tellings:
        with Session(engine) as session, session.begin():
            session.info[CLOCK_KEY] = StoppedClock()
            tell(session)
    with Session(engine) as session:
        return snapshot(session)


def snapshot(session: Session) -> Any:
    conversation = session.scalars(select(ConversationRow)).one()
    fan = session.scalars(select(FanRow)).one()
    messages = session.scalars(select(MessageRow).order_by(MessageRow.at, MessageRow.id)).all()
    transactions = session.scalars(select(TransactionRow).order_by(TransactionRow.id)).all()
    return (
        (conversation.unread, conversation.waiting_since, conversation.last_message_id, conversation.last_at),
        (fan.name, fan.language, fan.subscribed_at, fan.active, fan.ppv_bought, fan.ppv_offered),
        [
            (row.id, row.at, row.kind, row.text, row.price, row.state, row.bought_at, row.read_at is not None)
            for row in messages
        ],
        [(row.id, row.amount, row.net, row.kind, row.message_id) for row in transactions],
    )


@pytest.fixture(scope="module")
def straight(engine: Engine) -> Any:
    """How it ends when everything is told once, in order."""
    return outcome(engine, list(STORY))


@settings(max_examples=60)
@given(st.data())
def test_any_order_and_any_repetition_leave_the_same_rows(engine, straight, data):
    noise = data.draw(st.lists(st.sampled_from([*STORY, *EARLIER]), max_size=8))
    shuffled = data.draw(st.permutations([*STORY, *noise]))

    assert outcome(engine, shuffled) == straight


def test_the_story_ends_as_it_should(straight):
    thread, fan, messages, transactions = straight

    assert thread == (3, START + timedelta(minutes=4), messages[-1][0], START + timedelta(minutes=7))
    assert fan == ("Jonas", "de", START, True, 1, 1)
    shown = [(kind, text, price) for _, _, kind, text, price, *_ in messages]
    assert shown == [
        ("subscription", "", 999),
        ("text", "Hello", None),
        ("text", "Good evening", None),
        ("ppv", "A new set", 1500),
        ("text", "Lovely!", None),
        ("text", "For you", None),
        ("tip", "", 2000),
        ("tip", "", 500),
        ("text", "Are you there?", None),
    ]
    assert sum(amount for _, amount, *_ in transactions) == 999 + 1500 + 2000 + 500 - 500
    sold = next(row for row in messages if row[2] == "ppv")
    assert sold[6] == START + timedelta(minutes=4, seconds=30)
