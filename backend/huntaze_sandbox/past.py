"""One fan's past: subscriptions, sessions of conversation, purchases and tips, each with its transaction.

Everything comes from the fan's own random source, seeded by (seed, account, index).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from huntaze_sandbox.clock import DAY_MS, FRIDAY_EVENING_S, HOUR_MS
from huntaze_sandbox.lines import fill, greeted, pack, pick, threads_for
from huntaze_sandbox.model import Account, Chat, Fan, MediaSet, Message, Transaction
from huntaze_sandbox.people import person

PERIOD_MS = 30 * DAY_MS
BLOCKED_SHARE = 0.01
LAPSED_SHARE = 0.16
CHARGEBACK_SHARE = 0.012
REFUND_SHARE = 0.008
TIPS = (500, 500, 1000, 1000, 1500, 2000, 2500, 5000)
#: Of the few who spend without looking: they are why an agency has a VIP filter.
GENEROUS_TIPS = (5000, 10_000, 10_000, 20_000)

#: Room that a past of n messages needs: sessions of up to 165 s between two messages must fit into the tenure.
TENURE_MS_PER_MESSAGE = 200_000


@dataclass(slots=True)
class Unnumbered(Transaction):
    """A transaction before ids are given: the message that it paid for stands in it as a record."""

    paid_for: Message | None = None


@dataclass(slots=True)
class _Turn:
    """One message to be, before it has a time."""

    mine: bool
    text: str
    offer: MediaSet | None = None
    bought: bool = False
    tip: int = 0


@dataclass(slots=True)
class _Session:
    """Messages that belong together: when the first is written and the gaps before each (milliseconds)."""

    start: int
    turns: list[_Turn]
    gaps: list[int]

    @property
    def length(self) -> int:
        return sum(self.gaps)


def new_fan(seed: int, account: Account, index: int, subscribed_at: int) -> Fan:
    """Make the fan with this index as it is on the moment of subscribing for one period."""
    who = person(seed, account.number, index)
    return Fan(
        id=who.id,
        index=index,
        name=who.name,
        username=who.username,
        location=who.location,
        timezone=who.timezone,
        persona=who.persona,
        subscribed_at=subscribed_at,
        subscribed_until=subscribed_at + PERIOD_MS,
        price=account.price,
        last_seen=subscribed_at,
    )


def thread_order(seed: int, account: Account, fan: Fan) -> list[int]:
    """In which order this fan brings up the threads of its language; the same in history and in a live shift."""
    order = list(range(len(threads_for(fan.persona.language, account.theme))))
    Random(f"{seed}:{account.number}:{fan.index}:threads").shuffle(order)
    return order


class FanPast:
    """Builds one chat with its past, and books the payments in the account (without ids yet)."""

    def __init__(self, seed: int, account: Account, index: int, now_ms: int, budget: int) -> None:
        self.rng = Random(f"{seed}:{account.number}:{index}:history")
        self.account = account
        self.now = now_ms
        self.budget = budget
        tenure = int(DAY_MS * (2 + 500 * self.rng.random() ** 2.2)) + budget * TENURE_MS_PER_MESSAGE
        self.fan = new_fan(seed, account, index, now_ms - tenure)
        self.chat = Chat(self.fan)
        self.lines = pack(self.fan.persona.language)
        self.threads = threads_for(self.fan.persona.language, account.theme)
        self.order = thread_order(seed, account, self.fan)
        self.offers = list(account.sets)
        self.rng.shuffle(self.offers)

    def live(self, *, waiting: bool) -> Chat:
        """Fill the chat. A waiting fan's last message is a fresh one that nobody has answered."""
        fan = self.fan
        active = waiting or self.rng.random() >= LAPSED_SHARE
        fan.blocked = not waiting and self.rng.random() < BLOCKED_SHARE
        self._subscribe(active=active)
        for session in self._sessions(waiting=waiting):
            at = session.start
            for turn, gap in zip(session.turns, session.gaps, strict=True):
                at += gap
                self._write(turn, at)
        theirs = [message.at for message in self.chat.messages if not message.mine]
        fan.last_seen = max(fan.subscribed_at, theirs[-1] if theirs else 0)
        if waiting:
            self.chat.unread = self._unanswered()
        return self.chat

    def _unanswered(self) -> int:
        count = 0
        for message in reversed(self.chat.messages):
            if message.mine:
                break
            count += 1
        return count

    def _subscribe(self, *, active: bool) -> None:
        """Pay each period. A lapsed fan's last period has run out within the past weeks."""
        fan = self.fan
        if active:
            periods = (self.now - fan.subscribed_at) // PERIOD_MS + 1
        else:
            periods = 1 + int(self.rng.random() * ((self.now - fan.subscribed_at) // PERIOD_MS + 1))
            ended = self.now - int((0.5 + 40 * self.rng.random()) * DAY_MS)
            fan.subscribed_at = min(fan.subscribed_at, ended - periods * PERIOD_MS)
        for period in range(periods):
            self._pay("subscription", fan.price, fan.subscribed_at + period * PERIOD_MS)
        fan.subscribed_until = fan.subscribed_at + periods * PERIOD_MS

    def _sessions(self, *, waiting: bool) -> list[_Session]:
        lengths: list[int] = []
        while (rest := self.budget - sum(lengths)) > 0:
            lengths.append(min(rest, 3 + int(self.rng.random() * 13)))
        begin = self.fan.subscribed_at + 5 * 60_000
        end = min(self.now - 4 * HOUR_MS, self.fan.subscribed_until)
        sessions = []
        for place, start in enumerate(self._starts(len(lengths), begin, end)):
            turns = self._script(lengths[place], first=place == 0)
            gaps = [int(1000 * (15 + 150 * self.rng.random() ** 2)) for _ in turns]
            sessions.append(_Session(start, turns, gaps))
        if not sessions:
            return sessions
        last = sessions[-1]
        if last.turns[-1].mine is waiting:
            last.turns[-1] = self._closing(waiting=waiting)
        ceiling = self.now - 20_000 if waiting else end
        if waiting:
            # From half a minute to two hours ago, most of them recently.
            last.start = self.now - int(60_000 * (0.5 + 120 * self.rng.random() ** 3)) - last.length
        _keep_apart(sessions, begin, ceiling)
        return sessions

    def _starts(self, count: int, begin: int, end: int) -> list[int]:
        """Moments between begin and end, denser towards the end, inside the fan's waking hours; the first at begin."""
        span = max(1, end - begin)
        moments = [self._into_waking_hours(end - int(span * self.rng.random() ** 1.7)) for _ in range(count)]
        moments.sort()
        if moments:
            moments[0] = begin
        return moments

    def _into_waking_hours(self, moment: int) -> int:
        persona = self.fan.persona
        hour = persona.local_hour(FRIDAY_EVENING_S + (moment - self.now) / 1000)
        if persona.awake(hour):
            return moment
        return moment - int(((hour - persona.last_hour) % 24 + self.rng.random() * 4) * HOUR_MS)

    def _closing(self, *, waiting: bool) -> _Turn:
        if waiting:
            return _Turn(mine=False, text=pick(self.rng, self.lines.fan["more"]))
        return _Turn(mine=True, text=pick(self.rng, self.lines.creator["bye"]))

    def _script(self, length: int, *, first: bool) -> list[_Turn]:
        turns = self._talk(first=first)
        return [next(turns) for _ in range(length)]

    def _talk(self, *, first: bool) -> Iterator[_Turn]:
        """Endless turns of one session: a greeting, threads, now and then an offer or a tip, good-byes."""
        rng, lines = self.rng, self.lines
        spend = self.fan.persona.spend
        if first:
            yield _Turn(mine=True, text=pick(rng, lines.creator["welcome"]))
            yield _Turn(mine=False, text=pick(rng, lines.fan["new"]))
        elif rng.random() < 0.15:
            yield _Turn(mine=False, text=pick(rng, lines.fan["back"]))
            yield _Turn(mine=True, text=pick(rng, lines.creator["back"]))
        while True:
            yield from self._thread()
            if rng.random() < 0.55 and self.offers:
                yield from self._offer(spend)
            if rng.random() < (0.5 if self.fan.persona.generous else 0.06 + 0.25 * spend):
                tip = self._tip(spend)
                yield _Turn(mine=False, text=pick(rng, lines.fan["tip"]), tip=tip)
                yield _Turn(mine=True, text=pick(rng, lines.creator["thanks_tip"]))
            if rng.random() < 0.4:
                yield _Turn(mine=False, text=pick(rng, lines.fan["bye"]))
                yield _Turn(mine=True, text=pick(rng, lines.creator["bye"]))

    def _tip(self, spend: float) -> int:
        if self.fan.persona.generous:
            return GENEROUS_TIPS[int(self.rng.random() * len(GENEROUS_TIPS))]
        return TIPS[int(self.rng.random() * (4 + 4 * spend))]

    def _thread(self) -> Iterator[_Turn]:
        habit = self.chat.habit
        turns = self.threads[self.order[habit.thread % len(self.order)]].turns
        habit.thread += 1
        for place, text in enumerate(turns):
            if place == 0 and self.rng.random() < 0.4:
                text = greeted(self.rng, self.lines, text)
            yield _Turn(mine=place % 2 == 1, text=text)
        if len(turns) % 2:
            yield _Turn(mine=True, text=pick(self.rng, self.lines.creator["react"]))

    def _offer(self, spend: float) -> Iterator[_Turn]:
        offer = self.offers.pop()
        bought = self.rng.random() < 0.1 + 0.8 * spend
        yield _Turn(mine=True, text=pick(self.rng, self.lines.creator["pitch"]), offer=offer, bought=bought)
        if bought:
            yield _Turn(mine=False, text=pick(self.rng, self.lines.fan["bought"]))
            yield _Turn(mine=True, text=pick(self.rng, self.lines.creator["thanks_buy"]))
        elif self.rng.random() < 0.5:
            yield _Turn(mine=False, text=pick(self.rng, self.lines.fan["declined"]))

    def _write(self, turn: _Turn, at: int) -> None:
        message = Message(0, self.fan.id, turn.mine, fill(turn.text, self.account.name), at, tip=turn.tip)
        self.chat.messages.append(message)
        if turn.tip:
            self._pay("tip", turn.tip, at, message)
        if turn.offer:
            message.price, message.title, message.media = turn.offer.price, turn.offer.title, turn.offer.media
            if turn.bought:
                message.opened = True
                message.changed = at + 4_000 + int(self.rng.random() * 9_000)
                self._pay("message", message.price, message.changed, message)

    def _pay(self, kind: str, amount: int, at: int, message: Message | None = None) -> None:
        row = Unnumbered(0, kind, amount, at, self.fan.id, paid_for=message)
        self.account.transactions.append(row)
        chance = self.rng.random()
        if kind == "subscription" or at > self.now - 10 * DAY_MS or chance >= CHARGEBACK_SHARE + REFUND_SHARE:
            return
        row.status = "reversed"
        back = "chargeback" if chance < CHARGEBACK_SHARE else "refund"
        later = at + int(DAY_MS * (1 + 8 * self.rng.random()))
        taken = Unnumbered(0, back, -amount, later, self.fan.id, origin=kind, paid_for=message)
        self.account.transactions.append(taken)


def _keep_apart(sessions: list[_Session], begin: int, ceiling: int) -> None:
    """Move sessions so that none overlaps: first later where they collide, then earlier where they pass the ceiling."""
    free = begin
    for session in sessions:
        session.start = max(session.start, free)
        free = session.start + session.length + 60_000
    free = ceiling
    for session in reversed(sessions):
        session.start = min(session.start, free - session.length)
        free = session.start - 60_000
