"""What every request gets: a trace, a size limit, and a problem that shows nothing of the inside."""

import asyncio

import pytest
from sqlalchemy.orm import Session

from huntaze_backend.core.db import Database
from huntaze_backend.events import EventBus, emit
from tests.helpers.house import House, house_over

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


@pytest.fixture
async def house(sqlite: Database):
    async with house_over(sqlite) as made:
        yield made


async def test_a_trace_is_carried_on(house: House):
    answer = await house.client.get("/api/v2/me", headers={"traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"})

    assert answer.headers["x-trace-id"] == answer.json()["trace_id"] == TRACE


@pytest.mark.parametrize("header", ["", "nonsense", f"00-{'0' * 32}-00f067aa0ba902b7-01", f"00-{TRACE}"])
async def test_a_trace_is_made_where_there_is_none(house: House, header: str):
    answer = await house.client.get("/health", headers={"traceparent": header})

    assert len(answer.headers["x-trace-id"]) == 32
    assert answer.headers["x-trace-id"] not in (TRACE, "0" * 32)


async def test_a_body_that_is_too_large_is_refused(house: House):
    answer = await house.client.post(
        "/api/v2/auth/sign-in", content=b'"' + b"x" * 1_100_000, headers={"Content-Type": "application/json"}
    )

    assert (answer.status_code, answer.json()["code"]) == (413, "TOO_LARGE")


async def test_what_breaks_inside_is_a_problem_without_the_inside(house: House, monkeypatch: pytest.MonkeyPatch):
    async def broken(*_: object) -> None:
        raise RuntimeError("the secret inside")

    monkeypatch.setattr(house.app.state.authenticator, "_passwords", type("P", (), {"verify": broken})())

    answer = await house.sign_in()

    assert (answer.status_code, answer.json()["code"]) == (500, "INTERNAL")
    assert answer.headers["content-type"] == "application/problem+json"
    assert "secret inside" not in answer.text
    assert "Traceback" not in answer.text


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/", 404, "NOT_FOUND"),
        ("GET", "/api/v2/nothing", 404, "NOT_FOUND"),
        ("PATCH", "/api/v2/me", 405, "METHOD_NOT_ALLOWED"),
        ("GET", "/docs", 404, "NOT_FOUND"),
    ],
)
async def test_what_is_not_there_is_a_problem_too(house: House, method: str, path: str, status: int, code: str):
    answer = await house.client.request(method, path)

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["content-type"] == "application/problem+json"


async def test_a_wrong_field_is_named_and_its_content_is_not_repeated(house: House):
    form = {"email": "nobody", "password": "a very secret password", "device_id": "x"}

    answer = await house.client.post("/api/v2/auth/sign-in", json=form)

    assert {item["field"] for item in answer.json()["errors"]} == {"body.email", "body.device_id"}
    assert "very secret" not in answer.text


async def test_health_says_when_no_worker_runs(house: House):
    answer = (await house.client.get("/health")).json()

    assert (answer["status"], answer["database"], answer["worker"]) == ("degraded", "ok", "stopped")


async def test_a_listener_that_fails_harms_neither_the_commit_nor_the_others(sqlite: Database):
    bus, told = EventBus(sqlite), asyncio.Event()

    async def failing(_: int) -> None:
        raise RuntimeError("broken listener")

    bus.subscribe(int, failing)
    bus.subscribe(int, lambda _: told.set())

    def work(session: Session) -> str:
        emit(session, 7)
        return "done"

    assert await sqlite.write(work) == "done"
    await asyncio.wait_for(told.wait(), 5)
    await bus.close()
