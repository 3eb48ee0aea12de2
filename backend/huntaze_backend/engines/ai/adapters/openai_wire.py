"""Providers that speak OpenAI's wire format: OpenAI, Azure OpenAI, Gemini's compatible endpoint, Azure AI Foundry.

The SDK knows addresses, authentication and errors; its retries are off, because the attempt loop has the only one.
Bodies go through `client.post(…, cast_to=object)`: the typed `create` costs 145 µs for each message of history
(measured: 15.8 ms of CPU against 0.9 ms at a hundred messages). The SDK takes 440 ms to import, so the first call does
it, in a thread.
"""

import asyncio
import importlib
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, field
from json import JSONDecodeError
from typing import TYPE_CHECKING, Any

import httpx2

from huntaze_backend.engines.ai.adapters.thoughts import ThoughtFilter, without_thoughts
from huntaze_backend.engines.ai.adapters.usage import usage_of
from huntaze_backend.engines.ai.failures import ProviderError, of_error, of_status, wait_told
from huntaze_backend.engines.ai.port import Failure, Finish
from huntaze_backend.engines.ai.provider import Call, Chunk, Reply

if TYPE_CHECKING:
    from openai import AsyncOpenAI

__all__ = ["ANY", "Endpoint", "OpenAiWire", "WireTraits"]

ANY = "*"
"""As an endpoint's model: it serves whatever is asked for."""
_CONNECT_S = 4.0
_PATH = "/chat/completions"
_FINISHES: Mapping[str, Finish] = {"length": "length", "content_filter": "content_filter", "safety": "content_filter"}
"""Everything else is an ordinary end."""
_NEVER_SENT = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout, httpx2.UnsupportedProtocol)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where one model, or any, is reached."""

    base_url: str
    wire_model: str = ""
    """What the body calls the model, e.g. Azure's deployment; empty: as the routing table does."""
    api_version: str = ""
    """Azure's query parameter."""
    deployments: bool = False
    """Azure OpenAI's addresses, which contain the deployment."""


@dataclass(frozen=True, slots=True)
class WireTraits:
    """In what the providers' dialects differ."""

    limit: str = "max_tokens"
    """The field for the most tokens of an answer; OpenAI calls the other name obsolete and its thinkers refuse it."""
    cache_key: bool = False
    """Takes `prompt_cache_key`. Others refuse fields that they do not know."""
    key_header: bool = False
    """Wants the key in `api-key`."""


@dataclass
class OpenAiWire:
    """One provider: a port of `provider.Provider`."""

    name: str
    endpoints: Mapping[str, Endpoint]
    """By the routing table's model, `ANY` for all; with a region as `model@region`."""
    api_key: str = field(repr=False)
    traits: WireTraits = WireTraits()
    organization: str | None = None
    _clients: "dict[Endpoint, AsyncOpenAI]" = field(default_factory=dict, init=False, repr=False)
    _http: httpx2.AsyncClient | None = field(default=None, init=False, repr=False)
    _openai: Any = field(default=None, init=False, repr=False)

    def serves(self, model: str, region: str) -> bool:
        """See the port."""
        return self._endpoint(model, region) is not None

    async def complete(self, call: Call) -> Reply:
        """See the port."""
        client, endpoint = await self._client(call)
        timeout = httpx2.Timeout(call.timeout_s, connect=min(_CONNECT_S, call.timeout_s))
        body = self._body(call, endpoint)
        try:
            answered = await client.post(_PATH, body=body, cast_to=object, options={"timeout": timeout})
            return _reply(answered, thinks=call.reasons)
        except Exception as error:  # noqa: BLE001  (sorted there)
            failure = self._sorted(error)
        # Outside of the handler, so that it does not hang on to the SDK's error: that holds the request, and the key.
        raise failure

    async def stream(self, call: Call) -> AsyncGenerator[Chunk, None]:
        """See the port."""
        client, endpoint = await self._client(call)
        # Longer than the orchestrator's own patience, which is exact: this one ends a connection that it forgot.
        timeout = httpx2.Timeout(call.timeout_s + call.stall_s, connect=min(_CONNECT_S, call.timeout_s))
        body = self._body(call, endpoint) | {"stream": True, "stream_options": {"include_usage": True}}
        source: Any = None
        thoughts = ThoughtFilter() if call.reasons else None
        failure: Exception | None = None
        try:
            source = await client.post(
                _PATH,
                body=body,
                cast_to=object,
                options={"timeout": timeout},
                stream=True,
                stream_cls=self._openai.AsyncStream[object],
            )
            async for event in source:
                chunk = _chunk(event)
                if thoughts is not None and chunk.text:
                    shown = thoughts.feed(chunk.text)
                    chunk = Chunk(shown, chunk.finish, chunk.usage, chunk.silent + (not shown))
                yield chunk
        except Exception as error:  # noqa: BLE001  (sorted there)
            failure = self._sorted(error)
        finally:
            if source is not None:
                await source.close()
        if failure is not None:
            raise failure

    async def close(self) -> None:
        """See the port."""
        http, self._http = self._http, None
        self._clients.clear()
        if http is not None:
            await http.aclose()

    async def warm(self) -> None:
        """Import the SDK before somebody waits for it."""
        if self._openai is None:
            self._openai = await asyncio.to_thread(importlib.import_module, "openai")

    def _endpoint(self, model: str, region: str) -> Endpoint | None:
        if region:
            return self.endpoints.get(f"{model}@{region}")
        return self.endpoints.get(model) or self.endpoints.get(ANY)

    async def _client(self, call: Call) -> "tuple[AsyncOpenAI, Endpoint]":
        endpoint = self._endpoint(call.model, call.region)
        if endpoint is None:
            raise ProviderError(Failure.NO_DEPLOYMENT)
        client = self._clients.get(endpoint)
        if client is None:
            await self.warm()
            client = self._clients[endpoint] = self._made(endpoint)
        return client, endpoint

    def _made(self, endpoint: Endpoint) -> "AsyncOpenAI":
        if self._http is None:
            # A redirect is not followed: it would take the key to another house.
            limits = httpx2.Limits(max_connections=256, max_keepalive_connections=64, keepalive_expiry=30)
            self._http = httpx2.AsyncClient(limits=limits, follow_redirects=False)
        headers = {"api-key": self.api_key} if self.traits.key_header else None
        if endpoint.deployments:
            azure: AsyncOpenAI = self._openai.AsyncAzureOpenAI(
                azure_endpoint=endpoint.base_url,
                api_key=self.api_key,
                api_version=endpoint.api_version,
                max_retries=0,
                http_client=self._http,
            )
            return azure
        client: AsyncOpenAI = self._openai.AsyncOpenAI(
            base_url=endpoint.base_url,
            api_key=self.api_key,
            organization=self.organization,
            max_retries=0,
            default_headers=headers,
            default_query={"api-version": endpoint.api_version} if endpoint.api_version else None,
            http_client=self._http,
        )
        return client

    def _body(self, call: Call, endpoint: Endpoint) -> dict[str, Any]:
        request = call.request
        messages: list[dict[str, Any]] = [{"role": part.role, "content": part.text} for part in request.prompt.parts]
        if request.images:
            _show(messages, request.images)
        limit = "max_completion_tokens" if call.reasons and endpoint.deployments else self.traits.limit
        body: dict[str, Any] = {
            "model": endpoint.wire_model or call.model,
            "messages": messages,
            limit: request.max_output_tokens,
        }
        if not call.reasons:
            body["temperature"] = request.temperature
        if self.traits.cache_key:
            body["prompt_cache_key"] = call.cache_key
        return body

    def _sorted(self, error: Exception) -> Exception:
        """What it stands for as a `ProviderError`; or the error itself, if it is none of a provider's."""
        sdk = self._openai
        if isinstance(error, sdk.APITimeoutError):
            never_sent = isinstance(error.__cause__, _NEVER_SENT)
            return ProviderError(Failure.CONNECT if never_sent else Failure.TIMEOUT)
        if isinstance(error, sdk.APIConnectionError):
            return ProviderError(_of_connection(error.__cause__))
        if isinstance(error, sdk.APIStatusError):
            failure = of_status(error.status_code, error.body)
            return ProviderError(failure, retry_after_s=wait_told(error.response.headers))
        if isinstance(error, sdk.APIError):
            return ProviderError(of_error(error.body))
        if isinstance(error, (JSONDecodeError, UnicodeDecodeError)):
            return ProviderError(Failure.MALFORMED)
        if isinstance(error, httpx2.HTTPError):
            return ProviderError(_of_connection(error))
        return error


def _of_connection(cause: BaseException | None) -> Failure:
    if isinstance(cause, _NEVER_SENT):
        return Failure.CONNECT
    if isinstance(cause, httpx2.TimeoutException):
        return Failure.TIMEOUT
    if isinstance(cause, httpx2.RemoteProtocolError) and "without sending a response" in str(cause):
        return Failure.DISCONNECTED
    return Failure.CUT


def _show(messages: list[dict[str, Any]], images: tuple[str, ...]) -> None:
    """Give the pictures to the last message of the user's."""
    shown = [{"type": "image_url", "image_url": {"url": url}} for url in images]
    for message in reversed(messages):
        if message["role"] == "user":
            message["content"] = [{"type": "text", "text": message["content"]}, *shown]
            return
    messages.append({"role": "user", "content": shown})


def _reply(answered: object, *, thinks: bool) -> Reply:
    """Raises: ProviderError."""
    if not isinstance(answered, Mapping):
        raise ProviderError(Failure.MALFORMED)
    if answered.get("error"):
        raise ProviderError(of_error(answered["error"]))
    try:
        choice = answered["choices"][0]
        message = choice["message"]
        text, finish = message.get("content") or "", choice.get("finish_reason")
        refused = not text and bool(message.get("refusal"))
    except (KeyError, IndexError, TypeError, AttributeError):
        raise ProviderError(Failure.MALFORMED) from None
    if not isinstance(text, str):
        raise ProviderError(Failure.MALFORMED)
    usage = usage_of(answered.get("usage"))
    return Reply(without_thoughts(text) if thinks else text, "content_filter" if refused else _finish(finish), usage)


def _chunk(event: object) -> Chunk:
    """Raises: ProviderError."""
    try:
        choices, told = event["choices"], event.get("usage")  # type: ignore[index, attr-defined]
        usage = usage_of(told) if told else None
        if not choices:
            return Chunk(usage=usage)
        choice = choices[0]
        delta, finish = choice.get("delta") or {}, choice.get("finish_reason")
        text = delta.get("content") or ""
        silent = 1 if not text and delta.get("reasoning_content") else 0
    except (KeyError, IndexError, TypeError, AttributeError):
        raise ProviderError(Failure.MALFORMED) from None
    if not isinstance(text, str):
        raise ProviderError(Failure.MALFORMED)
    return Chunk(text, None if finish is None else _finish(finish), usage, silent)


def _finish(told: object) -> Finish:
    return _FINISHES.get(told.lower(), "stop") if isinstance(told, str) else "stop"
