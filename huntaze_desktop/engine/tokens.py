"""Where the refresh token is kept: a port, because the keyring belongs to the composition root."""

from typing import Protocol


class TokenStore(Protocol):
    """Keeps one refresh token. Called on a worker thread: a keyring may take its time, or ask a person."""

    def load(self) -> str | None: ...

    def save(self, token: str) -> None: ...

    def clear(self) -> None: ...


class MemoryTokenStore:
    """Keeps the token as long as the process lives: for throw-away profiles and tests."""

    def __init__(self, token: str | None = None) -> None:
        self._token = token

    def load(self) -> str | None:
        return self._token

    def save(self, token: str) -> None:
        self._token = token

    def clear(self) -> None:
        self._token = None
