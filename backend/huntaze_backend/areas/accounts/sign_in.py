"""Sign-in, refresh and sign-out, and the port `core.auth.Access` by which every request is authorised."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import bindparam, delete, select, update
from sqlalchemy.orm import Session

from huntaze_backend.areas.accounts.loaders import me
from huntaze_backend.areas.accounts.passwords import Passwords
from huntaze_backend.areas.accounts.tables import AccessRow, MemberRow, RefreshTokenRow, SessionRow
from huntaze_backend.areas.accounts.throttle import SignInThrottle
from huntaze_backend.areas.accounts.tokens import REFRESH_LIFE, AccessTokens, hash_token, new_refresh_token
from huntaze_backend.core.audit import audit
from huntaze_backend.core.auth import Principal
from huntaze_backend.core.clock import now
from huntaze_backend.core.db import Database
from huntaze_backend.core.errors import UnauthenticatedError
from huntaze_contract.ids import new_id
from huntaze_contract.wire import ProblemCode, Role, SignIn, Tokens

__all__ = ["Authenticator", "forget_expired"]

# A client waits 30 s for an answer and up to 30 s more between tries, and its line may be gone for minutes meanwhile.
_REPEAT_GRACE = timedelta(minutes=10)
# Every request asks these two, so they are made once.
_MEMBER_OF_SESSION = (
    select(MemberRow.agency_id, MemberRow.role, MemberRow.name)
    .join(SessionRow, SessionRow.member_id == MemberRow.id)
    .where(
        SessionRow.id == bindparam("session"),
        SessionRow.revoked_at.is_(None),
        MemberRow.id == bindparam("member"),
        MemberRow.active,
    )
)
_GRANTED = select(AccessRow.creator_id).where(AccessRow.member_id == bindparam("member"))


@dataclass(frozen=True, slots=True)
class _Issued:
    """What a transaction decided: new tokens, or why there are none."""

    tokens: Tokens | None
    refusal: UnauthenticatedError | None = None


class Authenticator:
    """Implements `core.auth.Access`, and gives out the tokens that it reads."""

    def __init__(
        self, database: Database, tokens: AccessTokens, passwords: Passwords, throttle: SignInThrottle
    ) -> None:
        self._database = database
        self._tokens = tokens
        self._passwords = passwords
        self._throttle = throttle

    async def authenticate(self, bearer: str) -> Principal:
        """The member behind an access token, with the rights of this moment."""
        return await self._database.read(partial(self._principal, bearer))

    async def sign_in(self, form: SignIn, place: str) -> Tokens:
        """Raises: UnauthenticatedError (WRONG_CREDENTIALS), TooManyRequestsError."""
        email = form.email.lower()
        self._throttle.attempt(email, place)
        found = await self._database.read(partial(_credentials, email))
        member_id, stored = found or (None, None)
        matches = await self._passwords.verify(form.password.get_secret_value(), stored)
        if not matches or member_id is None:
            raise UnauthenticatedError(
                "The e-mail address or the password is wrong.",
                code=ProblemCode.WRONG_CREDENTIALS,
                title="Sign-in failed",
                action="Check both and try again.",
            )
        return await self._database.write(partial(self._open_session, member_id, form))

    async def refresh(self, token: str) -> Tokens:
        """Raises: UnauthenticatedError; TOKEN_REUSED ends the whole sign-in, for the token may be stolen."""
        issued = await self._database.write(partial(self._rotate, hash_token(token)))
        if issued.refusal is not None or issued.tokens is None:
            raise issued.refusal or UnauthenticatedError
        return issued.tokens

    async def sign_out(self, principal: Principal) -> None:
        await self._database.write(partial(_close_session, principal))

    def _principal(self, bearer: str, session: Session) -> Principal:
        claims = self._tokens.read(bearer, self._database.clock.now())
        asked = {"session": claims.session_id, "member": claims.member_id}
        row = session.execute(_MEMBER_OF_SESSION, asked).one_or_none()
        if row is None:
            raise UnauthenticatedError("This sign-in has ended.")
        role = Role(row.role)
        granted = None
        if role is Role.CHATTER:
            granted = frozenset(session.scalars(_GRANTED, {"member": claims.member_id}))
        return Principal(claims.member_id, row.agency_id, role, granted, claims.session_id, row.name)

    def _open_session(self, member_id: str, form: SignIn, session: Session) -> Tokens:
        at = now(session)
        member = session.get_one(MemberRow, member_id)
        row = SessionRow(
            id=new_id(), member_id=member_id, device_id=form.device_id, device_name=form.device_name, created_at=at
        )
        session.add(row)
        session.flush()
        audit(session, agency_id=member.agency_id, actor_id=member_id, action="sign_in", subject=row.id)
        return self._issue(session, member, row.id, at)[0]

    def _rotate(self, token_hash: str, session: Session) -> _Issued:
        at = now(session)
        found = session.execute(
            select(RefreshTokenRow, SessionRow, MemberRow)
            .join(SessionRow, SessionRow.id == RefreshTokenRow.session_id)
            .join(MemberRow, MemberRow.id == SessionRow.member_id)
            .where(RefreshTokenRow.token_hash == token_hash)
            .with_for_update(of=(RefreshTokenRow, SessionRow))
        ).one_or_none()
        if found is None:
            return _Issued(None, UnauthenticatedError("The refresh token is not known."))
        token, opened, member = found
        if opened.revoked_at is not None or not member.active:
            return _Issued(None, UnauthenticatedError("This sign-in has ended."))
        if token.expires_at <= at:
            return _Issued(None, UnauthenticatedError("The refresh token has expired.", code=ProblemCode.TOKEN_EXPIRED))
        if token.used_at is not None and not _answer_was_lost(session, token, at):
            opened.revoked_at, opened.revoked_reason = at, "token_reused"
            audit(session, agency_id=member.agency_id, actor_id=member.id, action="token_reused", subject=opened.id)
            refusal = UnauthenticatedError(
                "This refresh token was used before; the sign-in was ended.", code=ProblemCode.TOKEN_REUSED
            )
            return _Issued(None, refusal)
        tokens, successor_hash = self._issue(session, member, opened.id, at)
        token.used_at = token.used_at or at
        token.successor_hash = successor_hash
        return _Issued(tokens)

    def _issue(self, session: Session, member: MemberRow, session_id: str, at: datetime) -> tuple[Tokens, str]:
        refresh = new_refresh_token()
        token_hash = hash_token(refresh)
        session.add(
            RefreshTokenRow(token_hash=token_hash, session_id=session_id, issued_at=at, expires_at=at + REFRESH_LIFE)
        )
        access, access_expires_at = self._tokens.issue(member.id, session_id, at)
        tokens = Tokens(
            access_token=access,
            access_expires_at=access_expires_at,
            refresh_token=refresh,
            refresh_expires_at=at + REFRESH_LIFE,
            me=me(session, member.id),
        )
        return tokens, token_hash


def _answer_was_lost(session: Session, token: RefreshTokenRow, at: datetime) -> bool:
    """Whether a repeated token is a client that never got its answer: soon after, and nobody used the new one.

    The new one counts as used from here on. If someone did receive it, its use ends the sign-in.
    """
    if token.used_at is None or token.successor_hash is None or at - token.used_at > _REPEAT_GRACE:
        return False
    successor = session.get(RefreshTokenRow, token.successor_hash)
    if successor is None or successor.used_at is not None:
        return False
    successor.used_at = at
    return True


def forget_expired(session: Session) -> int:
    """Remove refresh tokens that ended a while ago: until then a late one is answered with TOKEN_EXPIRED."""
    ended = delete(RefreshTokenRow).where(RefreshTokenRow.expires_at < now(session) - REFRESH_LIFE)
    return len(session.execute(ended.returning(RefreshTokenRow.session_id)).all())


def _credentials(email: str, session: Session) -> tuple[str, str] | None:
    query = select(MemberRow.id, MemberRow.password_hash).where(MemberRow.email == email, MemberRow.active)
    found = session.execute(query).one_or_none()
    return None if found is None else found


def _close_session(principal: Principal, session: Session) -> None:
    session.execute(
        update(SessionRow)
        .where(SessionRow.id == principal.session_id, SessionRow.revoked_at.is_(None))
        .values(revoked_at=now(session), revoked_reason="signed_out")
    )
    audit(
        session,
        agency_id=principal.agency_id,
        actor_id=principal.member_id,
        action="sign_out",
        subject=principal.session_id,
    )
