"""Identifiers: who makes them, and how they are written.

Whoever creates a thing makes its id, a UUIDv7 in canonical lower-case text. What the platform created gets a UUIDv5 of
(account, platform id), so that the same platform row always becomes the same row of ours, however often it is read.
The time bits of a UUIDv7 are never used for ordering: a client's clock may be wrong.
"""

import re
import uuid

import uuid_utils

__all__ = ["Id", "is_id", "new_id", "platform_born_id"]

Id = str
"""A UUID in canonical text, 36 characters, lower case."""

# A fixed namespace: changing it would give every platform message a second identity.
_PLATFORM_NAMESPACE = uuid.UUID("6f6b6c1e-4d0b-5b0a-9a55-2f0c3f1d7c11")
_CANONICAL = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


def new_id() -> Id:
    """A new UUIDv7, unique across machines without coordination."""
    return str(uuid_utils.uuid7())


def platform_born_id(account_id: str, platform_id: str, kind: str = "message") -> Id:
    """The id of something that the platform created, the same on every machine.

    Args:
        account_id: our id of the creator account the thing belongs to.
        platform_id: the platform's own id, as text.
        kind: what it is; platforms number fans and messages independently.
    """
    return str(uuid.uuid5(_PLATFORM_NAMESPACE, f"{kind}\x1f{account_id}\x1f{platform_id}"))


def is_id(text: str) -> bool:
    """Whether `text` is a UUID in canonical form, the only form accepted on the wire."""
    return _CANONICAL.fullmatch(text) is not None
