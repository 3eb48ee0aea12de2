"""The engine against a model of the backend, whatever people, the network and the power do in whatever order.

Checked after every step, by the numbers of the research: nothing that was sent vanishes (I1), nothing that was taken
disappears from view (I8), a resync changes nothing that this computer did (I9), no note or tag is lost (I13); and every
message goes once, in the order of writing, with the words it had last.
"""

import asyncio
import contextlib
import shutil
import tempfile
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, TypeVar

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from huntaze_contract import wire
from huntaze_contract.outgoing import State
from huntaze_desktop.cache import CacheKey, open_cache, ops, outbox, people
from huntaze_desktop.engine.clock import ServerClock
from huntaze_desktop.engine.core import Core
from huntaze_desktop.engine.errors import EngineError
from huntaze_desktop.engine.timing import Timing
from huntaze_desktop.engine.tokens import MemoryTokenStore
from huntaze_desktop.sdk import SdkError
from tests.helpers.agency import KEY, Agency
from tests.helpers.peer import Peer
from tests.integration.engine.backend_model import ModelBackend

T = TypeVar("T")

FAST = Timing(backoff_base=0.002, backoff_cap=0.01, pull_every=0.05, gap_wait=0.002, draft_rest=0.005, view=0.001)
CONVERSATIONS = st.integers(0, 1)
PICK = st.integers(0, 99)


class EngineMachine(RuleBasedStateMachine):
    """What a person did is kept in `texts`, `tags` and `drafts`; the store and the model must agree with it."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="machine-"))
        self.runner = asyncio.Runner()
        self.tokens = MemoryTokenStore()
        self.texts: dict[str, str] = {}
        """What was sent and not taken back, by id, in the order of writing, with its words."""
        self.of: dict[str, str] = {}
        self.unclear: set[str] = set()
        """Edits that ended by an error: the old words or the new ones are right."""
        self.tags: list[str] = []
        self.notes: set[str] = set()
        self.count = 0

    # --- life -----------------------------------------------------------------------------------------------------

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(work)

    @initialize()
    def begin(self) -> None:
        self.peer = Peer(Agency())
        self.peer.silent_events = True
        self.talks = [self.peer.talk("One"), self.peer.talk("Two")]
        self.backend = ModelBackend(self.peer)
        self.run(self._open())
        self.run(self.core.sign_in("iris@example.com", "correct horse", "machine"))
        self.run(self._until(lambda: self.peer.digests))

    async def _open(self) -> None:
        cache = await asyncio.to_thread(open_cache, self.folder / "cache.db", CacheKey(KEY))
        self.core = Core(cache, self.tokens, ServerClock(), FAST, lambda _connection: None, self.backend)
        await self.core.start()
        await self.core.session.use_server("http://127.0.0.1:1")

    async def _until(self, condition: Any) -> None:
        async with asyncio.timeout(20):
            while not condition():  # noqa: ASYNC110 - the model tells nobody
                await asyncio.sleep(0.002)

    def _new(self, what: str) -> str:
        self.count += 1
        return f"{what} {self.count}"

    def _sent(self, pick: int) -> str:
        return list(self.texts)[pick % len(self.texts)]

    def _rows(self) -> list[outbox.Waiting]:
        return self.core.store.cache.read(outbox.waiting)

    # --- people ---------------------------------------------------------------------------------------------------

    @rule(of=CONVERSATIONS, undo_s=st.sampled_from([0.0, 0.0, 0.02, 30.0]))
    def compose(self, of: int, undo_s: float) -> None:
        words = self._new("message")
        message_id = self.run(self.core.actions.send(self.talks[of].id, words, None, undo_s))
        self.texts[message_id], self.of[message_id] = words, self.talks[of].id

    @precondition(lambda self: self.texts)
    @rule(pick=PICK)
    def undo(self, pick: int) -> None:
        message_id = self._sent(pick)
        if self.run(self.core.actions.undo_send(message_id)):
            words = self.texts.pop(message_id)
            assert words in self.run(self.core.actions.draft(self.of[message_id]))
            assert message_id not in self.peer.accepted

    @precondition(lambda self: self.texts)
    @rule(pick=PICK)
    def edit(self, pick: int) -> None:
        message_id, words = self._sent(pick), self._new("edited")
        try:
            self.run(self.core.actions.edit(message_id, words))
        except (EngineError, SdkError):
            self.unclear.add(message_id)
        else:
            self.texts[message_id] = words
            self.unclear.discard(message_id)

    @rule(of=CONVERSATIONS)
    def colleague_replies(self, of: int) -> None:
        self.run(self.peer.colleague_replies(self.talks[of].id, self._new("Ana")))

    @rule(confirm=st.booleans())
    def decide(self, confirm: bool) -> None:
        for row in self._rows():
            if row.state is not State.NEEDS_REVIEW or row.confirmed:
                continue
            if confirm:
                self.run(self.core.actions.retry(row.id))
            else:
                self.run(self.core.actions.cancel(row.id))
                del self.texts[row.id]
            return

    @rule(of=CONVERSATIONS)
    def put_a_tag_on(self, of: int) -> None:
        tag = self._new("tag")
        self.run(self.core.changes.add_tag(self.talks[of].fan_id, tag))
        self.tags.append(tag)

    @rule(of=CONVERSATIONS)
    def write_a_note(self, of: int) -> None:
        self.notes.add(self.run(self.core.changes.add_note(self.talks[of].fan_id, self._new("note"))))

    # --- the network and the power --------------------------------------------------------------------------------

    @rule(fault=st.sampled_from(["down", "request", "answer"]))
    def lose(self, fault: Any) -> None:
        self.backend.faults.append(fault)

    @rule()
    def network_goes(self) -> None:
        self.backend.online = False

    @rule()
    def network_comes(self) -> None:
        self.backend.online = True
        self.core.nudge()

    @rule()
    def time_passes(self) -> None:
        self.run(asyncio.sleep(0.02))

    @rule()
    def power_cut(self) -> None:
        self.run(self.core.stop())
        self.run(self._open())

    @rule()
    def resync(self) -> None:
        self.peer.expired_cursors = True
        self.core.nudge()

    # --- what must be true ----------------------------------------------------------------------------------------

    @invariant()
    def nothing_vanishes(self) -> None:
        def shown(connection: Any) -> set[str]:
            here = {row.id for row in outbox.waiting(connection)}
            there = connection.exec_driver_sql("SELECT id FROM messages WHERE direction = 'out'").scalars()
            return here | set(there)

        if self.texts:
            missing = set(self.texts) - self.core.store.cache.read(shown)
            assert not missing, [self.texts[one] for one in missing]

    @invariant()
    def no_tag_or_note_is_lost(self) -> None:
        if not (self.tags or self.notes):
            return

        def shown(connection: Any) -> tuple[set[str], set[str]]:
            found = [people.fan_record(connection, talk.fan_id, self.peer.agency.me.id) for talk in self.talks]
            tags = {tag for one in found if one.fan is not None for tag in one.fan.tags}
            return tags, {note.id for one in found for note in one.notes}

        tags, notes = self.core.store.cache.read(shown)
        assert set(self.tags) <= tags
        assert self.notes <= notes

    def teardown(self) -> None:
        try:
            if hasattr(self, "core"):
                self._heal()
        finally:
            with contextlib.suppress(Exception):
                self.run(self.core.stop())
            self.runner.close()
            shutil.rmtree(self.folder)

    def _heal(self) -> None:
        """With every fault gone and every question answered, everything arrives (I14)."""
        self.backend.faults.clear()
        self.network_comes()
        self.run(self._settle())
        for of in {talk.id for talk in self.talks}:
            written = [id_ for id_ in self.texts if self.of[id_] == of]
            assert [id_ for id_ in self.peer.accepted if id_ in written] == written
        for message_id, words in self.texts.items():
            if message_id not in self.unclear:
                assert self.peer.accepted[message_id].text == words
        assert all(times == 1 for times in self.backend.executed.values())
        fans = [self.peer.rows["fan", talk.fan_id].row for talk in self.talks]
        tags = [tag for fan in fans if isinstance(fan, wire.Fan) for tag in fan.tags]
        assert sorted(tags) == sorted(self.tags)
        assert self.notes <= {id_ for entity, id_ in self.peer.rows if entity == "note"}

    async def _settle(self) -> None:
        async with asyncio.timeout(30):
            while rows := await self.core.store.read(outbox.waiting):
                for row in rows:
                    if row.state is State.NEEDS_REVIEW and not row.confirmed:
                        await self.core.actions.retry(row.id)
                    elif row.hold_until is not None and not row.attempts and await self.core.actions.undo_send(row.id):
                        del self.texts[row.id]
                await asyncio.sleep(0.005)
            while await self.core.store.read(ops.anything_waits):  # noqa: ASYNC110 - nothing tells
                await asyncio.sleep(0.005)


EngineMachine.TestCase.settings = settings(
    max_examples=12,
    stateful_step_count=20,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)
TestEngineMachine = EngineMachine.TestCase
