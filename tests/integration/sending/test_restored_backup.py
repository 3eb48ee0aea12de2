"""A backup that is put back holds messages that went out since it was made: they do not go out again."""

from __future__ import annotations

import asyncio
from functools import partial
from pathlib import Path
from typing import Any

from huntaze_backend.areas.messages import restored
from huntaze_backend.core import changes, copies
from huntaze_backend.core.db import Database
from huntaze_backend.engines.limits.adapters.sql_log import SqlRateGate
from huntaze_contract.ids import new_id
from huntaze_contract.wire import Resolution
from tests.helpers.sending_house import QUICK, Sandbox, build_house
from tests.plugins.databases import DATABASE_KEY


async def test_what_went_out_after_the_backup_is_found_and_what_did_not_waits_for_a_person(
    sqlite_url: str, sandbox: Sandbox, tmp_path: Path
) -> None:
    backup = tmp_path / "backup.db"
    first = Database.open(sqlite_url, key=DATABASE_KEY)
    house = await build_house(first, sandbox)
    chat, other = house.chats[0], house.chats[1]
    # Words of this test alone: what other tests said on the same platform is no history of this house.
    one, two = (f"{word} {new_id()}" for word in ("one", "two"))
    went = [await house.send(chat, text) for text in (one, two)]
    taken_back = await house.send(other, "never mind")
    source = Path(sqlite_url.removeprefix("sqlite:///"))
    await asyncio.to_thread(copies.copy, source, backup, DATABASE_KEY)
    await house.sending.cancel(house.me, taken_back)
    house.start()
    for message_id in went:
        await house.until(message_id, "sent")
    await house.end()
    await first.close()

    second = Database.open(f"sqlite:///{backup}", key=DATABASE_KEY)
    doubt = partial(restored.distrust, gate=SqlRateGate(), policy=QUICK)
    await second.write(changes.renew_epochs)
    assert await second.write(doubt) == 3
    house = await build_house(second, sandbox)
    house.start()
    rows: list[Any] = [await house.until(message_id, "sent") for message_id in went]
    await house.until(taken_back, "needs_human")

    assert sandbox.texts(chat.platform_id) == [one, two]
    assert [row.platform_id for row in rows] == [row["id"] for row in sandbox.arrived()]
    assert sandbox.texts(other.platform_id) == []
    later = await house.send(chat, "three")
    await house.sending.resolve(house.me, taken_back, Resolution(verdict="not_sent_give_up"))
    await house.until(later, "sent")
    assert [row["text"] for row in sandbox.arrived()] == [one, two, "three"]
    await house.end()
    await second.close()
