"""The whole way over HTTP: what the assistant suggested, sent by a chatter who does not say so, waits for the owner."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy.orm import Session

from huntaze_backend.areas.accounts.tables import AccessRow
from huntaze_backend.areas.assistant.tables import SuggestionRow
from huntaze_backend.core.db import Database
from huntaze_contract.ids import new_id
from tests.helpers.house import house_over

TEXT = "I would love to hear more about your trip to the lake"


def suggested(session: Session, creator_id: str, agency_id: str, conversation_id: str) -> None:
    session.add(
        SuggestionRow(
            id=new_id(),
            agency_id=agency_id,
            creator_id=creator_id,
            conversation_id=conversation_id,
            kind="reply",
            slot=0,
            asked="",
            text=TEXT,
            confidence=0.8,
            provider="openai",
            model="small-1",
            tier="fast",
            local=False,
            cost_nano_usd=1,
            reason=[],
            prompt_version="1",
            request_id=new_id(),
            member_id=new_id(),
            prefetched=False,
            created_at=datetime.now(UTC),
        )
    )


async def test_it_waits_is_shown_approved_and_recorded(database: Database) -> None:
    async with house_over(database) as api:
        seed, http = api.seed, api.client
        owner, chatter = await api.headers("owner"), await api.headers("chatter")
        granted = await database.read(
            lambda session: {row.creator_id for row in session.query(AccessRow).filter_by(member_id=seed.chatter_id)}
        )
        index = next(number for number in range(4) if seed.creator_of(number) in granted)
        conversation_id, creator_id = seed.conversation_ids[index], seed.creator_of(index)
        await database.write(lambda session: suggested(session, creator_id, seed.agency_id, conversation_id))
        body = {
            "conversation_id": conversation_id,
            "text": TEXT + "!",
            "composed_at": "2026-11-20T12:00:00Z",
            "device_id": new_id(),
            "device_seq": 1,
        }
        sent = await http.post("/api/v2/messages", json=body, headers={"Idempotency-Key": new_id(), **chatter})
        message = sent.json()["message"]
        assert (sent.status_code, message["state"], message["ai"]["model"]) == (201, "waiting_approval", "small-1")
        assert (await http.get("/api/v2/approvals", headers=chatter)).status_code == 403
        (shown,) = (await http.get("/api/v2/approvals", headers=owner)).json()["items"]
        assert shown["message"]["id"] == message["id"]
        decision = {
            "message_id": message["id"],
            "verdict": "approve",
            "base_ver": shown["message"]["ver"],
            "text_hash": shown["text_hash"],
            "last_missed_id": None,
        }
        refused = await http.post("/api/v2/approvals/decide", json={"decisions": [decision]}, headers=chatter)
        assert refused.status_code == 403
        done = await http.post("/api/v2/approvals/decide", json={"decisions": [decision]}, headers=owner)
        (result,) = done.json()["results"]
        assert (result["done"], result["message"]["state"]) == (True, "ready")
        (past,) = (await http.get("/api/v2/approvals/history", headers=owner)).json()["items"]
        assert past["outcome"] == "approved"
        route = f"/api/v2/creators/{creator_id}/approval-policy"
        policy = (await http.get(route, headers=chatter)).json()
        assert (policy["rule"], policy["ver"]) == ("machine_unedited", 0)
        change = {"rule": "below_confidence", "confidence": 0.5, "ver": 0}
        assert (await http.put(route, json=change, headers=chatter)).status_code == 403
        assert (await http.put(route, json=change, headers=owner)).json()["ver"] == 1
        assert (await http.put(route, json=change, headers=owner)).json()["code"] == "CONFLICT"
