"""Passwords: Argon2id, in threads, a few at a time, and the same time for an address nobody has."""

import asyncio
import secrets
from functools import cached_property

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

__all__ = ["Passwords"]

_AT_ONCE = 4  # each takes 64 MB for some 50 ms; a burst of sign-ins must not take the machine's memory


class Passwords:
    """Hashes and verifies."""

    def __init__(self) -> None:
        self._hash = PasswordHash((Argon2Hasher(),))
        self._places = asyncio.Semaphore(_AT_ONCE)

    async def hash(self, password: str) -> str:
        async with self._places:
            return await asyncio.to_thread(self._hash.hash, password)

    async def verify(self, password: str, stored: str | None) -> bool:
        """Whether it is the password. With nothing stored it takes as long and says no."""
        async with self._places:
            return await asyncio.to_thread(self._verify, password, stored)

    def hash_now(self, password: str) -> str:
        """For a command line, which has no event loop to keep free."""
        return self._hash.hash(password)

    def _verify(self, password: str, stored: str | None) -> bool:
        nobodys = self._nobodys  # made by the first sign-in of all, whoever's it is
        matches = self._hash.verify(password, nobodys if stored is None else stored)
        return matches and stored is not None

    @cached_property
    def _nobodys(self) -> str:
        return self._hash.hash(secrets.token_urlsafe(32))
