"""What outlives the process: the state file gives the same world again, the journal has every message."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from huntaze_sandbox.events import AnswerKept, HabitMoved, MessageWritten, WebhookSet, from_json, to_json
from huntaze_sandbox.jsonlines import JsonLines, last_line, read_lines
from huntaze_sandbox.options import SandboxOptions
from huntaze_sandbox.recorder import StateError, compact, read_state
from huntaze_sandbox.world import World


def everything(world: World) -> dict[str, Any]:
    """The whole state as plain data; what faults hide from listings is not part of it."""
    return {
        "accounts": [asdict(account) for account in world.accounts.values()],
        "recent": [list(account.recent) for account in world.accounts.values()],
        "webhooks": {number: asdict(webhook) for number, webhook in world.webhooks.items()},
        "answers": {str(key): asdict(answer) for key, answer in world.answers.items()},
        "next": (world.next_message, world.next_transaction),
    }


def an_eventful_while(shift: Any) -> None:
    """Something of every kind: talk, purchases, tips, new fans, read marks, deletion, log-out, webhooks, answers."""

    def answer(event: Any) -> None:
        if isinstance(event, MessageWritten) and not event.mine:
            shift.world.read(event.account, event.chat, by_creator=True)
            shift.world.send(event.account, event.chat, "Grüße & <küche>\n😀", received_at=1, key="k")

    shift.live(120, answer)
    account = next(iter(shift.world.accounts.values()))
    fan = shift.world.join(account.id)
    media = tuple(account.vault)[:3]
    offer = shift.world.send(account.id, fan.id, "New", price=500, media=media, received_at=1)
    assert shift.world.open(account.id, fan.id, offer.id)
    gone = shift.world.send(account.id, fan.id, "Oops", received_at=1)
    assert shift.world.delete(account.id, fan.id, gone.id)
    shift.world.write(account.id, fan.id, "For you", tip=700)
    shift.world.renew(account.id, fan.id)
    shift.world.set_session(account.id, authenticated=False)
    shift.world.commit(WebhookSet(1, "http://127.0.0.1:9/hook", ("messages.sent",), "not-a-real-secret"))
    shift.world.commit(AnswerKept(account.id, "k", "f", "{}", shift.clock.now_ms()))


def test_the_state_file_gives_the_same_world_again(evening: Callable[..., Any], state_file: Path) -> None:
    before = evening(state=state_file)
    an_eventful_while(before)
    before.platform.recorder.close()
    after = evening(before.clock, state=state_file)
    assert everything(after.world) == everything(before.world)


def test_going_on_twice_changes_nothing(evening: Callable[..., Any], state_file: Path) -> None:
    first = evening(state=state_file)
    an_eventful_while(first)
    first.platform.recorder.close()
    evening(first.clock, state=state_file).platform.recorder.close()
    compacted = state_file.read_bytes()
    last = evening(first.clock, state=state_file)
    assert state_file.read_bytes() == compacted
    assert everything(last.world) == everything(first.world)


def test_a_torn_last_line_is_cut_and_the_rest_kept(evening: Callable[..., Any], state_file: Path) -> None:
    before = evening(state=state_file)
    account = next(iter(before.world.accounts.values()))
    chat = next(iter(account.chats))
    before.world.send(account.id, chat, "whole", received_at=1)
    before.platform.recorder.close()
    with state_file.open("ab") as file:
        file.write(b'[{"event":"MessageWritten","acc')
    after = evening(before.clock, state=state_file)
    assert after.world.chat(account.id, chat).messages[-1].text == "whole"
    after.world.send(account.id, chat, "next", received_at=1)
    assert all(isinstance(line, dict | list) for line in read_lines(state_file))


def test_the_journal_has_each_message_and_none_of_the_past(evening: Callable[..., Any], tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    shift = evening(journal=path)
    account = next(iter(shift.world.accounts.values()))
    chat = next(iter(account.chats))
    media = tuple(account.vault)[:1]
    shift.clock.seconds = 1.5
    shift.world.send(
        account.id, chat, "a <b> &\n😀", price=500, media=media, received_at=1_790_000_000_250, key="key-1"
    )
    shift.world.write(account.id, chat, "Danke")
    rows = list(read_lines(path))
    assert [row["direction"] for row in rows] == ["out", "in"]
    assert rows[0] == {
        "account": account.id,
        "chat": str(chat),
        "id": str(shift.world.chat(account.id, chat).messages[-2].id),
        "direction": "out",
        "text": "a <b> &\n😀",
        "price_minor": 500,
        "client_key": "key-1",
        "received_at": "2026-09-21T14:13:20.250Z",
        "executed_at": "2026-09-21T14:13:21.500Z",
    }


def test_a_kill_between_state_and_journal_is_healed(
    evening: Callable[..., Any], state_file: Path, tmp_path: Path
) -> None:
    path = tmp_path / "journal.jsonl"
    before = evening(state=state_file, journal=path)
    account = next(iter(before.world.accounts.values()))
    chat = next(iter(account.chats))
    for text in ("one", "two", "three"):
        before.world.send(account.id, chat, text, received_at=1)
    before.platform.recorder.close()
    whole = path.read_bytes()
    path.write_bytes(whole[:-20])
    evening(before.clock, state=state_file, journal=path)
    assert path.read_bytes() == whole


def test_a_fresh_journal_beside_an_old_state_stays_empty(
    evening: Callable[..., Any], state_file: Path, tmp_path: Path
) -> None:
    before = evening(state=state_file)
    account = next(iter(before.world.accounts.values()))
    for text in ("one", "two"):
        before.world.send(account.id, next(iter(account.chats)), text, received_at=1)
    before.platform.recorder.close()
    evening(before.clock, state=state_file, journal=tmp_path / "new.jsonl")
    assert (tmp_path / "new.jsonl").read_bytes() == b""


def test_the_limit_still_counts_the_last_minute_after_a_restart(evening: Callable[..., Any], state_file: Path) -> None:
    before = evening(state=state_file, rate_limit=2)
    account = next(iter(before.world.accounts.values()))
    for text in ("one", "two"):
        before.world.send(account.id, next(iter(account.chats)), text, received_at=1)
    before.platform.recorder.close()
    before.clock.seconds += 20
    after = evening(before.clock, state=state_file, rate_limit=2)
    assert after.platform.window.wait(account.id, after.clock.monotonic()) == pytest.approx(40)


@pytest.mark.parametrize("change", [{"seed": 8}, {"fans": 41}, {"messages": 601}])
def test_a_state_of_another_past_is_refused_in_words(
    evening: Callable[..., Any], state_file: Path, change: dict[str, int]
) -> None:
    evening(state=state_file).platform.recorder.close()
    with pytest.raises(StateError, match="--seed 7 --fans 40 --messages 600"):
        evening(state=state_file, **change)


@pytest.mark.parametrize("content", [b"", b"hello\n", b'{"format":99}\n', b'{"format":1}\n', b"[1]\n"])
def test_a_damaged_state_is_refused_in_words(state_file: Path, content: bytes) -> None:
    state_file.write_bytes(content)
    with pytest.raises(StateError, match=r"state\.jsonl"):
        read_state(state_file, SandboxOptions())


def test_compacting_keeps_the_last_habit_only() -> None:
    habit = HabitMoved("a", 1, 1, 0, 0, 0, 0)
    moved = [replace(habit, decisions=number) for number in (1, 2, 3)]
    assert compact([[moved[0]], [moved[1], moved[2]]], 0) == [[moved[2]]]


def test_answers_are_forgotten_after_a_day() -> None:
    kept = AnswerKept("a", "k", "f", "{}", at=1_000)
    assert compact([[kept]], 1_000 + 24 * 3600 * 1000) == [[kept]]
    assert compact([[kept]], 1_001 + 24 * 3600 * 1000) == []


@given(st.text(), st.lists(st.integers(1, 10**12), max_size=4), st.one_of(st.none(), st.text()))
def test_events_survive_json(text: str, media: list[int], title: str | None) -> None:
    event = MessageWritten("a", 1, 2, True, text, 3, 4, media=tuple(media), title=title)
    assert from_json(json.loads(json.dumps(to_json(event)))) == event


@given(st.binary(max_size=300).filter(lambda tail: b"\n" not in tail), st.integers(0, 5))
def test_whatever_is_torn_the_whole_lines_stay(tail: bytes, count: int) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.jsonl"
        with JsonLines(path) as lines:
            for number in range(count):
                lines.append({"n": number})
        with path.open("ab") as file:
            file.write(tail)
        with JsonLines(path) as lines:
            lines.append({"n": count})
        assert [row["n"] for row in read_lines(path)] == list(range(count + 1))
        assert last_line(path) == {"n": count}


def test_the_state_file_is_for_its_owner_only(evening: Callable[..., Any], state_file: Path) -> None:
    evening(state=state_file)
    assert state_file.stat().st_mode & 0o777 == 0o600
