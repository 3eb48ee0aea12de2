"""Dead jobs over HTTP, on both databases: whose they are, what people do about them, and how the queue is."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from huntaze_backend.areas.accounts.tables import MemberRow
from huntaze_backend.core.audit import AuditRow
from huntaze_backend.core.db import Database
from huntaze_backend.engines.queue import port as queue
from huntaze_backend.engines.queue.port import Job, Leased
from huntaze_contract.wire import Role
from tests.helpers.house import House, house_over, plant
from tests.helpers.queue_time import pass_time

DEAD = "/api/v2/jobs/dead"
LEASE = timedelta(seconds=30)


@pytest.fixture
async def house(database: Database) -> AsyncIterator[House]:
    async with house_over(database) as made:
        yield made


async def put(house: House, *jobs: Job) -> list[str]:
    return await house.services.db.write(lambda session: [queue.enqueue(session, job) for job in jobs])


async def claim(house: House) -> list[Leased]:
    return await house.services.db.write(lambda session: queue.claim(session, "w", 100, LEASE))


async def bury(house: House, *jobs: Job) -> list[str]:
    """Jobs that died, one after the other."""
    ids = await put(house, *jobs)
    leases = {leased.id: leased for leased in await claim(house)}
    for id_ in ids:
        await house.services.db.write(lambda s, id_=id_: queue.dead(s, leases[id_].token, "It cannot be done."))
    return ids


def ours(house: House, number: int = 1, **more: object) -> Job:
    return Job("t.do", {"n": number}, agency_id=house.seed.agency_id, **more)  # type: ignore[arg-type]


async def dead(house: House, headers: dict[str, str], **params: object) -> list[str]:
    answer = await house.client.get(DEAD, headers=headers, params=params)
    assert answer.status_code == 200, answer.text
    return [row["id"] for row in answer.json()["items"]]


async def test_a_dead_job_says_what_it_was_and_why_it_died(house: House):
    (id_,) = await bury(house, ours(house, 7, lane="message:1"))
    (row,) = (await house.client.get(DEAD, headers=await house.headers())).json()["items"]

    assert row["died_at"] >= row["created_at"]
    del row["died_at"], row["created_at"]
    assert row == {
        "id": id_,
        "kind": "t.do",
        "installation": False,
        "lane": "message:1",
        "payload": {"n": 7},
        "attempts": 1,
        "reason": "It cannot be done.",
    }


async def test_dead_jobs_come_in_pages_the_latest_first(house: House):
    ids = await bury(house, *(ours(house, n) for n in range(5)))
    headers = await house.headers()
    seen: list[str] = []
    cursor = None
    while True:
        params = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        page = (await house.client.get(DEAD, headers=headers, params=params)).json()
        seen += [row["id"] for row in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break

    assert seen == ids[::-1]
    assert (await house.client.get(DEAD, headers=headers, params={"cursor": "x"})).status_code == 422


async def test_owners_see_the_installations_jobs_managers_the_agencys_and_others_none(house: House):
    own, installations = await bury(house, ours(house), Job("t.tidy"))
    await house.services.db.write(lambda session: plant(session, "south.example"))
    owner = await house.headers()
    chatter = await house.headers("chatter")
    await house.services.db.write(lambda s: setattr(s.get_one(MemberRow, house.seed.chatter_id), "role", Role.MANAGER))
    manager = await house.headers("chatter")

    assert await dead(house, owner) == [installations, own]
    assert await dead(house, manager) == [own]
    for method, path in (("POST", f"{DEAD}/{installations}/replay"), ("DELETE", f"{DEAD}/{installations}")):
        assert (await house.client.request(method, path, headers=manager)).status_code == 404
    house.seed.address = "south.example"
    south = await house.headers()
    assert await dead(house, south) == [installations]
    for method, path in (("POST", f"{DEAD}/{own}/replay"), ("DELETE", f"{DEAD}/{own}")):
        assert (await house.client.request(method, path, headers=south)).status_code == 404
    assert chatter


async def test_a_chatter_has_no_business_here(house: House):
    (id_,) = await bury(house, ours(house))
    chatter = await house.headers("chatter")

    for method, path in (
        ("GET", DEAD),
        ("GET", "/api/v2/jobs/stats"),
        ("POST", f"{DEAD}/{id_}/replay"),
        ("DELETE", f"{DEAD}/{id_}"),
    ):
        assert (await house.client.request(method, path, headers=chatter)).status_code == 403


async def test_a_replayed_job_lives_again_at_the_tail_of_its_lane_with_all_its_attempts(house: House):
    (id_,) = await bury(house, ours(house, 1, lane="a", max_attempts=2))
    await put(house, ours(house, 2, lane="a"))
    headers = await house.headers()

    assert (await house.client.post(f"{DEAD}/{id_}/replay", headers=headers)).status_code == 204
    assert (await house.client.post(f"{DEAD}/{id_}/replay", headers=headers)).status_code == 404
    assert await dead(house, headers) == []
    done: list[tuple[int, int, int]] = []
    while leases := await claim(house):
        for leased in leases:
            done.append((leased.job.payload["n"], leased.attempt, leased.job.max_attempts))
            await house.services.db.write(lambda session, t=leased.token: queue.complete(session, t))
    assert done == [(2, 1, 5), (1, 1, 2)]
    assert await acts(house) == [("job_replayed", id_)]


async def test_a_job_without_a_lane_can_be_replayed(house: House):
    (id_,) = await bury(house, ours(house))
    await house.client.post(f"{DEAD}/{id_}/replay", headers=await house.headers())

    (leased,) = await claim(house)
    assert (leased.id, leased.job.lane) == (id_, None)


async def test_of_many_replays_at_once_one_wins(house: House):
    (id_,) = await bury(house, ours(house))
    headers = await house.headers()
    answers = await asyncio.gather(*(house.client.post(f"{DEAD}/{id_}/replay", headers=headers) for _ in range(6)))

    assert sorted(answer.status_code for answer in answers) == [204] + [404] * 5
    assert len(await claim(house)) == 1


async def test_a_job_whose_work_another_one_does_stays_dead(house: House):
    (id_,) = await bury(house, ours(house, dedupe_key="k"))
    await put(house, ours(house, dedupe_key="k"))
    headers = await house.headers()
    answer = await house.client.post(f"{DEAD}/{id_}/replay", headers=headers)

    assert (answer.status_code, answer.json()["code"]) == (409, "CONFLICT")
    assert await dead(house, headers) == [id_]
    assert await acts(house) == []


async def test_a_discarded_job_is_gone_and_somebody_did_it(house: House):
    (id_,) = await bury(house, ours(house))
    headers = await house.headers()

    assert (await house.client.delete(f"{DEAD}/{id_}", headers=headers)).status_code == 204
    assert (await house.client.delete(f"{DEAD}/{id_}", headers=headers)).status_code == 404
    assert await dead(house, headers) == []
    assert await acts(house) == [("job_discarded", id_)]


async def test_the_figures_say_what_waits_runs_failed_and_for_how_long(house: House):
    db = house.services.db
    headers = await house.headers()

    async def figures() -> dict[str, float]:
        found: dict[str, float] = (await house.client.get("/api/v2/jobs/stats", headers=headers)).json()
        return found

    nothing = {"waiting": 0, "running": 0, "retrying": 0, "dead": 0, "oldest_due_s": 0}
    assert await figures() == nothing
    await bury(house, ours(house))
    await put(house, ours(house, 1, lane="a"), ours(house, 2, lane="a"))
    (failed,) = await claim(house)
    await db.write(lambda s: queue.retry(s, failed.token, failed.lease_until, count=True))
    await put(house, ours(house, 3, lane="b"), Job("t.do", agency_id="another"))
    await claim(house)
    assert await figures() == nothing | {"waiting": 2, "running": 1, "retrying": 1, "dead": 1}

    await db.write(lambda session: pass_time(session, LEASE + timedelta(seconds=70)))
    assert 65 < (await figures())["oldest_due_s"] < 90


async def acts(house: House) -> list[tuple[str, str]]:
    def work(session: Session) -> list[tuple[str, str]]:
        query = select(AuditRow.action, AuditRow.subject).where(AuditRow.action.startswith("job_"))
        return [(action, subject) for action, subject in session.execute(query)]

    return await house.services.db.read(work)
