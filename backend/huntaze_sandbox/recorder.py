"""What must outlive the process: the journal (the witness's book) and the state file (a log of events since the past).

The state file is JSON lines, not a pickle, because reading a file must never run it, and not a database, because one
write call per accepted message is all that is needed. It opens with a header that names the seeded past.
"""

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from huntaze_sandbox.clock import rfc3339
from huntaze_sandbox.events import AnswerKept, ChatRead, Event, HabitMoved, MessageWritten, from_json, to_json
from huntaze_sandbox.jsonlines import BINARY, JsonLines, dump, last_line, read_lines
from huntaze_sandbox.options import SandboxOptions

FORMAT = 1
KEEP_ANSWERS_MS = 24 * 3600 * 1000


class StateError(Exception):
    """The state file belongs to another past or cannot be read; the text says what to do."""


def journal_row(event: MessageWritten) -> dict[str, Any]:
    """One line of the journal; `in` is from the fan."""
    return {
        "account": event.account,
        "chat": str(event.chat),
        "id": str(event.id),
        "direction": "out" if event.mine else "in",
        "text": event.text,
        "price_minor": event.price,
        "client_key": event.key,
        "received_at": rfc3339(event.received_at),
        "executed_at": rfc3339(event.at),
    }


class Recorder:
    """Writes each batch of events to the state file and its messages to the journal, before they count."""

    def __init__(self, state: JsonLines | None, journal: JsonLines | None) -> None:
        self._state = state
        self._journal = journal

    def keep(self, batch: Sequence[Event]) -> None:
        if self._state:
            self._state.append([to_json(event) for event in batch])
        if self._journal:
            for event in batch:
                if isinstance(event, MessageWritten):
                    self._journal.append(journal_row(event))

    def close(self) -> None:
        for file in (self._state, self._journal):
            if file:
                file.close()


def read_state(path: Path, options: SandboxOptions) -> tuple[int, list[list[Event]]]:
    """Return when the past of this file began and the events since. Raises StateError."""
    try:
        lines = read_lines(path)
        header = next(lines, None)
        if not isinstance(header, dict) or header.get("format") != FORMAT:
            raise StateError(f"{path.name} is not a state file of this version; move it away to start afresh.")
        wanted = _header(options, int(header["origin_ms"]))
        if header != wanted:
            raise StateError(
                f"{path.name} was made with --seed {header.get('seed')} --fans {header.get('fans')} "
                f"--messages {header.get('messages')}; start with the same, or with another state file."
            )
        return int(header["origin_ms"]), [[from_json(row) for row in line] for line in lines]
    except (ValueError, KeyError, TypeError) as error:
        raise StateError(f"{path.name} is damaged ({error}); move it away to start afresh.") from error


def write_state(path: Path, options: SandboxOptions, origin_ms: int, batches: Iterable[Sequence[Event]]) -> None:
    """Replace the state file at once by a header and these events; a kill leaves the old one or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(path.name + ".new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | BINARY, 0o600), "wb") as file:
        file.write(dump(_header(options, origin_ms)))
        for batch in batches:
            file.write(dump([to_json(event) for event in batch]))
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)


def compact(batches: Sequence[Sequence[Event]], now_ms: int) -> list[list[Event]]:
    """Leave out what a later event has made void: habits and reading marks but the last, answers past their day."""
    latest: dict[tuple[Any, ...], Event] = {}
    for batch in batches:
        for event in batch:
            if (place := _place(event)) is not None:
                latest[place] = event
    kept = []
    for batch in batches:
        rest = [
            event
            for event in batch
            if ((place := _place(event)) is None or latest[place] is event)
            and not (isinstance(event, AnswerKept) and event.at < now_ms - KEEP_ANSWERS_MS)
        ]
        if rest:
            kept.append(rest)
    return kept


def heal_journal(journal: JsonLines, batches: Sequence[Sequence[Event]]) -> None:
    """Write the one message that a kill can leave in the state file but not in the journal."""
    messages = [event for batch in batches for event in batch if isinstance(event, MessageWritten)][-2:]
    last = last_line(journal.path)
    if len(messages) == 2 and isinstance(last, dict) and last.get("id") == str(messages[0].id):
        journal.append(journal_row(messages[1]))


def _place(event: Event) -> tuple[Any, ...] | None:
    if isinstance(event, HabitMoved):
        return ("habit", event.account, event.fan)
    if isinstance(event, ChatRead):
        return ("read", event.account, event.chat, event.by_creator)
    return None


def _header(options: SandboxOptions, origin_ms: int) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "seed": options.seed,
        "fans": options.fans,
        "messages": options.messages,
        "origin_ms": origin_ms,
    }
