"""Sync driven by chance: a model server, a few real caches, and a network that loses, repeats and reorders.

The caches are the desktop's own (`cache.apply` on SQLCipher in memory); the driver asks in the order in which
`engine.sync` does. After every step the cursor has not gone back (I7), nothing that the person wrote has left the view
(I8), and no draft, outbox row or pending op was touched by syncing (I9). At the end everybody pulls: every cache equals
the server's rows that its reader may see (I6).
"""

from collections import defaultdict
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

import sqlcipher3.dbapi2 as sqlcipher
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.pool import StaticPool

from huntaze_contract import wire
from huntaze_contract.ids import Id
from huntaze_contract.outgoing import State
from huntaze_desktop.cache import apply, digest, outbox
from huntaze_desktop.cache.migrations import migrate
from huntaze_desktop.cache.schema import BY_ENTITY
from tests.helpers.agency import NOON, Agency, changed, gone

__all__ = ["SyncMachine"]

_CLIENTS = 2
_KINDS = list(BY_ENTITY)
Key = tuple[str, Id]


def _memory() -> Any:
    return sqlcipher.connect(":memory:", isolation_level=None, check_same_thread=False)


def _engine(connection: Any) -> Engine:
    engine = create_engine("sqlite://", module=sqlcipher, creator=lambda: connection, poolclass=StaticPool)

    @event.listens_for(engine, "begin")
    def _begin(opened: Connection) -> None:
        opened.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


class _Template:
    """A migrated cache to copy: migrating one for each example would be most of the work."""

    def __init__(self) -> None:
        self._made: Any = None

    def copy(self) -> Engine:
        if self._made is None:
            self._made = _memory()
            with _engine(self._made).begin() as connection:
                migrate(connection)
        fresh = _memory()
        self._made.backup(fresh)
        return _engine(fresh)


_TEMPLATE = _Template()


class ExpiredError(Exception):
    """410: the server no longer knows the cursor."""


@dataclass(slots=True)
class Server:
    """What the backend keeps: the newest change of each entity, and how far the log goes back."""

    agency: Agency = field(default_factory=Agency)
    log: dict[Key, wire.Change] = field(default_factory=dict)
    epoch: int = 0
    min_seq: int = 0

    @property
    def seq(self) -> int:
        return self.agency.seq

    def commit(self, *rows: Any) -> None:
        for row in rows:
            change = changed(row)
            self.log[change.entity, change.id] = change

    def delete(self, key: Key) -> None:
        row = self.log[key].row
        self.log[key] = gone(row, self.agency.next_seq())

    def visible(self, scope: frozenset[Id]) -> list[wire.Change]:
        """Changes of what the reader may see, in commit order."""
        found = [change for change in self.log.values() if _creator_of(change) in scope or change.entity == "member"]
        return sorted(found, key=lambda change: change.seq)

    def rows(self, scope: frozenset[Id]) -> dict[Key, int]:
        return {(change.entity, change.id): change.seq for change in self.visible(scope) if change.op == "U"}

    def cursor(self, seq: int, scope: frozenset[Id]) -> str:
        return f"{self.epoch}|{seq}|{','.join(sorted(scope))}"

    def page(self, cursor: str, scope: frozenset[Id], limit: int) -> wire.SyncPage:
        epoch, seq, seen = cursor.split("|")
        if int(epoch) != self.epoch or int(seq) < self.min_seq or int(seq) > self.seq:
            raise ExpiredError
        if seen != ",".join(sorted(scope)):
            raise ExpiredError
        newer = [change for change in self.visible(scope) if change.seq > int(seq)]
        last = newer[limit - 1].seq if len(newer) > limit else self.seq
        return wire.SyncPage(
            changes=newer[:limit],
            cursor=self.cursor(last, scope),
            seq=last,
            has_more=len(newer) > limit,
            server_time=NOON,
        )

    def digest(self, scope: frozenset[Id]) -> dict[str, wire.KindDigest]:
        vers: dict[str, list[int]] = defaultdict(list)
        for (entity, _), seq in self.rows(scope).items():
            vers[entity].append(seq)
        return {
            entity: wire.KindDigest(count=len(of), sum=sum(of), squares=sum(ver * ver % 1_000_003 for ver in of))
            for entity, of in vers.items()
        }


def _creator_of(change: wire.Change) -> Id | None:
    row: Any = change.row if change.row is not None else _GONE.get(change.id)
    return getattr(row, "creator_id", None) or (change.id if change.entity == "creator" else None)


_GONE: dict[Id, Any] = {}
"""Rows as they were before they were deleted: the log keeps whose a tombstone is."""


@dataclass(slots=True)
class Client:
    """A cache, what is on its way to it, and what the person there wrote."""

    engine: Engine
    scope: frozenset[Id]
    stream_at: int = 0
    frames: list[wire.ChangesFrame] = field(default_factory=list)
    answers: list[wire.Message] = field(default_factory=list)
    snapshot: tuple[int, str, list[Key], int] | None = None
    """S0, its cursor, the keys in order, and how many were delivered."""
    written: dict[Id, str] = field(default_factory=dict)
    """Own messages, with their conversation."""
    accepted: set[Id] = field(default_factory=set)
    lost: set[Id] = field(default_factory=set)
    """Accepted by a database that a backup replaced."""
    drafts: dict[Id, str] = field(default_factory=dict)
    ops: set[Id] = field(default_factory=set)
    highest: tuple[int, int] = (0, 0)
    """Generation and seq, which never go back."""
    doubtful: bool = False
    """A frame from before its rights changed came late: only the comparison can find what it brought."""


class SyncMachine(RuleBasedStateMachine):
    """Every rule is something that the world may do."""

    @initialize()
    def begin(self) -> None:
        self.server = Server()
        agency = self.server.agency
        self.creators = [agency.creator, agency.new_creator("Nora Berg")]
        self.server.commit(agency.me, *self.creators)
        self.talks: list[wire.Conversation] = []
        self.kept: Server | None = None
        for creator in self.creators:
            self._talk(creator.id)
        everything = frozenset(creator.id for creator in self.creators)
        self.clients = [Client(_TEMPLATE.copy(), everything) for _ in range(_CLIENTS)]
        for client in self.clients:
            self._catch_up(client)

    def teardown(self) -> None:
        if not hasattr(self, "clients"):
            return
        for client in self.clients:
            self._catch_up(client)
            if not self._compare(client):
                assert client.doubtful, "a cache differs from the server although nothing came late"
                self._start_over(client)
                self._catch_up(client)
            assert self._here(client) == self.server.rows(client.scope)
            assert self._compare(client)
            client.engine.dispose()

    # --- what the server does -------------------------------------------------------------------------------------

    def _talk(self, creator_id: Id) -> None:
        agency = self.server.agency
        fan = agency.fan(creator_id=creator_id)
        talk = agency.conversation(fan)
        self.server.commit(fan, talk)
        self.talks.append(talk)

    @rule(which=st.integers(0, 1))
    def a_fan_comes(self, which: int) -> None:
        self._talk(self.creators[which].id)

    @rule(which=st.integers(0, 99), words=st.sampled_from(["hey", "good evening", "miss you"]))
    def a_fan_writes(self, which: int, words: str) -> None:
        talk = self.talks[which % len(self.talks)]
        self.server.commit(self.server.agency.message(talk, words))

    @rule(which=st.integers(0, 999))
    def a_row_changes(self, which: int) -> None:
        rows = [change.row for change in self.server.log.values() if change.op == "U"]
        row: Any = rows[which % len(rows)]
        self.server.commit(row.model_copy(update={"ver": self.server.agency.next_seq()}))

    @rule(which=st.integers(0, 999))
    def a_row_is_deleted(self, which: int) -> None:
        own = {id_ for client in self.clients for id_ in client.written}
        keys = [
            key
            for key, change in self.server.log.items()
            if change.op == "U" and key[0] == "message" and key[1] not in own
        ]
        if keys:
            key = keys[which % len(keys)]
            _GONE[key[1]] = self.server.log[key].row
            self.server.delete(key)

    @rule()
    def tombstones_are_purged(self) -> None:
        self.server.min_seq = self.server.seq
        self.server.log = {key: change for key, change in self.server.log.items() if change.op == "U"}

    @rule()
    def a_backup_is_made(self) -> None:
        self.kept = deepcopy(self.server)

    @precondition(lambda self: self.kept is not None)
    @rule()
    def the_backup_is_restored(self) -> None:
        """A new epoch; connections end, and with them whatever was on its way."""
        assert self.kept is not None
        epoch = self.server.epoch + 1
        self.server = deepcopy(self.kept)
        self.server.epoch = epoch
        known = {id_ for entity, id_ in self.server.log if entity == "conversation"}
        self.talks = [talk for talk in self.talks if talk.id in known]
        for client in self.clients:
            client.frames.clear()
            client.answers.clear()
            client.snapshot = None
            client.stream_at = self.server.seq
            # What was accepted since the backup is gone at the server: whoever wrote it has to get it back.
            lost = {id_ for id_ in client.accepted if ("message", id_) not in self.server.log}
            client.accepted -= lost
            client.lost |= lost

    @rule(who=st.integers(0, _CLIENTS - 1), both=st.booleans())
    def rights_change(self, who: int, both: bool) -> None:
        """The first creator stays everybody's: what a person wrote is hers."""
        client = self.clients[who]
        scope = frozenset(creator.id for creator in self.creators[: 2 if both else 1])
        if scope != client.scope:
            client.scope = scope
            client.stream_at = self.server.seq
            client.snapshot = None

    # --- what is on its way ---------------------------------------------------------------------------------------

    @rule(who=st.integers(0, _CLIENTS - 1))
    def the_stream_speaks(self, who: int) -> None:
        client = self.clients[who]
        newer = [change for change in self.server.visible(client.scope) if change.seq > client.stream_at]
        client.frames.append(
            wire.ChangesFrame(
                cs=0,
                prev=client.stream_at,
                seq=self.server.seq,
                cursor=self.server.cursor(self.server.seq, client.scope),
                changes=newer,
            )
        )
        client.stream_at = self.server.seq

    @rule(who=st.integers(0, _CLIENTS - 1), which=st.integers(0, 9), stays=st.booleans())
    def a_frame_arrives(self, who: int, which: int, stays: bool) -> None:
        """In any order, and, when it stays, again later."""
        client = self.clients[who]
        if not client.frames:
            return
        frame = client.frames[which % len(client.frames)]
        if not stays:
            client.frames.remove(frame)
        if not frame.cursor.endswith("|" + ",".join(sorted(client.scope))):
            client.doubtful = True
        with client.engine.begin() as connection:
            apply.apply_frame(connection, frame)

    @rule(who=st.integers(0, _CLIENTS - 1))
    def a_frame_is_lost(self, who: int) -> None:
        if self.clients[who].frames:
            self.clients[who].frames.pop(0)

    @rule(who=st.integers(0, _CLIENTS - 1), limit=st.integers(1, 4), half=st.booleans())
    def a_client_pulls(self, who: int, limit: int, half: bool) -> None:
        """`half`: it dies between the rows of the page and their cursor."""
        client = self.clients[who]
        with client.engine.begin() as connection:
            state = apply.sync_state(connection)
        if not state.complete or state.cursor is None:
            self._full(client, limit)
            return
        try:
            page = self.server.page(state.cursor, client.scope, limit)
        except ExpiredError:
            self._start_over(client)
            return
        with client.engine.begin() as connection:
            if half:
                apply.apply_changes(connection, page.changes[: len(page.changes) // 2])
            else:
                apply.apply_page(connection, page)

    def _start_over(self, client: Client) -> None:
        client.snapshot = None
        client.stream_at = self.server.seq
        with client.engine.begin() as connection:
            apply.start_snapshot(connection)

    def _full(self, client: Client, limit: int) -> None:
        """The next page of a full sync."""
        if client.snapshot is None:
            self._start_over(client)
            keys = sorted(self.server.rows(client.scope), key=lambda key: (_KINDS.index(key[0]), key[1]))
            client.snapshot = (self.server.seq, self.server.cursor(self.server.seq, client.scope), keys, 0)
        seq, cursor, keys, done = client.snapshot
        part = keys[done : done + limit]
        changes = [self.server.log[key] for key in part if key in self.server.log]
        done += len(part)
        page = wire.SnapshotPage(
            changes=[change for change in changes if change.op == "U"],
            cursor=cursor,
            seq=seq,
            next_page=str(done) if done < len(keys) else None,
            done=done,
            total=len(keys),
            epoch=cursor.partition("|")[0],
            server_time=NOON,
        )
        with client.engine.begin() as connection:
            apply.apply_snapshot_page(connection, page, batch=2, rest=lambda: None)
        client.snapshot = (seq, cursor, keys, done) if page.next_page is not None else None

    # --- what a person does ---------------------------------------------------------------------------------------

    def _mine(self, connection: Connection) -> Sequence[Id]:
        """Conversations of the first creator that this cache knows."""
        query = text("SELECT id FROM conversations WHERE creator_id = :creator ORDER BY id")
        known = {talk.id for talk in self.talks}
        return [id_ for id_ in connection.execute(query, {"creator": self.creators[0].id}).scalars() if id_ in known]

    @rule(who=st.integers(0, _CLIENTS - 1), which=st.integers(0, 99))
    def a_person_writes(self, who: int, which: int) -> None:
        client = self.clients[who]
        with client.engine.begin() as connection:
            talks = self._mine(connection)
            if talks:
                id_, _ = outbox.put(connection, talks[which % len(talks)], f"from {who}", NOON)
                client.written[id_] = talks[which % len(talks)]
                client.drafts.pop(talks[which % len(talks)], None)
                client.ops = self._ops(connection)

    @rule(who=st.integers(0, _CLIENTS - 1), which=st.integers(0, 99))
    def a_person_begins_to_write(self, who: int, which: int) -> None:
        client = self.clients[who]
        with client.engine.begin() as connection:
            talks = self._mine(connection)
            if talks:
                talk = talks[which % len(talks)]
                outbox.save_draft(connection, talk, f"draft of {who}", NOON)
                client.drafts[talk] = f"draft of {who}"
                client.ops = self._ops(connection)

    @rule(who=st.integers(0, _CLIENTS - 1), which=st.integers(0, 99), heard=st.booleans())
    def the_server_accepts(self, who: int, which: int, heard: bool) -> None:
        client = self.clients[who]
        waiting = [id_ for id_ in client.written if id_ not in client.accepted]
        known = {talk.id: talk for talk in self.talks}
        waiting = [id_ for id_ in waiting if client.written[id_] in known]
        if not waiting:
            return
        id_ = waiting[which % len(waiting)]
        talk = known[client.written[id_]]
        row = self.server.agency.message(talk, f"from {who}", id=id_, direction="out", state=State.ACCEPTED)
        self.server.commit(row)
        client.accepted.add(id_)
        if heard:
            client.answers.append(row)

    @rule(who=st.integers(0, _CLIENTS - 1))
    def an_answer_arrives(self, who: int) -> None:
        client = self.clients[who]
        if client.answers:
            row = client.answers.pop()
            with client.engine.begin() as connection:
                apply.apply_message(connection, row)
                outbox.remove(connection, row.id)

    # --- what must hold -------------------------------------------------------------------------------------------

    @invariant()
    def the_cursor_never_goes_back(self) -> None:
        for client in getattr(self, "clients", ()):
            with client.engine.begin() as connection:
                state = apply.sync_state(connection)
            assert (state.gen, state.seq) >= client.highest
            client.highest = (state.gen, state.seq)

    @invariant()
    def what_a_person_wrote_is_still_there(self) -> None:
        for client in getattr(self, "clients", ()):
            with client.engine.begin() as connection:
                waits = set(connection.execute(text("SELECT id FROM outbox")).scalars())
                shown = set(connection.execute(text("SELECT id FROM messages WHERE direction = 'out'")).scalars())
                drafts = {
                    row.conversation_id: row.text
                    for row in connection.execute(text("SELECT conversation_id, text FROM drafts"))
                }
                pending = self._ops(connection)
            assert client.written.keys() <= waits | shown, "a message has left the view"
            unaccepted = client.written.keys() - client.accepted - client.lost
            assert unaccepted <= waits, "a message left the outbox unaccepted"
            assert drafts == client.drafts
            assert pending == client.ops

    @staticmethod
    def _ops(connection: Connection) -> set[Id]:
        return set(connection.execute(text("SELECT op_id FROM pending_ops")).scalars())

    # --- the end --------------------------------------------------------------------------------------------------

    def _catch_up(self, client: Client) -> None:
        for _ in range(1_000):
            self.a_client_pulls(self.clients.index(client), 50, half=False)
            with client.engine.begin() as connection:
                state = apply.sync_state(connection)
            if (
                state.complete
                and state.seq == self.server.seq
                and state.cursor == self.server.cursor(self.server.seq, client.scope)
            ):
                return
        raise AssertionError("a client never catches up")

    def _here(self, client: Client) -> dict[Key, int]:
        with client.engine.begin() as connection:
            return {
                (entity, row.id): row.ver
                for entity, table in BY_ENTITY.items()
                for row in connection.execute(text(f"SELECT id, ver FROM {table.name}"))
            }

    def _compare(self, client: Client) -> bool:
        with client.engine.begin() as connection:
            return not digest.differences(digest.digest(connection), self.server.digest(client.scope))
