"""Secrets behind a passphrase, for computers without a keyring. Imported only there: it costs start-up time."""

import json
import os
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

__all__ = ["PassphraseSecrets", "WrongPassphraseError"]

_SCRYPT_N = 2**15


class WrongPassphraseError(Exception):
    """The passphrase does not open the file. Nothing was changed."""


class PassphraseSecrets:
    """Secrets in a small file, encrypted under a passphrase (scrypt, AES-256-GCM)."""

    def __init__(self, path: Path, passphrase: str) -> None:
        """Open the file or, if there is none, begin one. Raises WrongPassphraseError."""
        self._path = path
        if path.exists():
            blob = path.read_bytes()
            self._salt, nonce, sealed = blob[:16], blob[16:28], blob[28:]
            self._cipher = AESGCM(_derive(passphrase, self._salt))
            try:
                self._values: dict[str, str] = json.loads(self._cipher.decrypt(nonce, sealed, b"huntaze-secrets"))
            except InvalidTag:
                raise WrongPassphraseError from None
        else:
            self._salt = os.urandom(16)
            self._cipher = AESGCM(_derive(passphrase, self._salt))
            self._values = {}
            self._save()

    def get(self, name: str) -> str | None:
        return self._values.get(name)

    def set(self, name: str, value: str) -> None:
        self._values[name] = value
        self._save()

    def delete(self, name: str) -> None:
        if self._values.pop(name, None) is not None:
            self._save()

    def _save(self) -> None:
        nonce = os.urandom(12)
        sealed = self._cipher.encrypt(nonce, json.dumps(self._values).encode(), b"huntaze-secrets")
        self._path.parent.mkdir(parents=True, exist_ok=True)
        fresh = self._path.with_suffix(".new")
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(self._salt + nonce + sealed)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self._path)


def _derive(passphrase: str, salt: bytes) -> bytes:
    return Scrypt(salt=salt, length=32, n=_SCRYPT_N, r=8, p=1).derive(passphrase.encode("utf-8"))
