"""The scripted person who decides about messages that need one: reads the platform, then says what became of them.

Reads the chat through the platform's own API, with nothing lost on the way, and answers through the service's door like
any member. It counts how often it was asked: at most one message in a hundred may need it.
"""

import asyncio
import contextlib
import html
import json
import re
from collections.abc import Callable, Sequence
from typing import Any

import httpx2

__all__ = ["Person"]

Query = Callable[[str], Sequence[Sequence[Any]]]


class Person:
    """Looks twice a second for messages in `needs_human`."""

    def __init__(self, service: Callable[[], int | None], platform: Callable[[], int | None], query: Query) -> None:
        """Args: service, platform: the ports where they listen now, None while they are dead."""
        self._service, self._platform, self._query = service, platform, query
        self.platform_key = ""
        self.credentials: dict[str, str] = {}
        self.asked: set[tuple[str, int]] = set()
        """(message, attempts so far): one that needs a person twice was asked about twice."""
        self.decided = 0
        self._token: str | None = None

    async def run(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            with contextlib.suppress(httpx2.HTTPError, OSError):  # one of the two was killed; a person looks again
                await self._look()
            await asyncio.sleep(0.5)

    async def _look(self) -> None:
        waiting = await asyncio.to_thread(
            self._query,
            "SELECT m.id, c.platform_account_id, v.platform_id, m.text, m.attempt_no, m.creator_id FROM messages m"
            " JOIN conversations v ON v.id = m.conversation_id JOIN creators c ON c.id = m.creator_id"
            " WHERE m.state = 'needs_human'",
        )
        for id_, account, chat, text, attempts, creator_id in waiting:
            self.asked.add((id_, attempts))
            listed = await self._listed(account, chat)
            bound = await asyncio.to_thread(
                self._query,
                f"SELECT platform_id FROM messages WHERE creator_id = '{creator_id}' AND client_key IS NOT NULL",
            )
            before = await asyncio.to_thread(
                self._query, f"SELECT high_water FROM attempts WHERE message_id = '{id_}' ORDER BY no LIMIT 1"
            )
            taken = {platform_id for (platform_id,) in bound} | set(_ids(before[0][0]))
            mine = [row for row in listed if row["isSentByMe"] and _plain(row["text"]) == text]
            there = [str(row["id"]) for row in mine if str(row["id"]) not in taken]
            verdict = {"verdict": "sent", "platform_id": there[-1]} if there else {"verdict": "not_sent_send_again"}
            await self._decide(id_, verdict)

    async def _listed(self, account: str, chat: str) -> list[dict[str, Any]]:
        port = self._platform()
        if port is None:
            raise ConnectionRefusedError
        headers = {"Authorization": f"Bearer {self.platform_key}"}
        async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}", headers=headers, trust_env=False) as http:
            answer = await http.get(f"/api/{account}/chats/{chat}/messages", params={"limit": 100})
            rows: list[dict[str, Any]] = answer.raise_for_status().json()["data"]
            return rows

    async def _decide(self, message_id: str, verdict: dict[str, str]) -> None:
        port = self._service()
        if port is None:
            raise ConnectionRefusedError
        async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}/api/v2", trust_env=False) as http:
            if self._token is None:
                signed = (await http.post("/auth/sign-in", json=self.credentials)).raise_for_status().json()
                self._token = signed["access_token"]
            http.headers["Authorization"] = f"Bearer {self._token}"
            answer = await http.post(f"/messages/{message_id}/resolve", json=verdict)
            if answer.status_code == 401:
                self._token = None
            elif answer.status_code != 409:  # late proof may have been quicker
                answer.raise_for_status()
                self.decided += 1


def _ids(value: Any) -> list[str]:
    found: list[str] = json.loads(value) if isinstance(value, str) else value
    return found


def _plain(markup: str) -> str:
    return html.unescape(re.sub(r"<[^>]+>", "", re.sub(r"<br\s*/?>", "\n", markup)))
