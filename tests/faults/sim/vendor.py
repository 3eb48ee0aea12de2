"""The simulated platform behind the vendor's HTTP contract, without sockets; the truth is in `platform.Chat`.

It executes in a program of its own: what has reached it happens, whether or not anyone still waits for the answer.
"""

import asyncio
import json
from dataclasses import dataclass
from random import Random
from typing import Any

import httpx2

from huntaze_backend.engines.gateways.reading import PlatformMessage
from tests.faults.sim.platform import Chat
from tests.faults.sim.virtual_time import Program

__all__ = ["Vendor", "VendorFaults"]

_PAGE_OF_A_PROXY = "<html><body><h1>502 Bad Gateway</h1></body></html>"


@dataclass(slots=True)
class VendorFaults:
    """Shares from 0 to 1; times in seconds."""

    request_lost: float = 0.15
    answer_lost: float = 0.15
    refuses_connections: float = 0.02
    fails_before: float = 0.02
    fails_after: float = 0.02
    slow: float = 0.10
    throttles: float = 0.002
    listing_fails: float = 0.30
    lags: float = 0.5
    longest_lag: float = 15.0


class Vendor(httpx2.AsyncBaseTransport):
    """All accounts of one connection. `faults = None` heals it."""

    def __init__(self, accounts: list[str], chats_each: int, chance: Random, faults: VendorFaults | None) -> None:
        self.accounts = accounts
        self.chats = {
            f"{account}-{n}": Chat(account, f"{account}-{n}") for account in accounts for n in range(chats_each)
        }
        self.cut = False
        """Nothing reaches it."""
        self.faults = faults
        self._chance = chance
        self._program = Program("platform")
        for chat in self.chats.values():
            chat.execute("hello there", -3600.0, -3600.0, from_us=False)

    @property
    def _now(self) -> float:
        return asyncio.get_running_loop().time()

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        chance, faults = self._chance, self.faults
        await asyncio.sleep(chance.uniform(0.01, 0.1))
        if self.cut:
            raise httpx2.ConnectError("no way")
        if faults is not None and chance.random() < faults.refuses_connections:
            raise httpx2.ConnectError("refused")
        trace = request.extensions.get("trace")
        if trace is not None:
            await trace("http11.send_request_headers.started", {})
        parts = request.url.path.strip("/").split("/")[1:]
        if request.method == "POST":
            # The key is for the judge alone: this platform knows no idempotency, and executes whatever it is asked to.
            key = request.headers["Idempotency-Key"].partition(".")[0]
            return await self._post(parts[2], json.loads(request.content)["text"], key)
        if faults is not None and parts != ["accounts"] and chance.random() < faults.listing_fails:
            if chance.random() < 0.5:
                raise httpx2.ReadError("reset")
            return httpx2.Response(502, html=_PAGE_OF_A_PROXY)
        return httpx2.Response(200, json=self._get(parts, request.url.params))

    # --- sending --------------------------------------------------------------------------------------------------

    async def _post(self, chat_id: str, text: str, key: str) -> httpx2.Response:
        chance, faults = self._chance, self.faults
        luck = chance.random()
        if faults is None:
            return httpx2.Response(200, json={"data": self._execute(chat_id, text, key)})
        if (luck := luck - faults.request_lost) < 0:
            await asyncio.sleep(chance.uniform(0, 20))
            raise httpx2.ReadError("lost")
        if (luck := luck - faults.fails_before) < 0:
            return httpx2.Response(502, html=_PAGE_OF_A_PROXY)
        if (luck := luck - faults.throttles) < 0:
            return httpx2.Response(429, json={"error": "RATE_LIMIT"}, headers={"Retry-After": "20"})
        # The call itself takes less than the 15 s after which nobody of ours waits for it.
        takes = chance.uniform(0, 14) if chance.random() < faults.slow else chance.uniform(0.02, 0.4)
        done = self._program.start(self._execute_later(takes, chat_id, text, key))
        if (luck := luck - faults.answer_lost) < 0:
            await asyncio.sleep(chance.uniform(takes, 20))
            raise httpx2.ReadError("lost")
        row = await asyncio.shield(done)
        if luck - faults.fails_after < 0:
            return httpx2.Response(502, html=_PAGE_OF_A_PROXY)
        return httpx2.Response(200, json={"data": row})

    async def _execute_later(self, seconds: float, chat_id: str, text: str, key: str) -> dict[str, Any]:
        await asyncio.sleep(seconds)
        return self._execute(chat_id, text, key)

    def _execute(self, chat_id: str, text: str, key: str) -> dict[str, Any]:
        faults, now = self.faults, self._now
        lags = faults is not None and self._chance.random() < faults.lags
        lag = self._chance.uniform(0, faults.longest_lag) if faults is not None and lags else 0.0
        post = self.chats[chat_id].execute(text, now, now + lag, whose=key)
        return _row(post.seen)

    # --- reading --------------------------------------------------------------------------------------------------

    def _get(self, parts: list[str], params: httpx2.QueryParams) -> Any:
        match parts:
            case ["accounts"]:
                return [_account(account) for account in self.accounts]
            case [account, "chats"]:
                chats = [chat for chat in self.chats.values() if chat.account == account]
                return _page([self._chat(chat) for chat in chats])
            case [_, "chats", chat_id, "messages"]:
                return self._messages(self.chats[chat_id], params)
            case [account, "fans", "all"]:
                return _page([_fan(chat.id) for chat in self.chats.values() if chat.account == account])
            case [_, "fans", chat_id]:
                return {"data": _fan(chat_id)}
            case _:
                return _page([])

    def _messages(self, chat: Chat, params: httpx2.QueryParams) -> Any:
        """By inclusive cursor: newest first from `first_id`, or oldest first from `last_id`."""
        shown, limit = chat.visible(self._now), int(params.get("limit", 10))
        if params.get("order") == "asc":
            shown.reverse()
        cursor = params.get("last_id" if params.get("order") == "asc" else "first_id")
        if cursor is not None:
            at = _position(cursor)
            if params.get("order") == "asc":
                shown = [message for message in shown if _position(message.id) >= at]
            else:
                shown = [message for message in shown if _position(message.id) <= at]
        more = "http://platform/api/more?offset=1" if len(shown) > limit else None
        return _page([_row(message) for message in shown[:limit]], more)

    def _chat(self, chat: Chat) -> dict[str, Any]:
        shown = chat.visible(self._now)
        return {
            "id": chat.id,
            "fan": _fan(chat.id),
            "canSendMessage": True,
            "unreadMessagesCount": 0,
            "lastMessage": _row(shown[0]) if shown else None,
        }


def _page(rows: list[Any], more: str | None = None) -> dict[str, Any]:
    return {"data": rows, "_pagination": {"next_page": more}}


def _row(message: PlatformMessage) -> dict[str, Any]:
    return {
        "id": message.id,
        "text": message.text,
        "isSentByMe": message.from_us,
        "createdAt": message.created_at.isoformat(),
    }


def _position(platform_id: str) -> int:
    return int(platform_id.rpartition("/")[2])


def _fan(chat_id: str) -> dict[str, Any]:
    return {"id": f"{chat_id}", "name": f"Fan {chat_id}", "username": f"fan_{chat_id}"}


def _account(account: str) -> dict[str, Any]:
    return {
        "id": account,
        "onlyfans_id": f"u-{account}",
        "onlyfans_username": account,
        "display_name": account,
        "timezone": "UTC",
        "is_authenticated": True,
    }
