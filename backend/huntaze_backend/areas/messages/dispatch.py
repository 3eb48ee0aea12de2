"""The one door to the platforms: gives gateways their work and takes in what became of it.

A gateway pulls. `next_work` opens an attempt (claims.py) in a commit of its own and only then hands it out; `report`
turns an outcome into the message's event, settles the permit and wakes who waits. No network call is made here but one:
a conversation that was never read is read before its first attempt.
"""

import asyncio
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Protocol

import structlog
from sqlalchemy.exc import SQLAlchemyError

from huntaze_backend.areas.messages import claims, outcomes
from huntaze_backend.areas.messages.claims import HighWater, Unread
from huntaze_backend.areas.messages.outcomes import Report
from huntaze_backend.areas.messages.rules import SendPolicy
from huntaze_backend.core.db import Database
from huntaze_backend.engines.compliance.checking import Compliance
from huntaze_backend.engines.gateways.factory import PlatformAccess
from huntaze_backend.engines.gateways.reading import GatewayError, PlatformReader, Trouble
from huntaze_backend.engines.gateways.sending import (
    SESSION_EXPIRED,
    Ambiguous,
    Gateway,
    NotExecuted,
    Outcome,
    Refused,
    SenderFactory,
    SendWork,
    Sent,
    Throttled,
)
from huntaze_backend.engines.limits.port import RateGate
from huntaze_contract.wire import SendBudget

__all__ = ["BudgetBoard", "ConnectionDispatch", "Dispatches"]

log = structlog.get_logger(__name__)

_LONGEST_NAP_S = 1.0
_REPORT_TRIES = 5
_LIST_FIRST = 50
_AFTER_FAILED_LISTING = timedelta(seconds=5)


class BudgetBoard(Protocol):
    """Where budgets are shown. They are worth showing, not worth keeping."""

    def watched(self, agency_id: str) -> bool:
        """Whether anybody looks: working a budget out takes six statements while the claim holds the store."""
        ...

    def show(self, agency_id: str, budget: SendBudget) -> None:
        """An account's budget changed."""
        ...


@dataclass(frozen=True, slots=True)
class Dispatches:
    """Opens the dispatch of a connection."""

    db: Database
    gate: RateGate
    policy: SendPolicy
    compliance: Compliance
    senders: SenderFactory
    board: BudgetBoard

    def open(self, access: PlatformAccess, reader: PlatformReader) -> "ConnectionDispatch":
        return ConnectionDispatch(
            access.connection_id,
            db=self.db,
            gate=self.gate,
            policy=self.policy,
            compliance=self.compliance,
            reader=reader,
            gateway=self.senders.sender(access),
            board=self.board,
        )


class ConnectionDispatch:
    """The work of one connection; implements `WorkSource`."""

    def __init__(
        self,
        connection_id: str,
        *,
        db: Database,
        gate: RateGate,
        policy: SendPolicy,
        compliance: Compliance,
        reader: PlatformReader,
        gateway: Gateway,
        board: BudgetBoard,
    ) -> None:
        self._connection_id = connection_id
        self._db = db
        self._gate = gate
        self._policy = policy
        self._compliance = compliance
        self._reader = reader
        self._gateway = gateway
        self._board = board
        self._leader = asyncio.Lock()
        self._woken = asyncio.Event()
        self._stop = asyncio.Event()
        self._quiet_until = 0.0
        """On the loop's clock: what the last look said holds until then, unless something wakes us."""
        self._held: dict[str, datetime] = {}
        """Accounts that were denied: not to be asked before then, unless they are woken."""
        self._wakes: Counter[str] = Counter()
        self._seen: dict[str, dict[str, HighWater]] = {}
        """By account and conversation, what a chat showed just before its first attempt."""
        self._skipped: dict[str, datetime | None] = {}
        self._reading: set[asyncio.Task[None]] = set()

    def wake(self, creator_id: str) -> None:
        """Something changed for this account: it may be asked again at once."""
        self._wakes[creator_id] += 1
        self._held.pop(creator_id, None)
        self._woken.set()

    async def run(self) -> None:
        """Send until `drain`, then finish what is under way. Whatever breaks is logged, and sending goes on."""
        try:
            while not self._stop.is_set():
                try:
                    await self._gateway.run(self, self._stop, parallel=self._policy.parallel)
                except Exception:
                    # A fault of one send must not silence a connection; its attempt is found open and searched for.
                    log.exception("dispatch.gateway_broke_off", connection_id=self._connection_id)
                    await self._db.clock.sleep(_LONGEST_NAP_S)
        finally:
            for task in self._reading:
                task.cancel()
            await asyncio.gather(*self._reading, return_exceptions=True)
            await self._gateway.close()

    def drain(self) -> None:
        """Hand out nothing more; who waits gets None."""
        self._stop.set()
        self._woken.set()

    # --- pulling --------------------------------------------------------------------------------------------------

    async def next_work(self, wait_s: float) -> SendWork | None:
        """The next attempt, committed; or None after `wait_s`."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + wait_s
        try:
            # One puller looks at a time; the others wait for their turn, not for the same wake-up.
            await asyncio.wait_for(self._leader.acquire(), wait_s)
        except TimeoutError:
            return None
        try:
            return await self._lead(deadline)
        except SQLAlchemyError:
            log.exception("dispatch.no_database", connection_id=self._connection_id)
            await self._db.clock.sleep(_LONGEST_NAP_S)
            return None
        finally:
            self._leader.release()

    async def _lead(self, deadline: float) -> SendWork | None:
        loop = asyncio.get_running_loop()
        while not self._stop.is_set():
            if self._woken.is_set() or loop.time() >= self._quiet_until:
                self._woken.clear()
                self._quiet_until = 0.0  # should the look fail, or find work, the next one asks again
                work, pause_s = await self._look()
                if work is not None:
                    return work
                self._quiet_until = loop.time() + min(pause_s, _LONGEST_NAP_S)
            left = deadline - loop.time()
            if left <= 0:
                return None
            try:
                await asyncio.wait_for(self._woken.wait(), min(left, self._quiet_until - loop.time()))
            except TimeoutError:
                continue
        return None

    async def _look(self) -> tuple[SendWork | None, float]:
        """Try the accounts that are due; else say how long nothing will be."""
        agenda = await self._db.read(
            partial(claims.agenda_of_connection, connection_id=self._connection_id, skip=dict(self._skipped))
        )
        self._skipped = {id_: at for id_, at in self._skipped.items() if at is None or at > agenda.at}
        next_at: datetime | None = None
        for creator_id, due in sorted(agenda.due.items(), key=lambda item: item[1]):
            again_at = max(due, self._held.get(creator_id, due))
            if again_at <= agenda.at:
                work, again_at = await self._try(creator_id, agenda.at)
                if work is not None:
                    return work, 0.0
            next_at = again_at if next_at is None else min(next_at, again_at)
        if next_at is None:
            return None, _LONGEST_NAP_S
        return None, max((next_at - agenda.at).total_seconds(), 0.001)

    async def _try(self, creator_id: str, at: datetime) -> tuple[SendWork | None, datetime]:
        wakes = self._wakes[creator_id]
        claim = await self._db.write(
            partial(
                claims.claim,
                gate=self._gate,
                policy=self._policy,
                creator_id=creator_id,
                compliance=self._compliance,
                seen=dict(self._seen.get(creator_id, {})),
                watched=self._board.watched,
                skip=frozenset(self._skipped),
            )
        )
        if claim.unread is not None:
            # Another conversation of the account may go meanwhile.
            self._read_first(creator_id, claim.unread)
            return None, at
        if claim.opened is None:
            self._seen.pop(creator_id, None)  # by the time it may go, the chat may show more
            again_at = claim.again_at or at + timedelta(seconds=_LONGEST_NAP_S)
            if self._wakes[creator_id] == wakes:  # else the answer is older than what woke the account
                self._held[creator_id] = again_at
            return None, again_at
        opened = claim.opened
        self._seen.get(creator_id, {}).pop(opened.conversation_id, None)
        if claim.budget is not None:
            self._board.show(opened.agency_id, claim.budget)
        ttl_s = self._policy.timing.attempt_ttl.total_seconds()
        work = SendWork(
            attempt_id=opened.attempt_id,
            account=opened.account,
            chat=opened.chat,
            text=opened.text,
            client_key=opened.client_key,
            ttl_s=ttl_s,
            price=opened.price,
            media=opened.media,
        )
        return work, at

    # --- a conversation nobody has read ---------------------------------------------------------------------------

    def _read_first(self, creator_id: str, unread: Unread) -> None:
        self._skipped[unread.conversation_id] = None
        task = asyncio.get_running_loop().create_task(self._read_high_water(creator_id, unread))
        self._reading.add(task)
        task.add_done_callback(self._reading.discard)

    async def _read_high_water(self, creator_id: str, unread: Unread) -> None:
        try:
            page = await self._reader.messages(unread.account, unread.chat, limit=_LIST_FIRST)
        except GatewayError as error:
            await self._could_not_read(creator_id, unread, error)
        else:
            newest = page.items[0].created_at if page.items else None
            self._saw(creator_id, unread, HighWater(tuple(message.id for message in page.items), newest))
        self.wake(creator_id)

    def _saw(self, creator_id: str, unread: Unread, mark: HighWater) -> None:
        self._seen.setdefault(creator_id, {})[unread.conversation_id] = mark
        self._skipped.pop(unread.conversation_id, None)

    async def _could_not_read(self, creator_id: str, unread: Unread, error: GatewayError) -> None:
        log.info("dispatch.chat_not_read", conversation_id=unread.conversation_id, kind=error.kind)
        if error.kind is Trouble.NOT_FOUND:
            # A chat that is not there holds nothing that could be confused; the send itself will be told so.
            self._saw(creator_id, unread, HighWater((), None))
            return
        at = await self._db.write(
            partial(
                outcomes.reading_failed,
                agency_id=unread.agency_id,
                creator_id=creator_id,
                expired=error.kind is Trouble.SESSION_EXPIRED,
            )
        )
        self._skipped[unread.conversation_id] = at + _AFTER_FAILED_LISTING

    # --- reporting ------------------------------------------------------------------------------------------------

    async def report(self, attempt_id: str, outcome: Outcome) -> None:
        """Take in an outcome. If it cannot be stored, the attempt is found open later and searched for: never lost."""
        report = _report(outcome)
        for attempt in range(_REPORT_TRIES):
            try:
                settled = await self._db.write(
                    partial(
                        outcomes.settle,
                        gate=self._gate,
                        policy=self._policy,
                        attempt_id=attempt_id,
                        report=report,
                        watched=self._board.watched,
                    )
                )
            except SQLAlchemyError:
                log.exception("dispatch.report_not_stored", attempt_id=attempt_id)
                await self._db.clock.sleep(0.05 * 2**attempt)
                continue
            if settled.budget is not None:
                self._board.show(settled.agency_id, settled.budget)
            self.wake(settled.creator_id)
            return


def _report(outcome: Outcome) -> Report:
    match outcome:
        case Sent(platform_id, created_at):
            return Report("sent", platform_id=platform_id, created_at=created_at)
        case Refused(reason):
            return Report("refused", reason)
        case NotExecuted(reason, retry_after_s):
            return Report(
                "not_executed", reason, retry_after_s=retry_after_s, session_expired=reason == SESSION_EXPIRED
            )
        case Throttled(retry_after_s):
            return Report("throttled", "throttled", retry_after_s=retry_after_s)
        case Ambiguous(reason):
            return Report("ambiguous", reason)
