"""`huntaze backend`: what an administrator does without a running service, as processes on an encrypted database."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.e2e

KEY = "ab" * 32
OTHER_KEY = "cd" * 32


@pytest.fixture
def backend(tmp_path: Path):
    """Runs a verb with nothing of this machine's own settings."""

    def run(*words: str, key: str = KEY) -> subprocess.CompletedProcess[str]:
        clean = {name: value for name, value in os.environ.items() if not name.startswith("HUNTAZE_")}
        return subprocess.run(
            [sys.executable, "-m", "huntaze_cli", "backend", *words, "--data", str(tmp_path)],
            env={**clean, "HUNTAZE_DATABASE_KEY": key, "HUNTAZE_OWNER_PASSWORD": "correct horse battery"},
            capture_output=True,
            text=True,
            check=False,
        )

    return run


def test_the_first_owner_is_made_once_and_only_with_the_right_key(backend):
    owner = ["create-owner", "--email", "ada@example.org", "--name", "Ada", "--agency", "North"]

    first = backend(*owner)
    assert first.returncode == 0, first.stderr
    assert "Ada owns North" in first.stdout

    second = backend(*owner)
    assert second.returncode == 1
    assert "an owner already" in second.stderr

    wrong = backend("migrate", key=OTHER_KEY)
    assert wrong.returncode not in (0, 1), "a refusal has its own exit code; 1 is a crash"
    assert "WRONG_KEY" in wrong.stderr
    assert OTHER_KEY not in wrong.stderr
