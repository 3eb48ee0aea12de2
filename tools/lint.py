"""`make lint`: every check runs even when an earlier one failed, so that one run shows all there is to mend."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
CHECKS: dict[str, list[str | Path]] = {
    "style (ruff check)": [BIN / "ruff", "check", "--quiet", "."],
    "format (ruff format)": [BIN / "ruff", "format", "--check", "."],
    "walls (import-linter)": [BIN / "lint-imports", "--no-cache"],
    "house rules": [sys.executable, "tools/house.py"],
    "types (mypy --strict)": [BIN / "mypy"],
    "types of the tools": [BIN / "mypy", "tools"],
}


def main() -> int:
    failed = []
    for name, command in CHECKS.items():
        started = time.monotonic()
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        verdict = "ok    " if done.returncode == 0 else "FAILED"
        print(f"{verdict} {name}, {time.monotonic() - started:.1f} s", flush=True)
        if done.returncode != 0:
            failed.append(name)
            print(done.stdout + done.stderr, flush=True)
    if failed:
        print(f"Lint failed: {'; '.join(failed)}. `ruff check --fix` and `ruff format` mend most of style and format.")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
