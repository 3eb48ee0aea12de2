"""Each house rule is shown to find what it forbids, and to let the same thing pass where it is allowed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture
def house(tool: Callable[[str], ModuleType]) -> ModuleType:
    return tool("house")


@pytest.fixture
def broken(house: ModuleType, tmp_path: Path) -> Callable[..., list[str]]:
    """What a rule finds in a house of these files."""

    def look(rule: str, files: dict[str, str]) -> list[str]:
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        return list(getattr(house, rule)(house.House(tmp_path, sorted(files))))

    return look


DOC = '"""Job and place."""\n'
FORBIDDEN = {
    "short_files": {"backend/long.py": "x = 1\n" * 601},
    "opened_modules": {"backend/silent.py": "x = 1\n"},
    "finished_work": {"tests/test_later.py": "x = 1  # TO" + "DO: finish\n"},
    "no_exec_in_coroutines": {"plugins/a.py": "async def ask(dialog):\n    return dialog.exec()\n"},
    "no_async_slot": {"plugins/a.py": "from qasync import asyncSlot\n"},
    "one_bridge": {"huntaze_desktop/engine/a.py": "import qasync\n"},
    "no_addresses": {"docs/setup.md": "cd /wo" + "rk/main\n"},
    "no_shadowing_packages": {"packaging/__init__.py": ""},
    "walls_say_why": {".importlinter": "[importlinter:contract:a]\nname = A\n"},
    "numbered_decisions": {"docs/adr/0002-second.md": "# 0002. Second\n"},
}
ALLOWED = {
    "short_files": {"backend/short.py": "x = 1\n" * 600},
    "opened_modules": {
        "backend/spoken.py": DOC + "x = 1\n",
        "tests/test_free.py": "x = 1\n",
        "backend/__init__.py": "",
    },
    "finished_work": {"tests/test_done.py": "todo = 1  # a list of things to do is a name like any other\n"},
    "no_exec_in_coroutines": {"plugins/a.py": "def run(app):\n    return app.exec()\n"},
    "no_async_slot": {"plugins/a.py": "from PySide6.QtCore import Slot\n"},
    "one_bridge": {"huntaze_desktop/ui/bridge.py": "import qasync\n", "huntaze_desktop/app/main.py": "import qasync\n"},
    "no_addresses": {"docs/setup.md": "see docs/guide/ and https://semver.org\n", "requirements/run.txt": "a==1\n"},
    "no_shadowing_packages": {"packaging/desktop/build.py": "", "backend/__init__.py": ""},
    "walls_say_why": {".importlinter": "[importlinter:contract:a]\nname = A\nbroken_contract_guidance = Because.\n"},
    "numbered_decisions": {"docs/adr/0001-first.md": "# 0001. First\n"},
}


@pytest.mark.parametrize("rule", FORBIDDEN)
def test_the_rule_finds_what_it_forbids(rule: str, broken: Callable[..., list[str]]) -> None:
    assert len(broken(rule, FORBIDDEN[rule])) == 1


@pytest.mark.parametrize("rule", ALLOWED)
def test_the_rule_lets_the_allowed_pass(rule: str, broken: Callable[..., list[str]]) -> None:
    assert broken(rule, ALLOWED[rule]) == []


def test_a_lock_with_an_address_is_refused(broken: Callable[..., list[str]]) -> None:
    assert broken("no_addresses", {"requirements/run.txt": "--index-url https://example.org/simple\na==1\n"})


def test_every_rule_is_tried_and_says_what_it_wants(house: ModuleType) -> None:
    rules = {rule.__name__: rule for rule in house.RULES}
    assert set(rules) - set(FORBIDDEN) == {"generated_files"}  # tried where the files are generated
    assert all(rule.__doc__ and len(rule.__doc__) > 40 for rule in rules.values())
