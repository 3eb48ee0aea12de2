"""Each invariant of the checker catches a breach made by hand, and passes a clean run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from tests.faults.checker import (
    INVARIANTS,
    Attempt,
    ClientStore,
    Evidence,
    Execution,
    Integrity,
    Intent,
    Kept,
    Resync,
    ServerMessage,
    Transition,
    counts,
    judge,
    most_in_any_window,
)

NOON = datetime(2026, 3, 6, 12, tzinfo=UTC)


def clean() -> Evidence:
    """Two messages of one conversation that were written, accepted, sent in order, and seen by their writer."""
    ids = ("m1", "m2")
    held = {("message", id_): n for n, id_ in enumerate(ids, start=1)}
    return Evidence(
        journal=[Execution("a", "c", f"p{id_}", id_, f"text {id_}", NOON + timedelta(seconds=n)) for n, id_ in e(ids)],
        intents=[Intent("ana", "conv", n, f"text {id_}", id_) for n, id_ in e(ids)],
        messages=[ServerMessage(id_, "conv", "a", "c", "sent", n, f"p{id_}", f"text {id_}", 1) for n, id_ in e(ids)],
        attempts=[Attempt(id_, 1, "sent") for id_ in ids],
        transitions=[Transition("m1", "ready", "sending"), Transition("m1", "sending", "sent")],
        versions=dict(held),
        seqs=(1, 2),
        last_seq=2,
        clients=[ClientStore("ana", dict(held), once_queued=frozenset(ids), cursors=(1, 2), seq=2)],
        resyncs=[Resync("ana", frozenset({("draft", "x")}), frozenset({("draft", "x")}))],
        integrity=[Integrity("ana's cache", ())],
        approved={"m1": "text m1"},
        kept=[Kept("note", "likes trains", found=True)],
    )


def e(ids: tuple[str, ...]) -> list[tuple[int, str]]:
    return list(enumerate(ids))


def vanished(evidence: Evidence) -> None:
    evidence.intents.append(Intent("ana", "conv", 2, "text m3", "m3"))


def never_pressed(evidence: Evidence) -> None:
    evidence.intents.append(Intent("ana", "conv", 2, "text m3", None))


def doubled(evidence: Evidence) -> None:
    evidence.journal.append(replace(evidence.journal[1], platform_id="p9", executed_at=NOON + timedelta(hours=1)))


def doubled_under_another_key(evidence: Evidence) -> None:
    evidence.journal.append(replace(evidence.journal[1], platform_id="p9", key="m9"))
    evidence.messages.append(ServerMessage("m9", "conv", "a", "c", "sent", 3, "p9", "text m2", 1))


def not_there(evidence: Evidence) -> None:
    evidence.journal.pop()


def swapped(evidence: Evidence) -> None:
    evidence.journal.reverse()


def written_in_another_order(evidence: Evidence) -> None:
    evidence.intents = [replace(intent, n=9 - intent.n) for intent in evidence.intents]


def eleven_in_a_minute(evidence: Evidence) -> None:
    evidence.journal += [
        Execution("a", "d", f"q{n}", None, "", NOON + timedelta(seconds=5.99 * n)) for n in range(1, 10)
    ]


def bound_twice(evidence: Evidence) -> None:
    evidence.messages[1] = replace(evidence.messages[1], platform_id="pm1")


def bound_to_another_text(evidence: Evidence) -> None:
    evidence.messages[0] = replace(evidence.messages[0], platform_id="pm2")
    evidence.messages[1] = replace(evidence.messages[1], platform_id="pm1")


def old_version(evidence: Evidence) -> None:
    evidence.clients[0].versions["message", "m1"] = 0


def surplus_row(evidence: Evidence) -> None:
    evidence.clients[0].versions["note", "gone"] = 1


def gone_row(evidence: Evidence) -> None:
    evidence.clients[0].versions["note", "gone"] = 1
    evidence.deleted["note", "gone"] = 2


def missing_row(evidence: Evidence) -> None:
    del evidence.clients[0].versions["message", "m2"]


def cursor_back(evidence: Evidence) -> None:
    evidence.clients[0].cursors = (2, 1)


def number_twice(evidence: Evidence) -> None:
    evidence.seqs = (1, 2, 2)


def disappeared(evidence: Evidence) -> None:
    evidence.clients[0].once_queued |= {"m3"}


def resync_took_a_draft(evidence: Evidence) -> None:
    evidence.resyncs[0] = replace(evidence.resyncs[0], after=frozenset())


def illegal(evidence: Evidence) -> None:
    evidence.transitions.append(Transition("m1", "unknown", "failed"))


def torn(evidence: Evidence) -> None:
    evidence.integrity.append(Integrity("the service's database", ("row 3 missing from index",)))


def unapproved(evidence: Evidence) -> None:
    evidence.approved["m1"] = None


def edited_after_approval(evidence: Evidence) -> None:
    evidence.approved["m1"] = "text M1"


def other_text_than_accepted(evidence: Evidence) -> None:
    evidence.journal[1] = replace(evidence.journal[1], text="something else")


def note_lost(evidence: Evidence) -> None:
    evidence.kept.append(Kept("tag", "vip", found=False))


def stuck(evidence: Evidence) -> None:
    evidence.messages.append(ServerMessage("m3", "conv", "a", "c", "reconciling", 3, None, "text m3", 1))


def waits_in_the_outbox(evidence: Evidence) -> None:
    evidence.clients[0].outbox["m3"] = "queued_local"


def attempt_left_open(evidence: Evidence) -> None:
    evidence.attempts.append(Attempt("m2", 2, None))


def failed_but_there(evidence: Evidence) -> None:
    evidence.messages[0] = replace(evidence.messages[0], state="failed", platform_id=None)


BREACHES: list[tuple[str, Callable[[Evidence], None]]] = [
    ("I1", vanished),
    ("I1", never_pressed),
    ("I2", doubled),
    ("I2", doubled_under_another_key),
    ("I2", not_there),
    ("I3", swapped),
    ("I3", written_in_another_order),
    ("I4", eleven_in_a_minute),
    ("I5", bound_twice),
    ("I5", bound_to_another_text),
    ("I6", old_version),
    ("I6", surplus_row),
    ("I6", gone_row),
    ("I6", missing_row),
    ("I7", cursor_back),
    ("I7", number_twice),
    ("I8", disappeared),
    ("I9", resync_took_a_draft),
    ("I10", illegal),
    ("I11", torn),
    ("I12", unapproved),
    ("I12", edited_after_approval),
    ("I12", other_text_than_accepted),
    ("I13", note_lost),
    ("I14", stuck),
    ("I14", waits_in_the_outbox),
    ("I14", attempt_left_open),
    ("I15", failed_but_there),
]


def test_a_clean_run_passes_every_invariant() -> None:
    assert judge(clean()) == []


@pytest.mark.parametrize(("name", "breach"), BREACHES, ids=lambda value: getattr(value, "__name__", value))
def test_a_breach_is_caught_by_its_invariant(name: str, breach: Callable[[Evidence], None]) -> None:
    evidence = clean()
    breach(evidence)
    assert list(INVARIANTS[name](evidence))
    assert any(line.startswith(f"{name}: ") for line in judge(evidence))


def test_what_changed_after_a_clients_cursor_is_not_owed() -> None:
    evidence = clean()
    evidence.last_seq = 5
    evidence.versions |= {("message", "from a fan"): 3, ("message", "m1"): 4}
    evidence.deleted["note", "taken away"] = 5
    evidence.clients[0].versions["note", "taken away"] = 2
    assert judge(evidence) == []
    evidence.clients[0].seq = 3
    assert "1 rows missing or old, 0 that are not there so" in " ".join(judge(evidence))


def test_every_invariant_is_shown_to_catch_something() -> None:
    assert {name for name, _ in BREACHES} == set(INVARIANTS) == {f"I{n}" for n in range(1, 16)}


def test_two_messages_exactly_one_window_apart_are_in_different_windows() -> None:
    at = [NOON, NOON + timedelta(seconds=60), NOON + timedelta(seconds=119.999)]
    journal = [Execution("a", "c", str(n), None, "", moment) for n, moment in enumerate(at)]
    assert most_in_any_window(journal, timedelta(seconds=60)) == {"a": 2}


def test_many_breaches_of_one_kind_are_told_in_few_lines() -> None:
    evidence = clean()
    evidence.transitions = [Transition(str(n), "sent", "ready") for n in range(25)]
    assert len(judge(evidence, most=3)) == 4
    assert judge(evidence, most=3)[-1] == "I10: and 22 more like these"


def test_the_figures_are_counted_from_the_evidence_alone() -> None:
    evidence = clean()
    assert counts(evidence) == {
        "sends": 2, "lost": 0, "doubled": 0, "out_of_order": 0, "max_in_any_60s": 2, "failed": 0
    }  # fmt: skip
    vanished(evidence)
    doubled(evidence)
    swapped(evidence)
    found = counts(evidence)
    assert (found["lost"], found["doubled"], found["out_of_order"]) == (1, 1, 1)
