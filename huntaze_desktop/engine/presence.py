"""Who looks at what: colleagues' presence and the fan's typing as they are told, and our own as we tell it.

All of it is forgotten by itself; nothing here is stored and nothing here decides anything.
"""

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass

from huntaze_contract import wire
from huntaze_contract.ids import Id
from huntaze_desktop.engine.backend import Backend
from huntaze_desktop.engine.errors import EngineError
from huntaze_desktop.engine.link import Link
from huntaze_desktop.engine.timing import TYPING_LASTS, VIEWING_LASTS, Timing
from huntaze_desktop.engine.waiting import Bell


@dataclass(frozen=True, slots=True)
class Colleague:
    name: str
    types: bool
    until: float


class Presence:
    """What is known at this moment, by the loop's clock. Belongs to the engine's loop."""

    def __init__(self, backend: Backend, link: Link, timing: Timing, me: Callable[[], Id]) -> None:
        self._backend, self._link, self._timing, self._me = backend, link, timing, me
        self._colleagues: dict[Id, dict[Id, Colleague]] = {}
        self._typing: dict[Id, float] = {}
        self._listeners: list[Callable[[Id], None]] = []
        self._mine: tuple[Id, wire.PresenceKind] | None = None
        self._told: tuple[Id, wire.PresenceKind] | None = None
        self._changed = Bell()

    def listen(self, listener: Callable[[Id], None]) -> None:
        """Be told the conversation about which something changed."""
        self._listeners.append(listener)

    # --- others ---------------------------------------------------------------------------------------------------

    def on_presence(self, frame: wire.PresenceFrame) -> None:
        if frame.member_id == self._me():
            return
        those = self._colleagues.setdefault(frame.conversation_id, {})
        if frame.kind is wire.PresenceKind.GONE:
            those.pop(frame.member_id, None)
        else:
            types = frame.kind is wire.PresenceKind.TYPING
            lasts = TYPING_LASTS if types else VIEWING_LASTS
            those[frame.member_id] = Colleague(frame.member_name, types, self._time() + lasts)
            self._look_again(frame.conversation_id, lasts)
        self._tell(frame.conversation_id)

    def on_typing(self, frame: wire.TypingFrame) -> None:
        self._typing[frame.conversation_id] = self._time() + TYPING_LASTS
        self._look_again(frame.conversation_id, TYPING_LASTS)
        self._tell(frame.conversation_id)

    def forget_others(self) -> None:
        """The connection is lost: who came or went since cannot be known, so nobody is said to be there."""
        gone = {*self._colleagues, *self._typing}
        self._colleagues.clear()
        self._typing.clear()
        for conversation_id in gone:
            self._tell(conversation_id)

    def colleague(self, conversation_id: Id) -> Colleague | None:
        """The colleague to show: one who types before one who looks."""
        now = self._time()
        there = [one for one in self._colleagues.get(conversation_id, {}).values() if one.until > now]
        return max(there, key=lambda one: (one.types, one.until), default=None)

    def fan_types(self, conversation_id: Id) -> bool:
        return self._typing.get(conversation_id, 0.0) > self._time()

    def colleagues(self) -> dict[Id, Colleague]:
        """All conversations in which somebody is, with whom to show."""
        found = {of: self.colleague(of) for of in list(self._colleagues)}
        return {of: one for of, one in found.items() if one is not None}

    # --- ourselves ------------------------------------------------------------------------------------------------

    def set_mine(self, conversation_id: Id, *, typing: bool) -> None:
        kind = wire.PresenceKind.TYPING if typing else wire.PresenceKind.VIEWING
        if self._mine != (conversation_id, kind):
            self._mine = (conversation_id, kind)
            self._changed.ring()

    async def run(self) -> None:
        """Tell ours when it changes, and again before it would be forgotten."""
        while True:
            await self._link.ready()
            mine, told = self._mine, self._told
            with contextlib.suppress(EngineError):  # worth nothing a minute later
                if told is not None and mine is not None and told[0] != mine[0]:
                    await self._backend.tell_presence(told[0], wire.PresenceKind.GONE)
                if mine is not None:
                    await self._backend.tell_presence(*mine)
                    self._told = mine
            if mine == self._mine:
                types = mine is not None and mine[1] is wire.PresenceKind.TYPING
                pause = self._timing.typing_repeat if types else self._timing.presence_repeat
                await self._changed.wait(pause if mine is not None else None)

    # --- inside ---------------------------------------------------------------------------------------------------

    def _time(self) -> float:
        return asyncio.get_running_loop().time()

    def _tell(self, conversation_id: Id) -> None:
        for listener in self._listeners:
            listener(conversation_id)

    def _look_again(self, conversation_id: Id, seconds: float) -> None:
        asyncio.get_running_loop().call_later(seconds + 0.01, self._forget, conversation_id)

    def _forget(self, conversation_id: Id) -> None:
        now = self._time()
        those = self._colleagues.get(conversation_id, {})
        for member_id in [id_ for id_, one in those.items() if one.until <= now]:
            del those[member_id]
        if not those:
            self._colleagues.pop(conversation_id, None)
        if self._typing.get(conversation_id, now) < now:
            del self._typing[conversation_id]
        self._tell(conversation_id)
