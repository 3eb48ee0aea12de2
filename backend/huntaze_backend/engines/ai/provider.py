"""The port of a provider: one call to one model, as the attempt loop makes it. An adapter does nothing else.

It neither repeats nor chooses; it sends what it is given, reads usage in its provider's own shape, and names what went
wrong as a `Failure`.
"""

from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from huntaze_backend.engines.ai.port import AiRequest, Finish, Usage

__all__ = ["Call", "Chunk", "Provider", "Reply"]


@dataclass(frozen=True, slots=True)
class Call:
    """What one attempt asks of a model."""

    request: AiRequest
    model: str
    region: str
    timeout_s: float
    """For the whole answer or, of a stream, until its first words. The caller enforces it as well."""
    stall_s: float
    """The longest silence inside a stream."""
    reasons: bool = False
    """The model thinks first: it takes no temperature and counts its thoughts as output."""
    cache_key: str = ""
    """Groups calls that share the prompt's head, for providers that place them by it."""


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole answer."""

    text: str
    finish: Finish
    usage: Usage | None
    """None where the provider told nothing."""
    extra: Mapping[str, object] = field(default_factory=dict)


class Chunk(NamedTuple):
    """A piece of a stream: some text, or how it ended, or what it used, or several of them.

    A tuple, because there is one for each token: a frozen dataclass takes four times as long to make.
    """

    text: str = ""
    finish: Finish | None = None
    usage: Usage | None = None
    silent: int = 0
    """Pieces that are billed and not shown: a model's thoughts."""
    extra: Mapping[str, object] | None = None
    """What a `Reply` would say beside its text; with the last piece."""


class Provider(Protocol):
    """One company's endpoint, or the local one."""

    def serves(self, model: str, region: str) -> bool:
        """Whether this model is set up here: Azure has only what was deployed."""
        ...

    async def complete(self, call: Call) -> Reply:
        """Raises: ProviderError. May be cancelled."""
        ...

    def stream(self, call: Call) -> AsyncGenerator[Chunk, None]:
        """Closing it ends the connection.

        Raises: ProviderError, before or amid the chunks.
        """
        ...

    async def warm(self) -> None:
        """Do now what would otherwise make the first caller wait."""
        ...

    async def close(self) -> None:
        """Let go of connections."""
        ...
