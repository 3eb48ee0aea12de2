"""The chain of evidence: what a message's life leaves in it, that it has no gaps, and that nobody tampers unseen."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import Session

from huntaze_backend.core import hash_chain
from huntaze_backend.core.chain_check import check_export, check_stored, export_lines, is_stored, span
from huntaze_backend.core.db import Database
from huntaze_backend.core.hash_chain import GENESIS, ChainHeadRow, ChainRow, canonical, chain, link
from huntaze_contract.ids import new_id
from huntaze_contract.wire import text_hash
from tests.helpers.approval_house import SUGGESTED, ApprovalHouse
from tests.helpers.house import House, house_over

AGENCY = "0197aaaa-0000-7000-8000-00000000000a"


async def add(db: Database, *kinds: str, agency_id: str = AGENCY) -> None:
    def work(session: Session) -> None:
        for kind in kinds:
            chain(session, agency_id=agency_id, subject=new_id(), kind=kind, text_hash=text_hash(kind))

    await db.write(work)


async def records(db: Database, subject: str) -> list[dict[str, Any]]:
    query = select(ChainRow.body).where(ChainRow.subject == subject).order_by(ChainRow.seq)
    return await db.read(lambda session: [json.loads(body) for body in session.scalars(query)])


async def test_a_message_s_life_is_in_it_without_its_text(still_house: Any) -> None:
    desk, house = ApprovalHouse(still_house), still_house
    message = await desk.write(house.chats[0], SUGGESTED, suggestion=desk.machine.add())
    assert (await desk.approve(message.id, "Tell me about the lake")).done
    house.start()
    await house.until(message.id, "sent")
    found = await records(house.db, message.id)
    assert [record["kind"] for record in found][:5] == ["accepted", "held", "approved", "attempt", "delivered"]
    accepted, _, approved, attempt, delivered = found[:5]
    assert accepted["by"] == desk.chatter.member_id
    assert (accepted["ai"]["model"], accepted["ai"]["ai_share"]) == ("small-1", 1.0)
    assert accepted["policy"]["rule"] == "machine_unedited"
    assert (accepted["text_hash"], approved["text_hash"]) == (text_hash(SUGGESTED), text_hash("Tell me about the lake"))
    assert (approved["by"], approved["edited"]) == (desk.manager.member_id, True)
    assert attempt["text_hash"] == delivered["text_hash"] == approved["text_hash"]
    assert delivered["platform_id"]
    everything = json.dumps(found)
    assert "lake" not in everything
    assert (await house.db.read(check_stored))[1] == []


async def test_what_is_not_committed_leaves_no_record(database: Database) -> None:
    def fails(session: Session) -> None:
        chain(session, agency_id=AGENCY, subject=new_id(), kind="accepted")
        raise RuntimeError("no")

    with pytest.raises(RuntimeError):
        await database.write(fails)
    await add(database, "accepted")
    assert await database.read(check_stored) == (1, [])


async def test_many_at_once_leave_no_gap(database: Database) -> None:
    other = new_id()
    await asyncio.gather(*(add(database, "one", "two", agency_id=(AGENCY, other)[n % 2]) for n in range(40)))
    assert await database.read(check_stored) == (80, [])
    seqs = await database.read(
        lambda session: session.scalars(select(ChainRow.seq).where(ChainRow.agency_id == other)).all()
    )
    assert sorted(seqs) == list(range(1, 41))


def changed(session: Session) -> None:
    body = session.get_one(ChainRow, (AGENCY, 4)).body.replace("accepted", "approved")
    session.execute(update(ChainRow).where(ChainRow.seq == 4).values(body=body))


def changed_with_its_hash(session: Session) -> None:
    row, before = session.get_one(ChainRow, (AGENCY, 4)), session.get_one(ChainRow, (AGENCY, 3))
    body = row.body.replace("accepted", "approved")
    session.execute(update(ChainRow).where(ChainRow.seq == 4).values(body=body, hash=link(before.hash, body)))


def removed(session: Session) -> None:
    session.execute(delete(ChainRow).where(ChainRow.seq == 4))


def the_last_removed(session: Session) -> None:
    session.execute(delete(ChainRow).where(ChainRow.seq == 7))


def the_first_removed(session: Session) -> None:
    session.execute(delete(ChainRow).where(ChainRow.seq == 1))


def all_removed(session: Session) -> None:
    session.execute(delete(ChainRow))


def the_head_removed(session: Session) -> None:
    session.execute(delete(ChainHeadRow))


def inserted(session: Session) -> None:
    last = session.get_one(ChainRow, (AGENCY, 7))
    body = canonical(json.loads(last.body) | {"seq": 8, "kind": "approved"})
    values = {"agency_id": AGENCY, "seq": 8, "subject": last.subject, "at": last.at, "body": body}
    session.execute(insert(ChainRow).values(**values, hash=link(last.hash, body)))


def moved(session: Session) -> None:
    for old, new in ((4, 104), (5, 4), (104, 5)):
        session.execute(update(ChainRow).where(ChainRow.seq == old).values(seq=new))


def filed_elsewhere(session: Session) -> None:
    session.execute(update(ChainRow).where(ChainRow.seq == 4).values(subject=new_id()))


@pytest.mark.parametrize(
    "tamper",
    [
        changed,
        changed_with_its_hash,
        removed,
        the_first_removed,
        the_last_removed,
        all_removed,
        the_head_removed,
        inserted,
        moved,
        filed_elsewhere,
    ],
)
async def test_whoever_tampers_is_noticed(database: Database, tamper: Callable[[Session], None]) -> None:
    await add(database, *["accepted"] * 7)
    assert (await database.read(check_stored))[1] == []
    await database.write(tamper)
    _, faults = await database.read(check_stored)
    assert faults
    assert all(AGENCY in fault for fault in faults)


async def test_a_chain_made_anew_is_not_the_one_that_was_exported(database: Database) -> None:
    await add(database, *["accepted"] * 5)
    lines: list[str] = []

    def export(session: Session) -> None:
        of = span(session, AGENCY, None, None)
        assert of is not None
        lines.extend(export_lines(session, AGENCY, of, of.first)[0])

    await database.read(export)
    end, count, faults = check_export(lines)
    assert (count, faults) == (5, [])
    assert end is not None
    assert await database.read(lambda session: is_stored(session, end))

    def forge(session: Session) -> None:
        session.execute(delete(ChainRow))
        session.execute(update(ChainHeadRow).values(seq=0, hash=GENESIS))

    await database.write(forge)
    await add(database, *["approved"] * 5)
    assert (await database.read(check_stored))[1] == [], "by itself it looks well"
    assert not await database.read(lambda session: is_stored(session, end))


async def test_the_owner_exports_it_in_pages_and_nobody_else(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huntaze_backend.core.chain_check._PAGE", 3)
    async with house_over(database) as api:
        await _post_some(api)
        answer = await api.client.get("/api/v2/evidence", headers=await api.headers())
        assert answer.headers["content-type"].startswith("application/x-ndjson")
        end, count, faults = check_export(answer.text.splitlines())
        assert (count, faults) == (5, [])
        assert end is not None
        assert end.seq == 5
        none = await api.client.get("/api/v2/evidence?to=2020-01-01T00:00:00Z", headers=await api.headers())
        assert check_export(none.text.splitlines())[1:] == (0, [])
        refused = await api.client.get("/api/v2/evidence", headers=await api.headers("chatter"))
        assert refused.status_code == 403


async def _post_some(api: House) -> None:
    for number in range(5):
        body = {
            "conversation_id": api.seed.conversation_ids[0],
            "text": f"number {number}",
            "composed_at": "2026-11-20T12:00:00Z",
            "device_id": new_id(),
            "device_seq": number,
        }
        headers = {"Idempotency-Key": new_id(), **(await api.headers())}
        assert (await api.client.post("/api/v2/messages", json=body, headers=headers)).status_code == 201


def test_what_is_recorded_is_written_in_one_way() -> None:
    assert hash_chain.canonical({"b": 1, "a": "é"}) == '{"a":"é","b":1}'
