"""How gateways are made: one connection in, a reader or a sender out. The composition root chooses, a test swaps."""

from dataclasses import dataclass, field
from typing import Protocol

from huntaze_backend.engines.gateways.reading import PlatformReader

__all__ = ["PlatformAccess", "ReaderFactory"]


@dataclass(frozen=True, slots=True)
class PlatformAccess:
    """What opens a platform. The key is in the clear here and stays out of every log."""

    connection_id: str
    base_url: str
    api_key: str = field(repr=False)


class ReaderFactory(Protocol):
    def reader(self, access: PlatformAccess) -> PlatformReader:
        """A reader of this connection; the caller closes it."""
        ...
