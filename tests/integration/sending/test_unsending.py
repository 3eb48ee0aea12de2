"""Taking a delivered message back: asked once, done by a job whatever the platform does, and the row stays."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, update

from huntaze_backend.areas.accounts.tables import CreatorRow
from huntaze_backend.areas.messages.tables import MessageRow
from huntaze_backend.areas.messages.unsending import UNSEND_WITHIN, Unsender, register
from huntaze_backend.core.audit import AuditRow
from huntaze_backend.core.errors import ConflictError, ForbiddenError
from huntaze_backend.engines.queue import port as queue
from huntaze_backend.engines.queue.handlers import Registry
from huntaze_backend.engines.queue.runner import Pace, Runner
from huntaze_backend.engines.queue.tables import DeadJobRow
from huntaze_contract.ids import new_id
from huntaze_contract.wire import Role
from tests.helpers.sending_house import eventually

PACE = Pace(poll_s=0.05, backoff=timedelta(milliseconds=20), longest_backoff=timedelta(milliseconds=100))


@asynccontextmanager
async def jobs_done(house: Any) -> AsyncIterator[None]:
    """A runner works while the block lasts."""
    registry, stop = Registry(), asyncio.Event()
    register(registry, house.readers)
    running = asyncio.create_task(Runner(house.db, registry, pace=PACE).run(stop))
    yield
    stop.set()
    await running


async def delivered(house: Any, text: str | None = None) -> str:
    message_id = await house.send(house.chats[0], text or f"oops {new_id()}")
    await house.until(message_id, "sent")
    return str(message_id)


async def until_unsend(house: Any, message_id: str, state: str) -> None:
    async def there() -> bool:
        return (await house.row(message_id)).unsend == state

    await eventually(there, f"the taking back is {state}")


async def on_platform(house: Any) -> list[str]:
    reader = await house.readers.of(next(iter(house.readers._open)))
    page = await reader.messages(house.chats[0].account, house.chats[0].platform_id)
    return [message.text for message in page.items]


async def test_it_is_gone_at_the_platform_and_kept_here(house: Any) -> None:
    text = f"oops {new_id()}"
    message_id = await delivered(house, text)
    answer = await house.sending.unsend(house.me, message_id)
    assert (answer.message.unsend, answer.message.state) == ("requested", "sent")
    assert text in await on_platform(house)
    async with jobs_done(house):
        await until_unsend(house, message_id, "done")
    assert text not in await on_platform(house)
    row = await house.row(message_id)
    assert (row.text, row.state) == (text, "sent")
    assert row.unsent_at is not None
    assert row.at <= row.unsent_at
    acts = select(func.count()).select_from(AuditRow).where(AuditRow.action == "message.unsend")
    assert await house.db.read(lambda session: session.scalar(acts)) == 1


async def test_asking_twice_is_asking_once(house: Any) -> None:
    message_id = await delivered(house)
    for _ in range(2):
        await house.sending.unsend(house.me, message_id)
    async with jobs_done(house):
        await until_unsend(house, message_id, "done")
    assert (await house.sending.unsend(house.me, message_id)).message.unsend == "done"


async def test_an_answer_that_was_lost_is_asked_for_again_and_gone_counts_as_done(house: Any) -> None:
    message_id = await delivered(house)
    await house.sandbox.faults({"kind": "http_5xx_after", "limit": 1, "status": 502})
    await house.sending.unsend(house.me, message_id)
    async with jobs_done(house):
        await until_unsend(house, message_id, "done")


async def test_what_the_platform_keeps_is_said_to_have_failed_and_may_be_asked_again(house: Any) -> None:
    message_id = await delivered(house)
    await house.db.write(
        lambda session: session.execute(
            update(MessageRow).where(MessageRow.id == message_id).values(platform_id="not-a-number")
        )
    )
    creator_id = house.chats[0].creator_id
    await house.db.write(
        lambda session: session.execute(
            update(CreatorRow).where(CreatorRow.id == creator_id).values(connection_id=None)
        )
    )
    await house.sending.unsend(house.me, message_id)
    async with jobs_done(house):
        await until_unsend(house, message_id, "failed")
    row = await house.row(message_id)
    assert (row.state, row.unsent_at, row.reason) == ("sent", None, "disconnected")
    assert (await house.sending.unsend(house.me, message_id)).message.unsend == "requested"


async def test_one_whose_job_died_of_a_fault_of_ours_is_said_to_have_failed_and_may_be_asked_again(
    house: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    message_id = await delivered(house)
    await house.sending.unsend(house.me, message_id)

    async def broken(_self: Unsender, _leased: Any, _db: Any) -> None:
        raise RuntimeError("a fault of ours")

    with monkeypatch.context() as patched:
        patched.setattr(Unsender, "__call__", broken)
        async with jobs_done(house):
            await until_unsend(house, message_id, "failed")
    row = await house.row(message_id)
    assert (row.state, row.reason) == ("sent", "not_done")
    answer = await house.sending.unsend(house.me, message_id)
    assert (answer.message.unsend, answer.message.reason) == ("requested", None)
    async with jobs_done(house):
        await until_unsend(house, message_id, "done")


async def test_one_whose_workers_were_all_lost_is_said_to_have_failed_and_can_be_revived_by_its_dead_job(
    house: Any,
) -> None:
    text = f"oops {new_id()}"
    message_id = await delivered(house, text)
    await house.sending.unsend(house.me, message_id)
    registry = Registry()
    register(registry, house.readers)
    for _ in range(5):
        # A worker that is killed gives no sign: its lease is over at once.
        await house.db.write(lambda session: queue.claim(session, "killed", 1, timedelta(0), on_death=registry.buried))
    assert (await house.row(message_id)).unsend == "requested"
    async with jobs_done(house):
        await until_unsend(house, message_id, "failed")
    assert (await house.row(message_id)).reason == "not_done"
    dead = await house.db.read(lambda session: list(session.scalars(select(DeadJobRow.id))))
    assert await house.db.write(lambda session: queue.redrive(session, dead)) == dead
    async with jobs_done(house):
        await until_unsend(house, message_id, "done")
    assert text not in await on_platform(house)


async def test_only_what_was_delivered_within_a_day_can_be_taken_back(house: Any) -> None:
    waiting = await house.send(house.chats[1], "not yet")
    await house.sending.cancel(house.me, waiting)
    with pytest.raises(ConflictError) as caught:
        await house.sending.unsend(house.me, waiting)
    assert caught.value.code == "ILLEGAL_STATE"
    message_id = await delivered(house)
    at = (await house.row(message_id)).at - UNSEND_WITHIN - timedelta(seconds=5)
    await house.db.write(
        lambda session: session.execute(update(MessageRow).where(MessageRow.id == message_id).values(at=at))
    )
    with pytest.raises(ConflictError) as caught:
        await house.sending.unsend(house.me, message_id)
    assert caught.value.code == "TOO_LATE"


async def test_a_chatter_takes_back_only_what_they_wrote(house: Any) -> None:
    message_id = await delivered(house)
    noor = replace(house.me, member_id=new_id(), role=Role.CHATTER)
    with pytest.raises(ForbiddenError):
        await house.sending.unsend(noor, message_id)
    await house.sending.unsend(replace(noor, role=Role.MANAGER), message_id)
