"""Who answers a conversation: one holder at a time, a higher epoch for each new one, and everybody learns of it."""

import asyncio
from datetime import timedelta
from typing import Any

import httpx2
from sqlalchemy import update

from huntaze_backend.areas.messages.leases import current_epoch, holder
from huntaze_backend.areas.messages.team_tables import LeaseRow
from huntaze_contract.ids import new_id
from huntaze_contract.wire import Lease, Problem
from tests.integration.team.conftest import Member, Team


async def ask(team: Team, who: Member, **more: Any) -> httpx2.Response:
    body = {"device_id": who.device_id} | more
    path = f"/api/v2/conversations/{team.house.seed.conversation_ids[0]}/lease"
    return await team.house.client.put(path, headers=who.headers, json=body)


async def take(team: Team, who: Member, **more: Any) -> Lease:
    answer = await ask(team, who, **more)
    assert answer.status_code == 200, answer.text
    return Lease.model_validate(answer.json())


async def give_back(team: Team, who: Member, **params: str) -> None:
    path = f"/api/v2/conversations/{team.house.seed.conversation_ids[0]}/lease"
    assert (await team.house.client.delete(path, headers=who.headers, params=params)).status_code == 204


async def epoch(team: Team) -> int | None:
    conversation = team.house.seed.conversation_ids[0]
    return await team.house.services.db.read(lambda session: current_epoch(session, conversation))


async def run_out(team: Team) -> None:
    past = team.house.services.clock.now() - timedelta(minutes=1)
    aged = update(LeaseRow).values(expires_at=past)
    await team.house.services.db.write(lambda session: session.execute(aged) and None)


async def test_the_holder_renews_and_a_colleague_learns_who_it_is(team: Team):
    assert await epoch(team) is None
    first = await take(team, team.noor)
    again = await take(team, team.noor)
    refused = await ask(team, team.ann)

    assert (first.epoch, again.epoch, first.member_name) == (1, 1, "Noor Chatter")
    assert again.expires_at >= first.expires_at
    assert timedelta(seconds=40) < again.expires_at - team.house.services.clock.now() <= timedelta(seconds=46)
    problem = Problem.model_validate(refused.json())
    assert (refused.status_code, problem.code) == (409, "LEASE_HELD")
    assert problem.lease == again


async def test_a_new_holder_gets_a_higher_epoch(team: Team):
    await take(team, team.noor)
    taken_over = await take(team, team.ann, take_over=True)
    await run_out(team)
    after_running_out = await take(team, team.noor)
    on_another_computer = await take(team, team.noor, device_id=new_id())

    assert [taken_over.epoch, after_running_out.epoch, on_another_computer.epoch] == [2, 3, 4]
    assert (await ask(team, team.ann)).status_code == 409
    assert await epoch(team) == 4


async def test_who_was_paused_and_comes_back_keeps_the_epoch_if_nobody_took_over(team: Team):
    await take(team, team.noor)
    await run_out(team)

    assert (await take(team, team.noor)).epoch == 1


async def test_what_was_given_back_is_free_and_its_epoch_stays(team: Team):
    await take(team, team.noor)
    await give_back(team, team.noor, device_id=new_id())
    await give_back(team, team.ann)
    assert (await ask(team, team.ann)).status_code == 409

    await give_back(team, team.noor)

    conversation = team.house.seed.conversation_ids[0]
    assert await team.house.services.db.read(lambda session: holder(session, conversation)) is None
    assert await epoch(team) == 1
    assert (await take(team, team.ann)).epoch == 2


async def test_of_many_who_take_over_at_once_each_has_an_epoch_of_its_own(team: Team):
    taken = await asyncio.gather(*(take(team, team.ann, take_over=True, device_id=new_id()) for _ in range(8)))

    assert sorted(lease.epoch for lease in taken) == list(range(1, 9))


async def test_colleagues_are_told(team: Team):
    with team.house.services.hub.subscribe(team.house.seed.agency_id) as subscription:
        await take(team, team.noor)
        await give_back(team, team.noor)
        await give_back(team, team.noor)
        told = list(subscription.ephemeral)

    assert [creator for creator, _ in told] == [team.house.seed.creator_ids[0]] * 2
    assert [(frame["type"], (frame["lease"] or {}).get("epoch")) for _, frame in told] == [
        ("lease", 1),
        ("lease", None),
    ]


async def test_nobody_takes_what_they_may_not_see(team: Team):
    path = f"/api/v2/conversations/{team.house.seed.conversation_ids[1]}/lease"
    body = {"device_id": team.noor.device_id}

    assert (await team.house.client.put(path, headers=team.noor.headers, json=body)).status_code == 404
    assert (await team.house.client.delete(path, headers=team.noor.headers)).status_code == 404
