"""Shifts of one minute by the real command, a quiet one and one in chaos, judged here once more from the journal."""

import json
from collections import Counter, defaultdict
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.e2e.conftest import Played

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(330)]

KEYS = [
    "received",
    "sent",
    "failed",
    "lost",
    "duplicated",
    "out_of_order",
    "max_sends_in_any_60s",
    "platform_429",
    "live_answers",
    "median_answer_s",
    "offline_s",
    "gui_stall_p99_ms",
    "startup_ms",
    "rss_mb",
    "kills",
    "screenshots",
    "problems",
]


def rows(played: Played, direction: str) -> list[dict[str, Any]]:
    journal = (json.loads(line) for line in played.journal.read_text(encoding="utf-8").splitlines())
    return [row for row in journal if row["direction"] == direction]


def test_the_report_has_the_documented_fields(short_demo: Played) -> None:
    assert list(short_demo.report) == KEYS


def test_nothing_is_lost_failed_doubled_late_or_refused(short_demo: Played) -> None:
    report = short_demo.report
    faults = ("lost", "failed", "duplicated", "out_of_order", "platform_429", "problems")
    assert {name: report[name] for name in faults} == dict.fromkeys(faults[:-1], 0) | {"problems": []}
    assert short_demo.code == 0, short_demo.output


def test_the_limit_is_met_and_never_passed(short_demo: Played) -> None:
    assert short_demo.report["max_sends_in_any_60s"] == 10
    assert any("limited" in name for name in short_demo.report["screenshots"])


def test_it_answers_live_messages_through_an_outage(short_demo: Played) -> None:
    report = short_demo.report
    assert report["sent"] > 14
    assert report["live_answers"] > 0
    assert report["median_answer_s"] > 0
    assert report["offline_s"] > 5


def test_its_pictures_are_there(short_demo: Played) -> None:
    names = short_demo.report["screenshots"]
    assert len(names) >= 6
    assert sorted(names) == sorted(path.name for path in (short_demo.folder / "shots").iterdir())
    for name in names:
        assert (short_demo.folder / "shots" / name).read_bytes().startswith(b"\x89PNG")


def test_what_it_cost_is_measured(short_demo: Played) -> None:
    report = short_demo.report
    assert all(report[name] > 0 for name in ("gui_stall_p99_ms", "startup_ms", "rss_mb"))


def sent_by_the_journal(played: Played) -> int:
    """The most sends of an account in any 60 s, after the journal agreed with the report and showed each send once."""
    sent, received = rows(played, "out"), rows(played, "in")
    assert (len(sent), len(received)) == (played.report["sent"], played.report["received"])
    texts = Counter((row["account"], row["chat"], row["text"]) for row in sent)
    assert max(texts.values()) == 1
    keys = Counter(row["client_key"] for row in sent)
    assert set(keys.values()) == {1}

    times: dict[str, list[datetime]] = defaultdict(list)
    for row in sent:
        times[row["account"]].append(datetime.fromisoformat(row["executed_at"]))
    return max(
        sum(begin <= moment < begin + timedelta(seconds=60) for moment in moments)
        for moments in times.values()
        for begin in moments
    )


def test_the_journal_alone_says_the_same(short_demo: Played) -> None:
    assert sent_by_the_journal(short_demo) == 10


def test_its_one_outage_is_a_kill(short_demo: Played) -> None:
    assert short_demo.report["kills"] == {"backend": 1, "sandbox": 0}


def test_chaos_kills_both_again_and_again_and_loses_and_doubles_nothing(short_chaos: Played) -> None:
    report = short_chaos.report
    faults = ("lost", "failed", "duplicated", "out_of_order", "platform_429")
    assert {name: report[name] for name in faults} == dict.fromkeys(faults, 0), short_chaos.output
    assert report["problems"] == []
    assert (report["kills"]["backend"], report["kills"]["sandbox"]) == (3, 1)
    assert report["sent"] > 14
    assert short_chaos.code == 0, short_chaos.output


def test_in_chaos_too_the_journal_alone_says_the_same(short_chaos: Played) -> None:
    assert sent_by_the_journal(short_chaos) <= 10


def test_chaos_leaves_nobody_running(short_chaos: Played) -> None:
    assert short_chaos.left_behind == []


def test_nothing_it_started_still_runs(short_demo: Played) -> None:
    assert short_demo.left_behind == []


def test_its_table_names_every_figure(short_demo: Played) -> None:
    for name in KEYS:
        assert name.replace("_", " ") in short_demo.output
