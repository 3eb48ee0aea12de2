"""The reading port over the vendor's HTTP API."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar
from urllib.parse import parse_qs, quote, urlsplit

import httpx2

from huntaze_backend.engines.gateways.adapters import vendor_json
from huntaze_backend.engines.gateways.adapters.vendor_client import call, chat_path
from huntaze_backend.engines.gateways.errors import GatewayError, Trouble
from huntaze_backend.engines.gateways.reading import (
    ChatPage,
    FanPage,
    MessagePage,
    PlatformAccount,
    PlatformEvent,
    PlatformFan,
    TransactionPage,
    VaultPage,
)

Item = TypeVar("Item")


class VendorReader:
    """Implements `PlatformReader`."""

    def __init__(self, client: httpx2.AsyncClient) -> None:
        self._client = client

    async def accounts(self) -> list[PlatformAccount]:
        body = await call(self._client, "GET", "accounts")
        if not isinstance(body, list):
            raise GatewayError(Trouble.MALFORMED, "accounts are not a list")
        return [vendor_json.reading(vendor_json.account, item) for item in body]

    async def chats(self, account: str, cursor: str | None = None, *, limit: int = 100) -> ChatPage:
        items, following = await self._page(
            f"{quote(account, safe='')}/chats", vendor_json.chat, cursor, limit=limit, order="recent"
        )
        return ChatPage(items, following)

    async def messages(
        self, account: str, chat: str, *, before: str | None = None, after: str | None = None, limit: int = 100
    ) -> MessagePage:
        params = {"limit": str(limit), "order": "desc" if after is None else "asc"}
        if after is not None:
            params["last_id"] = after
        elif before is not None:
            params["first_id"] = before
        body = await call(self._client, "GET", chat_path(account, chat, "messages"), params=params)
        rows, following = _rows(body)
        found = vendor_json.reading(vendor_json.messages, rows, chat)
        # The vendor's cursors include the message they name; ours do not.
        items = tuple(message for message in found if message.id not in (before, after))
        return MessagePage(items, complete=following is None)

    async def fans(self, account: str, cursor: str | None = None, *, limit: int = 50) -> FanPage:
        items, following = await self._page(f"{quote(account, safe='')}/fans/all", vendor_json.fan, cursor, limit=limit)
        return FanPage(items, following)

    async def fan(self, account: str, fan_id: str) -> PlatformFan:
        body = await call(self._client, "GET", f"{quote(account, safe='')}/fans/{quote(fan_id, safe='')}")
        return vendor_json.reading(_fan_answer, body)

    async def transactions(
        self, account: str, cursor: str | None = None, *, since: datetime | None = None, limit: int = 100
    ) -> TransactionPage:
        params = {} if since is None else {"startDate": since.astimezone(UTC).isoformat().replace("+00:00", "Z")}
        items, following = await self._page(
            f"{quote(account, safe='')}/transactions", vendor_json.transaction, cursor, limit=limit, **params
        )
        return TransactionPage(items, following)

    async def vault(self, account: str, cursor: str | None = None, *, limit: int = 100) -> VaultPage:
        items, following = await self._page(
            f"{quote(account, safe='')}/media/vault", vendor_json.media, cursor, limit=limit
        )
        return VaultPage(items, following)

    async def mark_read(self, account: str, chat: str) -> None:
        await call(self._client, "POST", chat_path(account, chat, "read"))

    async def unsend(self, account: str, chat: str, message: str) -> None:
        await call(self._client, "DELETE", f"{chat_path(account, chat, 'messages')}/{quote(message, safe='')}")

    async def ensure_webhook(self, url: str, events: Sequence[str], secret: str) -> None:
        known, _ = _rows(await call(self._client, "GET", "webhooks"))
        wanted = {"endpoint_url": url, "events": list(events), "signing_secret": secret}
        for hook in known:
            # By its path, which names the connection: a backend that moved to another port is still the same one.
            if urlsplit(str(hook.get("endpoint_url"))).path == urlsplit(url).path:
                await call(self._client, "PUT", f"webhooks/{quote(str(hook['id']), safe='')}", json=wanted)
                return
        await call(self._client, "POST", "webhooks", json=wanted)

    def event(self, body: Mapping[str, object]) -> PlatformEvent | None:
        return vendor_json.reading(vendor_json.event, body)

    async def close(self) -> None:
        await self._client.aclose()

    async def _page(
        self,
        path: str,
        parse: Callable[[Mapping[str, Any]], Item],
        cursor: str | None,
        *,
        limit: int,
        **params: str,
    ) -> tuple[tuple[Item, ...], str | None]:
        query = {"limit": str(limit), "offset": cursor or "0", **params}
        rows, following = _rows(await call(self._client, "GET", path, params=query))
        return tuple(vendor_json.reading(parse, row) for row in rows), following


def _rows(body: Any) -> tuple[list[Mapping[str, Any]], str | None]:
    """The rows of a list answer and the offset of the next page, None at the end."""
    if not isinstance(body, dict) or not isinstance(body.get("data"), list):
        raise GatewayError(Trouble.MALFORMED, "a list without data")
    rows: list[Any] = body["data"]
    if not all(isinstance(row, dict) for row in rows):
        raise GatewayError(Trouble.MALFORMED, "a list of other things than objects")
    following = (body.get("_pagination") or {}).get("next_page")
    if following is None:
        return rows, None
    # The page's address names our key's host; only its place in the list is taken, never where to call.
    return rows, parse_qs(urlsplit(str(following)).query).get("offset", [""])[0]


def _fan_answer(body: Mapping[str, Any]) -> PlatformFan:
    return vendor_json.fan(body["data"])
