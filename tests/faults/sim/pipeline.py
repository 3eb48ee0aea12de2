"""The sending pipeline in virtual time: `outgoing.step` and the rules of evidence as in production, all else by chance.

One heap of events, no event loop, no database. What production does in transactions (claims, outcomes, reconcile) is
done here in a few lines each; what decides is production's own code: `step`, `evidence.weigh`, `after_the_mark` and
`SendPolicy.back_off`. The gateway loses requests and answers, is slow, crashes; a listing fails, lags, breaks off.

`Mutant` makes the pipeline wrong in one way, so that a judge who sees nothing would be noticed.
"""

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from random import Random
from typing import Any

from huntaze_backend.areas.messages import evidence, rules
from huntaze_backend.areas.messages.rules import SendPolicy
from huntaze_contract import outgoing as o
from huntaze_contract.outgoing import Outgoing, State, step
from tests.faults.sim.limiter import ExactLog
from tests.faults.sim.platform import NOON, Chat, Post, Verdicts, executions

__all__ = ["Mutant", "Shape", "World"]

_TALKS = 10  # of each account
_MARKS = 50
_REPEATED = ("hey", "thank you!", "miss you", "how are you?", "good night")
_WAITING = (State.READY, State.LIMITED)
_SEARCHED = (State.UNKNOWN, State.RECONCILING)


class Mutant(StrEnum):
    """One thing done wrong."""

    BIND_BY_TEXT = "bind by text"
    ERROR_IS_ABSENT = "error = absent"
    NO_QUARANTINE = "quarantine 0"
    NO_DEADLINE = "deadline not enforced"
    RETRY_AT_ONCE = "retry at once"
    OVERTAKING = "no head of line"


@dataclass(frozen=True, slots=True)
class Shape:
    """How much to send, and how bad the world is; shares are from 0 to 1, times in seconds."""

    sends: int = 20_000
    per_talk: int = 50
    request_lost: float = 0.15
    answer_lost: float = 0.15
    slow: float = 0.10
    crash: float = 0.05
    listing_fails: float = 0.30
    listing_breaks_off: float = 0.05
    listing_out: float = 0.05
    """Share of the time in which an account cannot be listed at all, for one to five minutes on end."""
    lags: float = 0.50
    repeats: float = 0.20
    refused: float = 0.003
    throttled: float = 0.003
    unreachable: float = 0.01
    cancelled: float = 0.01
    echoed: float = 0.40
    from_a_phone: float = 0.0005


@dataclass(slots=True)
class Row:
    """A message as the backend keeps it."""

    number: int
    talk: "Talk"
    text: str
    print: str
    at: Outgoing
    accepted_at: float = 0.0
    marks: frozenset[str] | None = None
    """What was visible before the first attempt."""
    marked_at: datetime | None = None


@dataclass(slots=True)
class Talk:
    """A conversation: its rows that hold a place, in order, and what is known of its chat."""

    chat: Chat
    account: "Account"
    queue: list[Row] = field(default_factory=list)
    attempted: list[Row] = field(default_factory=list)
    """Rows that late proof may still be of."""
    known: list[tuple[str, datetime]] = field(default_factory=list)
    owners: dict[str, str] = field(default_factory=dict)
    next_place: int = 1


@dataclass(slots=True)
class Account:
    name: str
    gate: ExactLog
    talks: list[Talk] = field(default_factory=list)
    looks_at: float = float("inf")
    """When it looks again by itself."""
    outages: list[tuple[float, float]] = field(default_factory=list)
    """When its chats cannot be listed."""


class World:
    """One seed of the simulation: `run` plays it to the end, `verdicts` is what the judge found."""

    def __init__(self, seed: int, shape: Shape, mutant: Mutant | None = None) -> None:
        self.chance = Random(seed)
        self.shape = shape
        self.mutant = mutant
        self.policy = SendPolicy()
        self.timing = self.policy.timing
        if mutant is Mutant.NO_QUARANTINE:
            zero = timedelta(0)
            self.timing = o.Timing(attempt_ttl=zero, call_timeout=zero, listing_lag=zero, margin=zero)
        self.ttl, self.call_timeout = 20.0, 15.0
        self.lag = o.DEFAULT_TIMING.listing_lag.total_seconds()
        self.now = 0.0
        self.verdicts = Verdicts()
        self.attempts = self.unclear = self.asked = 0
        self.most_in_a_minute = 0
        self.rows: list[Row] = []
        self.accounts: list[Account] = []
        self._events: list[tuple[float, int, Callable[..., None], tuple[Any, ...]]] = []
        self._count = 0
        self._plant()

    # --- time -----------------------------------------------------------------------------------------------------

    def at(self, time: float, do: Callable[..., None], *arguments: Any) -> None:
        self._count += 1
        heapq.heappush(self._events, (time, self._count, do, arguments))

    def run(self) -> None:
        events, pop = self._events, heapq.heappop
        while events:
            self.now, _, do, arguments = pop(events)
            do(*arguments)
        # The last poll: whatever stands on the platform and is nobody's yet is told.
        for account in self.accounts:
            for talk in account.talks:
                for post in talk.chat.posts:
                    self._told(talk, post)
        self._judge()

    @property
    def _moment(self) -> datetime:
        return NOON + timedelta(seconds=self.now)

    def _seconds(self, moment: datetime) -> float:
        return (moment - NOON).total_seconds()

    # --- the beginning --------------------------------------------------------------------------------------------

    def _plant(self) -> None:
        shape, chance = self.shape, self.chance
        for number in range(max(1, shape.sends // (shape.per_talk * _TALKS))):
            account = Account(f"account {number}", ExactLog(10, 60.1, 35.0))
            account.talks = [Talk(Chat(account.name, f"{number}.{n}"), account) for n in range(_TALKS)]
            self.accounts.append(account)
        talks = [talk for account in self.accounts for talk in account.talks]
        for talk in talks:
            for n in range(chance.randrange(4)):
                self._learn(talk, talk.chat.execute(f"hello {n}", -60.0 + n, -60.0 + n, from_us=False))
        # A little faster than an account may send, so that the limiter is always part of it.
        longest = shape.sends / len(self.accounts) / 10 * 60
        for account in self.accounts:
            out = 0.0
            while (out := out + chance.expovariate(shape.listing_out / 180)) < 2 * longest:
                account.outages.append((out, out := out + chance.uniform(60, 300)))
        for number, at in enumerate(sorted(chance.uniform(0, longest) for _ in range(shape.sends))):
            talk = chance.choice(talks)
            text = chance.choice(_REPEATED) if chance.random() < shape.repeats else f"words {number}"
            row = Row(number, talk, text, _print(text), Outgoing(str(number)))
            self.rows.append(row)
            self.at(at, self._accept, row)
            if chance.random() < shape.cancelled:
                self.at(at + chance.uniform(0, 200), self._cancel, row)
            if chance.random() < shape.from_a_phone:
                self.at(at, self._typed_on_a_phone, talk, f"by phone {number}")
            if chance.random() < 0.1:
                self.at(at, self._fan_writes, talk, f"from the fan {number}")

    def _accept(self, row: Row) -> None:
        row.accepted_at = self.now
        for event in (o.Queue(), o.Accept(), o.Release(row.talk.next_place)):
            self._do(row, event)
        row.talk.next_place += 1
        row.talk.queue.append(row)
        self._look(row.talk.account)

    def _fan_writes(self, talk: Talk, text: str) -> None:
        post = talk.chat.execute(text, self.now, self.now, from_us=False)
        self.at(self.now + self.chance.uniform(0, 20), self._told, talk, post)

    def _typed_on_a_phone(self, talk: Talk, text: str) -> None:
        post = talk.chat.execute(text, self.now, self.now + self.chance.uniform(0, self.lag))
        self.at(post.visible_at + self.chance.uniform(0, 60), self._told, talk, post)

    # --- the pipeline ---------------------------------------------------------------------------------------------

    def _do(self, row: Row, event: o.Event) -> tuple[o.Effect, ...]:
        """What `pipeline.advance` does: the step, the binding, the head."""
        row.at, effects = step(row.at, event, self.timing)
        for effect in effects:
            match effect:
                case o.Bind(platform_id):
                    self._bind(row, platform_id)
                case o.ListAgain(at):
                    self._search_at(row, max(self._seconds(at), self.now))
                case o.AskPerson():
                    self.asked += 1
                    self.at(self.now + self.chance.uniform(30, 300), self._person, row)
                case o.HeadReleased():
                    row.talk.queue.remove(row)
                    self._look(row.talk.account)
        return effects

    def _bind(self, row: Row, platform_id: str) -> None:
        if row.talk.owners.get(platform_id) and self.mutant is not Mutant.BIND_BY_TEXT:
            raise AssertionError(f"{platform_id} was bound twice")
        row.talk.owners[platform_id] = row.at.id
        row.talk.attempted.remove(row)
        post = row.talk.chat.posts[int(platform_id.rpartition("/")[2])]
        self._learn(row.talk, post)

    @staticmethod
    def _learn(talk: Talk, post: Post) -> None:
        talk.known.append((post.seen.id, post.seen.created_at))

    def _look(self, account: Account) -> None:
        """What dispatch does: the best head that may go, as long as the limiter admits."""
        while True:
            heads = [
                row
                for talk in account.talks
                for row in (talk.queue if self.mutant is Mutant.OVERTAKING else talk.queue[:1])
                if row.at.state in _WAITING
            ]
            best: Row | None = None
            soonest = float("inf")
            for row in heads:
                not_before = row.at.not_before
                if row.at.state is State.READY and not_before is not None and not_before > self._moment:
                    soonest = min(soonest, self._seconds(not_before))
                elif best is None or row.accepted_at < best.accepted_at:
                    best = row
            if best is None:
                break
            free_at = account.gate.free_at(self.now)
            if free_at > self.now:
                soonest = free_at
                if best.at.state is State.READY:
                    self._do(best, o.Deny(NOON + timedelta(seconds=free_at)))
                break
            self._attempt(best)
        if self.now < soonest < account.looks_at or account.looks_at <= self.now < soonest < float("inf"):
            account.looks_at = soonest
            self.at(soonest, self._look, account)

    def _attempt(self, row: Row) -> None:
        talk = row.talk
        if row.at.state is State.LIMITED:
            self._do(row, o.Due())
        if row.marks is None:
            row.marks = frozenset(platform_id for platform_id, _ in talk.known[-_MARKS:])
            row.marked_at = max((at for _, at in talk.known[-_MARKS:]), default=None)
        if row not in talk.attempted:
            talk.attempted.append(row)
        self._do(row, o.Attempt(self._moment))
        self.attempts += 1
        permit = talk.account.gate.take(self.now)
        self._gateway(row, row.at.attempt_no, permit)

    # --- the gateway and the platform -----------------------------------------------------------------------------

    def _gateway(self, row: Row, no: int, permit: int) -> None:
        """Decide what becomes of an attempt, and when who learns it."""
        chance, shape, began = self.chance, self.shape, self.now
        acts_at = began + (chance.uniform(0, 30) if chance.random() < shape.slow else chance.uniform(0, 0.3))
        if self.mutant is Mutant.NO_DEADLINE and chance.random() < shape.slow:
            acts_at = began + chance.uniform(0, 300)
        crash_at = began + chance.uniform(0, 10) if chance.random() < shape.crash else float("inf")
        if crash_at < float("inf"):
            self.at(crash_at + chance.uniform(0.2, 40), self._answer, row, no, permit, o.Ambiguous("crash"))
        else:
            # `reconcile.look`: a send whose gateway should have reported long ago.
            self.at(began + 40.0, self._answer, row, no, permit, o.Ambiguous("crash"))
        if crash_at < acts_at:
            return
        if acts_at >= began + self.ttl and self.mutant is not Mutant.NO_DEADLINE:
            self._report(crash_at, acts_at, row, no, permit, o.NotExecuted(self._after(acts_at, no)))
            return
        luck = chance.random()
        for share, event in (
            (shape.refused, o.Refuse("blocked")),
            (shape.throttled, o.Throttle(NOON + timedelta(seconds=acts_at + 30))),
            (shape.unreachable, o.NotExecuted(self._after(acts_at, no))),
        ):
            luck -= share
            if luck < 0:
                self._report(crash_at, acts_at + 0.1, row, no, permit, event)
                return
        gives_up_at = acts_at + self.call_timeout
        if (luck := luck - shape.request_lost) < 0:
            self._report(crash_at, chance.uniform(acts_at, gives_up_at), row, no, permit, o.Ambiguous("timeout"))
            return
        slow = chance.random() < shape.slow
        executed_at = acts_at + chance.uniform(0.05, self.call_timeout if slow else 0.5)
        lost = luck - shape.answer_lost < 0
        self.at(executed_at, self._execute, row, no, permit, lost, crash_at, gives_up_at)

    def _after(self, at: float, no: int) -> datetime:
        return NOON + timedelta(seconds=at) + self.policy.back_off(no)

    def _execute(self, row: Row, no: int, permit: int, lost: bool, crash_at: float, gives_up_at: float) -> None:
        chance = self.chance
        lag = chance.uniform(0, self.lag) if chance.random() < self.shape.lags else 0.0
        post = row.talk.chat.execute(row.text, self.now, self.now + lag, whose=row.number)
        if chance.random() < self.shape.echoed:
            self.at(post.visible_at + chance.uniform(0, 60), self._told, row.talk, post)
        answered_at = self.now + chance.uniform(0.02, 0.3)
        if lost or answered_at > gives_up_at:
            late = chance.uniform(self.now, gives_up_at)
            self._report(crash_at, late, row, no, permit, o.Ambiguous("connection_lost"))
        else:
            self._report(crash_at, answered_at, row, no, permit, o.Succeed(post.seen.id))

    def _report(self, crash_at: float, at: float, row: Row, no: int, permit: int, event: o.Event) -> None:
        if at < crash_at:
            self.at(at, self._answer, row, no, permit, event)

    # --- what comes back ------------------------------------------------------------------------------------------

    def _answer(self, row: Row, no: int, permit: int, event: o.Event) -> None:
        """What `outcomes.settle` and `reconcile.recover` do."""
        account = row.talk.account
        if self.mutant is Mutant.RETRY_AT_ONCE and isinstance(event, o.Ambiguous):
            event = o.NotExecuted(self._moment + timedelta(seconds=1))
        if row.at.state is State.SENDING and row.at.attempt_no == no:
            if isinstance(event, o.Succeed) and row.talk.owners.get(event.platform_message_id):
                event = o.Ambiguous("already_bound")
            effects = self._do(row, event)
            self._settle(account, permit, event, effects)
            if row.at.state is State.UNKNOWN:
                self.unclear += 1
                self._do(row, o.Reconcile())
            elif row.at.state is State.FAILED and self.chance.random() < 0.5:
                self.at(self.now + self.chance.uniform(10, 100), self._retry, row)
            self._look(account)
        elif isinstance(event, o.Succeed):
            account.gate.settle(permit, self.now)
            if row.at.platform_message_id is None and not row.talk.owners.get(event.platform_message_id):
                self._prove(row, event.platform_message_id)

    def _settle(self, account: Account, permit: int, event: o.Event, effects: tuple[o.Effect, ...]) -> None:
        if isinstance(event, o.NotExecuted) and self.mutant is not Mutant.RETRY_AT_ONCE:
            account.gate.refund(permit)
            return
        for effect in effects:
            match effect:
                case o.Settle(certain=True):
                    account.gate.settle(permit, self.now)
                case o.PauseAccount(until):
                    account.gate.pause(self._seconds(until))

    def _told(self, talk: Talk, post: Post) -> None:
        """A webhook or a poll tells of a post (`reconcile.late_proof`)."""
        platform_id = post.seen.id
        if platform_id in talk.owners:
            return
        if post.seen.from_us:
            wanted = evidence.fingerprint_of(post.seen)
            for row in sorted(talk.attempted, key=_likelihood):
                if (
                    row.print == wanted
                    and evidence.after_the_mark(post.seen, row.marks or (), row.marked_at)
                    and self._prove(row, platform_id)
                ):
                    return
            talk.owners[platform_id] = ""
        self._learn(talk, post)

    def _prove(self, row: Row, platform_id: str) -> bool:
        try:
            self._do(row, o.Proof(platform_id))
        except o.IllegalTransitionError:
            return False
        self._look(row.talk.account)
        return True

    # --- the search -----------------------------------------------------------------------------------------------

    def _search_at(self, row: Row, at: float) -> None:
        shown_at = at + self.chance.uniform(0, 1)
        self.at(shown_at + self.chance.uniform(0, 1), self._judge_listing, row, row.at.attempt_no, at, shown_at)

    def _judge_listing(self, row: Row, no: int, began_at: float, shown_at: float) -> None:
        """What `reconcile.judge` does. `shown_at`: what the listing shows is of then."""
        if row.at.state not in _SEARCHED or row.at.attempt_no != no:
            return
        shown, complete = self._list(row, shown_at)
        owners = {} if self.mutant is Mutant.BIND_BY_TEXT else row.talk.owners
        found = evidence.weigh(shown, complete=complete, owners=owners, wanted=row.print)
        if found.proof is not None:
            self._do(row, o.Proof(found.proof.id))
        else:
            self._do(row, o.Listed(NOON + timedelta(seconds=began_at), found.complete))
        if row.at.state is State.READY:
            self._look(row.talk.account)

    def _list(self, row: Row, at: float) -> tuple[list[Any], bool]:
        """What `reconcile.read_back` returns: the messages above the mark, and whether the mark was reached."""
        chance, shape = self.chance, self.shape
        out = any(begin <= at < end for begin, end in row.talk.account.outages)
        if out or chance.random() < shape.listing_fails:
            return [], self.mutant is Mutant.ERROR_IS_ABSENT
        marks: frozenset[str] | set[str] = row.marks or frozenset()
        if self.mutant is Mutant.BIND_BY_TEXT:
            return row.talk.chat.visible(at), True
        found = []
        for message in row.talk.chat.visible(at):
            if message.id in marks:
                return found, True
            found.append(message)
            if chance.random() < shape.listing_breaks_off:
                return found, False
        return found, not marks

    # --- persons --------------------------------------------------------------------------------------------------

    def _person(self, row: Row) -> None:
        """Reads the chat, and says what is there."""
        if row.at.state is not State.NEEDS_HUMAN:
            return
        for message in reversed(row.talk.chat.visible(self.now)):
            if (
                message.from_us
                and message.text == row.text
                and not row.talk.owners.get(message.id)
                and evidence.after_the_mark(message, row.marks or (), row.marked_at)
            ):
                self._do(row, o.Verdict(sent=True, platform_message_id=message.id))
                break
        else:
            self._do(row, o.Verdict(sent=False, again=True))
        self._look(row.talk.account)

    def _cancel(self, row: Row) -> None:
        try:
            self._do(row, o.Cancel())
        except o.IllegalTransitionError:
            return

    def _retry(self, row: Row) -> None:
        if row.at.state is not State.FAILED:
            return
        self._do(row, o.Retry(row.talk.next_place))
        row.talk.next_place += 1
        row.talk.queue.append(row)
        self._look(row.talk.account)

    # --- the judge ------------------------------------------------------------------------------------------------

    def _judge(self) -> None:
        verdicts = self.verdicts
        counted = executions(talk.chat for account in self.accounts for talk in account.talks)
        for row in self.rows:
            verdicts.judge_message(f"message {row.number}", row.at.state.value, counted[row.number])
        for account in self.accounts:
            times: list[float] = []
            for talk in account.talks:
                ours = [post for post in talk.chat.posts if post.whose is not None]
                times.extend(post.executed_at for post in ours)
                firsts = dict.fromkeys(int(post.whose or 0) for post in ours)
                verdicts.judge_order(talk.chat.id, [_place(self.rows[number]) for number in firsts])
            most = verdicts.judge_pace(account.name, times, 10, 60.0)
            self.most_in_a_minute = max(self.most_in_a_minute, most)


def _place(row: Row) -> int:
    return row.at.place or 0


def _likelihood(row: Row) -> tuple[bool, int]:
    return evidence.likelihood(row.at.place, holds_head=row.at.holds_head)


@lru_cache(maxsize=4096)
def _print(text: str) -> str:
    return rules.fingerprint(text)
