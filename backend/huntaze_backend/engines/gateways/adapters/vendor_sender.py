"""The sending port over the vendor's HTTP API: pull, act before the deadline or not at all, report what is certain.

The table of certainties is `_classify` and the `except` clauses of `_call`. In doubt an outcome is `Ambiguous`: a
wrong "not executed" would double a message, a wrong "ambiguous" costs a minute.
"""

import asyncio
import time
from collections.abc import Callable
from typing import Any

import httpx2
import structlog

from huntaze_backend.engines.gateways.adapters import vendor_json
from huntaze_backend.engines.gateways.adapters.vendor_client import (
    CALL_TIMEOUT_S,
    body_of,
    chat_path,
    error_code,
    retry_after,
    session_expired,
)
from huntaze_backend.engines.gateways.errors import GatewayError
from huntaze_backend.engines.gateways.sending import (
    EXPIRED_NOT_EXECUTED,
    SESSION_EXPIRED,
    Ambiguous,
    NotExecuted,
    Outcome,
    Refused,
    SendWork,
    Sent,
    Throttled,
    WorkSource,
)

log = structlog.get_logger(__name__)

_REFUSALS = {400: "refused", 403: "forbidden", 404: "not_found", 413: "too_large", 422: "validation"}
_LONGEST_REASON = 180


class VendorSender:
    """Implements `Gateway`."""

    def __init__(
        self,
        client: httpx2.AsyncClient,
        *,
        call_timeout_s: float = CALL_TIMEOUT_S,
        wait_s: float = 5.0,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Send over `client`.

        Args:
            client: makes one request at a time per connection and never retries.
            call_timeout_s: the longest a call may take; part of the quarantine, so equal to `Timing.call_timeout`.
            wait_s: how long one pull waits for work. It is taken off the work's time to live: keep it well below.
            monotonic: the gateway's own clock.
        """
        self._client = client
        self._call_timeout_s = call_timeout_s
        self._wait_s = wait_s
        self._monotonic = monotonic

    async def run(self, source: WorkSource, stop: asyncio.Event, *, parallel: int) -> None:
        async with asyncio.TaskGroup() as group:
            for _ in range(parallel):
                group.create_task(self._pull(source, stop))

    async def close(self) -> None:
        await self._client.aclose()

    async def _pull(self, source: WorkSource, stop: asyncio.Event) -> None:
        while not stop.is_set():
            asked_at = self._monotonic()
            work = await source.next_work(self._wait_s)
            if work is not None:
                await source.report(work.attempt_id, await self.send(work, asked_at))

    async def send(self, work: SendWork, asked_at: float) -> Outcome:
        """Carry out one attempt. `asked_at` is this gateway's monotonic time when it asked for the work."""
        if self._monotonic() - asked_at >= work.ttl_s:
            return NotExecuted(EXPIRED_NOT_EXECUTED)
        left = False

        async def trace(event: str, _info: dict[str, Any]) -> None:
            nonlocal left
            left = left or event.endswith("send_request_headers.started")

        try:
            async with asyncio.timeout(self._call_timeout_s):
                response = await self._call(work, trace)
        except (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout):
            return NotExecuted("unreachable")
        except TimeoutError:
            return Ambiguous("timeout") if left else NotExecuted("unreachable")
        except httpx2.TimeoutException:
            return Ambiguous("timeout")
        except (httpx2.HTTPError, httpx2.StreamError) as error:
            return Ambiguous(f"connection_lost:{type(error).__name__}")
        return _classify(response, work)

    async def _call(self, work: SendWork, trace: Callable[[str, dict[str, Any]], Any]) -> httpx2.Response:
        body: dict[str, Any] = {"text": work.text}
        if work.price is not None:
            body["price"] = work.price / 100  # two decimals survive a float exactly as written
        if work.media:
            body["mediaFiles"] = list(work.media)
        return await self._client.post(
            chat_path(work.account, work.chat, "messages"),
            json=body,
            headers={"Idempotency-Key": work.client_key},
            extensions={"trace": trace},
        )


def _classify(response: httpx2.Response, work: SendWork) -> Outcome:
    status = response.status_code
    if response.is_success:
        return _read_answer(response, work)
    code, body = error_code(response)
    if body.get("request_outcome") == "not_sent" and status >= 500:
        return NotExecuted("platform_error")
    if session_expired(response):
        return NotExecuted(SESSION_EXPIRED)
    if status == 401:
        return NotExecuted("unauthorized")
    if status == 429:
        return Throttled(retry_after(response))
    if code.startswith("IDEMPOTENCY_"):
        # An earlier call under this key runs or ran: the conversation itself must tell what it did.
        return Ambiguous(code.lower())
    if status in _REFUSALS and code:
        return Refused(_REFUSALS[status])
    # 408, 5xx, a proxy's page, a redirect: bytes left, and nobody says what became of them.
    log.warning("send.ambiguous", status=status, attempt_id=work.attempt_id)
    return Ambiguous(f"http_{status}")


def _read_answer(response: httpx2.Response, work: SendWork) -> Outcome:
    try:
        data = body_of(response)["data"]
        if data.get("success") is False or data.get("hasError") is True:
            return Refused(_reason(data))
        made = vendor_json.reading(vendor_json.message, data, work.chat)
    except (GatewayError, KeyError, TypeError, AttributeError):
        return Ambiguous("malformed_answer")
    return Sent(made.id, made.created_at)


def _reason(data: Any) -> str:
    error = data.get("error")
    text = error.get("message") if isinstance(error, dict) else None
    return f"refused: {text}"[:_LONGEST_REASON] if text else "refused"
