"""The judge of the fault bench: fifteen invariants over what was written down, and nothing of the product in it.

It shares no code with the pipeline on purpose: it knows the promises, not how they are kept. Evidence is what the
platform's journal, the service's database and the clients' stores say after everything came to rest (evidence.py reads
it); each invariant is a function that returns a sentence for every breach, and `judge` asks them all.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise

__all__ = [
    "INVARIANTS",
    "Attempt",
    "ClientStore",
    "Evidence",
    "Execution",
    "Integrity",
    "Intent",
    "Kept",
    "Resync",
    "ServerMessage",
    "Transition",
    "counts",
    "judge",
    "most_in_any_window",
]

#: Where a message may rest for good.
ENDS = frozenset({"sent", "failed", "rejected", "expired", "cancelled", "needs_human"})
#: Ends that promise that the platform never had it.
NEVER_THERE = frozenset({"failed", "rejected", "expired"})

_LEGAL = {
    "draft": "queued_local",
    "queued_local": "accepted rejected cancelled expired needs_review",
    "accepted": "waiting_approval scheduled ready cancelled",
    "waiting_approval": "ready scheduled rejected cancelled",
    "scheduled": "ready cancelled waiting_approval",
    "ready": "limited sending cancelled sent failed waiting_approval",
    "limited": "ready cancelled sent failed waiting_approval",
    "sending": "sent failed unknown ready limited cancelled",
    "unknown": "reconciling sent",
    "reconciling": "sent ready needs_human cancelled",
    "needs_human": "sent ready failed",
    "needs_review": "accepted cancelled",
    "failed": "ready sent cancelled",
    "expired": "accepted cancelled",
    "cancelled": "sent",
    "sent": "",
    "rejected": "",
}
#: The table of the design, written out a second time.
TRANSITIONS = {before: frozenset(after.split()) for before, after in _LEGAL.items()}
#: Two steps that one commit may hold, so that the one between them is never written.
IN_ONE_COMMIT = frozenset(
    {
        ("limited", "sending"),
        ("unknown", "ready"),
        ("unknown", "needs_human"),
        ("unknown", "cancelled"),
        ("needs_review", "ready"),
        ("needs_review", "waiting_approval"),
        ("needs_review", "scheduled"),
        ("expired", "ready"),
        ("expired", "waiting_approval"),
        ("expired", "scheduled"),
    }
)


@dataclass(frozen=True, slots=True)
class Execution:
    """One message of ours that the platform made, from its journal, in the order of execution."""

    account: str
    chat: str
    platform_id: str
    key: str | None
    """The message's id: the key of the call without the number that follows a refusal."""
    text: str
    executed_at: datetime


@dataclass(frozen=True, slots=True)
class Intent:
    """What a scripted chatter was to send: the `n`-th text of a conversation, and the id it got when it was pressed."""

    client: str
    conversation_id: str
    n: int
    text: str
    message_id: str | None


@dataclass(frozen=True, slots=True)
class ServerMessage:
    """An outgoing row of the service's database that was written by us."""

    id: str
    conversation_id: str
    account: str
    chat: str
    state: str
    place: int | None
    platform_id: str | None
    text: str
    attempt_no: int
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Attempt:
    message_id: str
    no: int
    outcome: str | None


@dataclass(frozen=True, slots=True)
class Transition:
    """A change of a row's state as a trigger of the bench noted it: one per statement."""

    message_id: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Resync:
    """What a client holds of its own before and after it took everything anew: rows as tuples."""

    client: str
    before: frozenset[tuple[object, ...]]
    after: frozenset[tuple[object, ...]]


@dataclass(frozen=True, slots=True)
class Integrity:
    """What a store's own checks said; empty findings are good ones."""

    store: str
    findings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Kept:
    """A note, tag or field that somebody wrote and that was confirmed, and where it was found later."""

    what: str
    value: str
    found: bool


@dataclass(slots=True)
class ClientStore:
    """A client's cache after everything came to rest."""

    client: str
    versions: dict[tuple[str, str], int]
    """(entity, id) → ver of each of the server's rows that it holds."""
    outbox: dict[str, str] = field(default_factory=dict)
    """id → state of what has not left."""
    once_queued: frozenset[str] = frozenset()
    """Every id that ever stood in the outbox."""
    taken_back: frozenset[str] = frozenset()
    """Those that their writer removed."""
    cursors: tuple[int, ...] = ()
    """Every `seq` the cursor had, in order; a negative number marks that a new epoch began."""
    seq: int = 0
    """Where the cursor stands: everything up to here was taken in."""


@dataclass(slots=True)
class Evidence:
    """Everything that a run left behind."""

    journal: list[Execution] = field(default_factory=list)
    intents: list[Intent] = field(default_factory=list)
    messages: list[ServerMessage] = field(default_factory=list)
    attempts: list[Attempt] = field(default_factory=list)
    transitions: list[Transition] = field(default_factory=list)
    versions: dict[tuple[str, str], int] = field(default_factory=dict)
    """(entity, id) → ver of what the service's change log holds now."""
    deleted: dict[tuple[str, str], int] = field(default_factory=dict)
    """(entity, id) → seq of the deletion, of what is no longer there."""
    seqs: tuple[int, ...] = ()
    """The numbers of the change log."""
    last_seq: int = 0
    clients: list[ClientStore] = field(default_factory=list)
    resyncs: list[Resync] = field(default_factory=list)
    integrity: list[Integrity] = field(default_factory=list)
    approved: dict[str, str | None] = field(default_factory=dict)
    """Message that needed approval → the text that was approved, None: never."""
    kept: list[Kept] = field(default_factory=list)
    limit: int = 10
    window: timedelta = timedelta(seconds=60)

    def by_id(self) -> dict[str, ServerMessage]:
        return {message.id: message for message in self.messages}

    def executions(self) -> Counter[str]:
        return Counter(made.key for made in self.journal if made.key is not None)


# --- the invariants -----------------------------------------------------------------------------------------------


def i01_every_message_ends(evidence: Evidence) -> Iterable[str]:
    """What was queued ends somewhere, and nothing vanishes."""
    rows = evidence.by_id()
    waiting = {id_: state for store in evidence.clients for id_, state in store.outbox.items()}
    for intent in evidence.intents:
        if intent.message_id is None:
            yield f"{intent.client} never got to send {intent.text!r}"
            continue
        row = rows.get(intent.message_id)
        state = row.state if row is not None else waiting.get(intent.message_id)
        if state is None:
            yield f"message {intent.message_id} ({intent.text!r}) vanished: no row, no outbox"
        elif state not in ENDS:
            yield f"message {intent.message_id} never ended: it is {state}"


def i02_at_most_once_and_sent_means_there(evidence: Evidence) -> Iterable[str]:
    """A message is on the platform at most once, and exactly once if and only if it is `sent`."""
    made, rows = evidence.executions(), evidence.by_id()
    for key, count in made.items():
        if count > 1:
            yield f"message {key} is on the platform {count} times"
        if key not in rows:
            yield f"the platform has a message under {key}, which the service does not know"
        elif rows[key].state != "sent":
            yield f"message {key} is on the platform, but its row is {rows[key].state}"
    for row in evidence.messages:
        if row.state == "sent" and not made[row.id]:
            yield f"message {row.id} is sent, but the platform never made it"
    for (chat, text), surplus in more_than_written(evidence).items():
        yield f"chat {chat} has {text!r} {surplus} times more often than it was written"


def more_than_written(evidence: Evidence) -> Counter[tuple[str, str]]:
    """By chat and text, how many more there are than were written. It needs no key, so no key can deceive it."""
    chats = {message.conversation_id: (message.account, message.chat) for message in evidence.messages}
    written = Counter(
        (*chats[intent.conversation_id], intent.text) for intent in evidence.intents if intent.conversation_id in chats
    )
    made = Counter((execution.account, execution.chat, execution.text) for execution in evidence.journal)
    scripted = {place[:2] for place in written}
    return Counter(
        {
            (chat, text): count - written[account, chat, text]
            for (account, chat, text), count in made.items()
            if (account, chat) in scripted and count > written[account, chat, text]
        }
    )


def i03_in_order(evidence: Evidence) -> Iterable[str]:
    """Each conversation arrived in the order of its places, and what one chatter wrote in the order of writing."""
    for chat, why in out_of_order(evidence):
        yield f"conversation {chat} arrived out of order: {why}"


def out_of_order(evidence: Evidence) -> Iterable[tuple[str, str]]:
    rows = evidence.by_id()
    written = {intent.message_id: intent.n for intent in evidence.intents if intent.message_id}
    arrived: dict[str, list[str]] = defaultdict(list)
    for made in evidence.journal:
        row = rows.get(made.key or "")
        if row is not None and row.id not in arrived[row.conversation_id]:
            arrived[row.conversation_id].append(row.id)
    for conversation, ids in arrived.items():
        for name, order in (("place", {id_: rows[id_].place for id_ in ids}), ("writing", written)):
            known = [(id_, order[id_]) for id_ in ids if order.get(id_) is not None]
            wrong = [(a, b) for (a, x), (b, y) in pairwise(known) if x is not None and y is not None and x > y]
            if wrong:
                yield conversation, f"{wrong[0][1]} came before {wrong[0][0]} by {name}"
                break


def i04_within_the_limit(evidence: Evidence) -> Iterable[str]:
    """No account has more executions than its limit in any window."""
    for account, most in most_in_any_window(evidence.journal, evidence.window).items():
        if most > evidence.limit:
            seconds = evidence.window.total_seconds()
            yield f"account {account} made {most} messages in some {seconds:g} s; {evidence.limit} are allowed"


def most_in_any_window(journal: Sequence[Execution], window: timedelta) -> dict[str, int]:
    """Per account, the most executions in any half-open window."""
    times: dict[str, list[datetime]] = defaultdict(list)
    for made in journal:
        times[made.account].append(made.executed_at)
    most: dict[str, int] = {}
    for account, moments in times.items():
        moments.sort()
        first = 0
        for last, moment in enumerate(moments):
            while moments[first] <= moment - window:
                first += 1
            most[account] = max(most.get(account, 0), last - first + 1)
    return most


def i05_bound_once(evidence: Evidence) -> Iterable[str]:
    """A platform message belongs to one row, and to the row that made it."""
    owners: dict[tuple[str, str], list[ServerMessage]] = defaultdict(list)
    for row in evidence.messages:
        if row.platform_id is not None:
            owners[row.account, row.platform_id].append(row)
    for (_, platform_id), rows in owners.items():
        if len(rows) > 1:
            yield f"platform message {platform_id} is bound to {' and '.join(row.id for row in rows)}"
    texts = {(made.account, made.platform_id): made.text for made in evidence.journal}
    for place, rows in owners.items():
        if place in texts and texts[place] != rows[0].text:
            yield f"message {rows[0].id} is bound to platform message {place[1]}, which says something else"


def i06_all_agree(evidence: Evidence) -> Iterable[str]:
    """Every client holds exactly what the service had at its cursor, in the same versions.

    What changed after the cursor is not owed: the platform's fans write on while the processes end one after the other.
    That every client gets to the end of the log is I14's business.
    """
    for store in evidence.clients:
        owed = {row: ver for row, ver in evidence.versions.items() if ver <= store.seq}
        changed = {row for row, ver in (evidence.versions | evidence.deleted).items() if ver > store.seq}
        missing = owed.items() - store.versions.items()
        surplus = {(row, ver) for row, ver in store.versions.items() - owed.items() if row not in changed}
        if missing or surplus:
            example = min(missing or surplus)
            yield (
                f"{store.client} does not agree with the service: {len(missing)} rows missing or old,"
                f" {len(surplus)} that are not there so, such as {example}; its cursor is at {store.seq} of"
                f" {evidence.last_seq}"
            )


def i07_cursors_only_advance(evidence: Evidence) -> Iterable[str]:
    """Within an epoch a cursor never goes back; in the log each number stands once and none is from the future."""
    for store in evidence.clients:
        for before, after in pairwise(store.cursors):
            if 0 <= after < before:
                yield f"the cursor of {store.client} went back from {before} to {after}"
        if store.cursors and store.cursors[-1] > evidence.last_seq:
            yield f"the cursor of {store.client} is at {store.cursors[-1]}, the log at {evidence.last_seq}"
    twice = [seq for seq, count in Counter(evidence.seqs).items() if count > 1]
    if twice:
        yield f"{len(twice)} numbers of the change log were given twice, such as {twice[0]}"
    if evidence.seqs and max(evidence.seqs) > evidence.last_seq:
        yield f"the change log has {max(evidence.seqs)}, its counter says {evidence.last_seq}"


def i08_read_your_writes(evidence: Evidence) -> Iterable[str]:
    """A message that its writer saw stays in its writer's view."""
    for store in evidence.clients:
        held = {id_ for entity, id_ in store.versions if entity == "message"} | set(store.outbox)
        for id_ in sorted(store.once_queued - held - store.taken_back):
            yield f"message {id_} disappeared from the view of {store.client}"


def i09_a_resync_touches_nothing_of_ours(evidence: Evidence) -> Iterable[str]:
    """Taking everything anew changes no draft, no row of the outbox and no waiting operation."""
    for resync in evidence.resyncs:
        gone, new = resync.before - resync.after, resync.after - resync.before
        if gone or new:
            yield f"a resync of {resync.client} changed its own rows: {len(gone)} gone, {len(new)} new"


def i10_only_legal_transitions(evidence: Evidence) -> Iterable[str]:
    """Each change of state is in the table."""
    for step in evidence.transitions:
        legal = step.after in TRANSITIONS.get(step.before, frozenset()) or (step.before, step.after) in IN_ONE_COMMIT
        if not legal:
            yield f"message {step.message_id} went from {step.before} to {step.after}, which no rule allows"


def i11_stores_are_whole(evidence: Evidence) -> Iterable[str]:
    """Every store passed its own checks after every kill."""
    for check in evidence.integrity:
        for finding in check.findings:
            yield f"{check.store}: {finding}"


def i12_only_what_was_approved(evidence: Evidence) -> Iterable[str]:
    """Nothing that needs approval is executed without; what is executed is byte for byte what was accepted."""
    rows = evidence.by_id()
    for made in evidence.journal:
        key = made.key or ""
        if key in evidence.approved:
            approved = evidence.approved[key]
            if approved is None:
                yield f"message {key} was executed without its approval"
            elif approved.encode() != made.text.encode():
                yield f"message {key} was executed with another text than the approved one"
        elif key in rows and rows[key].text.encode() != made.text.encode():
            yield f"message {key} was executed with another text than the accepted one"


def i13_no_write_is_lost(evidence: Evidence) -> Iterable[str]:
    """Each note, tag and field that was confirmed is in its value or its history."""
    for kept in evidence.kept:
        if not kept.found:
            yield f"{kept.what} {kept.value!r} was confirmed and is nowhere"


def i14_everything_comes_to_rest(evidence: Evidence) -> Iterable[str]:
    """With the faults healed no queue holds anything: no message on its way, no outbox waiting, no attempt open."""
    open_ = [row for row in evidence.messages if row.state not in ENDS | {"needs_review", "scheduled"}]
    for row in open_:
        yield f"message {row.id} is still {row.state} ({row.attempt_no} attempts) after the faults were healed"
    for store in evidence.clients:
        for id_, state in store.outbox.items():
            if state == "queued_local":
                yield f"message {id_} still waits in the outbox of {store.client}"
    for attempt in evidence.attempts:
        if attempt.outcome is None:
            yield f"attempt {attempt.no} of message {attempt.message_id} was never closed"


def i15_failed_means_not_there(evidence: Evidence) -> Iterable[str]:
    """What failed, was rejected or expired is not on the platform."""
    made = evidence.executions()
    for row in evidence.messages:
        if row.state in NEVER_THERE and made[row.id]:
            yield f"message {row.id} is {row.state} ({row.reason}), but the platform has it"


Invariant = Callable[[Evidence], Iterable[str]]
INVARIANTS: dict[str, Invariant] = {
    "I1": i01_every_message_ends,
    "I2": i02_at_most_once_and_sent_means_there,
    "I3": i03_in_order,
    "I4": i04_within_the_limit,
    "I5": i05_bound_once,
    "I6": i06_all_agree,
    "I7": i07_cursors_only_advance,
    "I8": i08_read_your_writes,
    "I9": i09_a_resync_touches_nothing_of_ours,
    "I10": i10_only_legal_transitions,
    "I11": i11_stores_are_whole,
    "I12": i12_only_what_was_approved,
    "I13": i13_no_write_is_lost,
    "I14": i14_everything_comes_to_rest,
    "I15": i15_failed_means_not_there,
}


def judge(evidence: Evidence, most: int = 10) -> list[str]:
    """Every breach as a sentence that begins with its invariant; of each at most `most`, then how many more."""
    found: list[str] = []
    for name, invariant in INVARIANTS.items():
        breaches = list(invariant(evidence))
        found += [f"{name}: {breach}" for breach in breaches[:most]]
        if len(breaches) > most:
            found.append(f"{name}: and {len(breaches) - most} more like these")
    return found


def counts(evidence: Evidence) -> dict[str, int]:
    """The figures of the report, counted from the evidence alone."""
    made, rows = evidence.executions(), evidence.by_id()
    certain = NEVER_THERE | {"cancelled"}
    lost = 0
    for intent in evidence.intents:
        row = rows.get(intent.message_id or "")
        there = intent.message_id is not None and made[intent.message_id] > 0
        lost += not there and (row is None or row.state not in certain)
    return {
        "sends": len(evidence.intents),
        "lost": lost,
        "doubled": max(sum(count - 1 for count in made.values()), more_than_written(evidence).total()),
        "out_of_order": len(list(out_of_order(evidence))),
        "max_in_any_60s": max(most_in_any_window(evidence.journal, evidence.window).values(), default=0),
        "failed": sum(row.state in NEVER_THERE for row in evidence.messages),
    }
