"""The sandbox's own controls, which no real platform has: personas, faults, log-ins, and making a fan act now."""

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from huntaze_sandbox.errors import ApiError, invalid, missing
from huntaze_sandbox.faults import FaultError
from huntaze_sandbox.http import json_object, platform_of, require_key
from huntaze_sandbox.model import Account, Chat
from huntaze_sandbox.platform import Platform
from huntaze_sandbox.render import message_row
from huntaze_sandbox.sending import MOST_CHARACTERS

MOST_TIP = 20_000


def status_of(platform: Platform) -> dict[str, Any]:
    """Counts for the status page and for whoever waits for something to have happened."""
    personas = platform.director.personas
    return {
        "seed": platform.options.seed,
        "personas": {"running": personas.running, "speed": personas.speed, "clock_s": round(personas.now(), 3)},
        "rate_limit": platform.options.rate_limit,
        "throttled": platform.throttled,
        "idempotency": platform.options.idempotency,
        "webhooks": {
            "endpoints": len(platform.world.webhooks),
            "delivered": platform.webhooks.delivered,
            "lost": platform.webhooks.lost,
        },
        "faults": [rule.public() for rule in platform.faults.rules],
        "accounts": [
            {
                "id": account.id,
                "name": account.name,
                "authenticated": account.authenticated,
                "fans": len(account.chats),
                "messages": sum(len(chat.messages) for chat in account.chats.values()),
                "unread": sum(chat.unread for chat in account.chats.values()),
                "transactions": len(account.transactions),
            }
            for account in platform.world.accounts.values()
        ],
    }


async def status(request: Request) -> Response:
    require_key(request)
    return JSONResponse(status_of(platform_of(request)))


async def personas(request: Request) -> Response:
    """Start or stop the personas: {"running": true}."""
    require_key(request)
    platform = platform_of(request)
    running = (await json_object(request)).get("running")
    if not isinstance(running, bool):
        raise invalid(running="The running must be true or false.")
    if running:
        platform.director.start()
    else:
        await platform.director.stop()
    return JSONResponse(status_of(platform)["personas"])


async def read_faults(request: Request) -> Response:
    require_key(request)
    return JSONResponse({"rules": [rule.public() for rule in platform_of(request).faults.rules]})


async def set_faults(request: Request) -> Response:
    """Replace all fault rules: {"rules": […]}."""
    require_key(request)
    platform = platform_of(request)
    try:
        platform.faults.set((await json_object(request)).get("rules"))
    except FaultError as error:
        raise ApiError(422, "VALIDATION_ERROR", str(error), fields={"rules": [str(error)]}) from error
    return await read_faults(request)


def session(*, authenticated: bool) -> Any:
    async def handler(request: Request) -> Response:
        require_key(request)
        platform = platform_of(request)
        account = _account(platform, request.path_params["account"])
        platform.world.set_session(account.id, authenticated=authenticated)
        return JSONResponse({"id": account.id, "is_authenticated": account.authenticated})

    return handler


async def inbound(request: Request) -> Response:
    """Make a fan write now: {account, chat, text}."""
    require_key(request)
    platform = platform_of(request)
    body = await json_object(request)
    account, chat = _chat(platform, body)
    return _written(platform, account, chat, _text(body), 0)


async def tip(request: Request) -> Response:
    """Make a fan tip now: {account, chat, amount_minor, text?}."""
    require_key(request)
    platform = platform_of(request)
    body = await json_object(request)
    account, chat = _chat(platform, body)
    amount = body.get("amount_minor")
    if isinstance(amount, bool) or not isinstance(amount, int) or not 1 <= amount <= MOST_TIP:
        raise invalid(amount_minor=f"The amount must be whole cents from 1 to {MOST_TIP}.")
    return _written(platform, account, chat, _text(body) if "text" in body else "For you!", amount)


async def purchase(request: Request) -> Response:
    """Make a fan buy a message now: {account, chat, message_id}."""
    require_key(request)
    platform = platform_of(request)
    body = await json_object(request)
    account, chat = _chat(platform, body)
    text = str(body.get("message_id"))
    found = chat.find(int(text)) if text.isascii() and text.isdigit() and len(text) < 16 else None
    if found is None:
        raise missing("message")
    if not platform.world.open(account.id, chat.fan.id, found.id):
        raise invalid(message_id="This message is free, bought already, or not the creator's.")
    return JSONResponse(message_row(account, chat, found, platform.clock.now_ms()))


async def subscribe(request: Request) -> Response:
    """Make somebody new subscribe now: {account}."""
    require_key(request)
    platform = platform_of(request)
    account = _account(platform, (await json_object(request)).get("account"))
    fan = platform.world.join(account.id)
    return JSONResponse({"id": str(fan.id), "name": fan.name})


def _written(platform: Platform, account: Account, chat: Chat, text: str, amount: int) -> Response:
    message = platform.world.write(account.id, chat.fan.id, text, amount)
    return JSONResponse(message_row(account, chat, message, platform.clock.now_ms()))


def _account(platform: Platform, name: Any) -> Account:
    account = platform.world.accounts.get(name) if isinstance(name, str) else None
    if account is None:
        raise missing("account")
    return account


def _chat(platform: Platform, body: dict[str, Any]) -> tuple[Account, Chat]:
    account = _account(platform, body.get("account"))
    text = str(body.get("chat"))
    chat = account.chats.get(int(text)) if text.isascii() and text.isdigit() and len(text) < 16 else None
    if chat is None:
        raise missing("chat")
    return account, chat


def _text(body: dict[str, Any]) -> str:
    text = body.get("text")
    if not isinstance(text, str) or not text.strip() or len(text) > MOST_CHARACTERS:
        raise invalid(text=f"The text must have 1 to {MOST_CHARACTERS} characters.")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise invalid(text="The text is not valid Unicode.") from error
    return text


routes = [
    Route("/admin/status", status),
    Route("/admin/personas", personas, methods=["POST"]),
    Route("/admin/faults", read_faults, methods=["GET"]),
    Route("/admin/faults", set_faults, methods=["PUT"]),
    Route("/admin/accounts/{account}/log-in", session(authenticated=True), methods=["POST"]),
    Route("/admin/accounts/{account}/log-out", session(authenticated=False), methods=["POST"]),
    Route("/admin/inbound", inbound, methods=["POST"]),
    Route("/admin/tip", tip, methods=["POST"]),
    Route("/admin/purchase", purchase, methods=["POST"]),
    Route("/admin/subscribe", subscribe, methods=["POST"]),
]
