"""Where the desktop keeps its keys and tokens: the operating system's keyring, never a plain file.

Each secret is small (the cache's key is 64 hex characters): Windows refuses more than 1,280 characters. Where there is
no keyring, a person's passphrase encrypts a small file instead; a plaintext keyring is refused by name, because falling
back to it silently is worse than asking.
"""

import os
from collections.abc import Callable
from typing import Protocol

__all__ = [
    "KeyringSecrets",
    "MemorySecrets",
    "NoKeyringError",
    "Secrets",
    "new_key",
    "usable_keyring",
]

_SERVICE = "huntaze"


class NoKeyringError(Exception):
    """The system offers no keyring that keeps secrets encrypted; `reason` says what was found instead."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Secrets(Protocol):
    """Blocking: call it from a thread, never from the GUI thread."""

    def get(self, name: str) -> str | None: ...
    def set(self, name: str, value: str) -> None: ...
    def delete(self, name: str) -> None: ...


def new_key() -> str:
    """32 random bytes as 64 hex characters, fit for SQLCipher's raw key."""
    return os.urandom(32).hex()


class MemorySecrets:
    """Forgets everything at the end: for throw-away profiles and tests."""

    def __init__(self) -> None:
        self._values: dict[str, str] = {}

    def get(self, name: str) -> str | None:
        return self._values.get(name)

    def set(self, name: str, value: str) -> None:
        self._values[name] = value

    def delete(self, name: str) -> None:
        self._values.pop(name, None)


class KeyringSecrets:
    """Secrets in the system's keyring, one entry per profile and name."""

    def __init__(self, backend: "KeyringBackend", profile: str) -> None:
        self._backend = backend
        self._profile = profile

    def get(self, name: str) -> str | None:
        return self._backend.get_password(_SERVICE, f"{self._profile}/{name}")

    def set(self, name: str, value: str) -> None:
        self._backend.set_password(_SERVICE, f"{self._profile}/{name}", value)

    def delete(self, name: str) -> None:
        if self.get(name) is not None:
            self._backend.delete_password(_SERVICE, f"{self._profile}/{name}")


class KeyringBackend(Protocol):
    """The part of `keyring.backend.KeyringBackend` that is used."""

    def get_password(self, service: str, username: str) -> str | None: ...
    def set_password(self, service: str, username: str, password: str) -> None: ...
    def delete_password(self, service: str, username: str) -> None: ...


def usable_keyring(find: Callable[[], KeyringBackend] | None = None) -> KeyringBackend:
    """The system's keyring if it keeps secrets encrypted; raises NoKeyringError otherwise."""
    import keyring  # 50-90 ms: not at start-up

    backend: KeyringBackend = find() if find is not None else keyring.get_keyring()
    kind = type(backend)
    where = f"{kind.__module__}.{kind.__qualname__}"
    if kind.__module__.startswith("keyrings.alt"):
        raise NoKeyringError(f"{where} stores secrets in plain text")
    if kind.__module__ in ("keyring.backends.fail", "keyring.backends.null"):
        raise NoKeyringError("this computer has no keyring service")
    if kind.__module__ == "keyring.backends.chainer":
        return _first_of_chain(backend)
    try:
        backend.get_password(_SERVICE, "self-test")
    except Exception as error:
        raise NoKeyringError(f"{where} does not answer: {error}") from error
    return backend


def _first_of_chain(chain: KeyringBackend) -> KeyringBackend:
    reason = "this computer has no keyring service"
    for member in getattr(chain, "backends", ()):
        try:
            return usable_keyring(lambda member=member: member)  # type: ignore[misc]
        except NoKeyringError as error:
            reason = error.reason
    raise NoKeyringError(reason)
