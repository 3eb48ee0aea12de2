"""Every failure has a row, and every provider's way of saying it finds the right one."""

from datetime import UTC, datetime

import pytest

from huntaze_backend.engines.ai.failures import CONSEQUENCES, Billed, OnBreaker, Then, of_error, of_status, wait_told
from huntaze_backend.engines.ai.port import Failure


def test_every_failure_has_its_consequence() -> None:
    assert set(CONSEQUENCES) == set(Failure)
    for consequence in CONSEQUENCES.values():
        assert consequence.message.endswith(".")


def test_what_must_never_fall_over_does_not() -> None:
    for failure in (Failure.BAD_REQUEST, Failure.BUDGET, Failure.CANCELLED, Failure.DEADLINE, Failure.STALLED):
        assert CONSEQUENCES[failure].then is not Then.ANOTHER


def test_only_a_provider_s_own_trouble_moves_its_breaker() -> None:
    for failure in (
        Failure.CONTENT_FILTER,
        Failure.CONTEXT_OVERFLOW,
        Failure.BAD_REQUEST,
        Failure.BUDGET,
        Failure.UNKNOWN_PRICE,
        Failure.CANCELLED,
    ):
        assert CONSEQUENCES[failure].breaker is OnBreaker.NOTHING


def test_whatever_may_have_been_answered_is_booked() -> None:
    for failure in (Failure.TIMEOUT, Failure.MALFORMED, Failure.CUT, Failure.STALLED, Failure.CANCELLED):
        assert CONSEQUENCES[failure].billed is Billed.BOUND


@pytest.mark.parametrize(
    ("status", "body", "failure"),
    [
        (400, {"message": "bad field", "type": "invalid_request_error"}, Failure.BAD_REQUEST),
        (
            400,
            {"code": "content_filter", "innererror": {"code": "ResponsibleAIPolicyViolation"}},
            Failure.CONTENT_FILTER,
        ),
        (400, {"code": "context_length_exceeded"}, Failure.CONTEXT_OVERFLOW),
        (400, "The input token count (1200000) exceeds the maximum number of tokens allowed", Failure.CONTEXT_OVERFLOW),
        (400, [{"error": {"message": "API key not valid. Please pass a valid API key."}}], Failure.UNAUTHORIZED),
        (401, {"code": "invalid_api_key"}, Failure.UNAUTHORIZED),
        (402, {"message": "Insufficient Balance"}, Failure.QUOTA),
        (403, None, Failure.UNAUTHORIZED),
        (404, {"code": "DeploymentNotFound"}, Failure.NO_DEPLOYMENT),
        (404, {"code": "model_not_found"}, Failure.NO_DEPLOYMENT),
        (408, None, Failure.REQUEST_TIMEOUT),
        (409, None, Failure.LOCKED),
        (413, None, Failure.BAD_REQUEST),
        (422, {"message": "unprocessable"}, Failure.BAD_REQUEST),
        (418, None, Failure.BAD_REQUEST),
        (429, {"code": "rate_limit_exceeded"}, Failure.RATE_LIMITED),
        (429, {"code": "insufficient_quota"}, Failure.QUOTA),
        (429, {"message": "You exceeded your current quota", "details": [{"retryDelay": "7s"}]}, Failure.RATE_LIMITED),
        (500, "<html>", Failure.SERVER),
        (502, None, Failure.SERVER),
        (503, None, Failure.OVERLOADED),
        (504, None, Failure.SERVER),
        (529, {"type": "overloaded_error"}, Failure.OVERLOADED),
        (302, None, Failure.MALFORMED),
    ],
)
def test_an_answer_of_any_provider_is_named(status: int, body: object, failure: Failure) -> None:
    assert of_status(status, body) is failure


@pytest.mark.parametrize(
    ("event", "failure"),
    [
        ({"message": "The server had an error"}, Failure.SERVER),
        ({"code": "rate_limit_exceeded"}, Failure.RATE_LIMITED),
        ({"code": 429, "status": "RESOURCE_EXHAUSTED"}, Failure.RATE_LIMITED),
        ({"type": "overloaded_error"}, Failure.OVERLOADED),
        ({"code": "content_filter"}, Failure.CONTENT_FILTER),
        ({"code": "insufficient_quota"}, Failure.QUOTA),
    ],
)
def test_an_error_inside_a_stream_is_named(event: object, failure: Failure) -> None:
    assert of_error(event) is failure


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "7"}, 7),
        ({"retry-after": "1.5"}, 1.5),
        ({"retry-after-ms": "250", "retry-after": "9"}, 0.25),
        ({"retry-after": "Sat, 21 Nov 2026 18:00:30 GMT"}, 30),
        ({"x-ratelimit-reset-requests": "6m0s"}, 360),
        ({"x-ratelimit-reset-requests": "120ms"}, 0.12),
        ({"x-ratelimit-reset-requests": "1h1m"}, 900),
        ({"retry-after": "-5"}, 0),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "inf"}, None),
        ({"retry-after": "99999"}, 900),
    ],
)
def test_how_long_to_wait_is_read_in_every_form(headers: dict[str, str], seconds: float | None) -> None:
    found = wait_told(headers, now=datetime(2026, 11, 21, 18, 0, 0, tzinfo=UTC))
    assert found == (None if seconds is None else pytest.approx(seconds))
