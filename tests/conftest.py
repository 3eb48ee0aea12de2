"""What every test gets: no window on a screen, hypothesis's profiles, stacks on a hard crash, the shared fixtures."""

from __future__ import annotations

import faulthandler
import os

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
