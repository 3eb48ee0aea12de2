"""`make lock`: compiles pyproject.toml into requirements/*.txt, for every platform, with hashes and no addresses.

Existing pins are kept; `make lock ARGS=--upgrade` takes new versions. uv.lock would name the index it was made with,
so it is never written.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
UV = Path(sys.executable).parent / "uv"
LOCKS = {
    "dev.txt": ["--extra", "desktop", "--group", "build", "--group", "test", "--group", "lint"],
    "run.txt": ["--extra", "desktop"],
    "server.txt": [],
}
PLAIN = ["--universal", "--generate-hashes", "--no-header", "--no-annotate", "--no-emit-index-url", "--quiet"]


def main(arguments: list[str]) -> int:
    for name, chosen in LOCKS.items():
        target = ROOT / "requirements" / name
        # The shipped locks must name the versions the tests ran with.
        tested = [] if name == "dev.txt" else ["--constraint", "requirements/dev.txt"]
        command = [str(UV), "pip", "compile", *PLAIN, "pyproject.toml", *chosen, *tested, "-o", str(target), *arguments]
        if subprocess.run(command, cwd=ROOT, check=False).returncode != 0:
            print(f"requirements/{name} was not written; uv's reason is above.", file=sys.stderr)
            return 1
        print(f"requirements/{name}: {target.read_text().count('==')} pins")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
