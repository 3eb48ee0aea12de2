"""The local provider: replies from the creator's own past and from templates, without a key, a network or a cost.

It answers where nobody else can, so it must not fail for want of anything but words. First come replies that went well
when a fan of the same creator wrote something alike, then templates by subject and language. It uses no chance: the
same prompt gives the same list, and each draft of a set takes its own place in it, so that cards differ.
"""

import tomllib
from collections.abc import AsyncGenerator, Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Self

import structlog

from huntaze_backend.engines.ai.failures import ProviderError
from huntaze_backend.engines.ai.memory import Memory
from huntaze_backend.engines.ai.port import Failure, Usage
from huntaze_backend.engines.ai.prompts import ReplyAsked, read_reply
from huntaze_backend.engines.ai.provider import Call, Chunk, Reply
from huntaze_backend.engines.ai.tokens import estimate, estimate_text
from huntaze_backend.engines.ai.words import all_words, language_of

__all__ = ["LocalProvider", "Template", "Templates"]

log = structlog.get_logger(__name__)

_RECALLED = 8
_ANY = "any"
_SURE, _UNSURE = 0.35, 0.2
"""Confidence of a template for the subject, and of one for any."""
NAME = "{name}"


@dataclass(frozen=True, slots=True)
class Template:
    """A reply that comes with the program."""

    id: str
    language: str
    intent: str
    text: str


@dataclass(frozen=True, slots=True)
class _Candidate:
    text: str
    confidence: float
    source: str
    why: str
    remembered: bool


class Templates:
    """The templates, and which subject a text is about."""

    def __init__(self, templates: tuple[Template, ...], intents: Mapping[str, frozenset[str]]) -> None:
        self.all = templates
        self._intents = intents

    @classmethod
    def shipped(cls) -> Self:
        """Those that come with the program."""
        raw = tomllib.loads(files("huntaze_resources").joinpath("ai", "templates.toml").read_text("utf-8"))
        intents = {intent["name"]: frozenset(intent["words"]) for intent in raw["intent"]}
        return cls(tuple(Template(**each) for each in raw["template"]), intents)

    def intent(self, text: str) -> str:
        """The subject with the most hits, of equals the first; `any` for none."""
        words = set(all_words(text))
        hits = {name: len(words & known) for name, known in self._intents.items()}
        best = max(hits, key=lambda name: hits[name])
        return best if hits[best] else _ANY

    def of(self, intent: str, language: str) -> Iterator[Template]:
        """Those for the subject."""
        return (each for each in self.all if (each.intent, each.language) == (intent, language))


class LocalProvider:
    """Implements `provider.Provider`. Serves replies; other work it leaves, because a greeting is no caption."""

    def __init__(self, memory: Memory, templates: Templates | None = None) -> None:
        self._memory = memory
        self._templates = templates or Templates.shipped()

    def serves(self, model: str, region: str) -> bool:
        return True

    async def complete(self, call: Call) -> Reply:
        """See the port. Raises: ProviderError for what is no reply."""
        chosen = await self._choose(call)
        return Reply(chosen.text, "stop", self._usage(call, chosen), _extra(chosen))

    async def stream(self, call: Call) -> AsyncGenerator[Chunk, None]:
        """In one piece: there is nothing to wait for. Raises: ProviderError for what is no reply."""
        chosen = await self._choose(call)
        yield Chunk(chosen.text)
        yield Chunk(finish="stop", usage=self._usage(call, chosen), extra=_extra(chosen))

    async def warm(self) -> None:
        """Nothing to do: the templates are read."""

    async def close(self) -> None:
        """Nothing to let go of."""

    async def _choose(self, call: Call) -> _Candidate:
        asked = read_reply(call.request.prompt)
        if asked is None:
            raise ProviderError(Failure.NO_PROVIDER)
        found: dict[str, _Candidate] = {}
        for candidate in (*await self._remembered(call, asked), *self._from_templates(asked)):
            found.setdefault(candidate.text, candidate)
        usable = [each for text, each in found.items() if text not in asked.said] or list(found.values())
        return usable[asked.variant % len(usable)]

    async def _remembered(self, call: Call, asked: ReplyAsked) -> list[_Candidate]:
        request = call.request
        if request.creator_id is None or not asked.asked:
            return []
        try:
            recalled = await self._memory.recall(request.agency_id, request.creator_id, asked.asked, _RECALLED)
        except Exception:
            # The floor holds without a memory.
            log.exception("ai.memory_failed")
            return []
        named = ((each, _named(each.answered, asked.fan_name)) for each in recalled)
        return [_Candidate(text, each.score, each.id, each.why, True) for each, text in named if text is not None]  # noqa: FBT003

    def _from_templates(self, asked: ReplyAsked) -> Iterator[_Candidate]:
        language = _language(asked)
        intent = _ANY
        if asked.asked:
            intent = self._templates.intent(asked.asked)
        elif asked.news in ("tip", "subscription"):
            intent = asked.news
        for wanted, confidence in ((intent, _SURE), (_ANY, _UNSURE)):
            for template in self._templates.of(wanted, language):
                text = _named(template.text, asked.fan_name)
                if text is not None:
                    sure = _UNSURE if wanted == _ANY else confidence
                    why = f"a template for: {wanted.replace('_', ' ')}"
                    yield _Candidate(text, sure, template.id, why, False)  # noqa: FBT003

    @staticmethod
    def _usage(call: Call, chosen: _Candidate) -> Usage:
        return Usage(estimate(call.request, 0), output_tokens=estimate_text(chosen.text), estimated=True)


def _extra(chosen: _Candidate) -> dict[str, object]:
    extra: dict[str, object] = {"confidence": chosen.confidence, "reason": chosen.why}
    return extra | ({"source": chosen.source} if chosen.remembered else {"template": chosen.source})


def _language(asked: ReplyAsked) -> str:
    """What the fan writes, else what the team knows of the fan."""
    if all_words(asked.asked):
        return language_of([asked.asked])
    return "fr" if (asked.language or "").casefold().startswith("fr") else "en"


def _named(text: str, name: str) -> str | None:
    """The text with the fan's first name in it; None where it wants one and there is no plain one.

    A name is the fan's own choice: it may be an address, or an insult with a digit in it.
    """
    if NAME not in text:
        return text
    first = name.split(maxsplit=1)[0] if name.split() else ""
    plain = first.replace("-", "").replace("’", "").replace("'", "").isalpha() and 2 <= len(first) <= 20
    return text.replace(NAME, first) if plain else None
