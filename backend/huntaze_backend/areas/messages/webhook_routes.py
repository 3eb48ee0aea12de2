"""The door for platforms: `POST /api/webhooks/platform/{connection_id}`. Public, because the signature is the key."""

import json
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any

import structlog
from fastapi import APIRouter, Header, status
from sqlalchemy.orm import Session
from starlette.requests import Request

from huntaze_backend.areas.accounts import service as accounts
from huntaze_backend.areas.messages import inbound
from huntaze_backend.areas.messages.readers import Readers
from huntaze_backend.core.db import Database
from huntaze_backend.core.errors import AppError, BadRequestError, NotFoundError, UnauthenticatedError
from huntaze_backend.core.secrets import SecretBox
from huntaze_backend.engines.gateways.reading import GatewayError
from huntaze_backend.engines.sync.hub import Hub
from huntaze_contract.wire import ProblemCode, TypingFrame
from huntaze_contract.wire.base import Uuid

router = APIRouter(prefix="/api/webhooks", tags=["webhooks"])
log = structlog.get_logger(__name__)

LARGEST = 1_000_000
"""Bytes of one event; a real one has a few thousand."""


class _TooLargeError(AppError):
    status = 413
    code = ProblemCode.TOO_LARGE
    title = "The event is too large"
    action = f"Send at most {LARGEST} bytes."


@dataclass(frozen=True, slots=True)
class WebhookReceiver:
    """What taking in an event needs; on `app.state.webhooks`."""

    db: Database
    readers: Readers
    box: SecretBox
    hub: Hub

    async def receive(self, connection_id: str, body: bytes, signature: str, key: str | None) -> None:
        """Check the signature, then take the event in.

        Raises: UnauthenticatedError, also for a connection that does not exist; BadRequestError.
        """
        secret = await self.db.read(partial(self._secret, connection_id))
        reader = await self.readers.of(connection_id)
        if secret is None or reader is None or not inbound.signed(body, signature, secret):
            raise UnauthenticatedError("The signature is not right.", action="Sign the raw body with the secret.")
        told = _parsed(body)
        try:
            event = reader.event(told)
        except GatewayError as error:
            log.warning("a webhook is not understood", connection_id=connection_id, trouble=str(error))
            raise BadRequestError("The event is not understood.") from error
        if event is None:
            return
        name, unique = str(told.get("event", "")), inbound.event_key(key, body)
        typing = await self.db.write(lambda session: inbound.receive(session, connection_id, unique, name, event))
        if typing is not None:
            frame = TypingFrame(cs=0, conversation_id=typing.conversation_id)
            self.hub.publish_ephemeral(typing.agency_id, typing.creator_id, frame.model_dump(mode="json"))

    def _secret(self, connection_id: str, session: Session) -> str | None:
        try:
            return accounts.webhook_secret(accounts.connection(session, connection_id), self.box)
        except NotFoundError:
            return None


@router.post("/platform/{connection_id}", status_code=status.HTTP_204_NO_CONTENT)
async def receive(
    request: Request,
    connection_id: Uuid,
    signature: Annotated[str, Header(max_length=200, description="hex HMAC-SHA256 of the raw body")] = "",
    x_ofapi_idempotency_key: Annotated[str | None, Header(max_length=1000)] = None,
) -> None:
    """Take in an event of the platform; one that was taken in before changes nothing."""
    receiver: WebhookReceiver = request.app.state.webhooks
    body = await _body(request)
    await receiver.receive(connection_id, body, signature, x_ofapi_idempotency_key)


async def _body(request: Request) -> bytes:
    parts: list[bytes] = []
    size = 0
    async for part in request.stream():
        size += len(part)
        if size > LARGEST:
            raise _TooLargeError
        parts.append(part)
    return b"".join(parts)


def _parsed(body: bytes) -> dict[str, Any]:
    try:
        told = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise BadRequestError("The body is not JSON.", code=ProblemCode.MALFORMED_JSON) from error
    if not isinstance(told, dict):
        raise BadRequestError("The body is not a JSON object.", code=ProblemCode.MALFORMED_JSON)
    return told
