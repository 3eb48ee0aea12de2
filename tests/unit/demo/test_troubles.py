"""Chaos is drawn from the seed, hits what is there to be hit, and is over before the shift is."""

from hypothesis import given
from hypothesis import strategies as st

from huntaze_desktop.demo.troubles import APART_S, chaos_of

BACKEND = ("kill the backend", "take the backend away")


def test_five_minutes_hold_six_kills_of_the_backend_and_some_of_the_platform():
    blows = chaos_of(seed=7, length_s=300, outage_s=60)
    assert sum(blow.what in BACKEND for blow in blows) >= 6
    assert sum(blow.what == "take the backend away" for blow in blows) == 1
    assert sum(blow.what == "kill the platform" for blow in blows) >= 2
    assert any(blow.what == "no listings" for blow in blows)


@given(st.integers(), st.floats(20, 3600), st.floats(0, 60))
def test_each_process_is_hit_at_least_once_and_in_time(seed, length_s, outage_s):
    blows = chaos_of(seed, length_s, outage_s)
    assert blows == chaos_of(seed, length_s, outage_s)
    assert [blow.at_s for blow in blows] == sorted(blow.at_s for blow in blows)
    assert sum(blow.what in BACKEND for blow in blows) >= 3
    assert any(blow.what == "kill the platform" for blow in blows)
    assert all(0 <= blow.at_s <= length_s for blow in blows)


@given(st.integers(), st.floats(60, 3600), st.floats(1, 20))
def test_nobody_is_killed_who_is_away(seed, length_s, outage_s):
    blows = chaos_of(seed, length_s, outage_s)
    away = next(blow.at_s for blow in blows if blow.what == "take the backend away")
    for blow in blows:
        if blow.what == "kill the backend":
            assert not away - APART_S < blow.at_s < away + outage_s + APART_S
