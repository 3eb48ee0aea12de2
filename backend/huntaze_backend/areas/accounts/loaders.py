"""Wire rows of members, creators and connections, many at a time."""

from collections import defaultdict
from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from huntaze_backend.areas.accounts.tables import AgencyRow, ConnectionRow, CreatorRow, MemberRow
from huntaze_backend.core.changes import versions
from huntaze_backend.core.errors import NotFoundError
from huntaze_contract.wire import Backfill, Connection, Creator, CreatorState, Me, Member, Role

__all__ = ["load_connections", "load_creators", "load_members", "me"]


def load_members(session: Session, agency_id: str, ids: Sequence[str]) -> dict[str, Member]:
    rows = session.scalars(select(MemberRow).where(MemberRow.agency_id == agency_id, MemberRow.id.in_(ids))).all()
    vers = versions(session, agency_id, "member", [row.id for row in rows])
    return {
        row.id: Member(id=row.id, name=row.name, role=Role(row.role), active=row.active, ver=vers.get(row.id, 0))
        for row in rows
    }


def load_creators(session: Session, agency_id: str, ids: Sequence[str]) -> dict[str, Creator]:
    rows = session.scalars(select(CreatorRow).where(CreatorRow.agency_id == agency_id, CreatorRow.id.in_(ids))).all()
    vers = versions(session, agency_id, "creator", [row.id for row in rows])
    return {
        row.id: Creator(
            id=row.id,
            name=row.name,
            username=row.username,
            platform=row.platform,
            timezone=row.timezone,
            state=CreatorState(row.state),
            state_since=row.state_since,
            send_limit=row.send_limit,
            paused_until=row.paused_until,
            ver=vers.get(row.id, 0),
        )
        for row in rows
    }


def load_connections(session: Session, agency_id: str, ids: Sequence[str]) -> dict[str, Connection]:
    rows = session.scalars(
        select(ConnectionRow).where(ConnectionRow.agency_id == agency_id, ConnectionRow.id.in_(ids))
    ).all()
    creators: dict[str, list[str]] = defaultdict(list)
    query = select(CreatorRow.connection_id, CreatorRow.id).where(CreatorRow.connection_id.in_(ids))
    for connection_id, creator_id in session.execute(query.order_by(CreatorRow.id)):
        creators[connection_id or ""].append(creator_id)
    return {
        row.id: Connection(
            id=row.id,
            platform=row.platform,
            base_url=row.base_url,
            creator_ids=creators[row.id],
            created_at=row.created_at,
            backfill=Backfill(
                state=row.backfill_state,
                conversations_done=row.backfill_done,
                conversations_total=row.backfill_total,
                messages=row.backfill_messages,
                error=row.backfill_error,
            ),
        )
        for row in rows
    }


def me(session: Session, member_id: str) -> Me:
    """Raises: NotFoundError."""
    found = session.execute(
        select(MemberRow, AgencyRow.name)
        .join(AgencyRow, AgencyRow.id == MemberRow.agency_id)
        .where(MemberRow.id == member_id)
    ).one_or_none()
    if found is None:
        raise NotFoundError
    row, agency_name = found
    member = load_members(session, row.agency_id, [row.id])[row.id]
    return Me(member=member, email=row.email, agency_id=row.agency_id, agency_name=agency_name)
