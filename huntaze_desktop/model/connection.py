"""Whether the desktop reaches its backend, and how fresh what it shows is."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class ConnectionState(StrEnum):
    CONNECTING = "connecting"
    SYNCING = "syncing"
    ONLINE = "online"
    OFFLINE = "offline"
    SIGNED_OUT = "signed_out"
    REFUSED = "refused"
    """The backend speaks another major version of the API."""


@dataclass(frozen=True, slots=True)
class Connection:
    state: ConnectionState
    since: datetime
    """Of `state`; offline, when the backend was last known to be there, also before a restart."""
    last_sync_at: datetime | None = None
    detail: str | None = None
    clock_offset_s: float = 0.0
    """Server time minus local time, in seconds; add it to a local time to show a server's countdown."""
    outbox: int = 0
    failures: int = 0
    changes: int = 0
    """Notes, tags, snoozes and the like that wait on this computer for the backend."""
    sync_done: int = 0
    sync_total: int = 0
    """Rows of a first or full sync: delivered so far, and in all; both 0 otherwise."""
