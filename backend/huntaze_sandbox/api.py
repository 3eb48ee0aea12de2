"""The vendor's routes for reading: who am I, accounts, chats, messages, fans, money, vault and lists."""

from collections.abc import Awaitable, Callable, Sequence
from itertools import islice
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from huntaze_sandbox.clock import DAY_MS, parse_rfc3339
from huntaze_sandbox.errors import invalid, missing
from huntaze_sandbox.gate import pass_gate
from huntaze_sandbox.http import broken, platform_of, query_int, require_key
from huntaze_sandbox.model import Account, Chat, Message
from huntaze_sandbox.platform import Platform
from huntaze_sandbox.render import account_row, chat_row, fan_row, media_row, message_row, transaction_row

BALANCE = 1_000_000

Handler = Callable[[Request], Awaitable[Response]]


def envelope(
    platform: Platform, data: Any, account: Account | None = None, next_page: str | None = None
) -> dict[str, Any]:
    """Wrap data as the vendor does. `_pagination` is part of listings only: pass "" for a last page."""
    platform.calls += 1
    limit, remaining = None, None
    if account is not None and platform.options.rate_limit:
        limit = platform.options.rate_limit
        remaining = platform.window.remaining(account.id, platform.clock.monotonic())
    body: dict[str, Any] = {"data": data}
    if next_page is not None:
        body["_pagination"] = {"next_page": next_page or None}
    body["_meta"] = {
        "_credits": {"used": 1, "balance": BALANCE - platform.calls, "note": "The sandbox charges nothing."},
        "_cache": {"is_cached": False, "cached_at": None, "note": "The sandbox has no cache."},
        "_rate_limits": {"limit_minute": limit, "remaining_minute": remaining, "limit_day": None},
    }
    return body


def find_chat(request: Request, account: Account) -> Chat:
    """The chat of the path. Raises 404 when this account has no such fan."""
    text = request.path_params["chat"]
    chat = account.chats.get(int(text)) if text.isascii() and text.isdigit() and len(text) < 16 else None
    if chat is None:
        raise missing("chat")
    return chat


def page_url(request: Request, **query: Any) -> str:
    return str(request.url.include_query_params(**query))


async def whoami(request: Request) -> Response:
    require_key(request)
    platform = platform_of(request)
    return JSONResponse(envelope(platform, {"team": "Demo agency", "key_name": "Sandbox key"}))


async def accounts(request: Request) -> Response:
    require_key(request)
    platform = platform_of(request)
    if rule := platform.faults.draw("outage", place="list"):
        return broken(rule, 503)
    return JSONResponse([account_row(account) for account in platform.world.accounts.values()])


def listing(read: Callable[[Request, Platform, Account], Response]) -> Handler:
    """Make a route of a reader: key, faults and log-in first."""

    async def handler(request: Request) -> Response:
        gate = await pass_gate(request, "list")
        return gate.answer or read(request, gate.platform, gate.account)

    return handler


def read_chats(request: Request, platform: Platform, account: Account) -> Response:
    limit = query_int(request, "limit", 10, 1, 100)
    offset = query_int(request, "offset", 0, 0, 10**9)
    order = request.query_params.get("order", "recent")
    if order not in ("recent", "old"):
        raise invalid(order="The order must be recent or old.")
    ids = reversed(account.recent) if order == "recent" else iter(account.recent)
    now = platform.clock.now_ms()
    rows = [chat_row(account, account.chats[chat], now) for chat in islice(ids, offset, offset + limit)]
    return _page(request, platform, account, rows, offset, limit, len(account.recent))


def read_messages(request: Request, platform: Platform, account: Account) -> Response:
    """Messages by inclusive cursor: newest first from `first_id`, or oldest first from `last_id`."""
    chat = find_chat(request, account)
    limit = query_int(request, "limit", 10, 1, 100)
    order = request.query_params.get("order", "desc")
    now = platform.clock.now_ms()
    if order == "desc":
        first = query_int(request, "first_id", 10**15 - 1, 0, 10**15 - 1)
        older = reversed(chat.messages[: chat.position(first + 1)])
        found = _visible(older, limit + 1, now)
    elif order == "asc":
        last = query_int(request, "last_id", 0, 0, 10**15 - 1)
        found = _visible(chat.messages[chat.position(last) :], limit + 1, now)
    else:
        raise invalid(order="The order must be asc or desc.")
    next_page = ""
    if len(found) > limit:
        cursor = "first_id" if order == "desc" else "last_id"
        next_page = page_url(request, limit=limit, order=order, **{cursor: found[limit].id})
    rows = [message_row(account, chat, message, now) for message in found[:limit]]
    return JSONResponse(envelope(platform, rows, account, next_page))


def _visible(messages: Any, count: int, now_ms: int) -> list[Message]:
    return list(islice((message for message in messages if message.hidden_until <= now_ms), count))


def read_fans(request: Request, platform: Platform, account: Account) -> Response:
    limit = query_int(request, "limit", 10, 1, 50)
    offset = query_int(request, "offset", 0, 0, 10**9)
    now = platform.clock.now_ms()
    chats = islice(account.chats.values(), offset, offset + limit)
    return _page(
        request, platform, account, [fan_row(chat.fan, now) for chat in chats], offset, limit, len(account.chats)
    )


def read_fan(request: Request, platform: Platform, account: Account) -> Response:
    row = fan_row(find_chat(request, account).fan, platform.clock.now_ms())
    return JSONResponse(envelope(platform, row, account))


def read_transactions(request: Request, platform: Platform, account: Account) -> Response:
    limit = query_int(request, "limit", 10, 1, 100)
    offset = query_int(request, "offset", 0, 0, 10**9)
    start = request.query_params.get("startDate")
    count = len(account.transactions)
    if start is not None:
        since = _moment(start)
        count = next((at for at, row in enumerate(reversed(account.transactions)) if row.at < since), count)
    newest_first = islice(reversed(account.transactions), min(offset, count), min(offset + limit, count))
    return _page(request, platform, account, [transaction_row(row) for row in newest_first], offset, limit, count)


def _moment(text: str) -> int:
    try:
        return parse_rfc3339(text)
    except (ValueError, OverflowError) as error:
        raise invalid(startDate="The startDate must be a date or an RFC 3339 time.") from error


def read_vault(request: Request, platform: Platform, account: Account) -> Response:
    limit = query_int(request, "limit", 10, 1, 100)
    offset = query_int(request, "offset", 0, 0, 10**9)
    rows = [media_row(media) for media in islice(account.vault.values(), offset, offset + limit)]
    return _page(request, platform, account, rows, offset, limit, len(account.vault))


def read_user_lists(request: Request, platform: Platform, account: Account) -> Response:
    now = platform.clock.now_ms()
    fans = [chat.fan for chat in account.chats.values()]
    counts = {
        "fans": sum(fan.subscribed_until > now for fan in fans),
        "recent": sum(fan.subscribed_at > now - 7 * DAY_MS for fan in fans),
        "expired": sum(fan.subscribed_until <= now for fan in fans),
        "blocked": sum(fan.blocked for fan in fans),
    }
    rows = [{"id": name, "name": name.title(), "type": "system", "usersCount": count} for name, count in counts.items()]
    spenders = sum(fan.totals.total >= 50_000 for fan in fans)
    rows.append({"id": str(account.platform_id + 1), "name": "VIP", "type": "custom", "usersCount": spenders})
    return JSONResponse(envelope(platform, rows, account, ""))


def _page(
    request: Request,
    platform: Platform,
    account: Account,
    rows: Sequence[dict[str, Any]],
    offset: int,
    limit: int,
    total: int,
) -> Response:
    more = page_url(request, limit=limit, offset=offset + limit) if offset + limit < total else ""
    return JSONResponse(envelope(platform, rows, account, more))


routes = [
    Route("/api/whoami", whoami),
    Route("/api/accounts", accounts),
    Route("/api/{account}/chats", listing(read_chats)),
    Route("/api/{account}/chats/{chat}/messages", listing(read_messages), methods=["GET"]),
    Route("/api/{account}/fans/all", listing(read_fans)),
    Route("/api/{account}/fans/{chat}", listing(read_fan)),
    Route("/api/{account}/transactions", listing(read_transactions)),
    Route("/api/{account}/media/vault", listing(read_vault)),
    Route("/api/{account}/user-lists", listing(read_user_lists)),
]
