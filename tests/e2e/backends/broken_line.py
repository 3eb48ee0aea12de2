"""The real backend behind a line that breaks: every third answer to a send is cut off after the work was done.

Whoever repeats the request under its key finds that it was done already; `--no-dedupe` takes that memory away. It
starts with the words of `huntaze backend serve`.
"""

import argparse
import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from sqlalchemy import text
from sqlalchemy.orm import Session

from huntaze_backend import app as composition
from huntaze_backend.core.db import Database
from huntaze_backend.core.installation import InstallationSecrets
from huntaze_backend.serve import ServeOptions, installation, run
from huntaze_backend.settings import Settings

EVERY = 3
SILENCE_S = 3.0
"""Longer than the desktop waits before it repeats."""


class BrokenLine:
    """ASGI middleware. After each cut nothing is told for a moment: news must not outrun the repeated request."""

    def __init__(self, app: Any) -> None:
        self._app = app
        self._sends = 0
        self._silent_until = 0.0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http" and (scope["method"], scope["path"]) == ("POST", "/api/v2/messages"):
            self._sends += 1
            if self._sends % EVERY == 0:
                await self._do_and_cut(scope, receive, send)
                return
        elif scope["type"] == "websocket" or scope.get("path", "").startswith("/api/v2/sync"):
            await self._app(scope, receive, partial(self._late, send))
            return
        await self._app(scope, receive, send)

    async def _do_and_cut(self, scope: Any, receive: Any, send: Any) -> None:
        self._silent_until = time.monotonic() + SILENCE_S
        await self._app(scope, receive, _swallow)
        # An announced body that ends early makes the server drop the connection.
        await send({"type": "http.response.start", "status": 201, "headers": [(b"content-length", b"4096")]})
        await send({"type": "http.response.body", "body": b"{", "more_body": True})

    async def _late(self, send: Any, message: Any) -> None:
        await asyncio.sleep(self._silent_until - time.monotonic())
        await send(message)


async def _swallow(_message: Any) -> None:
    """The answer that never leaves."""


def forget_keys(session: Session) -> None:
    """Drop the dedupe column's truth: each row gets a key that nobody will ever ask for again."""
    session.execute(
        text(
            "CREATE TRIGGER IF NOT EXISTS no_dedupe AFTER INSERT ON messages WHEN NEW.client_key IS NOT NULL BEGIN"
            " UPDATE messages SET client_key = lower(hex(randomblob(16))) WHERE id = NEW.id; END"
        )
    )


def built_with_cuts(database: Database, secrets: InstallationSecrets, **more: Any) -> tuple[FastAPI, Any]:
    app, services = build(database, secrets, **more)
    app.add_middleware(BrokenLine)
    return app, services


@contextlib.asynccontextmanager
async def opened_without_dedupe(settings: Settings, data: Path | None) -> AsyncIterator[installation.Installation]:
    async with open_installation(settings, data) as opened:
        await opened.database.write(forget_keys)
        yield opened


build, open_installation = composition.build, installation.open_installation

if __name__ == "__main__":
    words = argparse.ArgumentParser()
    words.add_argument("--data", type=Path)
    words.add_argument("--port", type=int, default=0)
    words.add_argument("--exit-with-stdin", action="store_true")
    words.add_argument("--no-dedupe", action="store_true")
    given = words.parse_args()
    composition.build = built_with_cuts
    if given.no_dedupe:
        installation.open_installation = opened_without_dedupe
    run(ServeOptions(port=given.port, data=given.data, exit_with_stdin=given.exit_with_stdin))
