"""The processes a desktop starts for itself: its own backend, and the sandbox of the demo.

A child gets its secrets as one JSON line on stdin and keeps that pipe open: it exits when the pipe closes, so a desktop
that is killed leaves nobody behind. It answers with one JSON line on stdout when it is ready. If it dies it is started
again on the same port, so that whoever spoke to it finds it again.
"""

import contextlib
import json
import logging
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

__all__ = ["Child", "ChildFailedError", "ChildSpec"]

log = logging.getLogger(__name__)

READY_WITHIN_S = 60.0
STOP_WITHIN_S = 10.0
WELL_AFTER_S = 60.0
"""Who has run for that long starts again without a growing wait."""
_BACKOFF_S = (0.5, 1.0, 2.0, 5.0, 10.0)


class ChildFailedError(Exception):
    """The process did not become ready. `code` is its own stable code, where it gave one."""

    def __init__(self, name: str, text: str, code: str | None = None) -> None:
        super().__init__(text)
        self.name = name
        self.code = code


@dataclass(frozen=True, slots=True)
class ChildSpec:
    """How to start a child. `command` takes `--port P`; `stdin_line` is written once and may hold secrets."""

    name: str
    command: tuple[str, ...]
    stdin_line: dict[str, Any]
    log_path: Path
    restart_delay_s: float | None = None
    """Seconds until a dead child is started again; None means a short, growing back-off."""
    environment: dict[str, str] | None = None
    port: int = 0
    """The port to ask for; 0 takes a free one, which is kept over restarts."""


class Child:
    """One supervised process. All methods may be called from any thread; `start` and `stop` block."""

    def __init__(self, spec: ChildSpec, on_change: Callable[[bool], None] | None = None) -> None:
        self._spec = spec
        self._on_change = on_change or (lambda _running: None)
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._port = spec.port
        self._stopping = threading.Event()
        self._may_start = threading.Event()
        self._may_start.set()
        self._watcher: threading.Thread | None = None
        self.restarts = 0

    @property
    def port(self) -> int:
        return self._port

    @property
    def pid(self) -> int | None:
        with self._lock:
            process = self._process
        return process.pid if process is not None and process.poll() is None else None

    def start(self) -> int:
        """Start it and wait until it is ready; returns its port. Raises ChildFailedError."""
        process = self._launch()
        if self._stopping.is_set():
            _end(process)
            raise ChildFailedError(self._spec.name, f"{self._spec.name} was stopped while it started")
        self._watcher = threading.Thread(target=self._watch, args=(process,), name=f"watch-{self._spec.name}")
        self._watcher.start()
        return self._port

    def pause(self) -> None:
        """Leave it away once it has ended, until `resume`; while it runs it goes on."""
        self._may_start.clear()

    def resume(self) -> None:
        """Start it again if it ended during a pause, and from now on."""
        self._may_start.set()

    def stop(self) -> None:
        """Ask it to end by closing its stdin, then make it; returns when it is gone."""
        self._stopping.set()
        self._may_start.set()
        with self._lock:
            process = self._process
        if process is not None:
            _end(process)
        if self._watcher is not None:
            self._watcher.join()
            self._watcher = None

    def _launch(self) -> subprocess.Popen[bytes]:
        self._spec.log_path.parent.mkdir(parents=True, exist_ok=True)
        command: Sequence[str] = (*self._spec.command, "--port", str(self._port))
        with self._spec.log_path.open("ab") as errors:
            process = subprocess.Popen(  # noqa: S603 - our own command, no shell
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                env=self._spec.environment,
                # Ctrl+C in the terminal must reach the desktop only; the children end with its pipe.
                start_new_session=True,
            )
        with self._lock:
            self._process = process
        try:
            stdin = _pipe(process.stdin)
            stdin.write(json.dumps(self._spec.stdin_line).encode() + b"\n")
            stdin.flush()
            answer = self._ready_line(process)
        except (ChildFailedError, OSError, ValueError) as error:
            # A pipe that `stop` closed meanwhile is a ValueError.
            _end(process)
            if isinstance(error, ChildFailedError):
                raise
            # Who ends before it read its first line breaks the pipe, and has said why all the same.
            raise self._failure(process) from error
        self._port = int(answer["port"])
        threading.Thread(target=_drain, args=(_pipe(process.stdout),), daemon=True).start()
        self._on_change(True)  # noqa: FBT003
        return process

    def _ready_line(self, process: subprocess.Popen[bytes]) -> dict[str, Any]:
        # A hung child must not hang the desktop: the timer ends it, and the read below then returns.
        guard = threading.Timer(READY_WITHIN_S, process.kill)
        guard.start()
        try:
            stdout = _pipe(process.stdout)
            while line := stdout.readline():
                with contextlib.suppress(ValueError):
                    answer = json.loads(line)
                    if isinstance(answer, dict) and answer.get("ready"):
                        return answer
        finally:
            guard.cancel()
        process.wait()
        raise self._failure(process)

    def _failure(self, process: subprocess.Popen[bytes]) -> ChildFailedError:
        code, text = _last_words(self._spec.log_path)
        return ChildFailedError(
            self._spec.name, text or f"{self._spec.name} ended with exit code {process.returncode}", code
        )

    def _watch(self, process: subprocess.Popen[bytes]) -> None:
        failures = 0
        started = time.monotonic()
        while True:
            process.wait()
            _close(process)
            if self._stopping.is_set():
                return
            self._on_change(False)  # noqa: FBT003
            log.warning("%s ended with exit code %s and will be started again", self._spec.name, process.returncode)
            if time.monotonic() - started > WELL_AFTER_S:  # what ended it is nothing that repeats at every start
                failures = 0
            delay = self._spec.restart_delay_s
            if delay is None:
                delay = _BACKOFF_S[min(failures, len(_BACKOFF_S) - 1)]
            if self._stopping.wait(delay):
                return
            self._may_start.wait()
            if self._stopping.is_set():
                return
            started = time.monotonic()
            try:
                process = self._launch()
            except ChildFailedError as error:
                failures += 1
                log.warning("%s could not be started again: %s", self._spec.name, error)
                continue
            self.restarts += 1
            if self._stopping.is_set():
                _end(process)
                return
            failures += 1


def _pipe(pipe: IO[bytes] | None) -> IO[bytes]:
    if pipe is None:
        raise OSError("the process was started without a pipe")
    return pipe


def _drain(pipe: IO[bytes]) -> None:
    with contextlib.suppress(OSError, ValueError):
        for _line in pipe:
            pass


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.stdin is not None:
        with contextlib.suppress(OSError):
            process.stdin.close()
    for last_resort in (process.terminate, process.kill):
        try:
            process.wait(STOP_WITHIN_S)
            break
        except subprocess.TimeoutExpired:
            last_resort()
    process.wait()
    _close(process)


def _close(process: subprocess.Popen[bytes]) -> None:
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with contextlib.suppress(OSError):
                pipe.close()


def _last_words(path: Path) -> tuple[str | None, str | None]:
    """The child's own error line, if its log ends with one: `{"error": CODE, "text": …}`."""
    try:
        with path.open("rb") as file:
            tail = deque(file, maxlen=20)
    except OSError:
        return None, None
    for line in reversed(tail):
        with contextlib.suppress(ValueError):
            data = json.loads(line)
            if isinstance(data, dict) and isinstance(data.get("error"), str):
                text = data.get("text") or data.get("message") or data.get("detail")
                return data["error"], str(text) if text else data["error"]
    return None, None
