"""The whole product in virtual time, in its short form; and that the loop under it does what it says."""

from __future__ import annotations

import asyncio
from pathlib import Path
from random import Random

import pytest

from huntaze_backend.engines.gateways.adapters.vendor_client import make_client
from huntaze_backend.engines.gateways.adapters.vendor_reader import VendorReader
from huntaze_backend.engines.gateways.factory import PlatformAccess
from tests.faults.layer import Plan
from tests.faults.layers import full_stack
from tests.faults.sim.vendor import Vendor
from tests.faults.sim.virtual_time import Program, StandstillError, play_in_virtual_time


@pytest.mark.timeout(600)
def test_what_was_written_is_sent_once_and_in_order_while_everything_breaks(tmp_path: Path) -> None:
    found = full_stack.run(Plan(seed=5, scale="short", folder=tmp_path))
    assert found.violations == []
    assert found.figures["full_stack_sends"] == 150
    assert found.figures["full_stack_kills"]["backend"] > 0
    assert found.figures["full_stack_kills"]["client"] > 0


def test_the_platform_lists_every_fan_and_chat_of_an_account() -> None:
    async def read() -> tuple[set[str], set[str]]:
        vendor = Vendor(["one", "two"], 2, Random(1), None)
        reader = VendorReader(
            make_client(PlatformAccess("c", "http://platform", "key"), connections=1, transport=vendor)
        )
        fans, chats = await reader.fans("one"), await reader.chats("one")
        return {fan.id for fan in fans.items}, {chat.id for chat in chats.items}

    assert play_in_virtual_time(read) == ({"one-0", "one-1"}, {"one-0", "one-1"})


def test_an_hour_of_waiting_takes_no_time_and_ends_in_order() -> None:
    async def wait() -> list[str]:
        ended: list[str] = []

        async def one(name: str, seconds: float) -> None:
            await asyncio.sleep(seconds)
            ended.append(f"{name} at {asyncio.get_running_loop().time():.0f}")

        await asyncio.gather(one("late", 3600), one("early", 60))
        return ended

    assert play_in_virtual_time(wait) == ["early at 60", "late at 3600"]


def test_who_waits_for_less_than_the_clocks_resolution_gets_there() -> None:
    async def wait() -> bool:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + 1e-10
        while loop.time() < deadline:  # noqa: ASYNC110 - as a puller does that has a deadline
            await asyncio.sleep(deadline - loop.time())
        return True

    assert play_in_virtual_time(wait)


def test_waiting_for_what_cannot_come_is_said_and_does_not_hang() -> None:
    async def wait() -> None:
        await asyncio.Event().wait()

    with pytest.raises(StandstillError):
        play_in_virtual_time(wait)


def test_a_killed_program_does_nothing_more_and_others_go_on() -> None:
    async def both() -> list[str]:
        done: list[str] = []

        async def work(name: str) -> None:
            async def later() -> None:
                await asyncio.sleep(10)
                done.append(name)

            await asyncio.gather(later(), later())

        programs = [Program("one"), Program("two")]
        for program in programs:
            program.start(work(program.name))
        await asyncio.sleep(5)
        await programs[0].kill()
        await asyncio.sleep(10)
        return done

    assert play_in_virtual_time(both) == ["two", "two"]
