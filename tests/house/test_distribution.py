"""The wheel holds the packages, their data and nothing else at top level: faults that a checkout hides."""

from __future__ import annotations

import configparser
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = {
    "huntaze_backend",
    "huntaze_cli",
    "huntaze_contract",
    "huntaze_desktop",
    "huntaze_plugins",
    "huntaze_resources",
    "huntaze_sandbox",
}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    target = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(target)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (path,) = target.glob("*.whl")
    with zipfile.ZipFile(path) as archive:
        yield archive


def test_only_our_packages_stand_at_top_level(wheel: zipfile.ZipFile) -> None:
    top = {name.split("/")[0] for name in wheel.namelist()}
    assert {name for name in top if not name.endswith(".dist-info")} == PACKAGES


def test_data_files_travel_with_their_packages(wheel: zipfile.ZipFile) -> None:
    inside = set(wheel.namelist())
    for package in ("backend/huntaze_sandbox", "plugins/huntaze_plugins", "resources/huntaze_resources"):
        parent = (ROOT / package).parent
        wanted = [
            path
            for path in (ROOT / package).rglob("*")
            if path.is_file() and path.suffix in {".json", ".toml", ".ttf", ".svg"}
        ]
        assert {str(path.relative_to(parent)) for path in wanted} <= inside


def test_the_command_and_the_plugins_are_announced(wheel: zipfile.ZipFile) -> None:
    (name,) = [name for name in wheel.namelist() if name.endswith("entry_points.txt")]
    points = configparser.ConfigParser()
    points.read_string(wheel.read(name).decode())
    assert points["console_scripts"]["huntaze"] == "huntaze_cli.main:main"
    for plugin, module in points["huntaze.plugins"].items():
        folder = module.replace(".", "/")
        assert f"{folder}/huntaze-plugin.toml" in wheel.namelist(), f"{plugin} has no manifest"
