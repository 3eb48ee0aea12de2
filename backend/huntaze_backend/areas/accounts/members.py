"""Agencies and their members: the owner of a new installation, new members, and which creators a chatter may see."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import delete, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from huntaze_backend.areas.accounts.tables import AccessRow, AgencyRow, CreatorRow, MemberRow
from huntaze_backend.core import changes
from huntaze_backend.core.audit import audit
from huntaze_backend.core.auth import Principal
from huntaze_backend.core.clock import now
from huntaze_backend.core.errors import ConflictError, ForbiddenError, NotFoundError, ValidationProblem
from huntaze_contract.ids import new_id
from huntaze_contract.wire import NewMember, Role

__all__ = ["NewOwner", "acting_as", "create_member", "create_owner", "has_members", "may_see", "name_of", "set_access"]


@dataclass(frozen=True, slots=True)
class NewOwner:
    """The first member of an installation, and its agency."""

    agency: str
    name: str
    email: str
    password_hash: str


def has_members(session: Session) -> bool:
    """Whether anybody can sign in to this installation."""
    return session.execute(select(func.count()).select_from(MemberRow)).scalar_one() > 0


def acting_as(session: Session, member_id: str) -> Principal | None:
    """A member as of now, for work that goes on in their name without them; None for one who was let go."""
    row = session.get(MemberRow, member_id)
    if row is None or not row.active:
        return None
    role, granted = Role(row.role), None
    if role is Role.CHATTER:
        granted = frozenset(session.scalars(select(AccessRow.creator_id).where(AccessRow.member_id == member_id)))
    return Principal(row.id, row.agency_id, role, granted, "", row.name)


def create_owner(session: Session, owner: NewOwner) -> str:
    """Make an agency and its owner; the owner's id. Raises: ConflictError if the e-mail address is taken."""
    at = now(session)
    agency = AgencyRow(id=new_id(), name=owner.agency, created_at=at)
    session.add(agency)
    changes.start(session, agency.id)
    session.flush()
    member_id = _add_member(session, agency.id, owner.name, owner.email, owner.password_hash, Role.OWNER)
    audit(session, agency_id=agency.id, actor_id=member_id, action="agency_created", subject=agency.id)
    return member_id


def create_member(session: Session, principal: Principal, form: NewMember, password_hash: str) -> str:
    """Raises: ForbiddenError, ConflictError (e-mail taken), ValidationProblem (unknown creators)."""
    principal.require_role(Role.OWNER, Role.MANAGER)
    if principal.role is Role.MANAGER and form.role is not Role.CHATTER:
        raise ForbiddenError("A manager may add chatters only.")
    if form.creator_ids and form.role is not Role.CHATTER:
        raise ValidationProblem("An owner or manager sees every creator.", field="creator_ids")
    member_id = _add_member(session, principal.agency_id, form.name, form.email, password_hash, form.role)
    _grant(session, principal.agency_id, member_id, form.creator_ids)
    audit(
        session,
        agency_id=principal.agency_id,
        actor_id=principal.member_id,
        action="member_created",
        subject=member_id,
        role=form.role,
        creator_ids=form.creator_ids,
    )
    return member_id


def set_access(session: Session, principal: Principal, member_id: str, creator_ids: Sequence[str]) -> None:
    """Let a chatter see exactly these creators. Raises: ForbiddenError, NotFoundError, ValidationProblem."""
    principal.require_role(Role.OWNER, Role.MANAGER)
    member = session.get(MemberRow, member_id)
    if member is None or member.agency_id != principal.agency_id:
        raise NotFoundError("There is no such member.")
    if member.role != Role.CHATTER:
        raise ValidationProblem("An owner or manager sees every creator.", field="creator_ids")
    session.execute(delete(AccessRow).where(AccessRow.member_id == member_id))
    _grant(session, principal.agency_id, member_id, creator_ids)
    # Nothing in the wire's member row changes; this wakes the member's streams, which then find their scope changed.
    changes.record(session, agency_id=principal.agency_id, entity="member", entity_id=member_id, creator_id=None)
    audit(
        session,
        agency_id=principal.agency_id,
        actor_id=principal.member_id,
        action="access_set",
        subject=member_id,
        creator_ids=sorted(set(creator_ids)),
    )


def _add_member(session: Session, agency_id: str, name: str, email: str, password_hash: str, role: Role) -> str:
    row = MemberRow(
        id=new_id(),
        agency_id=agency_id,
        name=name,
        email=email.lower(),
        password_hash=password_hash,
        role=role,
        created_at=now(session),
    )
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError as error:
        raise ConflictError(
            "This e-mail address belongs to a member already.", title="The address is taken", action="Use another one."
        ) from error
    changes.record(session, agency_id=agency_id, entity="member", entity_id=row.id, creator_id=None)
    return row.id


def _grant(session: Session, agency_id: str, member_id: str, creator_ids: Sequence[str]) -> None:
    wanted = set(creator_ids)
    known = set(
        session.scalars(select(CreatorRow.id).where(CreatorRow.agency_id == agency_id, CreatorRow.id.in_(wanted)))
    )
    if known != wanted:
        raise ValidationProblem("One of these creators does not exist.", field="creator_ids")
    session.add_all(AccessRow(member_id=member_id, creator_id=creator_id) for creator_id in sorted(wanted))
    session.flush()


def may_see(session: Session, agency_id: str, member_id: str, creator_id: str) -> bool | None:
    """Whether a member who works for the agency may see a creator of it; None if there is no such member."""
    member = session.get(MemberRow, member_id)
    if member is None or member.agency_id != agency_id or not member.active:
        return None
    return member.role != Role.CHATTER or session.get(AccessRow, (member_id, creator_id)) is not None


def name_of(session: Session, agency_id: str, member_id: str) -> str | None:
    """A member's name; None if the agency has no such member."""
    return session.scalar(select(MemberRow.name).where(MemberRow.id == member_id, MemberRow.agency_id == agency_id))
