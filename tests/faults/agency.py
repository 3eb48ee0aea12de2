"""The agency that the process layers play: a sandbox, a service and chatters as processes, with bad lines between them.

Three lines: chatters to service, service to platform, platform to service (webhooks). Ports change with every start of
a process; the lines' own do not, so nobody needs to be told.
"""

import asyncio
import json
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import httpx2

from tests.faults import evidence
from tests.faults.checker import Evidence, Integrity
from tests.faults.person import Person
from tests.faults.processes import Killer, Process, Spec
from tests.faults.proxy import Line, Proxy
from tests.faults.stores import PostgresStore

__all__ = ["BENCH_PACE", "Agency", "Shift", "scripts"]

KEY = "5a" * 32
SECRETS = {"jwt_secret": "j" * 32, "token_encryption_key": "5e" * 32}
"""What an encrypted database would keep by itself."""
PLATFORM_KEY = "fault-bench-key"
OWNER = {"email": "sam@bench.example", "password": "correct horse battery", "name": "Sam", "agency": "Fault bench"}

BENCH_PACE: dict[str, Any] = {
    # The deadlines of production (20, 15, 15, 5 s) divided by about ten; their order and what they mean is the same.
    "timing": {
        "attempt_ttl": 2.5,
        "call_timeout": 1.5,
        "listing_lag": 1.0,
        "margin": 0.5,
        "listing_gap": 0.5,
        "unlistable_after": 120.0,
    },
    "parallel": 16,
    "retry_base": 0.2,
    "retry_max": 2.0,
    "poll_every_s": 60.0,
}


@dataclass(frozen=True, slots=True)
class Shift:
    """How large an agency, and how much is written in it."""

    accounts: int
    conversations: int
    """Per account."""
    sends: int
    """Per account."""
    clients: int
    window_s: float = 60.0
    spacing_s: float = 3.0
    limit: int = 10
    pause_s: float = 0.05
    """Of a chatter between two messages."""
    history: int | None = None
    """Messages that are there already; two of each fan if it is not said."""


@dataclass(slots=True)
class Agency:
    """Everything that runs, in one folder."""

    folder: Path
    seed: int
    shift: Shift
    pace: dict[str, Any] = field(default_factory=lambda: dict(BENCH_PACE))
    postgres: PostgresStore | None = None
    """Where the service keeps its data; None is its embedded database."""
    worker_count: int = 0
    """Workers as processes of their own, with which the service has none."""
    integrity: list[Integrity] = field(default_factory=list)
    killers: list[Killer] = field(default_factory=list)
    clients: dict[str, Process] = field(default_factory=dict)
    scripts: dict[str, dict[str, list[str]]] = field(default_factory=dict)
    sandbox: Process = field(init=False)
    backend: Process = field(init=False)
    workers: list[Process] = field(init=False)
    to_service: Proxy = field(init=False)
    to_platform: Proxy = field(init=False)
    webhooks: Proxy = field(init=False)
    person: Person = field(init=False)
    _token: str = field(init=False, repr=False, default="")

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.to_service, self.to_platform, self.webhooks = (Proxy(self.seed + n) for n in range(3))
        fans = self.shift.accounts * (self.shift.conversations + 2)  # some fans take no messages
        words = ["--quiet", "--key", PLATFORM_KEY, "--rate-limit", "0", "--idempotency", "journal", "--exit-with-stdin"]
        words += ["--fans", str(fans), "--messages", str(self.shift.history or 2 * fans), "--seed", str(self.seed)]
        words += ["--state", str(self.folder / "sandbox.state"), "--journal", str(self.journal)]
        sandbox = {"accounts": self.shift.accounts, "arguments": words}
        self.sandbox = Process(Spec("sandbox", "sandbox", sandbox, self.folder / "sandbox.log", {}))
        given: dict[str, Any] = {"owner": OWNER} | ({"database_key": KEY} if self.postgres is None else SECRETS)
        options = {
            "data": str(self.folder / "service") if self.postgres is None else None,
            "database_url": self.postgres and self.postgres.url,
            "pace": self.pace,
            "worker": self.worker_count == 0,
        }
        self.backend = Process(Spec("backend", "backend", options, self.folder / "backend.log", given))
        self.workers = [
            Process(Spec(name, "worker", options, self.folder / f"{name}.log", SECRETS))
            for name in (f"worker{n}" for n in range(self.worker_count))
        ]
        self.person = Person(
            lambda: self.backend.port if self.backend.alive else None,
            lambda: self.sandbox.port if self.sandbox.alive else None,
            self.query,
        )
        self.person.platform_key = PLATFORM_KEY
        self.person.credentials = {"email": OWNER["email"], "password": OWNER["password"], "device_id": _device(0)}

    @property
    def journal(self) -> Path:
        return self.folder / "journal.jsonl"

    @property
    def database(self) -> Path:
        return self.folder / "service" / "huntaze.db"

    # --- life -----------------------------------------------------------------------------------------------------

    async def open(self) -> None:
        """Start the platform and the service over good lines, connect them, and put the bench's triggers in."""
        for line in (self.to_service, self.to_platform, self.webhooks):
            await line.start()
        self.backend.spec.options["public_url"] = self.webhooks.url
        await self.start_sandbox()
        await self.start_backend()
        for worker in self.workers:
            if not await worker.start():
                raise RuntimeError(f"{worker.spec.name} does not start: see its log")
        await self._connect()
        await asyncio.to_thread(self._watch)

    def _watch(self) -> None:
        settings = self.shift.window_s, self.shift.spacing_s, self.shift.limit
        if self.postgres is not None:
            self.postgres.watch(*settings)
            return
        with closing(evidence.open_store(self.database, KEY)) as store:
            for statement in evidence.WATCH_STATES:
                store.execute(statement)
            store.execute("UPDATE creators SET window_s = ?, spacing_s = ?, send_limit = ?", settings)

    async def start_sandbox(self) -> None:
        if not await self.sandbox.start():
            raise RuntimeError("the sandbox does not start: see sandbox.log")
        self.sandbox_ready()

    async def start_backend(self) -> None:
        if not await self.backend.start():
            raise RuntimeError("the service does not start: see backend.log")
        self.backend_ready()

    def sandbox_ready(self) -> None:
        self.to_platform.target = self.sandbox.port

    def backend_ready(self) -> None:
        self.to_service.target = self.webhooks.target = self.backend.port

    async def close(self) -> list[str]:
        """End every process as its parent would; says which of them did not end well."""
        wrong = []
        for process in (*self.clients.values(), *self.workers, self.backend, self.sandbox):
            status = await process.end()
            if status not in (0, None):
                wrong.append(f"{process.spec.name} ended with status {status}: see {process.spec.log.name}")
        for line in (self.to_service, self.to_platform, self.webhooks):
            await line.stop()
        return wrong

    def lose(self, line: Line, webhook_line: Line | None = None) -> None:
        """Make all three lines bad."""
        self.to_service.line = line
        # The platform keeps no key: what would be carried out twice there would be doubled by the line, not by us.
        self.to_platform.line = Line(**{name: getattr(line, name) for name in line.__slots__} | {"duplicate": 0.0})
        self.webhooks.line = webhook_line or line

    def heal(self) -> None:
        for proxy in (self.to_service, self.to_platform, self.webhooks):
            proxy.line = Line()

    async def _connect(self) -> None:
        async with httpx2.AsyncClient(
            base_url=f"http://127.0.0.1:{self.backend.port}/api/v2", timeout=60, trust_env=False
        ) as http:
            form = {"email": OWNER["email"], "password": OWNER["password"], "device_id": _device(1)}
            signed = (await http.post("/auth/sign-in", json=form)).raise_for_status().json()
            self._token = signed["access_token"]
            http.headers["Authorization"] = f"Bearer {self._token}"
            new = {"platform": "sandbox", "base_url": self.to_platform.url, "api_key": PLATFORM_KEY}
            made = (await http.post("/connections", json=new)).raise_for_status().json()
            async with asyncio.timeout(180):
                while made["backfill"]["state"] != "done":
                    if made["backfill"]["state"] == "failed":
                        raise RuntimeError(f"the history could not be read: {made['backfill']['error']}")
                    await asyncio.sleep(0.1)
                    made = (await http.get(f"/connections/{made['id']}")).raise_for_status().json()

    # --- chatters ---------------------------------------------------------------------------------------------------

    async def invite(self, name: str) -> None:
        """Make a member of this name, who sees every creator."""
        form = {"name": name, "email": _email(name), "password": OWNER["password"], "role": "manager"}
        async with httpx2.AsyncClient(
            base_url=f"http://127.0.0.1:{self.backend.port}/api/v2", timeout=60, trust_env=False
        ) as http:
            headers = {"Authorization": f"Bearer {self._token}"}
            (await http.post("/members", json=form, headers=headers)).raise_for_status()

    async def hire(self, scripts: dict[str, dict[str, list[str]]], *, members: bool = False) -> None:
        """Start a chatter for each script: conversation → texts in order.

        Args:
            scripts: by chatter.
            members: each is the invited member of its name, and all begin when `begin` is called; else all are the
                owner on several computers, and each begins at once.
        """
        self.scripts = scripts
        for name, script in scripts.items():
            folder = self.folder / name
            folder.mkdir(exist_ok=True)
            (folder / "script.json").write_text(json.dumps(script))
            options = {
                "folder": str(folder),
                "script": str(folder / "script.json"),
                "key": KEY,
                "server": self.to_service.url,
                "email": _email(name) if members else OWNER["email"],
                "password": OWNER["password"],
                "pause_s": self.shift.pause_s,
                "gate": str(self.folder / "begin") if members else None,
            }
            self.clients[name] = Process(Spec(name, "client", options, self.folder / f"{name}.log"))
            if not await self.clients[name].start():
                raise RuntimeError(f"{name} does not start: see {name}.log")

    async def begin(self, seconds: float) -> None:
        """Let the members write, when every one of them has seen everything there is."""
        async with asyncio.timeout(seconds):
            while not await asyncio.to_thread(self._all_see, self._last_seq()):  # noqa: ASYNC110
                await asyncio.sleep(0.1)
        (self.folder / "begin").touch()

    def killer(self, process: Process, lives_s: tuple[float, float]) -> Killer:
        """Somebody who kills this process again and again; its files are checked while it is dead."""
        spec = process.spec
        killer = Killer(process, Random(f"{self.seed}:{spec.name}"), lives_s, self.folder / f"{spec.name}.hits")
        if spec.role == "backend":
            killer.on_ready = self.backend_ready
            if self.postgres is None:
                killer.check = lambda: self.check("the service's database", self.database)
        elif spec.role == "sandbox":
            killer.on_ready = self.sandbox_ready
        elif spec.role == "client":
            killer.check = lambda: self.check(f"the cache of {spec.name}", self.folder / spec.name / "cache.db")
        self.killers.append(killer)
        return killer

    async def check(self, name: str, path: Path) -> None:
        found = await asyncio.to_thread(evidence.check_store, name, path, KEY)
        if found.findings:
            self.integrity.append(found)

    # --- looking ----------------------------------------------------------------------------------------------------

    def query(self, statement: str) -> Sequence[Sequence[Any]]:
        if self.postgres is not None:
            return self.postgres.rows(statement)
        with closing(evidence.open_store(self.database, KEY)) as store:
            rows: Sequence[Sequence[Any]] = store.execute(statement).fetchall()
            return rows

    async def conversations(self) -> dict[str, list[str]]:
        """Account → its conversations that can be written to, as many as the shift wants."""
        found: dict[str, list[str]] = {}
        for creator, conversation in await asyncio.to_thread(
            self.query, "SELECT creator_id, id FROM conversations WHERE can_send ORDER BY creator_id, id"
        ):
            own = found.setdefault(creator, [])
            if len(own) < self.shift.conversations:
                own.append(conversation)
        return found

    async def at_rest(self, seconds: float) -> bool:
        """Wait until everything was written, taken in and decided, and every chatter has seen it."""
        try:
            async with asyncio.timeout(seconds):
                while not await asyncio.to_thread(self._rests):  # noqa: ASYNC110 - files tell nobody
                    await asyncio.sleep(0.5)
        except TimeoutError:
            return False
        return True

    def _rests(self) -> bool:
        on_their_way = self.query(
            "SELECT count(*) FROM messages WHERE client_key IS NOT NULL"
            " AND state NOT IN ('sent', 'failed', 'rejected', 'cancelled', 'expired')"
        )[0][0]
        for name, script in self.scripts.items():
            status = self._status(name)
            if status["written"] < sum(map(len, script.values())) or status["outbox"]:
                return False
        return bool(on_their_way == 0 and self._all_see(self._last_seq()))

    def _last_seq(self) -> int:
        return int(self.query("SELECT last_seq FROM sync_counters")[0][0])

    def _all_see(self, seq: int) -> bool:
        return all(self._status(name)["seq"] == seq for name in self.scripts)

    def _status(self, name: str) -> dict[str, int]:
        path = self.folder / name / "status.json"
        found: dict[str, int] = (
            json.loads(path.read_text()) if path.exists() else {"written": -1, "outbox": 1, "seq": -1}
        )
        return found

    def evidence(self) -> Evidence:
        """What is there to be judged. Every process must have ended."""
        found = Evidence(limit=self.shift.limit, window=timedelta(seconds=self.shift.window_s))
        found.journal = evidence.journal(self.journal)
        evidence.service(self.query, found)
        for name, script in self.scripts.items():
            folder = self.folder / name
            store = evidence.client_store(name, folder / "cache.db", KEY)
            found.clients.append(store)
            found.intents += evidence.with_ids(name, script, evidence.pressed(folder), found.messages, store)
            found.integrity.append(evidence.check_store(f"the cache of {name}", folder / "cache.db", KEY))
        if self.postgres is None:
            found.integrity.append(evidence.check_store("the service's database", self.database, KEY))
        found.integrity += self.integrity
        return found

    def kills(self) -> dict[str, int]:
        counted: Counter[str] = Counter()
        for killer in self.killers:
            counted[killer.process.spec.role] += killer.kills
        return dict(counted)


def scripts(conversations: dict[str, list[str]], shift: Shift, chance: Random) -> dict[str, dict[str, list[str]]]:
    """Who writes what: accounts are shared out among the chatters; every fifth text is one that others repeat."""
    found: dict[str, dict[str, list[str]]] = {f"client{n}": {} for n in range(shift.clients)}
    for number, (_, own) in enumerate(sorted(conversations.items())):
        script = found[f"client{number % shift.clients}"]
        for n in range(shift.sends):
            conversation = own[n % len(own)]
            repeated = chance.random() < 0.2
            words = "How are you today? 🙂" if repeated else f"Line {n} of account {number} & its <fans>"
            script.setdefault(conversation, []).append(words)
    return found


def _email(name: str) -> str:
    return f"{name}@bench.example"


def _device(n: int) -> str:
    return f"00000000-0000-4000-8000-{n:012d}"
