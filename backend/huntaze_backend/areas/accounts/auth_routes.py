"""Sign-in, refresh, sign-out, and who is signed in."""

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response, status

from huntaze_backend.areas.accounts import loaders
from huntaze_backend.areas.accounts.sign_in import Authenticator
from huntaze_backend.core.auth import Signed
from huntaze_backend.core.deps import Db
from huntaze_contract.wire import Me, Refresh, SignIn, Tokens

__all__ = ["router"]

router = APIRouter(prefix="/api/v2", tags=["auth"])


async def _authenticator(request: Request) -> Authenticator:
    found: Authenticator = request.app.state.authenticator
    return found


Auth = Annotated[Authenticator, Depends(_authenticator)]


@router.post("/auth/sign-in")
async def sign_in(form: SignIn, request: Request, auth: Auth) -> Tokens:
    """Exchange an e-mail address and a password for tokens."""
    return await auth.sign_in(form, request.client.host if request.client else "")


@router.post("/auth/refresh")
async def refresh(form: Refresh, auth: Auth) -> Tokens:
    """Exchange a refresh token for new tokens.

    Each works once; for 10 minutes the last one may be repeated, for a client whose answer was lost. An older one ends
    the sign-in.
    """
    return await auth.refresh(form.refresh_token.get_secret_value())


@router.post("/auth/sign-out", status_code=status.HTTP_204_NO_CONTENT)
async def sign_out(principal: Signed, auth: Auth) -> Response:
    """End this sign-in, with all its tokens."""
    await auth.sign_out(principal)
    return Response(status_code=status.HTTP_204_NO_CONTENT)


@router.get("/me")
async def me(principal: Signed, db: Db) -> Me:
    """Who is signed in."""
    return await db.read(partial(loaders.me, member_id=principal.member_id))
