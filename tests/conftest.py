"""What every test gets: no window on a screen, hypothesis's profiles, stacks on a hard crash, the shared fixtures."""

from __future__ import annotations

import faulthandler
import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

pytest_plugins = ["tests.plugins.postgres", "tests.plugins.databases"]

# Before any test imports Qt: the platform is chosen when the application object is made.
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
# Qt scales by the desktop's settings otherwise, and pictures would differ between machines.
os.environ.setdefault("QT_SCALE_FACTOR", "1")

faulthandler.enable()

# "ci" repeats: the same examples on every run, so that a red run is about the change and not about luck. "dev" looks
# for new ones: HYPOTHESIS_PROFILE=dev.
_slow_machine = [HealthCheck.too_slow]
settings.register_profile("ci", derandomize=True, deadline=None, suppress_health_check=_slow_machine)
settings.register_profile("dev", deadline=None, suppress_health_check=_slow_machine, print_blob=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))


@pytest.hookimpl(trylast=True)  # after the order was shuffled
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Spread the files that start real processes evenly over the run, the last of them well before its end.

    They wait more than they work: beside another of their kind they leave a core idle, and at the end a worker.
    """
    files: dict[Path, list[pytest.Item]] = {}
    for item in items:
        files.setdefault(item.path, []).append(item)
    slow = [path for path, own in files.items() if any(item.get_closest_marker("e2e") for item in own)]
    quick = [path for path in files if path not in set(slow)]
    pace = max(1, int(0.8 * len(quick) / max(1, len(slow))))
    order: list[Path] = []
    for number, path in enumerate(quick):
        if slow and number % pace == 0:
            order.append(slow.pop(0))
        order.append(path)
    items[:] = [item for path in [*order, *slow] for item in files[path]]
