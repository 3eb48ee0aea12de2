"""Secrets at rest: AES-256-GCM under one key of the installation."""

import base64
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

__all__ = ["SecretBox", "SecretUnreadableError"]

_NONCE_BYTES = 12
_VERSION = "v1."


class SecretUnreadableError(Exception):
    """A stored secret cannot be opened: another key sealed it, or it was changed."""


class SecretBox:
    """Seals and opens short secrets. `purpose` is bound in: a secret moved to another column does not open."""

    def __init__(self, key: bytes) -> None:
        """Args: key: 32 bytes."""
        self._cipher = AESGCM(key)

    def seal(self, secret: str, purpose: str) -> str:
        nonce = os.urandom(_NONCE_BYTES)
        sealed = self._cipher.encrypt(nonce, secret.encode(), purpose.encode())
        return _VERSION + base64.urlsafe_b64encode(nonce + sealed).decode()

    def open(self, sealed: str, purpose: str) -> str:
        """Raises: SecretUnreadableError."""
        try:
            raw = base64.urlsafe_b64decode(sealed.removeprefix(_VERSION))
            return self._cipher.decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], purpose.encode()).decode()
        except (InvalidTag, ValueError) as error:
            raise SecretUnreadableError(purpose) from error
