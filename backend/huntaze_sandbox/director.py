"""Runs the personas: keeps their appointments on their own clock and carries their steps out on the world.

Everything a fan does is its own matter (`life` decides what, `arrivals` when); nobody else's timing moves it.
"""

import asyncio
import heapq
import itertools
import logging
import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from random import Random

from huntaze_sandbox.arrivals import Arrivals, first_fate, later_fate
from huntaze_sandbox.clock import PersonaClock
from huntaze_sandbox.events import (
    Announcement,
    FanJoined,
    HabitMoved,
    MessageWritten,
    Presence,
    SubscriptionEnded,
    SubscriptionMoved,
)
from huntaze_sandbox.life import Mind, Offer, Step, initiative, reaction
from huntaze_sandbox.lines import pack, threads_for
from huntaze_sandbox.model import Account, Chat, Fan
from huntaze_sandbox.past import thread_order
from huntaze_sandbox.world import World

log = logging.getLogger("huntaze_sandbox.personas")

#: A visit is planned this long before its first message, so that typing can be seen.
LEAD_S = 6.0
#: The first messages come at once: seconds of real time after the personas start.
FIRST_S = (1.0, 1.8, 2.6)
NEW_FAN_EVERY_S = 8 * 60.0
SWEEP_EVERY_S = 30.0
RENEWS = 0.85
LEAST_REST_S = 10.0
MOST_STEPS_AT_ONCE = 200
OFFERS_IN_MIND = 5


@dataclass(frozen=True, slots=True)
class Visit:
    """A fan comes by; its first message is at `at`."""

    account: str
    fan: int
    at: float


@dataclass(frozen=True, slots=True)
class Act:
    """One step of a fan."""

    account: str
    fan: int
    step: Step


@dataclass(frozen=True, slots=True)
class Door:
    """Somebody new subscribes, or somebody comes back."""

    account: str
    number: int


@dataclass(frozen=True, slots=True)
class Sweep:
    """Look which subscriptions have run out."""


Appointment = Visit | Act | Door | Sweep


class Director:
    """Personas of one world. `step` carries out what is due now; `start` does so as time goes by."""

    def __init__(self, world: World, personas: PersonaClock, arrivals_per_minute: float) -> None:
        self._world = world
        self.personas = personas
        self.arrivals_per_minute = arrivals_per_minute
        self._agenda: list[tuple[float, int, Appointment]] = []
        self._order = itertools.count()
        self._task: asyncio.Task[None] | None = None
        self._wake = asyncio.Event()
        self._answering: set[int] = set()
        self._expected: set[int] = set()
        self._ended: set[tuple[int, int]] = set()
        self._arrivals = Arrivals(arrivals_per_minute, ())
        self._since_ms = world.clock.now_ms()
        self._opened = False

    # --- running

    @property
    def running(self) -> bool:
        return self.personas.running

    def start(self) -> None:
        """Let the personas' clock run and keep their appointments in a task of the running loop."""
        if self._task is None:
            self.begin()
            self._task = asyncio.get_running_loop().create_task(self._run())

    def begin(self) -> None:
        """Let the clock run; whoever calls this calls `step` as well."""
        self.personas.start()
        if not self._opened:
            self._opened = True
            self._open_evening()

    async def stop(self) -> None:
        """Let the personas' clock stand still; their appointments wait."""
        self.personas.stop()
        task, self._task = self._task, None
        if task:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _run(self) -> None:
        while True:
            self.step()
            self._wake.clear()
            pause = self.personas.real_seconds_until(self._agenda[0][0]) if self._agenda else 60.0
            try:
                await asyncio.wait_for(self._wake.wait(), min(60.0, pause))
            except TimeoutError:
                continue

    def step(self) -> int:
        """Keep the appointments that are due, at most so many at once; returns how many."""
        now = self.personas.now()
        done = 0
        while self._agenda and self._agenda[0][0] <= now and done < MOST_STEPS_AT_ONCE:
            appointment = heapq.heappop(self._agenda)[2]
            done += 1
            try:
                self._keep(appointment)
            except Exception:
                # One fan's mishap must not end everyone's evening; the log is what tells us.
                log.exception("an appointment failed")
        return done

    def next_due(self) -> float | None:
        """When the next appointment is, on the personas' clock."""
        return self._agenda[0][0] if self._agenda else None

    # --- the agenda

    def _put(self, due: float, appointment: Appointment) -> None:
        heapq.heappush(self._agenda, (due, next(self._order), appointment))
        if self._agenda[0][2] is appointment:
            self._wake.set()

    def _open_evening(self) -> None:
        now = self.personas.now()
        fans = [(account, chat) for account in self._world.accounts.values() for chat in account.chats.values()]
        present = [(account, chat) for account, chat in fans if self._present(chat.fan)]
        self._arrivals = Arrivals(self.arrivals_per_minute, [chat.fan for _, chat in present])
        visits = []
        for account, chat in present:
            # The next id makes another evening of the next start, where the last one left off.
            evening = f"{self._world.seed}:{account.number}:evening:{self._world.next_message}"
            at = self._arrivals.next_visit(chat.fan, now, first_fate(evening, chat.fan))
            chat.habit.decisions += 1
            visits.append(Visit(account.id, chat.fan.id, at))
        if present:
            self._world.commit(*(_habit_of(account, chat) for account, chat in present))
        visits.sort(key=lambda visit: visit.at)
        for visit, first_s in itertools.zip_longest(visits, FIRST_S if self.arrivals_per_minute else ()):
            if visit is None:
                break
            if first_s is not None:
                visit = replace(visit, at=min(visit.at, now + first_s * self.personas.speed))
            self._put_visit(visit, now)
        for account in self._world.accounts.values():
            self._put_door(account, 0)
        self._put(now, Sweep())

    def _put_visit(self, visit: Visit, now: float) -> None:
        if visit.at < math.inf:
            self._expected.add(visit.fan)
            self._put(max(now, visit.at - LEAD_S), visit)

    def _put_door(self, account: Account, number: int) -> None:
        if self.arrivals_per_minute:
            rng = Random(f"{self._world.seed}:{account.number}:door:{number}")
            self._put(self.personas.now() + NEW_FAN_EVERY_S * rng.expovariate(1.0), Door(account.id, number))

    def _present(self, fan: Fan) -> bool:
        return not fan.blocked and fan.subscribed_until > self._world.clock.now_ms()

    # --- keeping appointments

    def _keep(self, appointment: Appointment) -> None:
        match appointment:
            case Visit():
                self._keep_visit(appointment)
            case Act():
                self._keep_act(appointment)
            case Door():
                self._keep_door(appointment)
            case Sweep():
                self._sweep()
                self._put(self.personas.now() + SWEEP_EVERY_S, appointment)

    def _keep_visit(self, visit: Visit) -> None:
        account = self._world.accounts[visit.account]
        chat = account.chats[visit.fan]
        self._expected.discard(visit.fan)
        if not self._present(chat.fan):
            return
        mind = self._mind(account, chat)
        steps = initiative(mind)
        self._world.announce(Presence(account.id, chat.fan.id, "online"))
        self._plan(account, chat, steps, visit.at)
        self._move_habit(account, chat)
        again = self._arrivals.next_visit(chat.fan, visit.at, later_fate(mind.rng))
        self._put_visit(Visit(account.id, chat.fan.id, max(again, visit.at + LEAST_REST_S)), self.personas.now())

    def _keep_act(self, act: Act) -> None:
        world, step = self._world, act.step
        match step.what:
            case "typing":
                world.announce(Presence(act.account, act.fan, "typing"))
            case "offline":
                world.announce(Presence(act.account, act.fan, "offline"))
            case "read":
                world.read(act.account, act.fan, by_creator=False)
            case "open":
                world.open(act.account, act.fan, step.message)
            case "write":
                self._answering.discard(act.fan)
                world.write(act.account, act.fan, step.text, step.tip)

    def _keep_door(self, door: Door) -> None:
        account = self._world.accounts[door.account]
        rng = Random(f"{self._world.seed}:{account.number}:door:{door.number}:who")
        gone = [chat.fan for chat in account.chats.values() if not self._present(chat.fan) and not chat.fan.blocked]
        if gone and rng.random() < 0.4:
            self._world.renew(account.id, gone[int(rng.random() * len(gone))].id)
        else:
            self._world.join(account.id)
        self._put_door(account, door.number + 1)

    def _sweep(self) -> None:
        """Renew or end subscriptions that ran out; whether a fan renews depends on the fan and the period alone."""
        now = self._world.clock.now_ms()
        for account, chat in self._run_out(now):
            fan = chat.fan
            rng = Random(f"{self._world.seed}:{account.number}:{fan.index}:renew:{fan.subscribed_until}")
            if rng.random() < RENEWS:
                self._world.renew(account.id, fan.id)
            else:
                self._ended.add((fan.id, fan.subscribed_until))
                if fan.subscribed_until >= self._since_ms:
                    self._world.announce(SubscriptionEnded(account.id, fan.id))

    def _run_out(self, now: int) -> Iterator[tuple[Account, Chat]]:
        for account in self._world.accounts.values():
            for chat in list(account.chats.values()):
                until = chat.fan.subscribed_until
                if self._world.origin_ms < until <= now and (chat.fan.id, until) not in self._ended:
                    yield account, chat

    # --- listening

    def on_event(self, event: Announcement) -> None:
        """Let fans react to what the creator wrote, and greet after subscribing."""
        if not self.running:
            return
        if isinstance(event, MessageWritten) and event.mine:
            self._hear(event)
        elif isinstance(event, FanJoined):
            account = self._world.accounts[event.account]
            self._greet(account, next(reversed(account.chats.values())))
        elif isinstance(event, SubscriptionMoved):
            account = self._world.accounts[event.account]
            self._greet(account, account.chats[event.fan])

    def _hear(self, event: MessageWritten) -> None:
        account = self._world.accounts[event.account]
        chat = account.chats[event.chat]
        if chat.fan.blocked or chat.fan.id in self._answering:
            return
        mind = self._mind(account, chat)
        steps = reaction(mind, event.text, Offer(event.id, event.price) if event.price else None)
        if any(step.what == "write" for step in steps):
            self._answering.add(chat.fan.id)
        self._plan(account, chat, steps, self.personas.now())
        self._move_habit(account, chat)

    def _greet(self, account: Account, chat: Chat) -> None:
        if chat.fan.id in self._expected:
            return
        rng = self._source(account, chat)
        self._move_habit(account, chat)
        now = self.personas.now()
        self._put_visit(Visit(account.id, chat.fan.id, now + 8 + 50 * rng.random()), now)

    # --- one fan

    def _source(self, account: Account, chat: Chat) -> Random:
        """The fan's own random source for its next decision."""
        chat.habit.decisions += 1
        return Random(f"{self._world.seed}:{account.number}:{chat.fan.index}:{chat.habit.decisions}")

    def _mind(self, account: Account, chat: Chat) -> Mind:
        fan = chat.fan
        language = fan.persona.language
        last = chat.messages[-1] if chat.messages else None
        offers = [Offer(row.id, row.price) for row in chat.messages[-60:] if row.mine and row.price and not row.opened]
        return Mind(
            rng=self._source(account, chat),
            persona=fan.persona,
            habit=chat.habit,
            lines=pack(language),
            threads=threads_for(language, account.theme),
            order=thread_order(self._world.seed, account, fan),
            creator=account.name,
            is_new=not any(not message.mine for message in chat.messages),
            awaiting=last is not None and not last.mine,
            silence_s=(self._world.clock.now_ms() - last.at) / 1000 * self.personas.speed if last else 0.0,
            offers=tuple(offers[-OFFERS_IN_MIND:]),
        )

    def _move_habit(self, account: Account, chat: Chat) -> None:
        self._world.commit(_habit_of(account, chat))

    def _plan(self, account: Account, chat: Chat, steps: list[Step], moment: float) -> None:
        for step in steps:
            self._put(moment + step.after_s, Act(account.id, chat.fan.id, step))


def _habit_of(account: Account, chat: Chat) -> HabitMoved:
    habit = chat.habit
    return HabitMoved(account.id, chat.fan.id, habit.decisions, habit.thread, habit.turn, habit.said, habit.nudges)
