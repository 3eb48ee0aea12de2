"""HTTP to the backend: one request, its bearer token, and what its answer means.

An answer is either what was asked for, or an `ApiError` with the backend's own code, or `UnreachableError`. A page of
HTML (a hotel's sign-in page, a proxy's apology) is no answer of our backend and counts as unreachable.
"""

import asyncio
import json
import logging
import ssl
from collections.abc import AsyncIterator, Callable, Mapping
from datetime import datetime
from typing import Any, TypeVar, overload
from urllib.parse import urlsplit

import httpx2
from pydantic import BaseModel

from huntaze_contract import wire
from huntaze_desktop.engine.clock import ServerClock
from huntaze_desktop.engine.errors import ApiError, EngineError, SignedOutError, UnreachableError
from huntaze_desktop.engine.parsing import read_answer, read_part
from huntaze_desktop.engine.timing import UPLOADS, Timing
from huntaze_desktop.engine.tokens import TokenStore

log = logging.getLogger(__name__)

Answer = TypeVar("Answer", bound=BaseModel)
Kept = TypeVar("Kept")
Body = wire.WireModel | Mapping[str, Any]
"""A request's body; a mapping where it carries a secret, which a model would write as asterisks, or stored JSON."""

LAST_REFRESH_S = 3.0

UNREACHABLE = "The server cannot be reached. What you wrote is kept here."
ENDED = "Your sign-in has ended. Sign in again; nothing on this computer is lost."


def is_loopback(url: str) -> bool:
    return urlsplit(url).hostname in ("127.0.0.1", "::1", "localhost")


class ApiClient:
    """Requests to one backend as one signed-in member. Belongs to the engine's loop."""

    def __init__(
        self,
        tokens: TokenStore,
        clock: ServerClock,
        timing: Timing,
        transport: httpx2.AsyncBaseTransport | None = None,
    ) -> None:
        self._tokens, self._clock, self._timing = tokens, clock, timing
        self._transport = transport
        self._http: httpx2.AsyncClient | None = None
        self.base_url: str | None = None
        self.watch: Callable[[EngineError | None], None] = lambda _outcome: None
        """Told how each request ended: None for any answer of the backend, else the error."""
        self._access: str | None = None
        self._refresh_token: str | None = None
        self._refresh_task: asyncio.Task[None] | None = None
        self._refreshing = asyncio.Lock()

    async def use_server(self, base_url: str | None) -> None:
        """Talk to another address from now on; None means there is none at present."""
        if base_url == self.base_url:
            return
        # The new one stands before the old one is gone: whoever asks meanwhile asks the right server.
        old, self._http, self.base_url = self._http, self._client(base_url) if base_url else None, base_url
        if old is not None:
            await old.aclose()

    async def aclose(self) -> None:
        """Close the connections, after a refresh that is under way; its token would be lost otherwise."""
        if self._refresh_task is not None:
            done, _ = await asyncio.wait({self._refresh_task}, timeout=LAST_REFRESH_S)
            await asyncio.gather(*done, return_exceptions=True)  # how it ended interests nobody any more
        await self.use_server(None)

    # --- requests -------------------------------------------------------------------------------------------------

    @overload
    async def request(
        self,
        method: str,
        path: str,
        answer: type[Answer],
        *,
        body: Body | None = None,
        params: Mapping[str, str | int] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer: ...
    @overload
    async def request(
        self,
        method: str,
        path: str,
        answer: None = None,
        *,
        body: Body | None = None,
        params: Mapping[str, str | int] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None: ...
    async def request(
        self,
        method: str,
        path: str,
        answer: type[Any] | None = None,
        *,
        body: Body | None = None,
        params: Mapping[str, str | int] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Any:
        """One request as the signed-in member; refreshes the access token once where that is what is missing.

        Raises ApiError, UnreachableError or SignedOutError.
        """
        try:
            token = await self.access_token()
            try:
                return await self.open(method, path, answer, body=body, params=params, headers=headers, token=token)
            except ApiError as error:
                if error.status != 401:
                    raise
            token = await self.access_token(instead_of=token)
            try:
                return await self.open(method, path, answer, body=body, params=params, headers=headers, token=token)
            except ApiError as error:
                if error.status == 401:
                    raise SignedOutError(ENDED) from error
                raise
        except SignedOutError as error:
            self.watch(error)
            raise

    async def open(
        self,
        method: str,
        path: str,
        answer: type[Any] | None = None,
        *,
        body: Body | None = None,
        params: Mapping[str, str | int] | None = None,
        headers: Mapping[str, str] | None = None,
        token: str | None = None,
    ) -> Any:
        """One request without the refresh around it; for what needs no sign-in."""
        try:
            found = await self._open(method, path, answer, body, params, headers, token)
        except ApiError:
            self.watch(None)
            raise
        except UnreachableError as error:
            self.watch(error)
            raise
        self.watch(None)
        return found

    async def events(self, method: str, path: str, body: Body) -> AsyncIterator[str]:
        """The data of each server-sent event of an answer, as it comes; closing the iterator ends the request.

        Raises as `request` does; a line that breaks, or stays silent for too long, is an UnreachableError.
        """
        token = await self.access_token()
        for again in (True, False):
            try:
                async for data in self._events(method, path, _body(body), token):
                    yield data
                self.watch(None)
                return
            except ApiError as error:
                self.watch(None)
                if error.status != 401:
                    raise
                if not again:
                    raise SignedOutError(ENDED) from error
                token = await self.access_token(instead_of=token)

    # --- tokens ---------------------------------------------------------------------------------------------------

    async def access_token(self, instead_of: str | None = None) -> str:
        """The access token; a new one if there is none or if it is `instead_of`. Raises SignedOutError.

        All who need a new one at the same time share one refresh: a refresh token works once.
        """
        async with self._refreshing:
            if self._access is None or self._access == instead_of:
                # A refresh is not given up half-way: the old token is spent, the new one has to be kept.
                self._refresh_task = asyncio.create_task(self._refresh(), name="refresh")
                await asyncio.shield(self._refresh_task)
            if self._access is None:
                raise SignedOutError(ENDED)
            return self._access

    async def take_tokens(self, tokens: wire.Tokens) -> None:
        """Be signed in with these, for as long as this process runs if they cannot be stored."""
        self._access, self._refresh_token = tokens.access_token, tokens.refresh_token
        await self._kept(self._tokens.save, tokens.refresh_token)

    async def forget_tokens(self) -> None:
        self._access = self._refresh_token = None
        await self._kept(self._tokens.clear)

    async def has_tokens(self) -> bool:
        """Whether there is a sign-in to go on with; False where the store of tokens cannot be read."""
        if self._refresh_token is None:
            self._refresh_token = await self._kept(self._tokens.load)
        return self._refresh_token is not None

    async def _kept(self, call: Callable[..., Kept], *arguments: str) -> Kept | None:
        """Use the store of tokens. A locked keyring is no reason to stop working: the next start asks again."""
        try:
            return await asyncio.to_thread(call, *arguments)
        except Exception:
            log.exception("the sign-in could not be stored or read")
            return None

    async def _refresh(self) -> None:
        kept = self._refresh_token if await self.has_tokens() else None
        if kept is None:
            self._access = None
            return
        try:
            tokens = await self.open("POST", "/api/v2/auth/refresh", wire.Tokens, body={"refresh_token": kept})
        except ApiError as error:
            if error.status not in (400, 401, 403, 422):
                raise
            await self.forget_tokens()
            raise SignedOutError(ENDED) from error
        await self.take_tokens(tokens)

    # --- inside ---------------------------------------------------------------------------------------------------

    async def _open(
        self,
        method: str,
        path: str,
        answer: type[Any] | None,
        body: Body | None,
        params: Mapping[str, str | int] | None,
        headers: Mapping[str, str] | None,
        token: str | None,
    ) -> Any:
        if self._http is None:
            raise UnreachableError(UNREACHABLE, left=False)
        sent = dict(headers or {})
        content: bytes | None = None
        if body is not None:
            content = _body(body)
            sent["Content-Type"] = "application/json"
        if token is not None:
            sent["Authorization"] = f"Bearer {token}"
        asked = self._clock.wall()
        try:
            response = await self._http.request(method, path, content=content, params=params, headers=sent)
        except (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout, httpx2.InvalidURL) as error:
            raise UnreachableError(UNREACHABLE, left=False) from error
        except (httpx2.HTTPError, OSError, RuntimeError) as error:
            # RuntimeError: the client was closed under the request because the server's address changed.
            raise UnreachableError(UNREACHABLE) from error
        return self._read(response, answer, asked)

    async def _events(self, method: str, path: str, content: bytes, token: str) -> AsyncIterator[str]:
        if self._http is None:
            raise UnreachableError(UNREACHABLE, left=False)
        headers = {
            "Accept": "text/event-stream",
            "Content-Type": "application/json",
            "Authorization": f"Bearer {token}",
        }
        silence = httpx2.Timeout(self._timing.request, connect=self._timing.connect, read=self._timing.stream_silence)
        try:
            async with self._http.stream(method, path, content=content, headers=headers, timeout=silence) as response:
                kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
                if response.status_code >= 400:
                    await response.aread()
                    raise _problem(response, kind)
                if kind != "text/event-stream":
                    raise UnreachableError(UNREACHABLE)
                data: list[str] = []
                async for line in response.aiter_lines():
                    if line.startswith("data:"):
                        data.append(line[5:].removeprefix(" "))
                    elif not line and data:
                        yield "\n".join(data)
                        data = []
        except (httpx2.HTTPError, OSError, RuntimeError) as error:
            raise UnreachableError(UNREACHABLE) from error

    def _client(self, base_url: str) -> httpx2.AsyncClient:
        timeout = httpx2.Timeout(self._timing.request, connect=self._timing.connect)
        limits = httpx2.Limits(max_connections=UPLOADS + 8)
        local = is_loopback(base_url)
        try:
            return httpx2.AsyncClient(
                base_url=base_url,
                timeout=timeout,
                limits=limits,
                transport=self._transport,
                # A proxy from the environment knows nothing of this computer's own ports.
                trust_env=not local,
                follow_redirects=False,
                # Reading the certificates costs 20 ms and more; a plain address needs none.
                verify=urlsplit(base_url).scheme == "https",
            )
        except (OSError, ssl.SSLError):
            # SSL_CERT_FILE may name a file that is gone; the bundled certificates are still good.
            return httpx2.AsyncClient(
                base_url=base_url, timeout=timeout, limits=limits, trust_env=False, follow_redirects=False
            )

    def _read(self, response: httpx2.Response, answer: type[Any] | None, asked: datetime) -> Any:
        kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
        if response.status_code >= 400:
            raise _problem(response, kind)
        if answer is None and response.is_success:
            return None
        if not response.is_success or kind != "application/json" or answer is None:
            raise UnreachableError(UNREACHABLE)
        try:
            found = read_answer(answer, response.content)
        except ValueError as error:
            raise UnreachableError(UNREACHABLE) from error
        server_time = getattr(found, "server_time", None)
        if isinstance(server_time, datetime):
            self._clock.learn(server_time, asked, self._clock.wall())
        return found


def _body(body: Body) -> bytes:
    if isinstance(body, wire.WireModel):
        return body.model_dump_json().encode()
    return json.dumps(body).encode()


def _problem(response: httpx2.Response, kind: str) -> ApiError | UnreachableError:
    """The backend's problem; read by hand, because a newer backend may have codes that this desktop does not know."""
    if kind != "application/problem+json":
        return UnreachableError(UNREACHABLE)
    try:
        found = json.loads(response.content)
    except ValueError:
        return UnreachableError(UNREACHABLE)
    if not isinstance(found, dict) or not isinstance(found.get("code"), str):
        return UnreachableError(UNREACHABLE)
    text = str(found.get("detail") or found.get("title") or found["code"])
    action = str(found.get("action") or "")
    if action and action not in text:
        text = f"{text} {action}"
    trace_id = found.get("trace_id")
    return ApiError(
        response.status_code,
        found["code"],
        text,
        str(trace_id) if trace_id else None,
        _retry_after(found, response),
        collision=read_part(wire.Collision, found.get("collision")),
        lease=read_part(wire.Lease, found.get("lease")),
        findings=_findings(found.get("findings")),
    )


def _findings(found: object) -> list[wire.ComplianceFinding]:
    parts = found if isinstance(found, list) else []
    return [known for part in parts if (known := read_part(wire.ComplianceFinding, part)) is not None]


def _retry_after(found: dict[str, Any], response: httpx2.Response) -> float | None:
    for told in (found.get("retry_after_s"), response.headers.get("retry-after")):
        try:
            return max(0.0, float(told or ""))
        except ValueError:
            continue
    return None
