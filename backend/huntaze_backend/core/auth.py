"""Who is asking, and what they may see: the port that the accounts area implements and every route depends on."""

from dataclasses import dataclass
from typing import Annotated, Protocol

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.requests import HTTPConnection

from huntaze_backend.core.errors import ForbiddenError, NotFoundError, UnauthenticatedError
from huntaze_contract.wire import Role

__all__ = ["Access", "Principal", "Signed", "current_principal", "principal_of"]


@dataclass(frozen=True, slots=True)
class Principal:
    """A signed-in member, as of this request."""

    member_id: str
    agency_id: str
    role: Role
    creator_ids: frozenset[str] | None
    """Creators this member may see; None means all."""
    session_id: str
    name: str

    def may_see(self, creator_id: str) -> bool:
        return self.creator_ids is None or creator_id in self.creator_ids

    def require_creator(self, creator_id: str) -> None:
        """Raises: NotFoundError, because a foreign id looks like one that does not exist."""
        if not self.may_see(creator_id):
            raise NotFoundError

    def require_role(self, *roles: Role) -> None:
        """Raises: ForbiddenError."""
        if self.role not in roles:
            raise ForbiddenError


class Access(Protocol):
    """Turns an access token into a principal."""

    async def authenticate(self, bearer: str) -> Principal:
        """Raises: UnauthenticatedError, with the code TOKEN_EXPIRED where that is the reason."""
        ...


_bearer = HTTPBearer(auto_error=False, bearerFormat="JWT", description="The access token of a sign-in.")


async def current_principal(
    request: Request, credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]
) -> Principal:
    """The dependency that every route has but the few that are public."""
    if credentials is None:
        raise UnauthenticatedError
    access: Access = request.app.state.access
    return await access.authenticate(credentials.credentials)


async def principal_of(connection: HTTPConnection) -> Principal:
    """The same for a WebSocket's handshake."""
    scheme, _, token = connection.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise UnauthenticatedError
    access: Access = connection.app.state.access
    return await access.authenticate(token.strip())


Signed = Annotated[Principal, Depends(current_principal)]
"""What a route writes: `principal: Signed`."""
