"""The verdict on a shift: what the player meant to send against what the platform's journal says it got.

The backend's and the desktop's beliefs play no part in it. An intent was written to disk before Send was pressed; its
text is unique, so each row of the journal belongs to one intent or to none.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from statistics import median

__all__ = ["LIMIT", "Intent", "JournalRow", "Verdict", "busiest_window", "judge", "read_intents", "read_journal"]

WINDOW = timedelta(seconds=60)
LIMIT = 10
"""The most sends that the agency's rules allow one account in any such window; the platform itself allows more."""


@dataclass(frozen=True, slots=True)
class Intent:
    """What the player was about to send, written down before it pressed Send."""

    at: datetime
    conversation_id: str
    creator: str
    text: str


@dataclass(frozen=True, slots=True)
class JournalRow:
    """One message that the platform accepted; `incoming` means from the fan."""

    account: str
    chat: str
    id: str
    incoming: bool
    text: str
    received_at: datetime
    executed_at: datetime


@dataclass(frozen=True, slots=True)
class Verdict:
    received: int
    sent: int
    failed: int
    lost: int
    duplicated: int
    out_of_order: int
    max_sends_in_any_60s: int
    live_answers: int
    median_answer_s: float | None


def judge(intents: Sequence[Intent], journal: Sequence[JournalRow], failed_texts: frozenset[str]) -> Verdict:
    """Compare intents with the journal.

    Args:
        intents: in the order in which they were written.
        journal: in the order in which the platform executed it.
        failed_texts: texts that the desktop shows as certainly not sent; they count as failed, not as lost, unless the
            platform has them after all.
    """
    outgoing: dict[str, list[JournalRow]] = defaultdict(list)
    for row in journal:
        if not row.incoming:
            outgoing[row.text].append(row)
    meant = {intent.text for intent in intents}
    delivered = [intent for intent in intents if intent.text in outgoing]
    missing = [intent for intent in intents if intent.text not in outgoing]
    copies = sum(len(rows) - 1 for text, rows in outgoing.items() if text in meant)
    # A message that nobody meant to send is at best a mangled copy of one that somebody did.
    strangers = sum(len(rows) for text, rows in outgoing.items() if text not in meant)
    answers = _live_answers(delivered, outgoing, journal)
    return Verdict(
        received=sum(row.incoming for row in journal),
        sent=len(delivered),
        failed=sum(intent.text in failed_texts for intent in missing),
        lost=sum(intent.text not in failed_texts for intent in missing) + _misdirected(delivered, outgoing),
        duplicated=copies + strangers,
        out_of_order=_out_of_order(delivered, outgoing),
        max_sends_in_any_60s=busiest_window(journal),
        live_answers=len(answers),
        median_answer_s=round(median(answers), 2) if answers else None,
    )


def busiest_window(journal: Iterable[JournalRow], window: timedelta = WINDOW) -> int:
    """The most messages that one account executed within any window of that length (half open)."""
    times: dict[str, list[datetime]] = defaultdict(list)
    for row in journal:
        if not row.incoming:
            times[row.account].append(row.executed_at)
    most = 0
    for moments in times.values():
        moments.sort()
        first = 0
        for last, moment in enumerate(moments):
            while moment - moments[first] >= window:
                first += 1
            most = max(most, last - first + 1)
    return most


def _out_of_order(delivered: Sequence[Intent], outgoing: dict[str, list[JournalRow]]) -> int:
    """Messages executed before one that was meant to precede them in the same conversation."""
    wrong = 0
    latest: dict[str, datetime] = {}
    for intent in delivered:
        executed = outgoing[intent.text][0].executed_at
        before = latest.get(intent.conversation_id)
        if before is not None and executed < before:
            wrong += 1
        latest[intent.conversation_id] = max(executed, before) if before is not None else executed
    return wrong


def _misdirected(delivered: Sequence[Intent], outgoing: dict[str, list[JournalRow]]) -> int:
    """Messages that reached another chat than the rest of their conversation: lost to the fan they were for."""
    chats: dict[str, tuple[str, str]] = {}
    owners: dict[tuple[str, str], str] = {}
    wrong = 0
    for intent in delivered:
        row = outgoing[intent.text][0]
        chat = (row.account, row.chat)
        if chats.setdefault(intent.conversation_id, chat) != chat or (
            owners.setdefault(chat, intent.conversation_id) != intent.conversation_id
        ):
            wrong += 1
    return wrong


def _live_answers(
    delivered: Sequence[Intent], outgoing: dict[str, list[JournalRow]], journal: Sequence[JournalRow]
) -> list[float]:
    """Seconds from arrival to delivery, for each delivered answer to messages that arrived while the shift ran."""
    arrivals: dict[tuple[str, str], list[datetime]] = defaultdict(list)
    for row in journal:
        if row.incoming:
            arrivals[row.account, row.chat].append(row.received_at)
    answered_until: dict[tuple[str, str], datetime] = {}
    waits = []
    for intent in delivered:
        row = outgoing[intent.text][0]
        chat = (row.account, row.chat)
        since = answered_until.get(chat)
        open_arrivals = [at for at in arrivals[chat] if at <= intent.at and (since is None or at > since)]
        if open_arrivals:
            waits.append((row.executed_at - min(open_arrivals)).total_seconds())
        answered_until[chat] = intent.at
    return waits


def read_journal(path: Path) -> list[JournalRow]:
    """The platform's journal, in order of execution. A torn last line (the platform was killed) is left out."""
    rows = []
    for data in _lines(path):
        rows.append(
            JournalRow(
                account=data["account"],
                chat=str(data["chat"]),
                id=str(data["id"]),
                incoming=data["direction"] == "in",
                text=data["text"],
                received_at=datetime.fromisoformat(data["received_at"]),
                executed_at=datetime.fromisoformat(data["executed_at"]),
            )
        )
    return sorted(rows, key=lambda row: row.executed_at)


def read_intents(path: Path) -> list[Intent]:
    return [
        Intent(datetime.fromisoformat(data["at"]), data["conversation_id"], data["creator"], data["text"])
        for data in _lines(path)
    ]


def _lines(path: Path) -> Iterable[dict[str, str]]:
    if not path.exists():
        return
    lines = path.read_text(encoding="utf-8").splitlines()
    for number, line in enumerate(lines, start=1):
        try:
            yield json.loads(line)
        except ValueError:
            if number != len(lines):
                raise
