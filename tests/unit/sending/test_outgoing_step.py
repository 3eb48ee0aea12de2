"""The state machine of an outgoing message, every state against every event."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product

import pytest

from huntaze_contract import outgoing as o
from huntaze_contract.outgoing import IllegalTransitionError, Outgoing, State, step

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
EVENTS: tuple[o.Event, ...] = (
    o.Queue(),
    o.Accept(),
    o.Reject("no"),
    o.Expire(),
    o.Overtake(),
    o.Confirm(),
    o.HoldForApproval(),
    o.Schedule(NOON),
    o.Release(7),
    o.Deny(NOON),
    o.Due(),
    o.Attempt(NOON),
    o.Succeed("p1"),
    o.Refuse("blocked"),
    o.Forbid("compliance"),
    o.NotExecuted(NOON),
    o.Throttle(NOON),
    o.Ambiguous("timeout"),
    o.Reconcile(),
    o.Listed(NOON, complete=True),
    o.Proof("p1"),
    o.Verdict(sent=True),
    o.Retry(9),
    o.Cancel(),
)
ATTEMPTED = frozenset({State.SENDING, State.UNKNOWN, State.RECONCILING, State.NEEDS_HUMAN, State.SENT, State.FAILED})


def message(state: State, **more: object) -> Outgoing:
    """A message as it may well stand in `state`."""
    placed = state in o.HOLDS_HEAD | {State.SENT, State.FAILED}
    values: dict[str, object] = {
        "place": 3 if placed else None,
        "attempt_no": 1 if state in ATTEMPTED else 0,
        "attempt_started_at": NOON - timedelta(seconds=10) if state in ATTEMPTED else None,
        "platform_message_id": "p1" if state is State.SENT else None,
    }
    return replace(Outgoing(id="m", state=state), **(values | more))  # type: ignore[arg-type]


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(event).__name__)
@pytest.mark.parametrize("state", list(State))
def test_an_event_leads_along_the_table_or_changes_nothing(state: State, event: o.Event) -> None:
    try:
        after, _ = step(message(state), event)
    except IllegalTransitionError as error:
        refused = error
    else:
        assert after.state is state or after.state in o.TRANSITIONS[state]
        return
    assert (refused.state, refused.event) == (state, event)


def test_every_arrow_of_the_table_can_be_walked() -> None:
    walked: set[tuple[State, State]] = set()
    variants = (
        {},
        {"stop": True},
        {"spent": 3},
        {"attempt_no": 1},
        {"complete_listings": 1, "attempt_started_at": NOON - timedelta(hours=1)},
        {"complete_listings": 1, "attempt_started_at": NOON - timedelta(hours=1), "stop": True},
        {"complete_listings": 1, "attempt_started_at": NOON - timedelta(hours=1), "spent": 3},
        {"failed_listings": 2, "unlistable_since": NOON - timedelta(hours=1)},
    )
    verdicts = (o.Verdict(sent=False, again=True), o.Verdict(sent=False), o.Listed(NOON, complete=False))
    for state, event, more in product(State, (*EVENTS, *verdicts), variants):
        try:
            after, _ = step(message(state, **more), event)
        except (IllegalTransitionError, ValueError):
            continue
        if after.state is not state:
            walked.add((state, after.state))
    assert walked == {(state, to) for state, targets in o.TRANSITIONS.items() for to in targets}


@pytest.mark.parametrize("state", sorted(o.HOLDS_HEAD))
def test_leaving_the_order_lets_the_next_one_pass(state: State) -> None:
    for event in (*EVENTS, o.Verdict(sent=False)):
        try:
            after, effects = step(message(state, attempt_no=1), event)
        except (IllegalTransitionError, ValueError):
            continue
        released = any(isinstance(effect, o.HeadReleased) for effect in effects)
        assert released == (after.state in o.RELEASES_HEAD)


@pytest.mark.parametrize(
    "state", [State.READY, State.LIMITED, State.FAILED, State.CANCELLED, State.NEEDS_HUMAN, State.UNKNOWN]
)
def test_late_proof_wins_over_whatever_was_believed(state: State) -> None:
    after, effects = step(message(state, attempt_no=2, attempt_started_at=NOON), o.Proof("p9"))
    assert (after.state, after.platform_message_id) == (State.SENT, "p9")
    assert o.Bind("p9") in effects


def test_proof_of_what_was_never_attempted_is_no_proof() -> None:
    with pytest.raises(IllegalTransitionError):
        step(message(State.READY), o.Proof("p9"))


def test_a_second_platform_id_is_refused() -> None:
    with pytest.raises(IllegalTransitionError):
        step(message(State.SENT), o.Proof("p2"))


def test_absence_needs_the_quarantine_and_two_complete_listings_apart() -> None:
    timing = o.Timing()
    start = NOON
    lost = message(State.RECONCILING, attempt_started_at=start, spent=1)
    early, effects = step(lost, o.Listed(start + timing.quarantine - timedelta(seconds=1), complete=True))
    assert early.complete_listings == 0
    assert effects == (o.ListAgain(start + timing.quarantine),)
    once, _ = step(early, o.Listed(start + timing.quarantine, complete=True))
    too_soon, _ = step(once, o.Listed(start + timing.quarantine + timedelta(seconds=1), complete=True))
    failed, _ = step(too_soon, o.Listed(start + timing.quarantine + timedelta(seconds=4), complete=False))
    assert (once.complete_listings, too_soon.complete_listings, failed.complete_listings) == (1, 1, 1)
    absent, _ = step(failed, o.Listed(start + timing.quarantine + timing.listing_gap, complete=True))
    assert (absent.state, absent.place) == (State.READY, 3)


def test_what_cannot_be_listed_for_fifteen_minutes_is_a_persons_to_decide() -> None:
    lost = message(State.RECONCILING, attempt_started_at=NOON)
    for minutes in (0, 14):
        lost, _ = step(lost, o.Listed(NOON + timedelta(minutes=minutes), complete=False))
        assert lost.state is State.RECONCILING
    after, effects = step(lost, o.Listed(NOON + timedelta(minutes=15), complete=False))
    assert (after.state, after.reason) == (State.NEEDS_HUMAN, "cannot_list")
    assert o.AskPerson("cannot_list") in effects


def test_a_first_failed_listing_after_an_hour_of_being_away_asks_nobody_yet() -> None:
    lost = message(State.RECONCILING, attempt_started_at=NOON)
    after, _ = step(lost, o.Listed(NOON + timedelta(hours=1), complete=False))
    assert after.state is State.RECONCILING


def test_a_listing_that_succeeds_begins_the_fifteen_minutes_anew() -> None:
    lost = message(State.RECONCILING, attempt_started_at=NOON)
    for minutes, complete in ((0, False), (5, False), (10, True), (16, False), (17, False), (30, False)):
        lost, _ = step(lost, o.Listed(NOON + timedelta(minutes=minutes), complete=complete))
        assert lost.state is State.RECONCILING


def test_who_asked_to_stop_gets_no_further_attempt() -> None:
    stopped, _ = step(message(State.SENDING), o.Cancel())
    assert stopped.state is State.SENDING
    for event in (o.NotExecuted(NOON), o.Throttle(NOON)):
        assert step(stopped, event)[0].state is State.CANCELLED
    assert step(stopped, o.Succeed("p1"))[0].state is State.SENT
