"""House rules that no linter knows: each is a function from the tracked files to the places that break it.

Run by `make lint`. A broken rule prints what it wants and why, then where; so the message is enough to mend it.
"""

from __future__ import annotations

import ast
import configparser
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import generate

ROOT = Path(__file__).resolve().parent.parent
MAX_LINES = 600
PACKAGES = ("huntaze_desktop/", "backend/", "plugins/", "resources/", "tools/")
BINARY = {".gif", ".ico", ".jpg", ".otf", ".pdf", ".png", ".ttf", ".webp", ".woff2"}


@dataclass(frozen=True)
class Source:
    """One tracked file."""

    root: Path
    name: str

    @cached_property
    def text(self) -> str:
        return (self.root / self.name).read_text(encoding="utf-8")

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text, self.name)

    @property
    def is_text(self) -> bool:
        return Path(self.name).suffix not in BINARY

    @property
    def is_ours(self) -> bool:
        """Python of the program itself; tests may be written more freely."""
        return self.name.endswith(".py") and self.name.startswith(PACKAGES)


@dataclass(frozen=True)
class House:
    """The repository's files, as git lists them."""

    root: Path
    names: list[str]
    sources: list[Source] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "sources", [Source(self.root, name) for name in self.names])

    @property
    def python(self) -> Iterator[Source]:
        return (source for source in self.sources if source.name.endswith(".py"))


Broken = Iterator[str]


def short_files(house: House) -> Broken:
    """A file has at most 600 lines: one idea each, split where a second one begins."""
    for source in house.python:
        lines = source.text.count("\n")
        if lines > MAX_LINES:
            yield f"{source.name}: {lines} lines"


def opened_modules(house: House) -> Broken:
    """A module opens with a docstring that says its job and its place, so that a reader need not guess them."""
    for source in house.python:
        if source.is_ours and source.text.strip() and ast.get_docstring(source.tree) is None:
            yield source.name


def finished_work(house: House) -> Broken:
    """No notes of unfinished work: finish it, or leave it out and say so where work is planned."""
    mark = re.compile(r"#.*\b(TO" + r"DO|FIX" + r"ME|XX" + r"X|HA" + r"CK)\b")
    for source in house.python:
        for number, line in enumerate(source.text.splitlines(), 1):
            if mark.search(line):
                yield f"{source.name}:{number}"


def no_exec_in_coroutines(house: House) -> Broken:
    """No `.exec()` inside `async def`: it starts an inner event loop, and every other task hangs until it ends.

    Use `open()` and await a future that the dialog's `finished` signal sets.
    """
    for source in house.python:
        for function in ast.walk(source.tree):
            if not isinstance(function, ast.AsyncFunctionDef):
                continue
            for node in ast.walk(function):
                if (
                    isinstance(node, ast.Call)
                    and isinstance(node.func, ast.Attribute)
                    and node.func.attr in ("exec", "exec_")
                ):
                    yield f"{source.name}:{node.lineno}"


def no_async_slot(house: House) -> Broken:
    """No `asyncSlot`: qasync 0.28 keeps no reference to the task it starts, so Python may collect it half-way.

    Connect a plain slot that gives the coroutine to an owner of tasks.
    """
    for source in house.python:
        for node in ast.walk(source.tree):
            named = node.name if isinstance(node, ast.alias) else node.attr if isinstance(node, ast.Attribute) else None
            if named in ("asyncSlot", "asyncClose"):
                yield f"{source.name}:{getattr(node, 'lineno', '?')}"


def one_bridge(house: House) -> Broken:
    """Qasync is imported in huntaze_desktop/ui/bridge.py (and by app, which starts the loop) and nowhere else.

    Where Qt meets asyncio is one place, so that its quitting order is right once.
    """
    for source in house.python:
        if (
            not source.is_ours
            or source.name == "huntaze_desktop/ui/bridge.py"
            or source.name.startswith("huntaze_desktop/app")
        ):
            continue
        for node in ast.walk(source.tree):
            imported = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            imported += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            if any(name.split(".")[0] == "qasync" for name in imported):
                yield f"{source.name}:{getattr(node, 'lineno', '?')}"


def no_addresses(house: House) -> Broken:
    """No path of one machine and no package host in a file: from where things come is each machine's own set-up."""
    place = re.compile(
        r"(?<![\w.])/(?:work|root|Users)/\w|(?<![\w./])/home/(?!user\b)\w|file:///\w"
        r"|\bpypi\.(?:org|python)|pythonhosted\.org|deb\.debian\.org|archive\.ubuntu\.com|registry\.npmjs\.org"
    )
    lock = re.compile(r"https?://|--(?:extra-)?index-url|--find-links|@ file:")
    for source in house.sources:
        if not source.is_text:
            continue
        pattern = lock if source.name.startswith("requirements/") else place
        for number, line in enumerate(source.text.splitlines(), 1):
            if pattern.search(line):
                yield f"{source.name}:{number}: {line.strip()[:100]}"


def no_shadowing_packages(house: House) -> Broken:
    """packaging/ and tests/ have no __init__.py: the first would shadow PyPI's `packaging`."""
    yield from (name for name in house.names if re.fullmatch(r"(packaging|tests)/(.*/)?__init__\.py", name))


def walls_say_why(house: House) -> Broken:
    """Every contract in .importlinter has `broken_contract_guidance`: whoever meets a wall is told what it is for."""
    config = configparser.ConfigParser()
    config.read(house.root / ".importlinter")
    for section in config.sections():
        if (
            section.startswith("importlinter:contract:")
            and not config[section].get("broken_contract_guidance", "").strip()
        ):
            yield section.removeprefix("importlinter:contract:")


def numbered_decisions(house: House) -> Broken:
    """docs/adr/ holds NNNN-title.md without gaps, each opening with `# NNNN. Title`: decisions are cited by number."""
    pages = sorted(name for name in house.names if name.startswith("docs/adr/"))
    for wanted, name in enumerate(pages, 1):
        found = re.fullmatch(r"docs/adr/(\d{4})-[a-z0-9-]+\.md", name)
        if found is None or int(found.group(1)) != wanted:
            yield f"{name}: expected docs/adr/{wanted:04}-some-title.md"
        elif not (house.root / name).read_text(encoding="utf-8").startswith(f"# {wanted:04}. "):
            yield f"{name}: its first line is not `# {wanted:04}. Title`"


def generated_files(house: House) -> Broken:
    """Generated files equal what the program generates: `make generate` writes them anew."""
    yield from generate.differing(house.root)


RULES: list[Callable[[House], Broken]] = [
    short_files,
    opened_modules,
    finished_work,
    no_exec_in_coroutines,
    no_async_slot,
    one_bridge,
    no_addresses,
    no_shadowing_packages,
    walls_say_why,
    numbered_decisions,
    generated_files,
]


def tracked(root: Path) -> list[str]:
    """What git tracks, and what it would track: a file not yet added is judged as well."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True).stdout.split("\0")
    return sorted({name for name in listed if name and (root / name).is_file()})


def main() -> int:
    house = House(ROOT, tracked(ROOT))
    failed = 0
    for rule in RULES:
        broken = list(rule(house))
        if broken:
            failed += 1
            print(f"{rule.__name__}: {rule.__doc__}\n  " + "\n  ".join(broken) + "\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
