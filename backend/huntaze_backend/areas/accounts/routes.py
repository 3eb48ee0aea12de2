"""Members, creators and platform connections."""

from collections.abc import Sequence
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response, status
from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from huntaze_backend.areas.accounts import connecting, members
from huntaze_backend.areas.accounts.connecting import Connector
from huntaze_backend.areas.accounts.loaders import load_connections, load_creators, load_members
from huntaze_backend.areas.accounts.passwords import Passwords
from huntaze_backend.areas.accounts.tables import ConnectionRow, CreatorRow, MemberRow
from huntaze_backend.core.auth import Principal, Signed
from huntaze_backend.core.deps import Db
from huntaze_backend.core.errors import NotFoundError
from huntaze_backend.core.pages import read_cursor, write_cursor
from huntaze_contract.wire import (
    Connection,
    Creator,
    CreatorAccess,
    Member,
    NewConnection,
    NewMember,
    Page,
    Role,
)
from huntaze_contract.wire.base import Uuid

__all__ = ["router"]

router = APIRouter(prefix="/api/v2", tags=["accounts"])
Cursor = Annotated[str | None, Query(max_length=400)]
Limit = Annotated[int, Query(ge=1, le=200)]


async def _passwords(request: Request) -> Passwords:
    found: Passwords = request.app.state.passwords
    return found


async def _connector(request: Request) -> Connector:
    found: Connector = request.app.state.connector
    return found


@router.get("/members")
async def list_members(principal: Signed, db: Db, cursor: Cursor = None, limit: Limit = 100) -> Page[Member]:
    """The agency's members."""

    def work(session: Session) -> Page[Member]:
        where = MemberRow.agency_id == principal.agency_id
        ids, following = _next_ids(session, MemberRow.id, [where], cursor, limit)
        rows = load_members(session, principal.agency_id, ids)
        return Page(items=[rows[id_] for id_ in ids], next_cursor=following)

    return await db.read(work)


@router.post("/members", status_code=status.HTTP_201_CREATED)
async def create_member(
    form: NewMember, principal: Signed, db: Db, passwords: Annotated[Passwords, Depends(_passwords)]
) -> Member:
    """Add a member. An owner adds anyone, a manager adds chatters."""
    principal.require_role(Role.OWNER, Role.MANAGER)
    password_hash = await passwords.hash(form.password.get_secret_value())

    def work(session: Session) -> str:
        return members.create_member(session, principal, form, password_hash)

    return await _member(db, principal, await db.write(work))


@router.put("/members/{member_id}/access")
async def set_access(member_id: Uuid, form: CreatorAccess, principal: Signed, db: Db) -> Member:
    """Let a chatter see exactly these creators."""
    await db.write(lambda session: members.set_access(session, principal, member_id, form.creator_ids))
    return await _member(db, principal, member_id)


@router.get("/creators")
async def list_creators(principal: Signed, db: Db, cursor: Cursor = None, limit: Limit = 100) -> Page[Creator]:
    """The creators that the reader may see."""

    def work(session: Session) -> Page[Creator]:
        where = [CreatorRow.agency_id == principal.agency_id]
        if principal.creator_ids is not None:
            where.append(CreatorRow.id.in_(principal.creator_ids))
        ids, following = _next_ids(session, CreatorRow.id, where, cursor, limit)
        rows = load_creators(session, principal.agency_id, ids)
        return Page(items=[rows[id_] for id_ in ids], next_cursor=following)

    return await db.read(work)


@router.get("/creators/{creator_id}")
async def get_creator(creator_id: Uuid, principal: Signed, db: Db) -> Creator:
    """One creator."""
    principal.require_creator(creator_id)
    found = await db.read(partial(load_creators, agency_id=principal.agency_id, ids=[creator_id]))
    if creator_id not in found:
        raise NotFoundError("There is no such creator.")
    return found[creator_id]


@router.get("/connections")
async def list_connections(principal: Signed, db: Db, cursor: Cursor = None, limit: Limit = 100) -> Page[Connection]:
    """The agency's platform connections, for owners and managers."""
    principal.require_role(Role.OWNER, Role.MANAGER)

    def work(session: Session) -> Page[Connection]:
        where = ConnectionRow.agency_id == principal.agency_id
        ids, following = _next_ids(session, ConnectionRow.id, [where], cursor, limit)
        rows = load_connections(session, principal.agency_id, ids)
        return Page(items=[rows[id_] for id_ in ids], next_cursor=following)

    return await db.read(work)


@router.post("/connections", status_code=status.HTTP_201_CREATED)
async def create_connection(
    form: NewConnection, principal: Signed, db: Db, connector: Annotated[Connector, Depends(_connector)]
) -> Connection:
    """Connect every account that a platform key opens, and start to read their history."""
    return await _connection(db, principal, await connector.connect(principal, form))


@router.get("/connections/{connection_id}")
async def get_connection(connection_id: Uuid, principal: Signed, db: Db) -> Connection:
    """A connection, with how far its history has been read."""
    return await _connection(db, principal, connection_id)


@router.post("/connections/{connection_id}/backfill", status_code=status.HTTP_202_ACCEPTED)
async def request_backfill(connection_id: Uuid, principal: Signed, db: Db) -> Connection:
    """Read the history of a connection again, for instance after it failed."""
    await db.write(lambda session: connecting.request_backfill(session, principal, connection_id))
    return await _connection(db, principal, connection_id)


@router.delete("/connections/{connection_id}", status_code=status.HTTP_204_NO_CONTENT)
async def delete_connection(connection_id: Uuid, principal: Signed, db: Db) -> Response:
    """Forget a platform key. Its creators stay with their history, disconnected."""
    await db.write(lambda session: connecting.delete_connection(session, principal, connection_id))
    return Response(status_code=status.HTTP_204_NO_CONTENT)


def _next_ids(
    session: Session,
    column: InstrumentedAttribute[str],
    where: Sequence[ColumnElement[bool]],
    cursor: str | None,
    limit: int,
) -> tuple[list[str], str | None]:
    after = read_cursor(cursor, str)
    query = select(column).where(*where).order_by(column).limit(limit + 1)
    ids = list(session.scalars(query if after is None else query.where(column > after[0])))
    return ids[:limit], write_cursor(ids[limit - 1]) if len(ids) > limit else None


async def _member(db: Db, principal: Principal, member_id: str) -> Member:
    # Read after the commit: only then does the row have its version.
    found = await db.read(partial(load_members, agency_id=principal.agency_id, ids=[member_id]))
    return found[member_id]


async def _connection(db: Db, principal: Principal, connection_id: str) -> Connection:
    def work(session: Session) -> Connection:
        connecting.own_connection(session, principal, connection_id)
        return load_connections(session, principal.agency_id, [connection_id])[connection_id]

    return await db.read(work)
