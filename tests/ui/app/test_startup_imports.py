"""What is imported when the window is painted for the first time: Qt and our own small modules, nothing heavy."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.gui

#: Each costs 40 to 250 ms: they are imported in a thread when the window is there.
HEAVY = {
    "alembic",
    "cryptography",
    "fastapi",
    "httpx2",
    "huntaze_contract.wire",
    "huntaze_desktop.cache",
    "huntaze_desktop.engine",
    "huntaze_plugins.approvals",
    "huntaze_plugins.messages",
    "keyring",
    "openai",
    "psutil",
    "pydantic",
    "rich",
    "sqlalchemy",
    "sqlcipher3",
    "typer",
    "websockets",
}

#: Runs the command line and ends at the first paint, telling what is imported.
UNTIL_PAINTED = """
import json, os, sys
from huntaze_desktop.app.desktop import Desktop
show = Desktop.show
def show_and_tell(desktop):
    show(desktop)
    print(json.dumps([desktop.window.isVisible(), sorted(sys.modules)]), flush=True)
    os._exit(0)
Desktop.show = show_and_tell
from huntaze_cli.main import main
main()
"""


@pytest.mark.parametrize(
    ("words", "parsed_with"),
    [(["desktop"], set()), (["demo"], set()), (["demo", "--headless", "--minutes", "1"], {"pydantic", "typer"})],
    ids=["desktop", "demo", "played shift"],
)
def test_nothing_heavy_is_imported_before_the_first_paint(
    words: list[str], parsed_with: set[str], tmp_path: Path
) -> None:
    environment = os.environ | {
        "QT_QPA_PLATFORM": "offscreen",
        "HUNTAZE_HOME": str(tmp_path),
        "TMPDIR": str(tmp_path),  # the throw-away profile of a played shift stays behind where it is cut off
    }
    command = [sys.executable, "-c", UNTIL_PAINTED, *words]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=60, check=False)
    told = [line for line in done.stdout.splitlines() if line.startswith("[")]
    assert told, done.stderr
    visible, imported = json.loads(told[-1])
    assert visible
    assert HEAVY.intersection(imported) == parsed_with
