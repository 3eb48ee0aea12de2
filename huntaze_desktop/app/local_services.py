"""This computer's own processes for one profile: its backend, and the sandbox where the demo agency lives."""

import asyncio
import secrets as chance
from collections.abc import Callable
from dataclasses import replace

from huntaze_contract.wire import NewConnection
from huntaze_desktop.app.children import Child, ChildFailedError, ChildSpec
from huntaze_desktop.app.own import DemoSettings, Owner, backend_spec, sandbox_spec
from huntaze_desktop.app.profile import Profile
from huntaze_desktop.app.secrets import Secrets, new_key

__all__ = ["DEMO_EMAIL", "LocalServices"]

DATABASE_KEY = "database-key"
OWNER_PASSWORD = "owner-password"  # noqa: S105 - the name of a secret, not one
SANDBOX_KEY = "sandbox-key"
DEMO_EMAIL = "sam@demo.example"


class LocalServices:
    """Starts and stops the children; the ports they got are kept in the profile and asked for again."""

    def __init__(self, profile: Profile, secrets: Secrets, on_backend: Callable[[bool], None]) -> None:
        self._profile = profile
        self._secrets = secrets
        self._on_backend = on_backend
        self._one_at_a_time = asyncio.Lock()
        self._children: list[Child] = []
        """In the order in which they were begun; one that is still starting is among them."""
        self.backend: Child | None = None
        self.sandbox: Child | None = None
        self.platform: NewConnection | None = None
        """How to reach the sandbox, once it runs."""

    async def start_backend(self, owner: Owner | None, demo: DemoSettings | None = None) -> str:
        """Start the profile's backend and return its address.

        One that runs already is kept, unless an owner is to be made: that happens at a start. `owner` is made on the
        first run and ignored afterwards. Raises ChildFailedError.
        """
        async with self._one_at_a_time:
            if self.backend is not None and owner is not None:
                await self._end(self.backend)
                self.backend = None
            if self.backend is None:
                self.backend = await self._started_backend(owner, demo)
            return f"http://127.0.0.1:{self.backend.port}"

    async def _started_backend(self, owner: Owner | None, demo: DemoSettings | None) -> Child:
        key = await asyncio.to_thread(self._secret, DATABASE_KEY, new_key)
        spec = backend_spec(
            self._profile.demo_backend_folder if demo else self._profile.backend_folder,
            key,
            owner,
            command=demo.backend_command if demo else None,
            restart_delay_s=demo.backend_restart_delay_s if demo else None,
            port=self._profile.settings().backend_port,
        )
        backend = await self._start(spec, self._on_backend)
        self._remember(backend_port=backend.port)
        return backend

    async def start_sandbox(self, demo: DemoSettings) -> NewConnection:
        """Start the demo's platform; returns what the backend needs to connect to it. Raises ChildFailedError."""
        key = await asyncio.to_thread(self._secret, SANDBOX_KEY, lambda: chance.token_urlsafe(24))
        kept = self._profile.settings()
        if kept.demo_fans:
            demo = replace(demo, seed=kept.demo_seed, fans=kept.demo_fans, messages=kept.demo_messages)
        spec = sandbox_spec(self._profile, demo, key, port=kept.sandbox_port)
        self.sandbox = await self._start(spec, lambda _running: None)
        self._remember(
            sandbox_port=self.sandbox.port,
            demo_seed=demo.seed,
            demo_fans=demo.fans,
            demo_messages=demo.messages,
        )
        self.platform = NewConnection.model_validate(
            {"platform": "sandbox", "base_url": f"http://127.0.0.1:{self.sandbox.port}", "api_key": key}
        )
        return self.platform

    async def demo_owner(self) -> Owner:
        """The owner of the demo agency; the password is made here and never shown."""
        password = await asyncio.to_thread(self._secret, OWNER_PASSWORD, lambda: chance.token_urlsafe(24))
        return Owner(name="Sam Ortiz", email=DEMO_EMAIL, password=password, agency="Demo agency")

    async def stop(self) -> None:
        """End all; the backend first, so that it does not report the sandbox as gone."""
        for child in reversed(self._children.copy()):
            await self._end(child)
        self.backend = self.sandbox = None

    async def _start(self, spec: ChildSpec, on_change: Callable[[bool], None]) -> Child:
        try:
            return await self._start_once(spec, on_change)
        except ChildFailedError as error:
            if error.code != "PORT_TAKEN" or spec.port == 0:
                raise
            # Somebody else took last time's port; any other will do.
            return await self._start_once(replace(spec, port=0), on_change)

    async def _start_once(self, spec: ChildSpec, on_change: Callable[[bool], None]) -> Child:
        child = Child(spec, on_change)
        # Known before it runs: who closes the window meanwhile cancels this coroutine, not the thread below.
        self._children.append(child)
        try:
            await asyncio.to_thread(child.start)
        except ChildFailedError:
            self._children.remove(child)
            raise
        return child

    async def _end(self, child: Child) -> None:
        await asyncio.to_thread(child.stop)
        if child in self._children:
            self._children.remove(child)

    def _secret(self, name: str, make: Callable[[], str]) -> str:
        value = self._secrets.get(name)
        if value is None:
            value = make()
            self._secrets.set(name, value)
        return value

    def _remember(self, **numbers: int) -> None:
        self._profile.save(replace(self._profile.settings(), **numbers))  # type: ignore[arg-type]  # number fields only
