"""A message that waited for a yes when the backup was made: it may have had it since, so it is looked for first."""

from __future__ import annotations

import asyncio
from functools import partial
from pathlib import Path

import pytest

from huntaze_backend.areas.messages import restored
from huntaze_backend.core import changes, copies
from huntaze_backend.core.db import Database
from huntaze_backend.core.errors import ConflictError
from huntaze_backend.engines.limits.adapters.sql_log import SqlRateGate
from huntaze_contract.wire import Resolution
from tests.helpers.approval_house import SUGGESTED, ApprovalHouse
from tests.helpers.sending_house import QUICK, Sandbox, build_house
from tests.plugins.databases import DATABASE_KEY


async def test_what_was_approved_since_is_bound_and_the_rest_needs_a_manager(
    sqlite_url: str, sandbox: Sandbox, tmp_path: Path
) -> None:
    backup = tmp_path / "backup.db"
    first = Database.open(sqlite_url, key=DATABASE_KEY)
    house = await build_house(first, sandbox)
    desk, chat, other = ApprovalHouse(house), house.chats[0], house.chats[1]
    approved = (await desk.write(chat, SUGGESTED, suggestion=desk.machine.add())).id
    still = (await desk.write(other, SUGGESTED, suggestion=desk.machine.add())).id
    source = Path(sqlite_url.removeprefix("sqlite:///"))
    await asyncio.to_thread(copies.copy, source, backup, DATABASE_KEY)
    assert (await desk.approve(approved)).done
    house.start()
    await house.until(approved, "sent")
    await house.end()
    await first.close()

    second = Database.open(f"sqlite:///{backup}", key=DATABASE_KEY)
    await second.write(changes.renew_epochs)
    assert await second.write(partial(restored.distrust, gate=SqlRateGate(), policy=QUICK)) == 2
    house = await build_house(second, sandbox)
    desk = ApprovalHouse(house)
    house.start()
    await house.until(approved, "sent")
    await house.until(still, "needs_human")
    assert await desk.queue() == []
    again = Resolution(verdict="not_sent_send_again")
    with pytest.raises(ConflictError):
        await desk.sending.resolve(desk.chatter, still, again)
    await desk.sending.resolve(desk.manager, still, again)
    await house.until(still, "sent")
    assert sandbox.texts(chat.platform_id) == sandbox.texts(other.platform_id) == [SUGGESTED]
    await house.end()
    await second.close()
