"""Who is signed in to what: the greeting of a server, sign-in, sign-out.

The desktop refuses only a backend of another major version of the API. A profile belongs to one member: another one
signs in to a profile of their own, so that nobody sends what somebody else has written.
"""

import asyncio
import contextlib
import re

from sqlalchemy import Connection

from huntaze_contract import wire
from huntaze_desktop.cache import outbox, people
from huntaze_desktop.engine.backend import Backend
from huntaze_desktop.engine.errors import EngineError, OtherMajorError, OtherMemberError
from huntaze_desktop.engine.link import Link
from huntaze_desktop.engine.store import Store
from huntaze_desktop.engine.timing import Timing
from huntaze_desktop.engine.waiting import Backoff, Bell
from huntaze_desktop.model.entities import Member

NOBODY = Member(id="", name="", role="")
_MAJOR = re.compile(r"(\d+)(?:\.\d+)*")


def check_major(api: str) -> None:
    """Raise OtherMajorError unless the backend speaks our major version."""
    found = _MAJOR.fullmatch(api)
    theirs = int(found.group(1)) if found else None
    if theirs == wire.API_MAJOR:
        return
    older = theirs is None or theirs < wire.API_MAJOR
    what = "update the server" if older else "update Huntaze on this computer"
    raise OtherMajorError(
        f"This server speaks version {api} of the API, this Huntaze version {wire.API_VERSION}."
        f" Nothing here is lost; {what} to go on."
    )


class Session:
    """The greeting and the sign-in. Belongs to the engine's loop."""

    def __init__(self, backend: Backend, store: Store, link: Link, timing: Timing, bell: Bell) -> None:
        self._backend, self._store, self._link, self._timing, self._bell = backend, store, link, timing, bell
        self._greet = asyncio.Event()
        self.account: people.Account | None = None

    @property
    def me(self) -> Member:
        return self.account.member if self.account else NOBODY

    async def load(self) -> None:
        """Read whose profile this is, so that everything can be shown before any network."""
        self.account = await self._store.read(people.account)
        if self.account is None:
            self._link.signed_out(None)

    async def use_server(self, base_url: str | None) -> None:
        await self._backend.api.use_server(base_url)
        self._link.server_changed(known=base_url is not None)
        self._greet.set()

    def greet_again(self) -> None:
        """The stream said something that makes the server's version doubtful."""
        self._greet.set()

    async def run(self) -> None:
        """Greet each server that is set until it answers, and a refused one again and again: it may be updated."""
        if self.account is not None:
            # A keyring may take its time, or ask a person: the cache is shown meanwhile.
            if await self._backend.api.has_tokens():
                self._link.signed_in()
            else:
                self._link.signed_out(None)
        backoff = Backoff(self._timing)
        while True:
            await self._greet.wait()
            if self._backend.api.base_url is None:
                self._greet.clear()
                continue
            try:
                await self._greeting()
            except OtherMajorError:
                await self._bell.wait(self._timing.refused_every)
            except EngineError:
                await self._bell.wait(backoff.next_delay())
            else:
                backoff.reset()

    async def sign_in(self, email: str, password: str, device_name: str) -> Member:
        """Sign in; raises ApiError (WRONG_CREDENTIALS, TOO_MANY_REQUESTS…), OtherMemberError or UnreachableError."""
        await self._greeting()
        device_id = await self._store.write(outbox.device_id)
        tokens = await self._backend.sign_in(email, password, device_id, device_name)
        known = await self._store.read(people.account)
        if known is not None and (known.member.id, known.agency_id) != (tokens.me.member.id, tokens.me.agency_id):
            with contextlib.suppress(EngineError):
                await self._backend.end_sign_in(tokens.access_token)
            raise OtherMemberError(
                f"This profile belongs to {known.member.name} of {known.agency_name}."
                " Sign out there first; unsent messages are kept until then."
            )
        await self._backend.api.take_tokens(tokens)

        def save(connection: Connection) -> people.Account:
            return people.save_account(connection, tokens.me)

        self.account = await self._store.write(save)
        self._link.signed_in()
        self._bell.ring()
        return self.account.member

    async def sign_out(self) -> None:
        """End the sign-in, here and, if it can be reached, at the server. The cache is the caller's to remove."""
        # The token below is forgotten in any case; at a server that cannot be reached it ends by itself.
        with contextlib.suppress(EngineError):
            await self._backend.sign_out()
        await self._backend.api.forget_tokens()
        self._link.signed_out(None)

    async def _greeting(self) -> None:
        self._greet.clear()
        try:
            health = await self._backend.health()
            check_major(health.api)
        except OtherMajorError as error:
            self._link.refuse(error.text)
            self._greet.set()
            raise
        except EngineError:
            self._greet.set()
            raise
        self._link.accepted()
