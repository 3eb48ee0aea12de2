"""Access tokens, sealed secrets and the sign-in throttle, on a clock of the test's own."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from huntaze_backend.areas.accounts.throttle import SignInThrottle
from huntaze_backend.areas.accounts.tokens import ACCESS_LIFE, AccessTokens
from huntaze_backend.core.errors import TooManyRequestsError, UnauthenticatedError
from huntaze_backend.core.schema import UtcMicros
from huntaze_backend.core.secrets import SecretBox, SecretUnreadableError
from huntaze_contract.wire import ProblemCode

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
TOKENS = AccessTokens("s" * 32)


class HandClock:
    """Moves when the test says so."""

    def __init__(self) -> None:
        self.at = 0.0

    def now(self) -> datetime:
        return NOON + timedelta(seconds=self.at)

    def monotonic(self) -> float:
        return self.at

    async def sleep(self, seconds: float) -> None:
        self.at += seconds


def test_an_access_token_is_good_until_its_time_and_not_a_moment_longer():
    token, expires_at = TOKENS.issue("member", "session", NOON)

    assert expires_at == NOON + ACCESS_LIFE
    read = TOKENS.read(token, expires_at - timedelta(microseconds=1))
    assert (read.member_id, read.session_id) == ("member", "session")
    with pytest.raises(UnauthenticatedError) as refused:
        TOKENS.read(token, expires_at)
    assert refused.value.code is ProblemCode.TOKEN_EXPIRED


@given(st.text(max_size=200))
def test_no_text_but_a_token_is_read(text):
    with pytest.raises(UnauthenticatedError):
        TOKENS.read(text, NOON)


@given(st.text())
def test_what_is_sealed_opens_with_the_same_key_and_purpose(secret):
    sealed = SecretBox(b"k" * 32).seal(secret, "a key")

    assert SecretBox(b"k" * 32).open(sealed, "a key") == secret
    assert len(secret) < 8 or secret not in sealed


@pytest.mark.parametrize(
    ("key", "purpose", "change"),
    [(b"x" * 32, "a key", ""), (b"k" * 32, "another", ""), (b"k" * 32, "a key", "AAAA"), (b"k" * 32, "a key", "*")],
)
def test_a_sealed_secret_opens_for_nobody_else(key, purpose, change):
    sealed = SecretBox(b"k" * 32).seal("platform key", "a key")
    broken = change + sealed[len(change) :] if change else sealed

    with pytest.raises(SecretUnreadableError):
        SecretBox(key).open(broken, purpose)


def test_the_same_secret_is_sealed_differently_each_time():
    box = SecretBox(b"k" * 32)

    assert box.seal("secret", "p") != box.seal("secret", "p")


def test_ten_tries_a_minute_and_then_one_waits_for_the_oldest_to_pass():
    clock = HandClock()
    throttle = SignInThrottle(clock)
    for _ in range(10):
        throttle.attempt("ann@north.example", "10.0.0.1")
        clock.at += 1

    with pytest.raises(TooManyRequestsError) as refused:
        throttle.attempt("Ann@north.example", "10.0.0.1")
    assert refused.value.retry_after_s == 50
    throttle.attempt("ann@north.example", "10.0.0.2")
    throttle.attempt("bob@north.example", "10.0.0.1")
    clock.at = 60.0
    throttle.attempt("ann@north.example", "10.0.0.1")


@given(st.lists(st.floats(0, 20), min_size=30, max_size=60))
def test_in_no_minute_are_there_more_than_ten(pauses):
    clock = HandClock()
    throttle = SignInThrottle(clock)
    admitted: list[float] = []
    for pause in pauses:
        clock.at += pause
        try:
            throttle.attempt("ann@north.example", "here")
        except TooManyRequestsError:
            continue
        admitted.append(clock.at)

    assert all(later - earlier >= 60 for earlier, later in zip(admitted, admitted[10:], strict=False))


@given(st.datetimes(min_value=datetime(1900, 1, 1), max_value=datetime(2200, 1, 1), timezones=st.timezones()))  # noqa: DTZ001
def test_a_time_is_stored_as_microseconds_and_comes_back_as_it_was(moment):
    column = UtcMicros()
    stored = column.process_bind_param(moment, None)  # type: ignore[arg-type]

    assert isinstance(stored, int)
    assert column.process_result_value(stored, None) == moment.astimezone(UTC)  # type: ignore[arg-type]


def test_a_time_without_an_offset_is_not_stored():
    with pytest.raises(ValueError, match="offset"):
        UtcMicros().process_bind_param(datetime(2026, 1, 1), None)  # type: ignore[arg-type]  # noqa: DTZ001
