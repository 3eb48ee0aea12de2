"""Access tokens (signed, 15 minutes) and refresh tokens (random, 30 days, each works once)."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

import jwt

from huntaze_backend.core.errors import UnauthenticatedError
from huntaze_contract.wire import ProblemCode

__all__ = ["ACCESS_LIFE", "REFRESH_LIFE", "AccessClaims", "AccessTokens", "hash_token", "new_refresh_token"]

ACCESS_LIFE = timedelta(minutes=15)
REFRESH_LIFE = timedelta(days=30)
_ISSUER = "huntaze"
_ALGORITHM = "HS256"


@dataclass(frozen=True, slots=True)
class AccessClaims:
    """Who an access token was given to. Rights are not in it: they are read at each request."""

    member_id: str
    session_id: str
    expires_at: datetime


class AccessTokens:
    """Signs and reads access tokens."""

    def __init__(self, secret: str) -> None:
        """Args: secret: at least 32 bytes."""
        self._secret = secret

    def issue(self, member_id: str, session_id: str, at: datetime) -> tuple[str, datetime]:
        """A token, and when it ends."""
        expires_at = at.replace(microsecond=0) + ACCESS_LIFE
        claims = {"iss": _ISSUER, "sub": member_id, "sid": session_id, "iat": at, "exp": expires_at}
        return jwt.encode(claims, self._secret, algorithm=_ALGORITHM), expires_at

    def read(self, token: str, at: datetime) -> AccessClaims:
        """Raises: UnauthenticatedError, with TOKEN_EXPIRED if only its time is over."""
        try:
            claims = jwt.decode(
                token,
                self._secret,
                algorithms=[_ALGORITHM],
                issuer=_ISSUER,
                # The injected clock decides, not the library's.
                options={"require": ["sub", "sid", "exp"], "verify_exp": False, "verify_iat": False},
            )
            read = AccessClaims(
                str(claims["sub"]), str(claims["sid"]), datetime.fromtimestamp(int(claims["exp"]), tz=at.tzinfo)
            )
        except (jwt.InvalidTokenError, ValueError, OverflowError) as error:
            raise UnauthenticatedError("The access token is not valid.") from error
        if read.expires_at <= at:
            raise UnauthenticatedError(
                "The access token has expired.", code=ProblemCode.TOKEN_EXPIRED, action="Refresh it."
            )
        return read


def new_refresh_token() -> str:
    return secrets.token_urlsafe(32)


def hash_token(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
