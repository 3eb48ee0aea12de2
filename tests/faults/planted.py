"""Planted bugs: patches that break a promise of the product, and the proof that the bench notices each of them.

`bugs/<name>.patch` begins with what it breaks (`Breaks:`) and who must notice (`Caught by: layer NAME` or `Caught by:
pytest PATH…`), then the patch. The tree is copied, the copy is broken, and the smallest thing that must notice runs in
the copy, in its short form.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

__all__ = ["BUGS", "PatchError", "PlantedBug", "Verdict", "applies", "bugs", "hunt"]

ROOT = Path(__file__).resolve().parents[2]
BUGS = Path(__file__).parent / "bugs"
PARTS = ("backend", "huntaze_desktop", "plugins", "resources", "tests", "pyproject.toml", "docs")
CAUGHT_WITHIN_S = 600.0


class PatchError(Exception):
    """A patch does not apply: the code it breaks has changed. Write it anew."""


@dataclass(frozen=True, slots=True)
class PlantedBug:
    """One bug: its patch, what it breaks, and what must notice."""

    name: str
    path: Path
    breaks: str
    catcher: str
    """`layer NAME`, or `pytest` and its arguments."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Who noticed, and by which words; `caught_by` None: nobody."""

    bug: PlantedBug
    caught_by: str | None
    words: tuple[str, ...]
    seconds: float


def bugs() -> Iterator[PlantedBug]:
    """All of them, by name. Raises: ValueError for a patch without its two lines."""
    for path in sorted(BUGS.glob("*.patch")):
        text = path.read_text(encoding="utf-8")
        breaks, catcher = (re.search(rf"^{word}: (.+)$", text, re.MULTILINE) for word in ("Breaks", "Caught by"))
        if breaks is None or catcher is None or not catcher[1].startswith(("layer ", "pytest ")):
            raise ValueError(f"{path.name} does not say what it breaks and who must notice")
        yield PlantedBug(path.stem, path, breaks[1], catcher[1])


def applies(bug: PlantedBug, tree: Path = ROOT) -> None:
    """Raises: PatchError."""
    _patch(bug, tree, "--check")


def hunt(bug: PlantedBug, *, seed: int) -> Verdict:
    """Plant it in a copy of the tree and see whether it is noticed. Raises: PatchError."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix=f"huntaze-bug-{bug.name}-") as folder:
        tree = Path(folder) / "tree"
        _copy(tree)
        _patch(bug, tree)
        words = _noticed(bug, tree, Path(folder) / "out", seed)
    caught_by = None
    if words:
        check = re.match(r"(I\d+): ", words[0])
        caught_by = f"{bug.catcher} ({check[1]})" if check else bug.catcher
    return Verdict(bug, caught_by, words, time.monotonic() - began)


def _noticed(bug: PlantedBug, tree: Path, output: Path, seed: int) -> tuple[str, ...]:
    kind, _, rest = bug.catcher.partition(" ")
    if kind == "layer":
        command = ["-m", "tests.faults.run", "--short", "--only", rest, "--seed", str(seed), "--output", str(output)]
    else:
        command = ["-m", "pytest", "-q", "-x", "-p", "no:xdist", "-p", "no:cacheprovider", *rest.split()]
    try:
        done = subprocess.run(
            [sys.executable, *command],
            cwd=tree,
            env=_environment(tree),
            capture_output=True,
            text=True,
            check=False,
            timeout=CAUGHT_WITHIN_S,
        )
    except subprocess.TimeoutExpired:
        return ()  # a machine that is too slow notices nothing
    if done.returncode == 0:
        return ()
    if kind == "layer":
        found: dict[str, list[str]] = json.loads((output / "violations.json").read_text(encoding="utf-8"))
        return tuple(line for lines in found.values() for line in lines)
    if done.returncode != 1:  # an error of pytest itself notices nothing
        raise PatchError(f"{bug.name}: pytest ended with {done.returncode}: {done.stdout[-2000:]}{done.stderr[-2000:]}")
    return tuple(line for line in done.stdout.splitlines() if line.startswith(("FAILED", "ERROR", "E  ")))[-6:]


def _environment(tree: Path) -> dict[str, str]:
    paths = [str(tree / part) for part in ("", "backend", "plugins", "resources")]
    return os.environ | {"PYTHONPATH": os.pathsep.join(paths), "QT_QPA_PLATFORM": "offscreen"}


def _copy(tree: Path) -> None:
    tree.mkdir()
    for part in PARTS:
        source = ROOT / part
        if source.is_dir():
            shutil.copytree(source, tree / part, ignore=shutil.ignore_patterns("__pycache__", "*.pyc"))
        elif source.exists():
            shutil.copy(source, tree / part)


def _patch(bug: PlantedBug, tree: Path, *options: str) -> None:
    # A copy is no repository; told so, git applies to the folder as it is.
    done = subprocess.run(
        ["git", "apply", "--unidiff-zero", *options, str(bug.path)],
        cwd=tree,
        env=os.environ | {"GIT_CEILING_DIRECTORIES": str(tree.parent)},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise PatchError(f"{bug.name}.patch does not apply any more: {done.stderr.strip()}")
