"""The sending half of a backend as a process of its own, to be killed: it takes messages by lines of JSON on stdin.

`python -m tests.helpers.sending_process DATABASE_URL SANDBOX_URL JOURNAL`: answers each line `{key, chat, text, prev}`
with the key once the message is accepted, as an HTTP answer would.
"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

import httpx2
import structlog

from huntaze_backend.core.db import Database
from huntaze_backend.core.errors import ConflictError
from tests.helpers.sending_house import KEY, Sandbox, build_house
from tests.plugins.databases import DATABASE_KEY


async def main(database_url: str, url: str, journal: str) -> None:
    db = Database.open(database_url, key=DATABASE_KEY)
    async with httpx2.AsyncClient(base_url=url, headers={"Authorization": f"Bearer {KEY}"}, trust_env=False) as http:
        house = await build_house(db, Sandbox(url, Path(journal), http))
        house.start()
        chats = {chat.id: chat for chat in house.chats}
        lines = asyncio.StreamReader()
        await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
        print(json.dumps(sorted(chats)), flush=True)
        while line := await lines.readline():
            order = json.loads(line)
            try:
                await house.send(chats[order["chat"]], order["text"], key=order["key"], prev=order["prev"])
            except ConflictError as error:
                print(json.dumps({"key": order["key"], "code": error.code}), flush=True)
            else:
                print(json.dumps({"key": order["key"], "code": None}), flush=True)
        await house.end()
    await db.close()


if __name__ == "__main__":
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))  # stdout carries the answers
    asyncio.run(main(*sys.argv[1:]))
