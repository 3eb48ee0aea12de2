"""The desktop as a process: it opens and closes without a trace, takes its services along, and needs a display."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from huntaze_desktop.app.profile import Profile

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]

HERE = Path(__file__).parent
ROUNDS = 50


def environment(tmp_path: Path, **more: str) -> dict[str, str]:
    """Without a display, and with everything that is written below the test's folder."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name not in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM", "DBUS_SESSION_BUS_ADDRESS")
    }
    return kept | {"HOME": str(tmp_path), "TMPDIR": str(tmp_path), "HUNTAZE_HOME": str(tmp_path / "home")} | more


def gone(pid: int) -> bool:
    with contextlib.suppress(psutil.NoSuchProcess):
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    return True


def within(seconds: float, condition: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def test_it_opens_and_closes_fifty_times_and_keeps_nothing(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-X", "dev", str(HERE / "open_and_close.py"), str(ROUNDS)],
        env=environment(tmp_path),
        capture_output=True,
        text=True,
        check=False,
        timeout=200,
    )
    assert (done.returncode, done.stderr) == (0, "")
    rounds = [json.loads(line) for line in done.stdout.splitlines()]
    assert [one["code"] for one in rounds] == [0] * ROUNDS
    second, last = rounds[1], rounds[-1]
    for thing in ("threads", "files", "children", "windows"):
        assert last[thing] <= second[thing], thing
    # One forgotten window is thousands of objects; an entry per thread in Python's own books is not ours.
    assert last["objects"] - second["objects"] < 20 * ROUNDS
    assert list(tmp_path.glob("huntaze-profile-*")) == []


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[str], dict[str, int]]]:
    """A desktop on a small demo agency, and the ids of its services."""
    with (
        (tmp_path / "stderr").open("w") as errors,
        subprocess.Popen(
            [sys.executable, str(HERE / "keep_open.py")],
            env=environment(tmp_path),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        ) as process,
    ):
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line, (tmp_path / "stderr").read_text()
        yield process, json.loads(line)
        process.kill()


def test_closing_the_window_ends_all_it_started(opened: tuple[subprocess.Popen[str], dict[str, int]]) -> None:
    process, services = opened
    assert not any(gone(pid) for pid in services.values())
    process.communicate("close\n", timeout=30)
    assert process.returncode == 0
    assert all(gone(pid) for pid in services.values())


def test_killing_it_leaves_nobody_behind(opened: tuple[subprocess.Popen[str], dict[str, int]]) -> None:
    process, services = opened
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert within(10, lambda: all(gone(pid) for pid in services.values()))


def test_without_a_display_it_says_so_and_changes_nothing(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "huntaze_cli", "desktop"],
        env=environment(tmp_path),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 2
    assert "needs a display and found none" in done.stderr
    assert not (tmp_path / "home").exists()


def under_a_keyring(tmp_path: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """Run a command on a message bus of its own with an unlocked gnome-keyring, which ends with that bus."""
    unlock = 'printf %s "$1" | gnome-keyring-daemon --unlock --components=secrets >/dev/null && shift && exec "$@"'
    return subprocess.run(
        ["dbus-run-session", "--", "sh", "-c", unlock, "sh", "a keyring's password", *command],
        env=environment(tmp_path, XDG_RUNTIME_DIR=str(tmp_path)),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def keyring_is_missing() -> bool:
    return not all(shutil.which(program) for program in ("dbus-run-session", "gnome-keyring-daemon"))


@pytest.mark.skipif(keyring_is_missing(), reason="the bootstrap installs gnome-keyring and dbus; they are not here")
def test_a_real_keyring_keeps_the_key_from_one_start_to_the_next(tmp_path: Path) -> None:
    home = tmp_path / "home"
    command: Any = (sys.executable, str(HERE / "open_and_close.py"), "1", str(home))
    first = under_a_keyring(tmp_path, *command)
    assert first.returncode == 0, first.stderr
    profile = Profile.open("default", home)
    assert profile.settings().keyring == "keyring.backends.SecretService.Keyring"
    assert not profile.passphrase_path.exists()
    begun = profile.cache_path.stat().st_ino

    second = under_a_keyring(tmp_path, *command)
    assert second.returncode == 0, second.stderr
    assert profile.cache_path.stat().st_ino == begun, "the same copy was opened, not a new one"
    assert list(profile.folder.glob("cache.db.aside-*")) == []
