"""Signed webhooks: turns events into the vendor's notices and delivers them, in order at first, retries apart.

A notice that fails four times is gone; clients recover by listing. Faults double, delay or drop notices on the way.
"""

import asyncio
import hashlib
import hmac
import json
import logging
import uuid
from collections.abc import Coroutine, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from huntaze_sandbox import events
from huntaze_sandbox.events import Announcement, Presence, SubscriptionEnded, WebhookSet
from huntaze_sandbox.faults import FaultPlan
from huntaze_sandbox.render import dollars, fan_row, message_row, short_fan, transaction_row
from huntaze_sandbox.world import World

if TYPE_CHECKING:
    import httpx2

log = logging.getLogger("huntaze_sandbox.webhooks")

EVENTS = (
    "messages.received",
    "messages.sent",
    "messages.deleted",
    "messages.read",
    "messages.ppv.unlocked",
    "tips.received",
    "transactions.new",
    "subscriptions.new",
    "subscriptions.renewed",
    "subscriptions.expired",
    "users.typing",
    "users.online",
    "users.offline",
    "accounts.connected",
    "accounts.session_expired",
)
#: Seconds between the four attempts.
RETRY_AFTER_S = (1.0, 3.0, 9.0)
CONNECT_S = 5.0
TOTAL_S = 10.0
MOST_QUEUED = 5_000
#: An endpoint that has taken nothing for this long is removed: its owner is gone, and registrations outlive runs.
FORGET_AFTER_S = 600.0


@dataclass(frozen=True, slots=True)
class Notice:
    """One webhook call to be: what happened, for whom, and the key that its repetitions share."""

    event: str
    account: str
    payload: dict[str, Any]
    key: str = field(default_factory=lambda: f"evt_{uuid.uuid4().hex}")

    def body(self) -> bytes:
        return json.dumps(
            {"event": self.event, "account_id": self.account, "payload": self.payload}, ensure_ascii=False
        ).encode()


def sign(secret: str, body: bytes) -> str:
    """Hex HMAC-SHA256 of the raw body."""
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


class Webhooks:
    """A queue and a worker per endpoint; the HTTP client is made with the first endpoint."""

    def __init__(self, world: World, faults: FaultPlan) -> None:
        self._world = world
        self._faults = faults
        self._client: httpx2.AsyncClient | None = None
        self._queues: dict[int, asyncio.Queue[Notice]] = {}
        self._workers: dict[int, asyncio.Task[None]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._failing_since: dict[int, float] = {}
        self._running = False
        self.delivered = 0
        self.lost = 0

    def start(self) -> None:
        self._running = True
        for endpoint in self._world.webhooks:
            self._open(endpoint)

    async def stop(self) -> None:
        self._running = False
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._client:
            await self._client.aclose()
            self._client = None

    def on_event(self, event: Announcement) -> None:
        """Queue the notices of an event for each endpoint that asked for them."""
        if not self._running:
            return
        if isinstance(event, WebhookSet):
            self._open(event.id)
        if isinstance(event, events.WebhookGone):
            self._close(event.id)
        for notice in notices(self._world, event):
            self._route(notice)

    def _route(self, notice: Notice) -> None:
        copies = 1
        if self._faults.draw("webhook_drop", notice.account):
            return
        if self._faults.draw("webhook_duplicate", notice.account):
            copies = 2
        late = self._faults.draw("webhook_reorder", notice.account)
        for endpoint in self._world.webhooks.values():
            if not endpoint.enabled or notice.event not in endpoint.events:
                continue
            for _ in range(copies):
                if late:
                    delay = (late.ms or 0) / 1000 + (late.seconds or 0) or 1.0
                    self._spawn(self._put_later(endpoint.id, notice, delay))
                else:
                    self._put(endpoint.id, notice)

    def _put(self, endpoint: int, notice: Notice) -> None:
        queue = self._queues.get(endpoint)
        if queue is None or queue.full():
            self.lost += 1
            return
        queue.put_nowait(notice)

    async def _put_later(self, endpoint: int, notice: Notice, delay_s: float) -> None:
        await asyncio.sleep(delay_s)
        self._put(endpoint, notice)

    def _open(self, endpoint: int) -> None:
        if endpoint not in self._queues:
            self._queues[endpoint] = asyncio.Queue(MOST_QUEUED)
            self._workers[endpoint] = self._spawn(self._work(endpoint, self._queues[endpoint]))

    def _close(self, endpoint: int) -> None:
        self._queues.pop(endpoint, None)
        self._failing_since.pop(endpoint, None)
        worker = self._workers.pop(endpoint, None)
        if worker:
            worker.cancel()

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _work(self, endpoint: int, queue: asyncio.Queue[Notice]) -> None:
        """First attempts in order; what fails is tried again beside the queue, so one slow notice holds up no other."""
        while True:
            notice = await queue.get()
            if await self._deliver(endpoint, notice):
                self.delivered += 1
            else:
                self._spawn(self._retry(endpoint, notice))

    async def _retry(self, endpoint: int, notice: Notice) -> None:
        for pause in RETRY_AFTER_S:
            await asyncio.sleep(pause)
            if await self._deliver(endpoint, notice):
                self.delivered += 1
                return
        self.lost += 1
        log.info("a %s notice for endpoint %d was given up", notice.event, endpoint)
        self.forget_if_gone(endpoint)

    def forget_if_gone(self, endpoint: int) -> None:
        """Remove an endpoint whose deliveries have all failed for ten minutes."""
        now = self._world.clock.monotonic()
        since = self._failing_since.setdefault(endpoint, now)
        if now - since >= FORGET_AFTER_S and endpoint in self._world.webhooks:
            log.warning("endpoint %d has taken nothing for %d s and is removed", endpoint, FORGET_AFTER_S)
            self._world.commit(events.WebhookGone(endpoint))

    async def _deliver(self, endpoint: int, notice: Notice) -> bool:
        import httpx2

        target = self._world.webhooks.get(endpoint)
        if target is None:
            return True
        if self._client is None:
            # Loopback receivers must not be looked for behind a proxy of the environment.
            self._client = httpx2.AsyncClient(trust_env=False, timeout=httpx2.Timeout(TOTAL_S, connect=CONNECT_S))
        body = notice.body()
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "OnlyFansAPI.com/Webhook-Client",
            "Signature": sign(target.secret, body),
            "X-OFAPI-Idempotency-Key": notice.key,
        }
        try:
            async with asyncio.timeout(TOTAL_S):
                answer = await self._client.post(target.url, content=body, headers=headers)
        except (httpx2.HTTPError, httpx2.InvalidURL, TimeoutError, OSError):
            return False
        if answer.is_success:
            self._failing_since.pop(endpoint, None)
        return answer.is_success


def notices(world: World, event: Announcement) -> Iterator[Notice]:
    """What the vendor tells about an event. A tip is told twice, as a tip and as a transaction with the same id."""
    match event:
        case events.MessageWritten():
            yield from _message_notices(world, event)
        case events.MessageDeleted():
            yield Notice("messages.deleted", event.account, {"chatId": str(event.chat), "messageId": str(event.id)})
        case events.MessageOpened():
            yield _unlocked(world, event)
        case events.ChatRead(by_creator=False):
            payload = {"chatId": str(event.chat), "lastReadId": str(event.up_to)}
            yield Notice("messages.read", event.account, payload)
        case events.Paid():
            yield from _payment_notices(world, event)
        case SubscriptionEnded():
            fan = world.chat(event.account, event.fan).fan
            yield Notice("subscriptions.expired", event.account, {"fan": fan_row(fan, world.clock.now_ms())})
        case events.SessionChanged():
            name = "accounts.connected" if event.authenticated else "accounts.session_expired"
            yield Notice(name, event.account, {})
        case Presence():
            payload = {"fanId": str(event.chat), "chatId": str(event.chat)}
            yield Notice(f"users.{event.what}", event.account, payload)


def _message_notices(world: World, event: events.MessageWritten) -> Iterator[Notice]:
    account = world.accounts[event.account]
    chat = account.chats[event.chat]
    message = chat.find(event.id)
    if message is not None:
        row = message_row(account, chat, message, world.clock.now_ms()) | {"chatId": str(event.chat)}
        yield Notice("messages.sent" if event.mine else "messages.received", event.account, row)


def _unlocked(world: World, event: events.MessageOpened) -> Notice:
    chat = world.chat(event.account, event.chat)
    message = chat.find(event.id)
    payload = {
        "chatId": str(event.chat),
        "messageId": str(event.id),
        "amount": dollars(message.price) if message else 0,
        "fan": short_fan(chat.fan),
    }
    return Notice("messages.ppv.unlocked", event.account, payload)


def _payment_notices(world: World, event: events.Paid) -> Iterator[Notice]:
    account = world.accounts[event.account]
    fan = account.chats[event.fan].fan
    row = next(row for row in reversed(account.transactions) if row.id == event.id)
    if event.kind == "tip":
        payload: dict[str, Any] = {"chatId": str(event.fan), "amount": dollars(event.amount)}
        payload["transactionId"] = str(event.id)
        message = account.chats[event.fan].find(event.message) if event.message else None
        if message is not None:
            payload["messageId"] = str(message.id)
            payload["message"] = message.text
        yield Notice("tips.received", event.account, payload)
    if event.kind == "subscription":
        count = sum(row.fan == event.fan and row.kind == "subscription" for row in account.transactions)
        name = "subscriptions.new" if count == 1 else "subscriptions.renewed"
        payload = {"fan": fan_row(fan, world.clock.now_ms()), "transactionId": str(event.id)}
        yield Notice(name, event.account, payload)
    yield Notice("transactions.new", event.account, transaction_row(row))
