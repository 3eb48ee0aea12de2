"""What a person who has to decide about a message gets to see: our attempts, and what the platform lists just now.

The listing is the search's own (reconcile.py), asked for outside any unit of work. It decides nothing here: what it
shows is laid before a person, and what they find is told by `resolve`.
"""

from dataclasses import dataclass
from datetime import datetime
from functools import partial

from sqlalchemy import select
from sqlalchemy.orm import Session

from huntaze_backend.areas.accounts import service as accounts
from huntaze_backend.areas.messages import decisions, evidence, rules
from huntaze_backend.areas.messages.readers import Readers
from huntaze_backend.areas.messages.reconcile import Listing, Search, read_back
from huntaze_backend.areas.messages.tables import AttemptRow, ConversationRow, MessageRow
from huntaze_backend.core.auth import Principal
from huntaze_backend.core.changes import versions
from huntaze_backend.core.clock import now
from huntaze_backend.core.db import Database
from huntaze_backend.engines.gateways.reading import PlatformMessage
from huntaze_contract.outgoing import State
from huntaze_contract.wire import AttemptSeen, Candidate, Evidence, Message

__all__ = ["Inquiries"]


@dataclass(frozen=True, slots=True)
class _Case:
    message: Message
    attempts: list[AttemptSeen]
    search: Search
    high_water_at: datetime | None
    fingerprint: str


class Inquiries:
    """Gathers the evidence for a message in `needs_human`."""

    def __init__(self, db: Database, readers: Readers) -> None:
        self._db = db
        self._readers = readers

    async def evidence(self, principal: Principal, message_id: str) -> Evidence:
        """Raises: NotFoundError; ConflictError with ILLEGAL_STATE when no person is needed."""
        case = await self._db.read(partial(_case, principal=principal, message_id=message_id))
        listing = await self._list(case.search)
        ours = [
            message
            for message in reversed(listing.messages)
            if message.from_us and evidence.after_the_mark(message, case.search.high_water, case.high_water_at)
        ]
        bound = await self._db.read(partial(_bound, creator_id=case.message.creator_id, ours=ours))
        return Evidence(
            message=case.message,
            attempts=case.attempts,
            candidates=[
                Candidate(
                    platform_id=message.id,
                    text=message.text,
                    at=message.created_at,
                    same_text=evidence.fingerprint_of(message) == case.fingerprint,
                    bound_to=bound.get(message.id),
                )
                for message in ours
            ],
            listed_at=case.search.began_at,
            complete=listing.complete,
            trouble=listing.trouble,
        )

    async def _list(self, search: Search) -> Listing:
        reader = None if search.connection_id is None else await self._readers.of(search.connection_id)
        if reader is None:
            return Listing((), complete=False, trouble="The account is not connected to the platform any more.")
        return await read_back(reader, search)


def _case(session: Session, *, principal: Principal, message_id: str) -> _Case:
    row = decisions.visible(session, principal, message_id)
    if row.state != State.NEEDS_HUMAN:
        raise decisions.illegal(row)
    attempts = session.scalars(select(AttemptRow).where(AttemptRow.message_id == row.id).order_by(AttemptRow.no)).all()
    creator = accounts.creator(session, row.agency_id, row.creator_id)
    first = attempts[0] if attempts else None
    search = Search(
        message_id=row.id,
        connection_id=creator.connection_id,
        account=creator.platform_account_id,
        chat=session.get_one(ConversationRow, row.conversation_id).platform_id,
        attempt_no=row.attempt_no,
        high_water=tuple(first.high_water) if first is not None else (),
        began_at=now(session),
    )
    ver = versions(session, row.agency_id, "message", [row.id]).get(row.id, 0)
    return _Case(
        message=rules.to_wire(row, ver),
        attempts=[
            AttemptSeen(no=one.no, started_at=one.started_at, outcome=one.outcome, detail=one.detail)
            for one in attempts
        ],
        search=search,
        high_water_at=first.high_water_at if first is not None else None,
        fingerprint=rules.row_fingerprint(row),
    )


def _bound(session: Session, *, creator_id: str, ours: list[PlatformMessage]) -> dict[str, str]:
    """Platform id → the message that was written here and is known to be it."""
    query = select(MessageRow.platform_id, MessageRow.id).where(
        MessageRow.creator_id == creator_id,
        MessageRow.platform_id.in_([message.id for message in ours]),
        MessageRow.client_key.is_not(None),
    )
    return {str(platform_id): id_ for platform_id, id_ in session.execute(query)}
