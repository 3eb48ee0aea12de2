"""A child becomes ready, comes back on its port after a kill, and ends with its parent."""

import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from dataclasses import replace

import psutil
import pytest

from huntaze_desktop.app import children
from huntaze_desktop.app.children import Child, ChildFailedError, ChildSpec

SERVER = """
    import json, socket, sys
    port = int(sys.argv[sys.argv.index("--port") + 1])
    secret = json.loads(sys.stdin.readline())
    with socket.socket() as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server.bind(("127.0.0.1", port))
        print("a line that is no answer", flush=True)
        print(json.dumps({"ready": True, "port": server.getsockname()[1], "got": secret}), flush=True)
        sys.stdin.read()
"""


def spec(tmp_path, code=SERVER, **more) -> ChildSpec:
    return ChildSpec(
        name="server",
        command=(sys.executable, "-c", textwrap.dedent(code)),
        stdin_line={"database_key": "k"},
        log_path=tmp_path / "server.log",
        **more,
    )


def until(condition, seconds=10.0):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return
        time.sleep(0.01)
    raise AssertionError("it did not happen in time")


def test_a_child_tells_its_port_and_ends_when_it_is_stopped(tmp_path):
    child = Child(spec(tmp_path))
    port = child.start()
    pid = child.pid
    assert port > 0
    assert psutil.pid_exists(pid)
    child.stop()
    assert not psutil.pid_exists(pid)
    assert child.pid is None


def test_a_killed_child_comes_back_on_the_same_port(tmp_path):
    seen = []
    child = Child(spec(tmp_path, restart_delay_s=0.01), on_change=seen.append)
    port = child.start()
    first = child.pid
    os.kill(first, signal.SIGKILL)
    until(lambda: child.restarts == 1 and child.pid not in (None, first))
    assert child.port == port
    assert seen == [True, False, True]
    child.stop()


def test_stopping_during_the_restart_delay_starts_nothing(tmp_path):
    child = Child(spec(tmp_path, restart_delay_s=60))
    child.start()
    os.kill(child.pid, signal.SIGKILL)
    until(lambda: child.pid is None)
    child.stop()
    assert child.restarts == 0


def test_a_paused_child_stays_away_until_it_may_come_back(tmp_path):
    child = Child(spec(tmp_path, restart_delay_s=0.0))
    port = child.start()
    first = child.pid
    child.pause()
    assert child.pid == first, "a pause ends nothing"
    os.kill(first, signal.SIGKILL)
    until(lambda: child.pid is None)
    time.sleep(0.3)  # long enough for a new one, had it been started
    assert child.pid is None
    child.resume()
    until(lambda: child.restarts == 1)
    assert child.port == port
    child.stop()


def test_a_paused_child_can_be_stopped(tmp_path):
    child = Child(spec(tmp_path, restart_delay_s=0.0))
    child.start()
    child.pause()
    os.kill(child.pid, signal.SIGKILL)
    until(lambda: child.pid is None)
    child.stop()
    assert child.restarts == 0


def test_who_had_been_well_comes_back_at_once_however_often_it_ended(tmp_path, monkeypatch):
    monkeypatch.setattr(children, "WELL_AFTER_S", 0.0)
    monkeypatch.setattr(children, "_BACKOFF_S", (0.0, 60.0))
    child = Child(spec(tmp_path))
    child.start()
    for times in (1, 2, 3):
        os.kill(child.pid, signal.SIGKILL)
        until(lambda times=times: child.restarts == times)
    child.stop()


def test_a_child_that_refuses_to_start_says_why(tmp_path):
    code = """
        import json, sys
        sys.stdin.readline()
        print(json.dumps({"error": "PORT_TAKEN", "text": "Port 80 is taken."}), file=sys.stderr)
        sys.exit(3)
    """
    child = Child(spec(tmp_path, code))
    with pytest.raises(ChildFailedError, match=r"Port 80 is taken\.") as failed:
        child.start()
    assert failed.value.code == "PORT_TAKEN"


def test_a_child_that_never_reads_its_first_line_says_why_as_well(tmp_path):
    words = json.dumps({"error": "KEY_WRONG", "detail": "The key does not fit."})
    more_than_a_pipe_holds = "x" * 1_000_000
    broken = f"import sys; sys.stderr.write({words!r}); sys.exit(3)"
    child = Child(replace(spec(tmp_path, broken), stdin_line={"secret": more_than_a_pipe_holds}))
    with pytest.raises(ChildFailedError, match=r"The key does not fit\.") as raised:
        child.start()
    assert raised.value.code == "KEY_WRONG"


def test_the_child_ends_when_its_parent_is_killed(tmp_path):
    parent = textwrap.dedent(
        f"""
        import sys
        from pathlib import Path
        from huntaze_desktop.app.children import Child, ChildSpec
        child = Child(ChildSpec("server", (sys.executable, "-c", {textwrap.dedent(SERVER)!r}), {{}},
                                Path({str(tmp_path / "s.log")!r})))
        child.start()
        print(child.pid, flush=True)
        sys.stdin.read()
        """
    )
    with subprocess.Popen([sys.executable, "-c", parent], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        pid = int(process.stdout.readline())
        process.kill()
        process.wait()
    until(lambda: not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE)
