"""Every operation of the API under generated requests, as an owner and as nobody: never a 5xx, always as described."""

import json
import random
from collections import Counter
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from huntaze_backend.app import openapi
from huntaze_contract.ids import new_id
from tests.helpers.house import PASSWORD, Seed, ServedHouse
from tests.plugins.databases import DATABASE_KEY

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
PUBLIC = {
    "GET /health",
    "POST /api/v2/auth/sign-in",
    "POST /api/v2/auth/refresh",
    "POST /api/webhooks/platform/{connection_id}",
}
# These would end the sign-in that the whole run uses.
ENDS_THE_RUN = {"POST /api/v2/auth/sign-out"}


@pytest.fixture
def service(sqlite_url: str) -> Iterator[ServedHouse]:
    with ServedHouse(sqlite_url, DATABASE_KEY) as served:
        yield served


def known_ids(seed: Seed) -> dict[str, list[str]]:
    return {
        "creator_id": seed.creator_ids,
        "fan_id": seed.fan_ids,
        "conversation_id": seed.conversation_ids,
        "message_id": [*seed.failed_ids, *seed.unclear_ids],
        "note_id": seed.note_ids,
        "member_id": [seed.chatter_id],
        "up_to": seed.message_ids,
        "tag": ["hiker"],
    }


def make_plausible(case: schemathesis.Case, ids: dict[str, list[str]], chance: random.Random) -> None:
    """Let most requests speak of things that exist; what is generated otherwise stays."""
    for name in case.path_parameters or {}:
        if name in ids:
            case.path_parameters[name] = chance.choice(ids[name])
    if isinstance(case.body, dict):
        for name in case.body:
            if name in ids:
                case.body[name] = chance.choice(ids[name])
        if "email" in case.body and "role" in case.body:
            case.body |= {"email": f"{new_id()}@north.example", "role": "chatter", "creator_ids": []}
        if "creator_ids" in case.body:
            case.body["creator_ids"] = ids["creator_id"][:1]
        if "prev_id" in case.body:
            case.body["prev_id"] = None
    if case.headers is not None and case.operation.label == "POST /api/v2/messages":
        case.headers["Idempotency-Key"] = new_id()
    for name in ("cursor", "page"):
        if case.query and name in case.query:
            del case.query[name]
    if case.query and "wait" in case.query:
        case.query["wait"] = 0


def exercise(service: ServedHouse, headers: dict[str, str], examples: int) -> dict[str, Counter[int]]:
    """Send requests to every operation; the statuses that came back, by operation."""
    schema = schemathesis.openapi.from_dict(openapi())
    seen: dict[str, Counter[int]] = {}
    for found in schema.get_all_operations():
        operation = found.ok()
        if not (headers and operation.label in ENDS_THE_RUN):
            seen[operation.label] = exercise_one(service, headers, examples, operation)
    return seen


def exercise_one(
    service: ServedHouse, headers: dict[str, str], examples: int, operation: schemathesis.APIOperation
) -> Counter[int]:
    chance = random.Random(operation.label)
    ids = known_ids(service.seed)
    seen: Counter[int] = Counter()

    @settings(
        max_examples=examples,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy())
    def send(case: schemathesis.Case) -> None:
        if chance.random() < 0.7:
            make_plausible(case, ids, chance)
        answer = case.call(base_url=service.base_url, headers=headers)
        seen[answer.status_code] += 1
        case.validate_response(answer, checks=CHECKS)

    send()
    return seen


def sign_in(service: ServedHouse) -> dict[str, str]:
    form = {"email": service.seed.email("owner"), "password": PASSWORD, "device_id": new_id()}
    answer = httpx2.post(f"{service.base_url}/api/v2/auth/sign-in", json=form, trust_env=False)
    return {"Authorization": f"Bearer {answer.json()['access_token']}"}


@pytest.mark.timeout(180)
def test_an_owner_gets_described_answers_and_never_a_5xx(service):
    seen = exercise(service, sign_in(service), examples=12)

    reached = {label for label, statuses in seen.items() if any(200 <= status < 300 for status in statuses)}
    assert len(reached) / len(seen) >= 0.6, f"only {sorted(reached)} of {sorted(seen)}"


@pytest.mark.timeout(180)
def test_nobody_gets_401_everywhere_but_at_the_public_doors(service):
    seen = exercise(service, {}, examples=4)

    for label, statuses in seen.items():
        if label not in PUBLIC:
            assert set(statuses) == {401}, (label, statuses)


@pytest.mark.parametrize(
    "body",
    [b"{", b"[]", b"\xff\xfe", b'"text"', b"{" * 2000, b'{"email": "a\\u0000@b.c", "password": "x", "device_id": "d"}'],
)
def test_malformed_bodies_are_problems(service, body):
    answer = httpx2.post(
        f"{service.base_url}/api/v2/auth/sign-in",
        content=body,
        headers={"Content-Type": "application/json"},
        trust_env=False,
    )

    problem: dict[str, Any] = json.loads(answer.content)
    assert answer.headers["content-type"] == "application/problem+json"
    assert 400 <= answer.status_code < 500
    assert problem["code"] in ("MALFORMED_JSON", "VALIDATION")
    assert problem["trace_id"] == answer.headers["x-trace-id"]
