"""The composition root: builds the world from seed and state file, and joins it to recorder, limits and faults."""

import asyncio
import logging
from dataclasses import dataclass, field

from huntaze_sandbox.clock import Clock, PersonaClock, SystemClock
from huntaze_sandbox.director import Director
from huntaze_sandbox.events import Event, MessageWritten
from huntaze_sandbox.faults import FaultPlan
from huntaze_sandbox.history import make_past
from huntaze_sandbox.jsonlines import JsonLines
from huntaze_sandbox.options import SandboxOptions
from huntaze_sandbox.recorder import Recorder, compact, heal_journal, read_state, write_state
from huntaze_sandbox.webhooks import Webhooks
from huntaze_sandbox.window import SlidingWindow
from huntaze_sandbox.world import World

log = logging.getLogger("huntaze_sandbox")


@dataclass(slots=True)
class Platform:
    """One running platform. `calls` counts API calls (the vendor's credits), `throttled` the answers 429, `running` the
    keyed sends under way.

    `closing` is set when the process begins to end, so that held requests let go.
    """

    options: SandboxOptions
    clock: Clock
    world: World
    recorder: Recorder
    window: SlidingWindow
    faults: FaultPlan
    director: Director
    webhooks: Webhooks
    calls: int = 0
    throttled: int = 0
    running: set[tuple[str, str]] = field(default_factory=set)
    closing: asyncio.Event = field(default_factory=asyncio.Event)

    async def start(self) -> None:
        """Start delivering webhooks and, unless told otherwise, the personas."""
        self.webhooks.start()
        if self.options.live:
            self.director.start()

    async def stop(self) -> None:
        """Stop personas and deliveries, and close the files; everything accepted is in them already."""
        await self.director.stop()
        await self.webhooks.stop()
        self.recorder.close()


def build(options: SandboxOptions, clock: Clock | None = None) -> Platform:
    """Build a platform that is ready to serve. Raises StateError, FaultError or OSError with words for the user."""
    clock = clock or SystemClock()
    now_ms = clock.now_ms()
    faults = FaultPlan(options.seed, clock)
    if options.faults:
        faults.load(options.faults)
    origin_ms = now_ms
    batches: list[list[Event]] = []
    if options.state and options.state.exists():
        origin_ms, batches = read_state(options.state, options)
        batches = compact(batches, now_ms)
    past = make_past(options.seed, options.fans, options.messages, origin_ms)
    world = World.of(past, options.seed, clock, origin_ms)
    window = SlidingWindow(options.rate_limit)
    for batch in batches:
        for event in batch:
            world.apply(event)
            _recount(window, event, now_ms, clock.monotonic())
    world.sink = recorder = _recorder(options, origin_ms, batches)
    personas = PersonaClock(clock, options.speed)
    director = Director(world, personas, options.arrivals_per_minute)
    webhooks = Webhooks(world, faults)
    world.listeners += [director.on_event, webhooks.on_event]
    log.info("seed %d, %d fans, %d events since the past", options.seed, options.fans, sum(map(len, batches)))
    return Platform(options, clock, world, recorder, window, faults, director, webhooks)


def _recorder(options: SandboxOptions, origin_ms: int, batches: list[list[Event]]) -> Recorder:
    state = journal = None
    if options.state:
        write_state(options.state, options, origin_ms, batches)
        state = JsonLines(options.state)
    if options.journal:
        journal = JsonLines(options.journal)
        heal_journal(journal, batches)
    return Recorder(state, journal)


def _recount(window: SlidingWindow, event: Event, now_ms: int, monotonic: float) -> None:
    """A restart does not open the window: sends of the last minute still count."""
    if isinstance(event, MessageWritten) and event.mine and now_ms - event.at < 60_000:
        window.accept(event.account, monotonic - (now_ms - event.at) / 1000)
