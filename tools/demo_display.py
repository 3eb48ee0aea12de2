"""Gives `make demo` something to be seen on: the screen if there is one, else Xvfb, else Qt's offscreen platform.

Without a screen nobody can click, so the scripted chatter plays the shift and leaves its report in demo-output/.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

OUTPUT = Path("demo-output")
SCREEN = "1600x1000x24"


def play(python: str, arguments: list[str]) -> None:
    """Run the demo and exit with its code."""
    command = [python, "-m", "huntaze_cli", "demo"]
    has_screen = not sys.platform.startswith("linux") or "DISPLAY" in os.environ or "WAYLAND_DISPLAY" in os.environ
    if has_screen:
        sys.exit(_run([*command, *arguments]))

    OUTPUT.mkdir(exist_ok=True)
    command += ["--headless", "--report", f"{OUTPUT}/report.json", "--journal", f"{OUTPUT}/journal.jsonl"]
    command += ["--screenshots", str(OUTPUT), *arguments]
    server, display = _virtual_display()
    if server is None:
        print("No display, and Xvfb does not start: the shift is played on Qt's offscreen platform.", flush=True)
        os.environ["QT_QPA_PLATFORM"] = "offscreen"
        sys.exit(_run(command))
    print(f"No display: a scripted chatter plays a shift under Xvfb; pictures and report in {OUTPUT}/.", flush=True)
    os.environ.update(DISPLAY=display, QT_QPA_PLATFORM="xcb")
    try:
        code = _run(command)
    finally:
        server.terminate()
        server.wait()
    sys.exit(code)


def _run(command: list[str]) -> int:
    process = subprocess.Popen(command)
    try:
        return process.wait()
    except KeyboardInterrupt:
        return process.wait()  # Ctrl-C reached it too; it closes what it started, and we wait for that


def _virtual_display() -> tuple[subprocess.Popen[bytes] | None, str]:
    """Start Xvfb on a display number of its own choosing, which it writes to a pipe when it is ready."""
    program = shutil.which("Xvfb")
    if program is None:
        return None, ""
    reader, writer = os.pipe()
    arguments = [program, "-displayfd", str(writer), "-screen", "0", SCREEN, "-nolisten", "tcp", "-noreset"]
    server = subprocess.Popen(arguments, pass_fds=[writer], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    os.close(writer)
    with os.fdopen(reader) as pipe:
        number = pipe.readline().strip()  # empty when it died: the pipe closes with it
    if not number:
        server.wait()
        return None, ""
    return server, f":{number}"
