"""Files that are generated from the code and checked in: writes them, and finds those that no longer agree.

`make generate` writes; `make lint` compares. Each is made in a process of its own, so that the check sees
what a fresh start sees.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# The file, and the arguments of `huntaze` that print it.
FILES = {
    "docs/api/openapi.json": ["backend", "openapi"],
    ".env.example": ["backend", "env-example"],
}


def made(arguments: list[str]) -> str:
    command = [sys.executable, "-m", "huntaze_cli", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"`huntaze {' '.join(arguments)}` failed:\n{done.stderr.strip()[-2000:]}")
    return done.stdout


def differing(root: Path) -> Iterator[str]:
    for name, arguments in FILES.items():
        path = root / name
        if not path.exists():
            yield f"{name} is missing"
        elif path.read_text(encoding="utf-8") != made(arguments):
            yield f"{name} differs from `huntaze {' '.join(arguments)}`"


def main() -> int:
    for name, arguments in FILES.items():
        path = ROOT / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(made(arguments), encoding="utf-8")
        print(f"wrote {name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
