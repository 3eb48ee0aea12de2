"""`make demo` without a screen: a virtual one if there is Xvfb, else the offscreen platform; its exit code is kept."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PLAYER = """#!/bin/sh
echo "$@" > words
echo "$QT_QPA_PLATFORM" > platform
echo "$DISPLAY" > display
[ -n "$DISPLAY" ] && test -S "/tmp/.X11-unix/X${DISPLAY#:}" && echo yes > served
exit 7
"""

Play = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def play(tmp_path: Path) -> Play:
    """Runs the display's choice in an empty folder, with a stand-in for the venv's Python."""
    python = tmp_path / "python"
    python.write_text(PLAYER, encoding="ascii")
    python.chmod(0o755)
    program = f"import demo_display; demo_display.play({str(python)!r}, ['--minutes', '1'])"

    def run(**environment: str) -> subprocess.CompletedProcess[str]:
        clean = {key: value for key, value in os.environ.items() if "DISPLAY" not in key and key != "QT_QPA_PLATFORM"}
        return subprocess.run(
            [sys.executable, "-c", program],
            cwd=tmp_path,
            env={**clean, "PYTHONPATH": str(ROOT / "tools"), **environment},
            capture_output=True,
            text=True,
            check=False,
        )

    return run


def test_with_a_screen_the_demo_is_only_started(play: Play, tmp_path: Path) -> None:
    assert play(DISPLAY=":77").returncode == 7
    assert (tmp_path / "words").read_text().split() == ["-m", "huntaze_cli", "demo", "--minutes", "1"]


def test_without_a_screen_a_shift_is_played_on_a_virtual_one(play: Play, tmp_path: Path) -> None:
    done = play()
    assert done.returncode == 7, done.stderr
    assert "--headless --report demo-output/report.json" in (tmp_path / "words").read_text()
    assert (tmp_path / "words").read_text().split()[-2:] == ["--minutes", "1"]
    assert (tmp_path / "platform").read_text().strip() == "xcb"
    assert (tmp_path / "served").read_text().strip() == "yes"
    number = (tmp_path / "display").read_text().strip().removeprefix(":")
    assert not Path(f"/tmp/.X11-unix/X{number}").exists(), "the virtual display is still there"


def test_without_xvfb_it_falls_back_and_says_so(play: Play, tmp_path: Path) -> None:
    done = play(PATH=str(tmp_path))
    assert done.returncode == 7
    assert (tmp_path / "platform").read_text().strip() == "offscreen"
    assert "Xvfb does not start" in done.stdout
