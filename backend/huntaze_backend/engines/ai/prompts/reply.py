"""The prompt for a creator's next message, and how a provider that is no model reads it back.

The tail is cut to a budget of tokens. They are counted as UTF-8 bytes by four, as the orchestrator estimates: for
English and French chat the tokenizers of our providers count from a fifth less to a third more, and far fewer for
emoji; so the budget is a wish about cost, with room to every model's window, and no limit of a model's.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from huntaze_backend.engines.ai.port import Part, Prompt
from huntaze_backend.engines.ai.prompts.quoting import Persona, head_of, plain_words, quoted, unquoted, version_of
from huntaze_backend.engines.ai.tokens import estimate_text

__all__ = ["BUDGET", "FanFacts", "ReplyAsked", "Turn", "Worked", "read_reply", "reply_prompt"]

BUDGET = 600
"""Estimated tokens of the data: the usual 20 short messages fit, and the head stays the larger part."""
_TEXT = "reply-1"
_LONGEST = 2000
"""Characters of one message, of what is not the fan's last words."""
_TASK = "Task: write the creator's next message. "


@dataclass(frozen=True, slots=True)
class Turn:
    """A line of the conversation."""

    sender: Literal["fan", "creator"]
    text: str
    what: str = "text"


@dataclass(frozen=True, slots=True)
class Worked:
    """An earlier exchange of this creator that went well."""

    asked: str
    answered: str


@dataclass(frozen=True, slots=True)
class FanFacts:
    """What the team knows of the fan."""

    name: str = ""
    language: str | None = None
    tags: tuple[str, ...] = ()
    facts: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ReplyAsked:
    """What a reply prompt asks for, read back from its data."""

    fan_name: str
    language: str | None
    tone: str
    variant: int
    asked: str
    """The fan's last words; empty where the fan has not written since the creator did."""
    said: tuple[str, ...]
    """What the creator said in these lines."""
    news: str | None
    """What the last line is, if it is no text: a tip, a subscription."""


def reply_prompt(
    persona: Persona,
    fan: FanFacts,
    turns: Sequence[Turn],
    worked: Sequence[Worked] = (),
    *,
    tone: str,
    variant: int = 0,
    budget: int = BUDGET,
) -> Prompt:
    """Args: turns: oldest first; variant: which of several drafts, so that a provider without chance can differ.

    Over the budget the oldest messages go first, then what went well elsewhere, then notes. The fan's last words stay,
    whole, whatever they cost.
    """
    facts = _facts(fan)
    notes = [{"kind": "note", "text": _cut(note)} for note in fan.notes]
    examples = [{"kind": "worked", "fan": _cut(each.asked), "creator": _cut(each.answered)} for each in worked]
    kept_from = _last_words(turns)
    old = [_line(turn, whole=False) for turn in turns[:kept_from]]
    last = [_line(turn, whole=True) for turn in turns[kept_from:]]
    task = {"kind": "task", "tone": tone, "draft": variant + 1}
    while _cost([facts, *notes, *examples, *old, *last, task]) > budget:
        for dropped in (old, examples, notes):
            if dropped:
                dropped.pop(0)
                break
        else:
            break
    data = quoted([facts, *notes, *examples, *old, *last, task])
    language = f"in {fan.language}" if fan.language else "as the fan writes"
    wanted = f'{_TASK}Tone: "{plain_words(tone)}". Language: {plain_words(language)}. Draft {variant + 1}.'
    return Prompt(head_of(_TEXT, persona), (Part("user", f"{data}\n{wanted}"),), version_of(_TEXT))


def read_reply(prompt: Prompt) -> ReplyAsked | None:
    """What is asked for; None for another kind of prompt."""
    if prompt.version != version_of(_TEXT):
        return None
    lines = list(unquoted(prompt.tail[-1].text))
    fan = next((line for line in lines if line.get("kind") == "fan"), {})
    task = next((line for line in lines if line.get("kind") == "task"), {})
    turns = [Turn(line["from"], line["text"], line.get("what", "text")) for line in lines if "from" in line]
    last = turns[_last_words(turns) :]
    return ReplyAsked(
        fan_name=fan.get("name", ""),
        language=fan.get("language"),
        tone=task.get("tone", ""),
        variant=task.get("draft", 1) - 1,
        asked="\n".join(turn.text for turn in last if turn.sender == "fan" and turn.text),
        said=tuple(turn.text for turn in turns if turn.sender == "creator"),
        news=next((turn.what for turn in reversed(last) if turn.sender == "fan" and turn.what != "text"), None),
    )


def _facts(fan: FanFacts) -> dict[str, object]:
    known: dict[str, object] = {"kind": "fan", "name": _cut(fan.name, 80)}
    if fan.language:
        known["language"] = _cut(fan.language, 40)
    if fan.tags:
        known["tags"] = sorted(_cut(tag, 40) for tag in fan.tags)[:10]
    if fan.facts:
        known["facts"] = {name: _cut(value, 300) for name, value in fan.facts.items()}
    return known


def _line(turn: Turn, *, whole: bool) -> dict[str, object]:
    text = turn.text if whole else _cut(turn.text)
    line: dict[str, object] = {"from": turn.sender, "text": text}
    return line if turn.what == "text" else line | {"what": turn.what}


def _last_words(turns: Sequence[Turn]) -> int:
    """Where the fan's last words begin: all that stands after the creator's last line, or else the last line."""
    at = len(turns)
    while at > 0 and turns[at - 1].sender == "fan":
        at -= 1
    return at if at < len(turns) else max(0, len(turns) - 1)


def _cost(lines: Sequence[Mapping[str, object]]) -> int:
    return estimate_text(quoted(lines))


def _cut(text: str, longest: int = _LONGEST) -> str:
    return text if len(text) <= longest else f"{text[: longest - 1]}…"
