"""The whole backend with its worker: connect a platform over the API, send, and read what the poller makes of it."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx2
from sqlalchemy import func, select

from huntaze_backend import worker
from huntaze_backend.app import Adapters, build
from huntaze_backend.areas.messages.tables import MessageRow
from huntaze_backend.core.db import Database
from huntaze_contract.ids import new_id
from tests.helpers.house import PASSWORD, SECRETS, plant
from tests.helpers.sending_house import KEY, Sandbox, eventually


async def test_what_is_sent_through_the_api_arrives_once_and_stays_one_row(
    database: Database, sandbox: Sandbox
) -> None:
    seed = await database.write(plant)
    app, services = build(database, SECRETS, adapters=Adapters())
    stop = asyncio.Event()
    running = asyncio.create_task(worker.run(services, stop))
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://backend") as client:
        form = {"email": seed.email("owner"), "password": PASSWORD, "device_id": new_id()}
        tokens = (await client.post("/api/v2/auth/sign-in", json=form)).json()
        client.headers["Authorization"] = f"Bearer {tokens['access_token']}"
        conversation = await _connect(client, sandbox)
        keys = [new_id(), new_id()]
        texts = [f"Hello, the {place} time {new_id()}" for place in ("first", "second")]
        for key, text in zip(keys, texts, strict=True):
            answer = await client.post(
                "/api/v2/messages", json=_order(conversation["id"], text), headers={"Idempotency-Key": key}
            )
            assert answer.status_code == 201, answer.text

        async def sent() -> bool:
            states = [(await client.get(f"/api/v2/messages/{key}")).json()["message"]["state"] for key in keys]
            return states == ["sent", "sent"]

        await eventually(sent, "both are sent", 20)
        assert sandbox.texts(conversation["platform_id"]) == texts
        # A fan's answer makes the poller read the chat, and there it meets what we sent.
        chat = {"account": sandbox.arrived()[0]["account"], "chat": conversation["platform_id"]}
        await sandbox.post("/admin/inbound", **chat, text="Lovely to hear from you")

        async def answered() -> bool:
            listed = (await client.get(f"/api/v2/conversations/{conversation['id']}")).json()
            return bool(listed["last"]["text"] == "Lovely to hear from you")

        await eventually(answered, "the answer is taken in", 30)
        lines = select(func.count()).select_from(MessageRow).where(MessageRow.text.in_(texts))
        assert await database.read(lambda session: session.scalar(lines)) == 2
    stop.set()
    await running
    await services.bus.close()


async def _connect(client: httpx2.AsyncClient, sandbox: Sandbox) -> dict[str, Any]:
    """Connect, wait for the history, and give a conversation that can be written to."""
    form = {"platform": "sandbox", "base_url": sandbox.url, "api_key": KEY}
    made = (await client.post("/api/v2/connections", json=form)).json()

    async def done() -> bool:
        read = (await client.get(f"/api/v2/connections/{made['id']}")).json()
        assert read["backfill"]["state"] != "failed", read["backfill"]["error"]
        return bool(read["backfill"]["state"] == "done")

    await eventually(done, "the history is read", 30)
    page = (await client.get("/api/v2/conversations", params={"creator_id": made["creator_ids"][0]})).json()
    return next(row for row in page["items"] if row["can_send"])


def _order(conversation_id: str, text: str) -> dict[str, Any]:
    return {
        "conversation_id": conversation_id,
        "text": text,
        "composed_at": "2026-11-20T12:00:00Z",
        "device_id": new_id(),
        "device_seq": 1,
    }
