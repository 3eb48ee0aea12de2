"""What a fan decides: pure functions from a persona, its place in its story and its own random source to steps.

Nothing in here knows the time of day, other fans or the platform, so a fan makes the same choices for a seed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Literal

from huntaze_sandbox.lines import LinePack, Thread, fill, greeted, pick
from huntaze_sandbox.model import Habit, Persona

#: How often a fan who begins adds a second message at once.
SECOND_MESSAGE = 0.15
LONG_SILENCE_S = 14 * 24 * 3600
LIVE_TIPS = (300, 500, 500, 1000, 1500, 2000, 2500, 5000)


@dataclass(frozen=True, slots=True)
class Step:
    """Something a fan does, `after_s` persona seconds from the moment the decision is about."""

    after_s: float
    what: Literal["read", "typing", "write", "open", "offline"]
    text: str = ""
    tip: int = 0
    message: int = 0


@dataclass(frozen=True, slots=True)
class Offer:
    """A message that can still be bought."""

    message: int
    price: int


@dataclass(slots=True)
class Mind:
    """All that a fan decides from. `habit` is changed by deciding; `order` is in which order it brings up threads.

    `silence_s` is how long nobody has written, in persona seconds; `awaiting`, that the fan's message was the last.
    """

    rng: Random
    persona: Persona
    habit: Habit
    lines: LinePack
    threads: Sequence[Thread]
    order: Sequence[int]
    creator: str
    is_new: bool = False
    awaiting: bool = False
    silence_s: float = 0.0
    offers: tuple[Offer, ...] = ()

    def line(self, occasion: str) -> str:
        return fill(pick(self.rng, self.lines.fan[occasion]), self.creator)

    def chance(self, share: float) -> bool:
        return self.rng.random() < share

    def between(self, low: float, high: float) -> float:
        return low + (high - low) * self.rng.random()


def initiative(mind: Mind) -> list[Step]:
    """A fan comes by and writes first; step times count from the moment of the first message."""
    persona = mind.persona
    mind.habit.said = 1
    if mind.offers and mind.chance(0.35 * persona.spend):
        offer = mind.offers[int(mind.rng.random() * len(mind.offers))]
        return [Step(-1.0, "open", message=offer.message), *_say(mind, 0.0, mind.line("bought"))]
    if mind.chance(0.02 + 0.08 * persona.spend) and not mind.is_new:
        return _say(mind, 0.0, mind.line("tip"), tip=_tip(mind))
    steps = _say(mind, 0.0, _opening(mind))
    if mind.chance(SECOND_MESSAGE):
        steps += _say(mind, mind.between(4, 9), mind.line("more"))
    steps.append(Step(mind.between(120, 600), "offline"))
    return steps


def reaction(mind: Mind, text: str, offer: Offer | None) -> list[Step]:
    """The creator has written; step times count from then. Some only read."""
    read_s = mind.between(2, 4 + 10 * (1 - mind.persona.talk))
    steps = [Step(read_s, "read")]
    mind.habit.nudges = 0
    if offer:
        return steps + _consider(mind, offer, read_s)
    if not mind.chance(0.5 + 0.45 * mind.persona.talk):
        return steps
    delay = max(read_s + 2, mind.between(5, 5 + 55 * (1.05 - mind.persona.talk)))
    if mind.chance(0.01 + 0.06 * mind.persona.spend):
        return steps + _say(mind, delay, mind.line("tip"), tip=_tip(mind))
    return steps + _say(mind, delay, _answer(mind, text))


def typing_s(text: str) -> float:
    """How long the typing sign is seen before a text."""
    return min(5.0, 1.0 + len(text) / 30)


def farewell_due(mind: Mind) -> bool:
    """Talkative fans stay for nine answers, quiet ones for three."""
    return mind.habit.said >= 3 + 6 * mind.persona.talk


def _opening(mind: Mind) -> str:
    habit = mind.habit
    if mind.is_new:
        return mind.line("new")
    if mind.awaiting:
        habit.nudges += 1
        if habit.nudges % 3 == 1 and mind.silence_s >= mind.persona.patience_s:
            return mind.line("nudge")
        if habit.nudges % 3 == 2:
            return mind.line("more")
    if mind.silence_s > LONG_SILENCE_S and mind.chance(0.2):
        return mind.line("back")
    opener = mind.line("more") if mind.chance(0.2) else _next_thread(mind)
    return fill(greeted(mind.rng, mind.lines, opener), mind.creator) if mind.chance(0.45) else opener


def _next_thread(mind: Mind) -> str:
    thread = mind.threads[mind.order[mind.habit.thread % len(mind.order)]]
    mind.habit.thread += 1
    mind.habit.turn = 2
    return fill(thread.turns[0], mind.creator)


def _answer(mind: Mind, text: str) -> str:
    """Go on with the thread, answer a question, thank, or bring up something else; at last say good-bye."""
    habit = mind.habit
    if farewell_due(mind):
        habit.said, habit.turn = 0, 0
        return mind.line("bye")
    habit.said += 1
    if habit.thread and habit.turn:
        thread = mind.threads[mind.order[(habit.thread - 1) % len(mind.order)]]
        if habit.turn < len(thread.turns):
            line = fill(thread.turns[habit.turn], mind.creator)
            habit.turn += 2
            return line
        habit.turn = 0
    if "?" in text:
        return mind.line("answer")
    if mind.chance(0.4):
        return mind.line("thanks")
    if mind.chance(0.5):
        return mind.line("more")
    return _next_thread(mind)


def _consider(mind: Mind, offer: Offer, read_s: float) -> list[Step]:
    """Buy, decline in words, or let it lie. Twice the price halves the wish."""
    wish = (0.08 + 0.8 * mind.persona.spend) * min(1.5, 2000 / offer.price)
    if mind.chance(wish):
        buy_s = read_s + mind.between(5, 40)
        steps = [Step(buy_s, "open", message=offer.message)]
        if mind.chance(0.65):
            steps += _say(mind, buy_s + mind.between(6, 15), mind.line("bought"))
        return steps
    if mind.chance(0.35):
        return _say(mind, read_s + mind.between(8, 40), mind.line("declined"))
    return []


def _tip(mind: Mind) -> int:
    return LIVE_TIPS[int(mind.rng.random() * (4 + 4 * mind.persona.spend))]


def _say(mind: Mind, at_s: float, text: str, tip: int = 0) -> list[Step]:
    return [Step(at_s - typing_s(text), "typing"), Step(at_s, "write", text=text, tip=tip)]
