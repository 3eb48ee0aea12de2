"""What a restored backup cannot know: what was sent, and who answered, between the backup and its return.

A message that waited when the backup was made may have gone out since, or may have been taken back. So each of them is
looked for on the platform, exactly as after a last attempt without an answer: it is bound if it is there, and once it
is proven absent a person decides. The same for one that waited for a yes: it may have had it since. Sync functions over
one unit of work, run while no service does.
"""

from sqlalchemy import exists, insert, literal, null, or_, select, update
from sqlalchemy.orm import Session

from huntaze_backend.areas.accounts import service as accounts
from huntaze_backend.areas.messages import rules
from huntaze_backend.areas.messages.approval_tables import ApprovalRow
from huntaze_backend.areas.messages.budgets import account_key, account_meters
from huntaze_backend.areas.messages.claims import known_platform_ids
from huntaze_backend.areas.messages.pipeline import advance
from huntaze_backend.areas.messages.rules import SendPolicy
from huntaze_backend.areas.messages.tables import AttemptRow, ConversationRow, MessageRow
from huntaze_backend.areas.messages.team_tables import LeaseRow
from huntaze_backend.core.clock import now
from huntaze_backend.core.schema import UtcMicros
from huntaze_backend.engines.limits.port import RateGate
from huntaze_contract.ids import new_id
from huntaze_contract.outgoing import Ambiguous, Attempt, Due, Release, State

__all__ = ["LEASE_STEP", "distrust"]

LEASE_STEP = 1_000_000
"""How far lease epochs jump: beyond any that was given out after the backup."""


def distrust(session: Session, gate: RateGate, policy: SendPolicy) -> int:
    """Take nothing for granted that may have happened since the backup. Returns how many messages are looked for."""
    _pause(session, gate, policy)
    _end_leases(session)
    at = now(session)
    may_have_gone = select(ApprovalRow.message_id).where(
        ApprovalRow.outcome.is_(None), or_(ApprovalRow.send_at.is_(None), ApprovalRow.send_at <= at)
    )
    waiting = session.scalars(
        select(MessageRow)
        .where(
            or_(
                MessageRow.state.in_([State.READY.value, State.LIMITED.value]),
                (MessageRow.state == State.SCHEDULED.value) & (MessageRow.not_before <= at),
                (MessageRow.state == State.WAITING_APPROVAL.value) & MessageRow.id.in_(may_have_gone),
            )
        )
        .order_by(MessageRow.conversation_id, MessageRow.place, MessageRow.id)
    ).all()
    for row in waiting:
        _doubt(session, policy, row)
    return len(waiting)


def _pause(session: Session, gate: RateGate, policy: SendPolicy) -> None:
    """What was sent in the last minute is not in the limiter's log any more: nobody sends until it no longer counts."""
    at = now(session)
    for connection in accounts.connections(session):
        for creator in accounts.creators_of_connection(session, connection.id):
            longest = max(meter.window for meter in account_meters(creator, policy))
            gate.penalise(session, account_key(creator.id), at + longest + policy.timing.longest_flight)


def _end_leases(session: Session) -> None:
    """An epoch that was given out after the backup must not look current to the door."""
    at = now(session)
    session.execute(
        update(LeaseRow)
        .values(epoch=LeaseRow.epoch + LEASE_STEP, member_id=None, device_id=None, expires_at=at)
        .execution_options(synchronize_session=False)
    )
    columns = ["conversation_id", "agency_id", "creator_id", "member_id", "member_name", "device_id", "epoch"]
    never_taken = select(
        ConversationRow.id,
        ConversationRow.agency_id,
        ConversationRow.creator_id,
        null(),
        literal(""),
        null(),
        literal(LEASE_STEP),
        literal(at, UtcMicros()),
    ).where(~exists().where(LeaseRow.conversation_id == ConversationRow.id))
    session.execute(insert(LeaseRow).from_select([*columns, "expires_at"], never_taken))


def _doubt(session: Session, policy: SendPolicy, row: MessageRow) -> None:
    """As if its last attempt had been made at this moment and the answer were lost."""
    creator = accounts.creator(session, row.agency_id, row.creator_id)
    conversation = session.get_one(ConversationRow, row.conversation_id)
    past = session.scalars(select(AttemptRow).where(AttemptRow.message_id == row.id).order_by(AttemptRow.no)).first()
    known = known_platform_ids(session, conversation.id)
    if row.state in (State.SCHEDULED, State.WAITING_APPROVAL):
        advance(session, row, Release(rules.take_place(conversation)), policy.timing)
    if row.state == State.LIMITED:
        advance(session, row, Due(), policy.timing)
    at = now(session)
    row.spent = policy.timing.max_attempts - 1
    advance(session, row, Attempt(at), policy.timing)
    session.add(
        AttemptRow(
            id=new_id(),
            message_id=row.id,
            no=row.attempt_no,
            account=creator.platform_account_id,
            client_key=past.client_key if past else row.id,
            started_at=at,
            ttl_ms=0,
            high_water=list(past.high_water if past else known.ids),
            high_water_at=past.high_water_at if past else known.newest_at,
            permit_id=new_id(),
            outcome="ambiguous",
            detail="restored",
            settled_at=at,
        )
    )
    advance(session, row, Ambiguous("restored"), policy.timing)
    session.flush()
