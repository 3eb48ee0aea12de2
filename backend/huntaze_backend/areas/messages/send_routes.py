"""HTTP of sending: the door for messages, what a person decides about one, and an account's send budget."""

from typing import Annotated

from fastapi import APIRouter, Depends, Header, Request, Response, status

from huntaze_backend.areas.messages.inquiry import Inquiries
from huntaze_backend.areas.messages.sending import Sending
from huntaze_backend.core.auth import Signed
from huntaze_backend.core.errors import BadRequestError, ValidationProblem
from huntaze_contract.ids import is_id
from huntaze_contract.wire import (
    Evidence,
    MessageEdit,
    NewMessage,
    Problem,
    ProblemCode,
    Resolution,
    SendAnswer,
    SendBudget,
)
from huntaze_contract.wire.base import Uuid

__all__ = ["router"]

router = APIRouter(prefix="/api/v2", tags=["sending"])


async def _sending(request: Request) -> Sending:
    found: Sending = request.app.state.sending
    return found


async def _inquiries(request: Request) -> Inquiries:
    found: Inquiries = request.app.state.inquiries
    return found


async def _key(
    idempotency_key: Annotated[
        str | None, Header(alias="Idempotency-Key", description="The message's id, a UUID made by who wrote it.")
    ] = None,
) -> str:
    if idempotency_key is None:
        raise BadRequestError(
            "The Idempotency-Key header is missing.",
            code=ProblemCode.KEY_MISSING,
            action="Send the message's id as Idempotency-Key.",
        )
    if not is_id(idempotency_key):
        raise ValidationProblem("The key is a UUID in lower case.", field="Idempotency-Key")
    return idempotency_key


Door = Annotated[Sending, Depends(_sending)]
Inquiring = Annotated[Inquiries, Depends(_inquiries)]
Key = Annotated[str, Depends(_key)]


@router.post(
    "/messages",
    status_code=status.HTTP_201_CREATED,
    responses={
        200: {
            "model": SendAnswer,
            "description": "A repeat: the message as it stands now; `Idempotent-Replayed: true`.",
        },
        400: {"model": Problem},
        409: {
            "model": Problem,
            "description": "IN_PROGRESS or OUT_OF_ORDER: repeat under the same key. COLLISION or LEASE_LOST, with "
            "`collision`: a person reads what was missed; the same message is then sent with `override`, or not.",
        },
    },
)
async def send_message(who: Signed, door: Door, key: Key, body: NewMessage, response: Response) -> SendAnswer:
    """Send a message. Repeat it under its key as often as needed: it is taken in once, for ever."""
    answer, replayed = await door.accept(who, key, body)
    if replayed:
        response.status_code = status.HTTP_200_OK
        response.headers["Idempotent-Replayed"] = "true"
    return answer


@router.get("/messages/{message_id}")
async def get_message(who: Signed, door: Door, message_id: Uuid) -> SendAnswer:
    """How a message that was written here stands."""
    return await door.answer(who, message_id)


@router.put("/messages/{message_id}", responses={409: {"model": Problem, "description": "ILLEGAL_STATE or CONFLICT"}})
async def edit_message(who: Signed, door: Door, message_id: Uuid, change: MessageEdit) -> SendAnswer:
    """Change the text of a message that waits and was never tried. It keeps its id and its place in the order."""
    return await door.edit(who, message_id, change)


@router.get("/messages/{message_id}/evidence", responses={409: {"model": Problem, "description": "ILLEGAL_STATE"}})
async def get_evidence(who: Signed, inquiries: Inquiring, message_id: Uuid) -> Evidence:
    """What is known of a message in `needs_human`; the platform is listed for it at this moment."""
    return await inquiries.evidence(who, message_id)


@router.post("/messages/{message_id}/cancel", responses={409: {"model": Problem}})
async def cancel_message(who: Signed, door: Door, message_id: Uuid) -> SendAnswer:
    """Take a message back. While it is being sent this means: no further attempts."""
    return await door.cancel(who, message_id)


@router.post("/messages/{message_id}/retry", responses={409: {"model": Problem}})
async def retry_message(who: Signed, door: Door, message_id: Uuid) -> SendAnswer:
    """Send a failed message again, after those that wait in its conversation."""
    return await door.retry(who, message_id)


@router.post("/messages/{message_id}/resolve", responses={409: {"model": Problem}})
async def resolve_message(who: Signed, door: Door, message_id: Uuid, resolution: Resolution) -> SendAnswer:
    """Say what a person found on the platform for a message that needs one."""
    return await door.resolve(who, message_id, resolution)


@router.post(
    "/messages/{message_id}/unsend", responses={409: {"model": Problem, "description": "ILLEGAL_STATE or TOO_LATE"}}
)
async def unsend_message(who: Signed, door: Door, message_id: Uuid) -> SendAnswer:
    """Ask the platform to take a delivered message back, within 24 hours. `unsend` then says how that stands."""
    return await door.unsend(who, message_id)


@router.get("/creators/{creator_id}/send-budget")
async def get_send_budget(who: Signed, door: Door, creator_id: Uuid) -> SendBudget:
    """What the creator may still send in the present window."""
    return await door.budget(who, creator_id)
