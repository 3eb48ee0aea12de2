"""Why PySide6 is held below 6.12 on Python 3.11: that release gives back one reference to None or True too many.

On Python before 3.12 (no immortal objects) the count falls by one per signal, and the interpreter aborts when it
reaches nought, hours into a shift. A rise is the mirror fault: the object can never go. The measure runs in a process
of its own, because an abort would take the test run with it.
"""

from __future__ import annotations

import subprocess
import sys

SIGNALS = 5_000
# Other code moves the counts a little: caches, the interpreter's own tables. A fault moves them once per signal.
NOISE = 200

PROGRAM = f"""
import sys
from PySide6.QtCore import QCoreApplication, QObject, Signal, Qt

class Emitter(QObject):
    fired = Signal(object)
    flagged = Signal(bool)

app = QCoreApplication([])
emitter = Emitter()
delivered = 0
def on_fired(value):
    global delivered
    delivered += value is None
def on_flagged(value):
    global delivered
    delivered += value is True
emitter.fired.connect(on_fired)
emitter.flagged.connect(on_flagged, Qt.ConnectionType.QueuedConnection)
def once():
    emitter.fired.emit(None)
    emitter.flagged.emit(True)
    emitter.setProperty("ready", True)
    emitter.property("absent")
    app.processEvents()
for _ in range(100):
    once()
before = sys.getrefcount(None), sys.getrefcount(True)
for _ in range({SIGNALS}):
    once()
after = sys.getrefcount(None), sys.getrefcount(True)
print(delivered, after[0] - before[0], after[1] - before[1])
"""


def test_signals_do_not_steal_references_to_none_or_true() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"the interpreter died ({done.returncode}): {done.stderr[-2000:]}"
    delivered, none_drift, true_drift = done.stdout.split()
    assert int(delivered) == 2 * (SIGNALS + 100)
    assert abs(int(none_drift)) < NOISE, f"None moved by {none_drift} references over {SIGNALS} signals"
    assert abs(int(true_drift)) < NOISE, f"True moved by {true_drift} references over {SIGNALS} signals"
