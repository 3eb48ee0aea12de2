"""Every wall of .importlinter is shown to hold: one forbidden import is planted per contract, in a copy of the house.

All plants stand in one copy and are read off one run; each must be named in the failure of its own contract. A new
contract without a plant fails here, so no wall is believed without having been tried.
"""

from __future__ import annotations

import configparser
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
HOUSES = ["backend", "huntaze_desktop", "plugins", "resources"]


@dataclass(frozen=True)
class Plant:
    """A module that does what its contract forbids. `file` is new, or an existing one that gets the import added."""

    file: str
    statement: str
    evidence: str  # what the contract's failure must say


PLANTS = {
    "houses": Plant(
        "backend/huntaze_backend/core/planted_house.py",
        "from huntaze_desktop import model",
        "huntaze_backend.core.planted_house -> huntaze_desktop.model",
    ),
    "witness": Plant(
        "backend/huntaze_sandbox/planted_witness.py",
        "from huntaze_contract import ids",
        "huntaze_sandbox.planted_witness -> huntaze_contract.ids",
    ),
    "contract-rooms": Plant(
        "backend/huntaze_contract/ids.py",
        "from huntaze_contract import outgoing",
        "huntaze_contract.ids -> huntaze_contract.outgoing",
    ),
    "contract-plain": Plant(
        "backend/huntaze_contract/outgoing/planted_weight.py",
        "import pydantic",
        "huntaze_contract.outgoing.planted_weight -> pydantic",
    ),
    "desktop-rooms": Plant(
        "huntaze_desktop/sdk/planted_room.py",
        "from huntaze_desktop import engine",
        "huntaze_desktop.sdk.planted_room -> huntaze_desktop.engine",
    ),
    "no-qt": Plant(
        "huntaze_desktop/engine/planted_qt.py",
        "from PySide6 import QtCore",
        "huntaze_desktop.engine.planted_qt -> PySide6",
    ),
    "cache-door": Plant(
        "huntaze_desktop/ui/planted_cache.py",
        "from huntaze_desktop import cache",
        "huntaze_desktop.ui.planted_cache",
    ),
    "light-rooms": Plant(
        "huntaze_desktop/ui_kit/planted_weight.py",
        "import sqlalchemy",
        "huntaze_desktop.ui_kit.planted_weight -> sqlalchemy",
    ),
    "plugin-door": Plant(
        "plugins/huntaze_plugins/planted_door/__init__.py",
        "from huntaze_desktop import plugin_host",
        "huntaze_plugins.planted_door -> huntaze_desktop.plugin_host",
    ),
    "plugins-apart": Plant(
        "plugins/huntaze_plugins/planted_neighbour/__init__.py",
        "from huntaze_plugins import planted_door",
        "huntaze_plugins.planted_neighbour -> huntaze_plugins.planted_door",
    ),
    "backend-rooms": Plant(
        "backend/huntaze_backend/core/planted_room.py",
        "from huntaze_backend import areas",
        "huntaze_backend.core.planted_room -> huntaze_backend.areas",
    ),
    "engines": Plant(
        "backend/huntaze_backend/engines/limits/planted_engine.py",
        "from huntaze_backend.engines import gateways",
        "huntaze_backend.engines.limits.planted_engine -> huntaze_backend.engines.gateways",
    ),
    "adapters": Plant(
        "backend/huntaze_backend/areas/fans/planted_adapter.py",
        "from huntaze_backend.engines.gateways import adapters",
        "huntaze_backend.areas.fans.planted_adapter",
    ),
    "areas": Plant(
        "backend/huntaze_backend/areas/accounts/planted_area.py",
        "from huntaze_backend.areas import fans",
        "huntaze_backend.areas.accounts.planted_area -> huntaze_backend.areas.fans",
    ),
    "one-door": Plant(
        "backend/huntaze_backend/areas/messages/planted_sender.py",
        "from huntaze_backend.engines.gateways import sending",
        "huntaze_backend.areas.messages.planted_sender",
    ),
    "insides-of-accounts": Plant(
        "backend/huntaze_backend/areas/fans/planted_reader.py",
        "from huntaze_backend.areas.accounts import tables",
        "huntaze_backend.areas.fans.planted_reader",
    ),
    "insides-of-fans": Plant(
        "backend/huntaze_backend/areas/messages/planted_fan_reader.py",
        "from huntaze_backend.areas.fans import tables",
        "huntaze_backend.areas.messages.planted_fan_reader",
    ),
    "insides-of-costs": Plant(
        "backend/huntaze_backend/jobs.py",
        "from huntaze_backend.areas.costs import rules",
        "huntaze_backend.jobs",
    ),
    "insides-of-messages": Plant(
        "backend/huntaze_backend/worker.py",
        "from huntaze_backend.areas.messages import tables",
        "huntaze_backend.worker",
    ),
}


def _contracts() -> dict[str, str]:
    """Every contract's id and name."""
    config = configparser.ConfigParser()
    config.read(ROOT / ".importlinter")
    prefix = "importlinter:contract:"
    return {key.removeprefix(prefix): config[key]["name"] for key in config.sections() if key.startswith(prefix)}


CONTRACTS = _contracts()


def _copy_of_the_house(target: Path) -> Path:
    def only_sources(folder: str, names: list[str]) -> list[str]:
        return [name for name in names if not name.endswith(".py") and not Path(folder, name).is_dir()]

    for house in HOUSES:
        shutil.copytree(ROOT / house, target / house, ignore=only_sources)
    shutil.copy(ROOT / ".importlinter", target)
    return target


def _lint_imports(folder: Path) -> str:
    paths = [folder, folder / "backend", folder / "plugins", folder / "resources"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, paths)), "COLUMNS": "400"}
    command = [Path(sys.executable).with_name("lint-imports"), "--no-cache", "--no-logo"]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


def _failures(output: str) -> dict[str, str]:
    """The text under each broken contract's heading, by the contract's name."""
    _, _, broken = output.partition("Broken contracts\n")
    parts = re.split(r"^(.+)\n-{3,}$", broken, flags=re.MULTILINE)
    return {name.strip(): text for name, text in zip(parts[1::2], parts[2::2], strict=True)}


@pytest.fixture(scope="module")
def failures(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    house = _copy_of_the_house(tmp_path_factory.mktemp("house"))
    for plant in PLANTS.values():
        path = house / plant.file
        path.parent.mkdir(parents=True, exist_ok=True)
        name = plant.statement.split()[-1]
        before = path.read_text(encoding="utf-8") if path.exists() else "__all__ = []\n"
        path.write_text(f'{before}\n{plant.statement}\n__all__ += ["{name}"]\n', encoding="utf-8")
    output = _lint_imports(house)
    found = _failures(output)
    assert found, f"nothing was reported broken:\n{output}"
    return found


@pytest.mark.parametrize("contract", CONTRACTS)
def test_the_wall_stops_its_plant(contract: str, failures: dict[str, str]) -> None:
    assert contract in PLANTS, f"{contract} has no plant: add one to PLANTS, so that the wall is seen to hold"
    name = CONTRACTS[contract]
    assert name in failures, f"{name!r} kept silent; these spoke: {sorted(failures)}"
    assert PLANTS[contract].evidence in failures[name], failures[name]


@pytest.mark.parametrize("contract", PLANTS)
def test_the_plant_has_its_wall(contract: str) -> None:
    assert contract in CONTRACTS, f"{contract} is gone from .importlinter: its plant can go too"


def test_without_plants_every_wall_stands(tmp_path: Path) -> None:
    output = _lint_imports(_copy_of_the_house(tmp_path))
    assert "0 broken" in output, output


def test_a_room_that_nobody_placed_is_refused(tmp_path: Path) -> None:
    house = _copy_of_the_house(tmp_path)
    (house / "huntaze_desktop" / "planted_attic.py").write_text("__all__ = []\n", encoding="utf-8")
    assert "huntaze_desktop.planted_attic" in _lint_imports(house)
