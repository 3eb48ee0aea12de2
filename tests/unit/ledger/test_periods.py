"""When a budget's day and month begin and end, wherever the agency is."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from huntaze_backend.engines.ledger.figures import pieces
from huntaze_backend.engines.ledger.periods import Period, end_of, start_of

ZONES = ["UTC", "Europe/Stockholm", "America/New_York", "Asia/Kolkata", "Asia/Kathmandu", "America/Sao_Paulo"]
_FIRST, _LAST = (datetime(year, 1, 1) for year in (2016, 2028))  # noqa: DTZ001  (hypothesis wants them so)
TIMES = st.datetimes(_FIRST, _LAST, timezones=st.just(UTC))


@given(TIMES, st.sampled_from(ZONES), st.sampled_from(Period))
def test_a_period_contains_its_time_and_ends_where_the_next_begins(at: datetime, zone: str, period: Period) -> None:
    start, end = start_of(period, at, zone), end_of(period, at, zone)
    assert start <= at < end
    assert start_of(period, end, zone) == end
    assert start_of(period, end - timedelta(microseconds=1), zone) == start
    local = start.astimezone(ZoneInfo(zone))
    assert (local.hour, local.minute) <= (1, 0)  # where clocks go forward at midnight, the day begins at one
    if period is Period.MONTH:
        assert local.day == 1


@pytest.mark.parametrize(
    ("day", "hours"), [(datetime(2026, 3, 29, 12, tzinfo=UTC), 23), (datetime(2026, 10, 25, 12, tzinfo=UTC), 25)]
)
def test_days_on_which_clocks_change_are_shorter_and_longer(day: datetime, hours: int) -> None:
    zone = "Europe/Stockholm"
    assert end_of(Period.DAY, day, zone) - start_of(Period.DAY, day, zone) == timedelta(hours=hours)


@given(TIMES, st.timedeltas(timedelta(0), timedelta(days=5)))
def test_a_stretch_is_read_in_pieces_without_gap_or_overlap(start: datetime, length: timedelta) -> None:
    end = start + length
    found = sorted(pieces(start, end), key=lambda piece: piece[1])
    borders = [start, *(piece[2] for piece in found)]
    assert [piece[1] for piece in found] == borders[:-1]
    assert borders[-1] == end
    for source, first, last in found:
        assert first < last
        width = {"day": timedelta(days=1), "hour": timedelta(hours=1), "attempts": timedelta(microseconds=1)}[source]
        midnight = datetime(2016, 1, 1, tzinfo=UTC)
        assert (first - midnight) % width == (last - midnight) % width == timedelta(0)
        if source == "attempts":
            assert last - first < timedelta(hours=2)
