"""What a person decides about a message that was accepted: take it back, send it again, say what became of it, change
its text. Sync functions over one unit of work; the row is locked, so a decision and an attempt cannot miss each other.
"""

from sqlalchemy.orm import Session

from huntaze_backend.areas.messages import holding, recording, rules
from huntaze_backend.areas.messages.approval_policy import may_approve
from huntaze_backend.areas.messages.compliance import note_warnings, require_allowed
from huntaze_backend.areas.messages.pipeline import AlreadyBoundError, advance, note
from huntaze_backend.areas.messages.provenance import NO_MACHINE, MachineTexts, trace
from huntaze_backend.areas.messages.tables import ConversationRow, MessageRow
from huntaze_backend.core.audit import audit
from huntaze_backend.core.auth import Principal
from huntaze_backend.core.changes import versions
from huntaze_backend.core.clock import now
from huntaze_backend.core.errors import ConflictError, ForbiddenError, NotFoundError
from huntaze_backend.engines.compliance.checking import Compliance
from huntaze_contract.outgoing import Cancel, IllegalTransitionError, Retry, State, Timing, Verdict
from huntaze_contract.wire import MessageEdit, ProblemCode, Provenance, Resolution, Role

__all__ = ["cancel", "edit", "illegal", "require_own", "resolve", "retry", "visible"]


def visible(session: Session, principal: Principal, message_id: str, *, lock: bool = False) -> MessageRow:
    """A message that was written here, if the principal may see it. Raises: NotFoundError."""
    row = session.get(MessageRow, message_id, with_for_update=lock)
    if row is None or row.agency_id != principal.agency_id or row.state is None or row.client_key is None:
        raise NotFoundError
    principal.require_creator(row.creator_id)
    return row


def require_own(principal: Principal, row: MessageRow) -> None:
    """Raises: ForbiddenError, for a chatter and a message that somebody else wrote."""
    if row.author_id != principal.member_id and principal.role not in (Role.OWNER, Role.MANAGER):
        raise ForbiddenError("This message was written by somebody else.", action="Ask a manager of the agency.")


def illegal(row: MessageRow) -> ConflictError:
    """The answer to a decision that has no meaning now."""
    return ConflictError(
        f"The message is {row.state}.",
        code=ProblemCode.ILLEGAL_STATE,
        title="The message's state does not allow this",
    )


def cancel(session: Session, principal: Principal, message_id: str, timing: Timing) -> None:
    """Take it back; with an attempt under way: no further ones. Repeating it is harmless."""
    row = visible(session, principal, message_id, lock=True)
    if row.state != State.CANCELLED:
        _decide(session, principal, row, Cancel(), timing)


def retry(session: Session, principal: Principal, message_id: str, timing: Timing, *, compliance: Compliance) -> None:
    """Send a failed message again, at the tail of its conversation.

    Raises:
        ComplianceError: the rules mind it.
        ConflictError: ILLEGAL_STATE; also where its creator's policy now asks for a yes.
    """
    row = visible(session, principal, message_id, lock=True)
    holding.require_yes(session, principal, row)
    require_allowed(session, compliance, row.agency_id, row.creator_id, row.text, row.price)
    conversation = session.get_one(ConversationRow, row.conversation_id, with_for_update=True)
    _decide(session, principal, row, Retry(rules.take_place(conversation)), timing)


def resolve(session: Session, principal: Principal, message_id: str, resolution: Resolution, timing: Timing) -> None:
    """Say what became of a message in `needs_human`: somebody read the platform."""
    row = visible(session, principal, message_id, lock=True)
    if resolution.verdict == "not_sent_send_again":
        holding.require_yes(session, principal, row)
    verdict = Verdict(
        sent=resolution.verdict == "sent",
        again=resolution.verdict == "not_sent_send_again",
        platform_message_id=resolution.platform_id,
    )
    _decide(session, principal, row, verdict, timing)


def edit(
    session: Session,
    principal: Principal,
    message_id: str,
    change: MessageEdit,
    *,
    compliance: Compliance,
    machine: MachineTexts = NO_MACHINE,
) -> None:
    """Change the text of a message that waits and of which no attempt was made. It keeps its id and its place.

    Only if its creator's policy asks for a yes to the new text it loses the place, and waits for that. A yes to the old
    text is none to the new one.

    A version that only differs because the message's state moved on does no harm; a text that somebody else changed
    meanwhile does.

    Raises:
        ForbiddenError: a chatter changes only what they wrote.
        ConflictError: ILLEGAL_STATE when it is too late, CONFLICT when another edit came before.
        ComplianceError: the rules mind the new text.
    """
    row = visible(session, principal, message_id, lock=True)
    require_own(principal, row)
    if not rules.load(row).editable:
        raise illegal(row)
    ver = versions(session, row.agency_id, "message", [row.id]).get(row.id, 0)
    if change.base_ver > ver or (row.edited_at is not None and change.base_ver < ver):
        raise ConflictError("The message was changed meanwhile.", action="Look at it and edit it again.")
    passed = require_allowed(session, compliance, row.agency_id, row.creator_id, change.text, row.price)
    before, row.text, row.edited_at = row.text, change.text, now(session)
    known = None if row.ai is None else Provenance.model_validate(row.ai)
    origin = trace(
        session,
        machine,
        creator_id=row.creator_id,
        conversation_id=row.conversation_id,
        text=row.text,
        suggestion_id=None if known is None else known.suggestion_id,
        before=None if known is None else (before, known),
    )
    row.ai = None if origin is None else origin.model_dump(mode="json")
    recording.act(session, row, "edited", principal.member_id, ai=row.ai)
    if row.state != State.WAITING_APPROVAL:
        if may_approve(principal):
            holding.say_yes(row, principal, row.edited_at)
        holding.hold_if_asked(session, row)
    note(session, row, thread=True)
    note_warnings(session, passed, row, principal.member_id)
    audit(
        session,
        agency_id=row.agency_id,
        actor_id=principal.member_id,
        action="message.edit",
        subject=row.id,
        before=before,
    )


def _decide(
    session: Session, principal: Principal, row: MessageRow, decision: Cancel | Retry | Verdict, timing: Timing
) -> None:
    try:
        advance(session, row, decision, timing)
    except IllegalTransitionError as error:
        raise illegal(row) from error
    except AlreadyBoundError as error:
        raise ConflictError("That message on the platform is another message of this conversation.") from error
    kind = type(decision).__name__.lower()
    recording.act(session, row, kind, principal.member_id)
    audit(
        session,
        agency_id=row.agency_id,
        actor_id=principal.member_id,
        action=f"message.{kind}",
        subject=row.id,
        state=row.state,
    )
