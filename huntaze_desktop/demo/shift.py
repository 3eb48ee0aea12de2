"""One played shift from start to verdict: a desktop with a throw-away profile, the player on it, then the journal."""

import asyncio
import io
import logging
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from huntaze_desktop.app.desktop import Desktop
from huntaze_desktop.app.main import main as open_desktop
from huntaze_desktop.app.options import DesktopOptions
from huntaze_desktop.demo.hands import Hands
from huntaze_desktop.demo.intents import IntentLog
from huntaze_desktop.demo.main import DemoOptions
from huntaze_desktop.demo.measure import StallMeter, peak_rss_mb
from huntaze_desktop.demo.platform_log import refusals
from huntaze_desktop.demo.player import Player, ShiftPlan, ShiftResult
from huntaze_desktop.demo.report import LIMIT, Verdict, judge, read_intents, read_journal
from huntaze_desktop.demo.troubles import Chaos, NoTrouble, Outage, Surroundings, Troubles
from huntaze_desktop.model.connection import ConnectionState
from huntaze_desktop.ui.error_page import ErrorPage

__all__ = ["ShiftFailedError", "ShiftReport", "play_shift"]

log = logging.getLogger(__name__)

LOOK_EVERY_S = 0.1


class ShiftFailedError(Exception):
    """The shift could not begin; the text is what the desktop shows a person."""


@dataclass(slots=True)
class _Measured:
    """What is known when the window has closed."""

    startup_ms: float = 0.0
    stall_p99_ms: float = 0.0
    rss_mb: float = 0.0
    platform_429: int = 0
    kills: dict[str, int] = field(default_factory=dict)
    screenshots: list[str] = field(default_factory=list)
    result: ShiftResult = field(default_factory=ShiftResult)


@dataclass(frozen=True, slots=True)
class ShiftReport:
    """The verdict with what the shift cost the desktop."""

    verdict: Verdict
    platform_429: int
    offline_s: float
    gui_stall_p99_ms: float
    startup_ms: float
    rss_mb: float
    screenshots: tuple[str, ...]
    kills: Mapping[str, int]
    """How often each process was ended by SIGKILL: `backend` and `sandbox`, the platform's."""
    problems: tuple[str, ...] = ()

    @property
    def faultless(self) -> bool:
        """Nothing lost, failed, doubled, late in order or over the limit, and the platform never had to say 429."""
        verdict = self.verdict
        faults = (verdict.lost, verdict.failed, verdict.duplicated, verdict.out_of_order, self.platform_429)
        return not any(faults) and verdict.max_sends_in_any_60s <= LIMIT and not self.problems

    def as_json(self) -> dict[str, Any]:
        """The report's fields, flat, in the order in which they are documented."""
        verdict = asdict(self.verdict)
        live_answers, median_answer_s = verdict.pop("live_answers"), verdict.pop("median_answer_s")
        return {
            **verdict,
            "platform_429": self.platform_429,
            "live_answers": live_answers,
            "median_answer_s": median_answer_s,
            "offline_s": self.offline_s,
            "gui_stall_p99_ms": self.gui_stall_p99_ms,
            "startup_ms": self.startup_ms,
            "rss_mb": self.rss_mb,
            "kills": dict(self.kills),
            "screenshots": list(self.screenshots),
            "problems": list(self.problems),
        }

    def as_table(self) -> str:
        from rich.console import Console
        from rich.table import Table

        table = Table(title="The shift, by the platform's journal", title_justify="left", min_width=44)
        table.add_column("What")
        table.add_column("Value", justify="right")
        for name, value in self.as_json().items():
            table.add_row(name.replace("_", " "), _shown(value))
        text = io.StringIO()
        Console(file=text, width=72).print(table)
        for problem in self.problems:
            text.write(f"problem: {problem}\n")
        return text.getvalue()


def play_shift(options: DemoOptions) -> ShiftReport:
    """Play and judge; everything it started has ended when it returns. Raises ShiftFailedError."""
    with tempfile.TemporaryDirectory(prefix="huntaze-shift-") as folder:
        journal = (options.settings.journal or Path(folder) / "journal.jsonl").absolute()
        journal.parent.mkdir(parents=True, exist_ok=True)
        journal.unlink(missing_ok=True)
        intents = Path(folder) / "intents.jsonl"
        settings = replace(options.settings, journal=journal)
        measured = _Measured()

        async def companion(desktop: Desktop) -> None:
            await _play(desktop, options, intents, measured)

        open_desktop(DesktopOptions(headless=True, throw_away=True, theme="light", demo=settings), companion)
        verdict = judge(read_intents(intents), read_journal(journal), frozenset(measured.result.failed_texts))
        problems = list(measured.result.problems)
        if not measured.result.drained:
            problems.append("not everything had left when the time to drain was over")
        return ShiftReport(
            verdict=verdict,
            platform_429=measured.platform_429,
            offline_s=round(measured.result.offline_s, 1),
            gui_stall_p99_ms=measured.stall_p99_ms,
            startup_ms=round(measured.startup_ms, 1),
            rss_mb=measured.rss_mb,
            screenshots=tuple(measured.screenshots),
            kills=measured.kills,
            problems=tuple(problems),
        )


async def _play(desktop: Desktop, options: DemoOptions, intents: Path, measured: _Measured) -> None:
    import psutil  # like all that is not of the window: after its first paint

    painted_at = desktop.first_paint_at
    if painted_at is not None:
        measured.startup_ms = (painted_at - float(psutil.Process().create_time())) * 1000
    _say("opening the demo agency")
    await _opened(desktop)
    services = desktop.services
    backend, sandbox = (services.backend, services.sandbox) if services is not None else (None, None)
    if services is None or services.platform is None or backend is None or sandbox is None:
        raise RuntimeError("the demo agency runs without its processes")
    meter = StallMeter()
    hands = Hands(desktop.window, options.screenshots)
    record = IntentLog(intents)
    connection = desktop.workplace.engine.connection
    around = Surroundings(
        backend=backend,
        sandbox=sandbox,
        sandbox_port=sandbox.port,
        sandbox_key=services.platform.api_key.get_secret_value(),
        online=lambda: connection.value.state is ConnectionState.ONLINE,
        until=hands.until,
        picture=hands.screenshot,
        say=_say,
    )
    troubles = _troubles(options, around)
    plan = ShiftPlan(
        length_s=options.minutes * 60,
        burst=options.burst,
        drain_s=options.drain_s,
        limit_shows=not options.chaos,
        seed=options.settings.seed,
    )
    player = Player(hands, record, plan, connection, troubles.run, _say)
    meter.start()
    try:
        measured.result = await player.play()
        measured.platform_429 = troubles.refused + await refusals(around.sandbox_port, around.sandbox_key)
    finally:
        meter.stop()
        record.close()
        measured.stall_p99_ms = meter.percentile(0.99)
        measured.rss_mb = peak_rss_mb()
        measured.screenshots = hands.taken
        measured.kills = dict(troubles.kills)


def _troubles(options: DemoOptions, around: Surroundings) -> Troubles:
    length_s = options.minutes * 60
    if options.chaos:
        return Chaos(around, options.settings.seed, length_s, options.outage_s)
    if options.outage_s > 0:
        return Outage(around, length_s, options.outage_s)
    return NoTrouble()


def _shown(value: object) -> str:
    if isinstance(value, list):
        return str(len(value))
    if isinstance(value, dict):
        return ", ".join(f"{name} {count}" for name, count in value.items())
    return str(value)


async def _opened(desktop: Desktop) -> None:
    while not desktop.ready.is_set():
        page = desktop.window.cover
        if isinstance(page, ErrorPage):
            raise ShiftFailedError(f"{page.view.title}. {page.view.what} {page.view.details}".strip())
        await asyncio.sleep(LOOK_EVERY_S)


def _say(what: str) -> None:
    sys.stdout.write(f"demo: {what}\n")
    sys.stdout.flush()
