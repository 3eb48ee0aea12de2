"""Calls cross to the GUI thread in order and in batches; the loop goes down cleanly."""

import asyncio
import subprocess
import sys
import threading

from huntaze_desktop.ui.bridge import GuiPost, Tasks


def test_calls_from_a_thread_arrive_in_order_on_the_gui_thread(qtbot):
    post = GuiPost()
    seen = []
    here = threading.get_ident()

    def work():
        for n in range(500):
            post.post(lambda n=n: seen.append((n, threading.get_ident())))

    thread = threading.Thread(target=work)
    thread.start()
    qtbot.waitUntil(lambda: len(seen) == 500, timeout=5000)
    thread.join()
    assert [n for n, _ in seen] == list(range(500))
    assert {ident for _, ident in seen} == {here}
    post.close()


def test_a_failing_call_does_not_stop_the_ones_behind_it(qtbot, caplog):
    post = GuiPost()
    seen = []
    post.post(lambda: 1 / 0)
    post.post(lambda: seen.append("after"))
    qtbot.waitUntil(lambda: seen == ["after"], timeout=5000)
    assert "ZeroDivisionError" in caplog.text
    post.close()


def test_nothing_is_delivered_after_close(qtbot):
    post = GuiPost()
    seen = []
    post.close()
    post.post(lambda: seen.append(1))
    qtbot.wait(50)
    assert seen == []


async def test_tasks_report_errors_and_are_cancelled_together():
    errors = []
    tasks = Tasks(errors.append)

    async def fails():
        raise ValueError("told")

    async def waits():
        await asyncio.Event().wait()

    failing, waiting = tasks.spawn(fails()), tasks.spawn(waits())
    await asyncio.wait([failing])
    await tasks.cancel_all()
    assert waiting.cancelled()
    assert [str(error) for error in errors] == ["told"]


PROGRAM = """
import asyncio, gc, sys
from PySide6.QtWidgets import QApplication
from huntaze_desktop.ui.bridge import COLLECT_AT, SWITCH_S, GuiLoop
before = sys.getswitchinterval(), gc.get_threshold()
app = QApplication(["x", "-platform", "offscreen"])
cleaned = []
async def background():
    try:
        await asyncio.Event().wait()
    finally:
        cleaned.append(True)
async def main():
    task = asyncio.create_task(background())
    await asyncio.sleep(0.01)
    assert (sys.getswitchinterval(), gc.get_threshold()) == (SWITCH_S, COLLECT_AT)
    return 7
code = GuiLoop(app).run(main())
assert cleaned == [True]
assert (sys.getswitchinterval(), gc.get_threshold()) == before
sys.exit(code)
"""


def test_the_loop_returns_the_exit_code_and_leaves_nothing_as_it_made_it():
    done = subprocess.run(
        [sys.executable, "-X", "dev", "-c", PROGRAM], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 7, done.stderr
    assert "Error" not in done.stderr
