"""The state machines in their short form, and that they see a cache or an order that is wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis.stateful import RuleBasedStateMachine

from huntaze_contract import wire
from huntaze_desktop.cache import apply
from tests.faults.layer import Plan
from tests.faults.layers import machines
from tests.faults.sim.sending_machine import SendingMachine
from tests.faults.sim.sync_machine import SyncMachine


def test_no_machine_finds_anything(tmp_path: Path) -> None:
    assert machines.run(Plan(seed=1, scale="short", folder=tmp_path)).violations == []


def _found(machine: type[RuleBasedStateMachine]) -> None:
    with pytest.raises(AssertionError):
        machines.drive(machine, 400, 50, None, shortest=False)


def test_an_order_in_which_one_overtakes_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SendingMachine, "_is_head", lambda _self, _which: True)
    _found(SendingMachine)


def test_a_cache_that_takes_every_frame_for_the_next_one_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    right = apply.apply_frame

    def wrong(connection: Any, frame: wire.ChangesFrame) -> Any:
        return right(connection, frame.model_copy(update={"prev": 0}))

    def live() -> SyncMachine:
        """One life, by hand: chance finds it too, but not within a minute every time."""
        machine = SyncMachine()
        machine.begin()
        machine.a_fan_writes(0, "hey")
        machine.the_stream_speaks(0)
        machine.a_frame_is_lost(0)
        machine.a_fan_writes(1, "good evening")
        machine.the_stream_speaks(0)
        machine.a_frame_arrives(0, 0, stays=False)
        return machine

    live().teardown()
    monkeypatch.setattr(apply, "apply_frame", wrong)
    machine = live()
    with pytest.raises(AssertionError):
        machine.teardown()


def test_a_resync_that_empties_the_outbox_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    right = apply.start_snapshot

    def wrong(connection: Any) -> None:
        right(connection)
        connection.exec_driver_sql("DELETE FROM outbox")

    monkeypatch.setattr(apply, "start_snapshot", wrong)
    _found(SyncMachine)
