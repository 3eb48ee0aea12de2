"""The process: how it starts, lives, ends, and what is left after a kill."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest


def refused_start(*arguments: str) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-m", "huntaze_sandbox", "--fans", "4", "--messages", "8", *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    assert done.stdout == ""
    return done.returncode, done.stderr


def test_it_is_ready_within_three_seconds_with_a_whole_agency(start: Callable[..., Any]) -> None:
    begin = time.monotonic()
    sandbox = start(fans=2_000, messages=60_000)
    # The goal is 3 s; a shared machine gets twice that before the test speaks up.
    assert time.monotonic() - begin < 6
    status = sandbox.http.get("/admin/status").json()
    assert sum(row["fans"] for row in status["accounts"]) == 2_000
    assert sum(row["messages"] for row in status["accounts"]) == 60_000


def test_it_ends_with_its_parent_s_pipe(start: Callable[..., Any]) -> None:
    assert start().stop() == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_cleanly(start: Callable[..., Any], number: signal.Signals) -> None:
    sandbox = start()
    sandbox.process.send_signal(number)
    assert sandbox.close() == 0


def test_a_held_request_does_not_keep_it_from_ending(start: Callable[..., Any]) -> None:
    sandbox = start()
    sandbox.faults({"kind": "timeout_after_execution", "seconds": 60})
    path = f"{sandbox.url}/api/{sandbox.account}/chats/{sandbox.chat()}/messages"
    broken: list[Exception] = []

    def hold() -> None:
        with httpx2.Client(headers=dict(sandbox.http.headers), trust_env=False, timeout=20) as client:
            try:
                client.post(path, json={"text": "x"})
            except httpx2.TransportError as error:
                broken.append(error)

    holder = threading.Thread(target=hold)
    holder.start()
    assert len(sandbox.wait_for_journal(1)) == 1
    assert sandbox.stop() == 0
    holder.join(timeout=10)
    assert len(broken) == 1


def test_a_kill_loses_nothing_that_was_answered(start: Callable[..., Any], tmp_path: Path) -> None:
    state = ("--state", str(tmp_path / "state.jsonl"), "--rate-limit", "0")
    sandbox = start(*state)
    chat = sandbox.chat()
    answered: list[str] = []
    stop = threading.Event()

    def chatter() -> None:
        path = f"{sandbox.url}/api/{account}/chats/{chat}/messages"
        with httpx2.Client(headers=dict(sandbox.http.headers), trust_env=False, timeout=5) as client:
            while not stop.is_set():
                try:
                    answer = client.post(path, json={"text": f"message {len(answered)}"})
                except httpx2.TransportError:
                    return
                if answer.status_code == 200:
                    answered.append(answer.json()["data"]["id"])

    account = sandbox.account
    writer = threading.Thread(target=chatter)
    writer.start()
    deadline = time.monotonic() + 10
    while len(answered) < 100 and time.monotonic() < deadline:
        time.sleep(0.01)
    sandbox.kill()
    stop.set()
    writer.join(timeout=10)
    assert len(answered) >= 100
    again = start(*state)
    listed: list[str] = []
    address: str | None = f"/api/{account}/chats/{chat}/messages?limit=100&order=asc&last_id={answered[0]}"
    while address:
        body = again.http.get(address).json()
        listed += [row["id"] for row in body["data"]]
        address = body["_pagination"]["next_page"]
    # One more may have been executed whose answer the kill cut off; none may be missing.
    assert listed[: len(answered)] == answered
    assert len(listed) <= len(answered) + 1
    assert [row["id"] for row in again.journal()] == listed


def test_what_happened_is_there_after_a_clean_end(start: Callable[..., Any], tmp_path: Path) -> None:
    state = ("--state", str(tmp_path / "state.jsonl"))
    sandbox = start(*state)
    account, chat = sandbox.account, sandbox.chat()
    sandbox.send("good night", chat=chat)
    sandbox.admin("tip", account=account, chat=chat, amount_minor=500)
    fan = sandbox.admin("subscribe", account=account)
    before = {path: sandbox.http.get(path).json()["data"] for path in paths(account, chat)}
    sandbox.stop()
    again = start(*state)
    after = {path: again.http.get(path).json()["data"] for path in paths(account, chat)}
    for rows in (*before.values(), *after.values()):
        for row in rows:
            row.pop("cancelSeconds", None)
            (row.get("lastMessage") or {}).pop("cancelSeconds", None)
    assert after == before
    assert again.http.get(f"/api/{account}/fans/{fan['id']}").status_code == 200


def paths(account: str, chat: str) -> list[str]:
    return [
        f"/api/{account}/chats?limit=100",
        f"/api/{account}/chats/{chat}/messages?limit=100",
        f"/api/{account}/fans/all?limit=50",
        f"/api/{account}/transactions?limit=100",
    ]


def test_two_starts_with_a_seed_show_the_same_people_and_words(start: Callable[..., Any]) -> None:
    one, two = start("--seed", "5"), start("--seed", "5")
    chat = one.chat()
    assert one.account == two.account
    assert [row["text"] for row in one.messages(chat)] == [row["text"] for row in two.messages(chat)]


def test_a_taken_port_is_said_in_words() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        code, errors = refused_start("--port", str(port))
    assert code == 2
    assert f"cannot listen on 127.0.0.1:{port}" in errors
    assert "Traceback" not in errors


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--speed", "0"), "speed must be above 0"),
        (("--fans", "-1"), "cannot be negative"),
        (("--fans", "0"), "messages need fans"),
        (("--idempotency", "maybe"), "invalid choice"),
        (("--faults", "/nowhere/faults.json"), "the fault file faults.json cannot be read"),
        (("--port", "99999"), "port must be from 0"),
        (("--key", ""), "key cannot be empty"),
    ],
)
def test_what_cannot_be_is_said_in_words(arguments: tuple[str, ...], words: str) -> None:
    code, errors = refused_start(*arguments)
    assert code == 2
    assert words in errors
    assert "Traceback" not in errors


def test_a_state_of_another_past_is_refused(start: Callable[..., Any], tmp_path: Path) -> None:
    path = tmp_path / "state.jsonl"
    start("--state", str(path)).stop()
    code, errors = refused_start("--state", str(path))
    assert code == 2
    assert "was made with --seed 7 --fans 24 --messages 600" in errors


def test_the_key_is_in_no_log(start: Callable[..., Any]) -> None:
    sandbox = start()
    sandbox.send("hello", key="some-client-key")
    sandbox.stop()
    assert sandbox.log
    assert not [line for line in sandbox.log if "test-key" in line]


def test_personas_write_answer_and_rest(start: Callable[..., Any], receiver: Any) -> None:
    sandbox = start("--speed", "20", "--arrivals-per-minute", "0", fans=60, messages=120)
    body = {"endpoint_url": receiver.url, "signing_secret": "a-signing-secret"}
    sandbox.http.post("/api/webhooks", json=body)
    sandbox.admin("personas", running=True)
    for place in range(8):
        sandbox.send("How are you today?", chat=sandbox.chat(place))
    seen: set[str] = set()
    while not {"messages.sent", "messages.read", "users.typing", "messages.received"} <= seen:
        seen.add(receiver.next().event)
    assert sandbox.admin("personas", running=False)["running"] is False


def test_a_dozen_fans_are_heard_at_once(start: Callable[..., Any]) -> None:
    sandbox = start(live=True, fans=12, messages=120)
    begin = time.monotonic()
    rows = sandbox.wait_for_journal(1)
    assert rows[0]["direction"] == "in"
    assert rows[0]["client_key"] is None
    assert json.dumps(rows[0]["text"])
    assert time.monotonic() - begin <= 6
