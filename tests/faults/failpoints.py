"""The places where the bench makes a process die, and how: a named function of the product is wrapped from outside.

Nothing in the product knows of this. `install` replaces the named attributes in the process that launch.py has just
started; the armed point kills its own process with SIGKILL at the n-th call, before it or after it. Before dying it
writes one line to the hits file, so that the report can say which points were really met.
"""

import importlib
import inspect
import json
import os
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

__all__ = ["POINTS", "Armed", "Failpoint", "install"]

_MESSAGES = "huntaze_backend.areas.messages"
_GATEWAY = "huntaze_backend.engines.gateways.adapters.vendor_sender:VendorSender"

Role = Literal["backend", "worker", "client", "sandbox"]


@dataclass(frozen=True, slots=True)
class Failpoint:
    """One place: `module:attribute.path` of a function, and whether to die before or after it ran."""

    name: str
    target: str
    when: Literal["before", "after"]


POINTS: dict[Role, tuple[Failpoint, ...]] = {
    "backend": (
        Failpoint("accept.in_transaction", f"{_MESSAGES}.accepting:accept", "after"),
        Failpoint("accept.committed", f"{_MESSAGES}.sending:Sending.answer", "before"),
        Failpoint("accept.answered", f"{_MESSAGES}.sending:Sending.accept", "after"),
        Failpoint("changes.before", "huntaze_backend.core.changes:take", "before"),
        Failpoint("changes.numbered", "huntaze_backend.core.changes:take", "after"),
        Failpoint("commit.done", "huntaze_backend.core.db:Database._write_unit", "after"),
        Failpoint("claim.begin", f"{_MESSAGES}.claims:claim", "before"),
        Failpoint("claim.in_transaction", f"{_MESSAGES}.claims:claim", "after"),
        Failpoint("claim.committed", f"{_MESSAGES}.dispatch:ConnectionDispatch._try", "after"),
        Failpoint("send.begin", f"{_GATEWAY}.send", "before"),
        Failpoint("send.call", f"{_GATEWAY}._call", "before"),
        Failpoint("send.answered", f"{_GATEWAY}._call", "after"),
        Failpoint("send.classified", f"{_GATEWAY}.send", "after"),
        Failpoint("report.begin", f"{_MESSAGES}.dispatch:ConnectionDispatch.report", "before"),
        Failpoint("settle.in_transaction", f"{_MESSAGES}.outcomes:settle", "after"),
        Failpoint("report.committed", f"{_MESSAGES}.dispatch:ConnectionDispatch.report", "after"),
        Failpoint("bind.before", f"{_MESSAGES}.pipeline:bind", "before"),
        Failpoint("bind.after", f"{_MESSAGES}.pipeline:bind", "after"),
        Failpoint("search.listed", f"{_MESSAGES}.reconcile:read_back", "after"),
        Failpoint("search.judged", f"{_MESSAGES}.reconcile:judge", "after"),
        Failpoint("recover.in_transaction", f"{_MESSAGES}.reconcile:recover", "after"),
        Failpoint("webhook.begin", f"{_MESSAGES}.webhook_routes:WebhookReceiver.receive", "before"),
        Failpoint("webhook.in_transaction", f"{_MESSAGES}.inbound:receive", "after"),
        Failpoint("webhook.committed", f"{_MESSAGES}.webhook_routes:WebhookReceiver.receive", "after"),
        Failpoint("sync.page", "huntaze_backend.engines.sync.reader:changes_after", "after"),
    ),
    "client": (
        Failpoint("press.in_transaction", "huntaze_desktop.cache.outbox:put", "after"),
        Failpoint("press.committed", "huntaze_desktop.engine.actions:Actions.send", "after"),
        Failpoint("upload.begin", "huntaze_desktop.engine.outbox:Uploader._upload", "before"),
        Failpoint("upload.noted", "huntaze_desktop.cache.outbox:begin_attempt", "after"),
        Failpoint("upload.request", "huntaze_desktop.engine.backend:Backend.send", "before"),
        Failpoint("upload.answered", "huntaze_desktop.engine.backend:Backend.send", "after"),
        Failpoint("upload.stored", "huntaze_desktop.engine.outbox:Uploader._accepted", "after"),
        Failpoint("take.applied", "huntaze_desktop.cache.apply:apply_message", "after"),
        Failpoint("take.removed", "huntaze_desktop.cache.outbox:remove", "after"),
        Failpoint("sync.page_in_transaction", "huntaze_desktop.cache.apply:apply_page", "after"),
        Failpoint("sync.frame_in_transaction", "huntaze_desktop.cache.apply:apply_frame", "after"),
        Failpoint("cache.committed", "huntaze_desktop.cache.store:Cache.write", "after"),
    ),
    "sandbox": (
        Failpoint("platform.execute", "huntaze_sandbox.sending:_Order._execute", "before"),
        Failpoint("platform.executed", "huntaze_sandbox.sending:_Order._execute", "after"),
        Failpoint("platform.keep", "huntaze_sandbox.recorder:Recorder.keep", "before"),
        Failpoint("platform.state_written", "huntaze_sandbox.recorder:journal_row", "before"),
        Failpoint("platform.kept", "huntaze_sandbox.recorder:Recorder.keep", "after"),
        Failpoint("platform.webhook", "huntaze_sandbox.webhooks:Webhooks._deliver", "before"),
        Failpoint("platform.webhook_told", "huntaze_sandbox.webhooks:Webhooks._deliver", "after"),
    ),
}

#: A worker of its own does everything of the service's but what requests make it do.
_OF_REQUESTS = ("accept.", "webhook.", "sync.")
POINTS["worker"] = tuple(point for point in POINTS["backend"] if not point.name.startswith(_OF_REQUESTS))


@dataclass(frozen=True, slots=True)
class Armed:
    """Die at the `nth` call of one point, of those that come later than `after_s` seconds from the start."""

    name: str
    nth: int
    after_s: float
    hits: Path

    def as_json(self) -> dict[str, object]:
        return {"name": self.name, "nth": self.nth, "after_s": self.after_s, "hits": str(self.hits)}


def install(role: Role, armed: Armed) -> None:
    """Wrap the function of the armed point. Raises: LookupError if the product has no such function any more."""
    point = next((point for point in POINTS[role] if point.name == armed.name), None)
    if point is None:
        raise LookupError(f"there is no failpoint {armed.name} for the {role}")
    owner, attribute, original = find(point)
    setattr(owner, attribute, _wrapped(original, point, _Trigger(armed)))


def find(point: Failpoint) -> tuple[Any, str, Callable[..., Any]]:
    """Where the function of a point stands: its owner, its name there, and itself."""
    module, _, path = point.target.partition(":")
    owner: Any = importlib.import_module(module)
    *parents, attribute = path.split(".")
    for name in parents:
        owner = getattr(owner, name)
    original = inspect.getattr_static(owner, attribute, None)
    if not callable(original):
        raise LookupError(f"failpoint {point.name}: {point.target} is no function")  # noqa: TRY004 - it is not there
    return owner, attribute, original


class _Trigger:
    """Counts calls from any thread and, at the right one, ends the process as a power cut would."""

    def __init__(self, armed: Armed) -> None:
        self._armed = armed
        self._lock = threading.Lock()
        self._calls = 0
        self._begins_at = time.monotonic() + armed.after_s

    def pull(self) -> None:
        if time.monotonic() < self._begins_at:
            return
        with self._lock:
            self._calls += 1
            if self._calls != self._armed.nth:
                return
            line = json.dumps({"point": self._armed.name, "pid": os.getpid()}) + "\n"
            handle = os.open(self._armed.hits, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            os.write(handle, line.encode())
            os.kill(os.getpid(), signal.SIGKILL)


def _wrapped(original: Callable[..., Any], point: Failpoint, trigger: _Trigger) -> Callable[..., Any]:
    if inspect.iscoroutinefunction(original):

        async def around_coroutine(*args: Any, **kwargs: Any) -> Any:
            if point.when == "before":
                trigger.pull()
            result = await original(*args, **kwargs)
            if point.when == "after":
                trigger.pull()
            return result

        return around_coroutine

    def around(*args: Any, **kwargs: Any) -> Any:
        if point.when == "before":
            trigger.pull()
        result = original(*args, **kwargs)
        if point.when == "after":
            trigger.pull()
        return result

    return around
