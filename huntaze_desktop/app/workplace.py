"""A member's workplace: the engine over its cache, the plugins over the engine, and the window told what they say."""

import asyncio
import logging
import platform
from collections.abc import Callable

from huntaze_desktop.app.outbox_desk import OutboxDesk
from huntaze_desktop.app.profile import Profile
from huntaze_desktop.app.secrets import Secrets, new_key
from huntaze_desktop.app.shell import Shell
from huntaze_desktop.cache import Cache, CacheKey, open_cache
from huntaze_desktop.engine import Engine
from huntaze_desktop.model.connection import Connection, ConnectionState
from huntaze_desktop.model.costs import AiCosts
from huntaze_desktop.model.entities import Creator, CreatorState
from huntaze_desktop.plugin_host.guard import Fault
from huntaze_desktop.plugin_host.host import Host
from huntaze_desktop.ui.bridge import Tasks
from huntaze_desktop.ui.state import ConnectionView, CostsView, CreatorView, PersonView
from huntaze_desktop.ui.window import MainWindow
from huntaze_desktop.ui.words import translate
from huntaze_desktop.ui_kit.avatars import initials_of

__all__ = ["CACHE_KEY", "REFRESH_TOKEN", "SecretTokens", "Workplace", "open_profile_cache", "view_of"]

log = logging.getLogger(__name__)

CACHE_KEY = "cache-key"
REFRESH_TOKEN = "refresh-token"  # noqa: S105 - the name of a secret, not one

SEE_COSTS = frozenset({"owner", "manager"})
"""Roles that see what AI costs; the backend tells nobody else."""

_STATES = {
    ConnectionState.CONNECTING: "connecting",
    ConnectionState.SYNCING: "online",
    ConnectionState.ONLINE: "online",
    ConnectionState.OFFLINE: "offline",
    ConnectionState.SIGNED_OUT: "signed_out",
    ConnectionState.REFUSED: "offline",
}


class SecretTokens:
    """The engine's token store over the profile's secrets, or in memory for who does not want to stay signed in."""

    def __init__(self, secrets: Secrets, keep: Callable[[], bool]) -> None:
        self._secrets = secrets
        self._keep = keep
        self._here: str | None = None

    def load(self) -> str | None:
        return self._here or self._secrets.get(REFRESH_TOKEN)

    def save(self, token: str) -> None:
        self._here = token
        if self._keep():
            self._secrets.set(REFRESH_TOKEN, token)
        else:
            self._secrets.delete(REFRESH_TOKEN)

    def clear(self) -> None:
        self._here = None
        self._secrets.delete(REFRESH_TOKEN)


def open_profile_cache(profile: Profile, secrets: Secrets) -> Cache:
    """Open the profile's store, with a new key on its first use. Blocking; raises CacheError.

    A store whose key is gone stays where it is and counts as one with a wrong key: unsent messages may be in it.
    """
    key = secrets.get(CACHE_KEY)
    if key is None:
        key = new_key()
        if not profile.cache_path.exists():
            secrets.set(CACHE_KEY, key)
    return open_cache(profile.cache_path, CacheKey(key))


class Workplace:
    """Engine, plugins and window of one profile, from opening the cache to closing it."""

    def __init__(self, window: MainWindow, shell: Shell, tasks: Tasks, *, plugins: bool) -> None:
        self._window = window
        self._shell = shell
        self._tasks = tasks
        self._with_plugins = plugins
        self._host: Host | None = None
        self._engine: Engine | None = None
        self._outbox: OutboxDesk | None = None
        self._unsubscribe: list[Callable[[], None]] = []
        self._paused: tuple[str, ...] = ()

    @property
    def engine(self) -> Engine:
        if self._engine is None:
            raise RuntimeError("the workplace is not open")
        return self._engine

    @property
    def is_open(self) -> bool:
        return self._engine is not None

    async def open(
        self, cache: Cache, secrets: Secrets, deliver: Callable[[Callable[[], None]], None], *, keep: Callable[[], bool]
    ) -> Engine:
        """Start the engine over an open cache. Everything cached can be shown from here on, without any network.

        `keep` tells whether the sign-in outlives the window.
        """
        engine = Engine(cache, SecretTokens(secrets, keep), deliver, device_name=platform.node())
        await asyncio.to_thread(engine.start)
        self._engine = engine
        return engine

    def show(self) -> None:
        """Fill the window: who is signed in, the creators, and the plugins' pages."""
        if self._host is not None:
            return
        engine = self.engine
        me = engine.me
        self._window.set_person(PersonView(me.id, me.name, me.role, initials_of(me.name)))
        creators = engine.creators()
        self._unsubscribe += [creators.subscribe(self._show_creators), creators.close]
        self._unsubscribe.append(engine.connection.subscribe(self._show_connection))
        if me.role in SEE_COSTS:
            costs = engine.costs()
            self._unsubscribe += [costs.subscribe(self._show_costs), costs.close]
        self._host = Host(engine, self._shell, self._shell, self._tasks.spawn, self._plugin_disabled)
        if self._with_plugins:
            self._host.start()
        self._window.retry_requested.connect(engine.nudge)
        self._outbox = OutboxDesk(self._window, self._shell, engine, self._tasks)

    async def close(self) -> None:
        """Deactivate the plugins, then stop the engine and close the cache. Harmless when nothing is open."""
        outbox, self._outbox = self._outbox, None
        if outbox is not None:
            outbox.close()
        host, self._host = self._host, None
        if host is not None:
            await host.stop()
            self._window.retry_requested.disconnect(self.engine.nudge)
        for end in self._unsubscribe:
            end()
        self._unsubscribe.clear()
        self._window.set_costs(None)
        engine, self._engine = self._engine, None
        if engine is not None:
            await asyncio.to_thread(engine.stop)

    def _show_creators(self, creators: tuple[Creator, ...]) -> None:
        self._window.set_creators([CreatorView(one.id, one.name, initials_of(one.name)) for one in creators])
        self._paused = tuple(one.name for one in creators if one.state is not CreatorState.CONNECTED)
        self._show_connection(self.engine.connection.value)

    def _show_connection(self, connection: Connection) -> None:
        self._window.set_connection(view_of(connection, self._paused))

    def _show_costs(self, costs: AiCosts | None) -> None:
        view = None if costs is None else CostsView(costs.today, costs.month, costs.limit, costs.soft_exceeded)
        self._window.set_costs(view)

    def _plugin_disabled(self, faults: tuple[Fault, ...]) -> None:
        words = translate("Workplace", "{plugin} was switched off for this session after {n} faults.")
        self._shell.toast(words.format(plugin=faults[-1].plugin_id, n=len(faults)))


def view_of(connection: Connection, paused: tuple[str, ...]) -> ConnectionView:
    """The connection as the window shows it."""
    return ConnectionView(
        state=_STATES[connection.state],  # type: ignore[arg-type]  # the table holds the window's literals only
        since=connection.since,
        last_sync_at=connection.last_sync_at,
        outbox=connection.outbox,
        failures=connection.failures,
        changes=connection.changes,
        accounts_paused=paused,
    )
