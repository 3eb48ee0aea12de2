"""What the shell shows, as plain values. The composition root fills them; the shell knows no engine and no cache."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

ConnectionState = Literal["online", "connecting", "offline", "signed_out"]


@dataclass(frozen=True, slots=True)
class ConnectionView:
    """The connection's state and what waits on it; times are UTC-aware."""

    state: ConnectionState = "connecting"
    since: datetime | None = None
    last_sync_at: datetime | None = None
    outbox: int = 0
    failures: int = 0
    changes: int = 0
    """Notes, tags, snoozes and the like that wait for the connection."""
    accounts_paused: tuple[str, ...] = ()
    """Names of creators whose platform session has ended."""


@dataclass(frozen=True, slots=True)
class CostsView:
    """What AI calls cost today, in nano-USD; `limit` is the day's budget, if there is one."""

    today: int
    month: int
    limit: int | None = None
    soft_exceeded: bool = False


@dataclass(frozen=True, slots=True)
class PersonView:
    """Who is signed in."""

    id: str
    name: str
    role: str
    initials: str


@dataclass(frozen=True, slots=True)
class CreatorView:
    """One creator that this person may see."""

    id: str
    name: str
    initials: str


@dataclass(frozen=True, slots=True)
class Credentials:
    """What the sign-in form hands over. The password stays out of logs: it has no repr."""

    email: str
    password: str = field(repr=False)
    keep: bool
    server: str
    """Address of the server, empty for the one on this computer."""


@dataclass(frozen=True, slots=True)
class NewAgency:
    """What the set-up form hands over."""

    agency: str
    name: str
    email: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class ShortcutView:
    """One line of the shortcut overlay: what it does and its keys."""

    text: str
    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ErrorView:
    """A fatal start-up error: what happened, what is safe, what to do."""

    code: str
    title: str
    what: str
    safe: str
    todo: str
    details: str = ""
    icon: str = "unplug"
    can_retry: bool = True
    can_reset: bool = False
