"""Secrets that an installation makes once and keeps: what signs tokens, and what seals platform keys.

They are kept in the database only if the database itself is encrypted. Elsewhere they would lie beside what they
protect, so the environment must give them.
"""

import secrets
from dataclasses import dataclass, field

from sqlalchemy import String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from huntaze_backend.core.schema import Base
from huntaze_backend.core.secrets import SecretBox

__all__ = ["InstallationSecrets", "SecretsMissingError", "load_secrets"]

_JWT = "jwt_secret"
_SEAL = "token_encryption_key"


class SecretRow(Base):
    """A secret of this installation."""

    __tablename__ = "installation_secrets"

    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    value: Mapped[str] = mapped_column(String(200))


class SecretsMissingError(Exception):
    """The database is not encrypted, and the environment does not give the secrets."""


@dataclass(frozen=True, slots=True)
class InstallationSecrets:
    jwt_secret: str = field(repr=False)
    token_encryption_key: str = field(repr=False)
    """64 hex digits."""

    def box(self) -> SecretBox:
        return SecretBox(bytes.fromhex(self.token_encryption_key))


def load_secrets(
    session: Session, *, jwt_secret: str | None, token_encryption_key: str | None, encrypted: bool
) -> InstallationSecrets:
    """The given secrets, and for what is not given those of the database, made now if this is the first start.

    Args:
        encrypted: whether the database's file is encrypted as a whole.

    Raises: SecretsMissingError.
    """
    if jwt_secret is not None and token_encryption_key is not None:
        return InstallationSecrets(jwt_secret, token_encryption_key)
    if not encrypted:
        raise SecretsMissingError("Give JWT_SECRET and TOKEN_ENCRYPTION_KEY, or encrypt the embedded database.")
    kept = dict(session.execute(select(SecretRow.name, SecretRow.value)).all())
    for name in (_JWT, _SEAL):
        if name not in kept:
            kept[name] = secrets.token_hex(32)
            session.add(SecretRow(name=name, value=kept[name]))
    return InstallationSecrets(jwt_secret or kept[_JWT], token_encryption_key or kept[_SEAL])
