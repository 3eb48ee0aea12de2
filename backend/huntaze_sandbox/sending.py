"""The vendor's routes that act: send with price and media, take back, mark read, typing.

A send checks everything first and executes without an await in between, so the limit is exact; faults that strike
after execution lie about the answer only, never about what was done.
"""

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from huntaze_sandbox.api import envelope, find_chat
from huntaze_sandbox.errors import ApiError, invalid, missing
from huntaze_sandbox.events import AnswerKept
from huntaze_sandbox.gate import enter, pass_gate, strike
from huntaze_sandbox.http import Dropped, broken, hold, json_object, rate_limited
from huntaze_sandbox.model import Account, Chat
from huntaze_sandbox.platform import Platform
from huntaze_sandbox.recorder import KEEP_ANSWERS_MS
from huntaze_sandbox.render import message_row

MOST_CHARACTERS = 10_000
MOST_MEDIA = 50
LEAST_PRICE = 300
MOST_PRICE = 20_000
HOLD_S = 30.0


@dataclass(frozen=True, slots=True)
class Draft:
    """A checked request to send."""

    text: str
    price: int
    media: tuple[int, ...]
    locked: bool

    def fingerprint(self, chat: int) -> str:
        content = json.dumps([chat, self.text, self.price, self.media, self.locked])
        return hashlib.sha256(content.encode()).hexdigest()


def parse_draft(account: Account, body: dict[str, Any]) -> Draft:
    """Check a body against the platform's rules. Raises 422 naming each field that breaks one."""
    wrong: dict[str, str] = {}
    text = body.get("text", "")
    media = body.get("mediaFiles") or []
    if not isinstance(text, str):
        wrong["text"] = "The text must be a string."
    elif len(text) > MOST_CHARACTERS:
        wrong["text"] = f"The text may not be longer than {MOST_CHARACTERS} characters."
    elif not text.isascii() and not _is_unicode(text):
        wrong["text"] = "The text is not valid Unicode."
    elif not text.strip() and not media:
        wrong["text"] = "The text is required unless media is attached."
    ids = _media_ids(account, media)
    if ids is None:
        wrong["mediaFiles"] = f"The media must be up to {MOST_MEDIA} different ids of this account's vault."
    price = _price_cents(body.get("price"))
    if price is None:
        wrong["price"] = "The price must be 0, or between 3 and 200 in whole cents."
    elif price and not media:
        wrong["price"] = "A price needs media."
    locked = body.get("lockedText") or False
    if not isinstance(locked, bool):
        wrong["lockedText"] = "The lockedText must be true or false."
    if wrong:
        raise invalid(**wrong)
    return Draft(text, price or 0, ids or (), bool(locked))


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _media_ids(account: Account, media: Any) -> tuple[int, ...] | None:
    if not isinstance(media, list) or len(media) > MOST_MEDIA:
        return None
    ids = []
    for item in media:
        text = str(item) if isinstance(item, str | int) and not isinstance(item, bool) else ""
        if not (text.isascii() and text.isdigit() and len(text) < 16) or int(text) not in account.vault:
            return None
        ids.append(int(text))
    return tuple(ids) if len(set(ids)) == len(ids) else None


def _price_cents(price: Any) -> int | None:
    if price is None:
        return 0
    if isinstance(price, bool) or not isinstance(price, int | float) or not 0 <= price <= MOST_PRICE / 100:
        return None
    cents = round(price * 100)
    if abs(cents - price * 100) > 1e-6 or (cents and cents < LEAST_PRICE):
        return None
    return cents


def idempotency_key(request: Request) -> str | None:
    """The client's key. Raises 400 when it is not 1 to 255 printable ASCII characters."""
    key = request.headers.get("idempotency-key")
    if key is not None and not (1 <= len(key) <= 255 and key.isascii() and key.isprintable()):
        raise ApiError(
            400,
            "IDEMPOTENCY_KEY_INVALID",
            "The Idempotency-Key is not valid.",
            description="It must be 1 to 255 printable ASCII characters.",
        )
    return key


async def send(request: Request) -> Response:
    """Send a message. In replay mode a keyed send is claimed first, so that its twin meets 409 or the kept answer."""
    platform, account = enter(request)
    received_at = platform.clock.now_ms()
    chat = find_chat(request, account)
    draft = parse_draft(account, await json_object(request))
    key = idempotency_key(request)
    order = _Order(platform, account, chat, draft, key, received_at)
    if key is None or platform.options.idempotency == "journal":
        return await order.run(request)
    if kept := _kept_answer(order):
        return kept
    place = (account.id, key)
    if place in platform.running:
        raise ApiError(409, "IDEMPOTENCY_CONFLICT", "A request with this Idempotency-Key is still running.")
    platform.running.add(place)
    try:
        return await order.run(request)
    finally:
        platform.running.discard(place)


def _kept_answer(order: "_Order") -> Response | None:
    kept = order.platform.world.answers.get((order.account.id, order.key or ""))
    if kept is None or kept.at < order.received_at - KEEP_ANSWERS_MS:
        return None
    if kept.fingerprint != order.fingerprint:
        raise ApiError(422, "IDEMPOTENCY_KEY_MISMATCH", "This Idempotency-Key was used with another body or chat.")
    return Response(kept.body, media_type="application/json", headers={"Idempotent-Replayed": "true"})


@dataclass(frozen=True, slots=True)
class _Order:
    """One checked request to send, on its way through the faults to its execution."""

    platform: Platform
    account: Account
    chat: Chat
    draft: Draft
    key: str | None
    received_at: int

    @property
    def fingerprint(self) -> str:
        return self.draft.fingerprint(self.chat.fan.id)

    async def run(self, request: Request) -> Response:
        platform, account = self.platform, self.account
        if spoiled := await strike(platform, account, "send"):
            return spoiled
        if platform.faults.draw("refusal_200", account.id, "send"):
            return self._refusal("The message could not be sent.")
        if self.chat.fan.blocked:
            return self._refusal("This fan does not accept messages from you.")
        now = platform.clock.monotonic()
        if wait := platform.window.wait(account.id, now):
            raise rate_limited(wait)
        platform.window.accept(account.id, now)
        answer = self._execute()
        if rule := platform.faults.draw("http_5xx_after", account.id, "send"):
            return broken(rule)
        if rule := platform.faults.draw("timeout_after_execution", account.id, "send"):
            await hold(request, HOLD_S if rule.seconds is None else rule.seconds)
            return Dropped()
        self._keep(answer)
        return answer

    def _execute(self) -> Response:
        platform, account, draft = self.platform, self.account, self.draft
        lag = platform.faults.draw("listing_lag", account.id, "send")
        message = platform.world.send(
            account.id,
            self.chat.fan.id,
            draft.text,
            received_at=self.received_at,
            price=draft.price,
            media=draft.media,
            locked=draft.locked,
            key=self.key,
            hidden_ms=int(1000 * (lag.seconds or 0)) + (lag.ms or 0) if lag else 0,
        )
        row = message_row(account, self.chat, message, platform.clock.now_ms())
        return JSONResponse(envelope(platform, row, account))

    def _keep(self, answer: Response) -> None:
        if self.key is not None and self.platform.options.idempotency == "replay":
            body = bytes(answer.body).decode()
            now = self.platform.clock.now_ms()
            self.platform.world.commit(AnswerKept(self.account.id, self.key, self.fingerprint, body, now))

    def _refusal(self, why: str) -> Response:
        data = {"success": False, "hasError": True, "error": {"message": why}}
        return JSONResponse(envelope(self.platform, data, self.account))


async def unsend(request: Request) -> Response:
    """Take back a message within 24 hours."""
    gate = await pass_gate(request, "send")
    if gate.answer:
        return gate.answer
    chat = find_chat(request, gate.account)
    text = request.path_params["message"]
    found = chat.find(int(text)) if text.isascii() and text.isdigit() and len(text) < 16 else None
    if found is None:
        raise missing("message")
    if not gate.platform.world.delete(gate.account.id, chat.fan.id, found.id):
        why = "Only your own messages of the last 24 hours can be deleted."
        raise ApiError(422, "VALIDATION_ERROR", why, fields={"message": [why]})
    return JSONResponse(envelope(gate.platform, {"success": True}, gate.account))


async def mark_read(request: Request) -> Response:
    gate = await pass_gate(request, "list")
    if gate.answer:
        return gate.answer
    chat = find_chat(request, gate.account)
    gate.platform.world.read(gate.account.id, chat.fan.id, by_creator=True)
    last = str(chat.read_by_creator) if chat.read_by_creator else None
    return JSONResponse(envelope(gate.platform, {"success": True, "lastReadMessageId": last}, gate.account))


async def typing(request: Request) -> Response:
    gate = await pass_gate(request, "list")
    if gate.answer:
        return gate.answer
    find_chat(request, gate.account)
    return JSONResponse(envelope(gate.platform, {"success": True}, gate.account))


routes = [
    Route("/api/{account}/chats/{chat}/messages", send, methods=["POST"]),
    Route("/api/{account}/chats/{chat}/messages/{message}", unsend, methods=["DELETE"]),
    Route("/api/{account}/chats/{chat}/read", mark_read, methods=["POST"]),
    Route("/api/{account}/chats/{chat}/typing", typing, methods=["POST"]),
]
