"""A demo whose service does not start says why and ends, instead of waiting for a window that never fills."""

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.e2e

SCRIPT = Path(__file__).parent / "play_shift_with.py"


def test_it_ends_with_the_reason(tmp_path: Path) -> None:
    words = '{"error": "DATABASE_FAILED", "detail": "The disk is full of holes."}'
    broken = f"import sys; sys.stderr.write('{words}' + chr(10)); sys.exit(7)"
    done = subprocess.run(
        [sys.executable, str(SCRIPT), str(tmp_path / "report.json"), "0", "1", sys.executable, "-c", broken],
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )
    assert done.returncode == 1
    assert "The disk is full of holes." in done.stderr
    assert "Traceback" not in done.stderr
