"""Played shifts, started once per session: the short demo by its command, and shifts on backends with a fault."""

import faulthandler
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest

HERE = Path(__file__).parent
LONGEST_S = 300.0


@dataclass(frozen=True)
class Played:
    """What a shift left behind."""

    code: int
    output: str
    report: dict[str, Any]
    folder: Path
    left_behind: list[str]
    """Command lines of processes that still run."""

    @property
    def journal(self) -> Path:
        return self.folder / "journal.jsonl"


@dataclass
class Playing:
    """A shift under way. Its children carry the mark in their environment, wherever they end up."""

    process: subprocess.Popen[str]
    folder: Path
    mark: str

    def end(self) -> Played:
        # A shift is longer than the time after which a silent test counts as hanging.
        faulthandler.cancel_dump_traceback_later()
        output, _ = self.process.communicate(timeout=LONGEST_S)
        report = self.folder / "report.json"
        assert report.exists(), output
        return Played(self.process.returncode, output, json.loads(report.read_text()), self.folder, marked(self.mark))


def marked(mark: str) -> list[str]:
    """The command lines of the processes whose environment carries the mark."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get("SHIFT_TEST_MARK") == mark:
                found.append(" ".join(process.cmdline()))
        except psutil.Error:  # somebody else's, or gone
            continue
    return found


Play = Callable[..., Playing]


@pytest.fixture(scope="session")
def play(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Play]:
    started: list[subprocess.Popen[str]] = []

    def begin(name: str, *command: str) -> Playing:
        folder = tmp_path_factory.mktemp(name)
        mark = str(folder)
        environment = {name: value for name, value in os.environ.items() if name not in ("DISPLAY", "WAYLAND_DISPLAY")}
        process = subprocess.Popen(
            [sys.executable, *command],
            cwd=folder,
            env={**environment, "QT_QPA_PLATFORM": "offscreen", "SHIFT_TEST_MARK": mark},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        started.append(process)
        return Playing(process, folder, mark)

    yield begin
    for process in started:
        process.kill()
        process.communicate()


@dataclass(frozen=True)
class ShortShifts:
    """One minute with twelve fans: a shift with an outage of ten seconds, and one in chaos."""

    demo: Played
    chaos: Played


@pytest.fixture(scope="session")
def short_shifts(play: Play) -> ShortShifts:
    """Played by the demo's command, at the same time: both mostly wait."""
    words = ["demo", "--headless", "--seed", "7", "--minutes", "1", "--outage", "10", "--fans", "12"]
    files = ["--report", "report.json", "--journal", "journal.jsonl", "--screenshots", "shots"]
    command = ("-m", "huntaze_cli", *words, *files)
    demo, chaos = play("short-demo", *command), play("short-chaos", *command, "--chaos")
    return ShortShifts(demo.end(), chaos.end())


@pytest.fixture
def short_demo(short_shifts: ShortShifts) -> Played:
    return short_shifts.demo


@pytest.fixture
def short_chaos(short_shifts: ShortShifts) -> Played:
    return short_shifts.chaos


@pytest.fixture(scope="session")
def on_other_backends(play: Play) -> dict[str, Played]:
    """Short shifts on backends with one part broken, played at the same time: they mostly wait for the limit."""
    programs = {
        "token bucket": ("0.2", "14", "token_bucket.py"),
        "dedupe": ("0", "6", "broken_line.py"),
        "no dedupe": ("0", "6", "broken_line.py", "--no-dedupe"),
    }
    playing = {}
    for name, (minutes, burst, script, *words) in programs.items():
        command = (sys.executable, str(HERE / "backends" / script), *words)
        playing[name] = play(
            name.replace(" ", "-"), str(HERE / "play_shift_with.py"), "report.json", minutes, burst, *command
        )
    return {name: one.end() for name, one in playing.items()}
