"""A team over each database: an owner and a chatter with a computer each, and a fan who writes when a test says so."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy.orm import Session

from huntaze_backend.areas.fans.intake import Source
from huntaze_backend.areas.messages import intake
from huntaze_backend.areas.messages.chats import conversation_id, open_chat
from huntaze_backend.core.db import Database
from huntaze_backend.engines.gateways.reading import PlatformFan, PlatformMessage
from huntaze_contract.ids import new_id
from huntaze_contract.wire import Conversation, Fan, Note, OpResult, OpResults, SignIn
from tests.helpers.house import House, house_over


@dataclass(eq=False)
class Member:
    """Someone at a computer."""

    house: House
    id: str
    headers: dict[str, str]
    device_id: str = field(default_factory=new_id)

    async def get(self, path: str, **params: Any) -> Any:
        answer = await self.house.client.get(f"/api/v2{path}", headers=self.headers, params=params)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def batch(self, *ops: dict[str, Any], device_id: str | None = None) -> list[OpResult]:
        body = {"device_id": device_id or self.device_id, "ops": list(ops)}
        # Written here: the client's own encoder refuses what a broken client might send.
        headers = self.headers | {"Content-Type": "application/json"}
        answer = await self.house.client.post("/api/v2/ops", headers=headers, content=json.dumps(body))
        assert answer.status_code == 200, answer.text
        return OpResults.model_validate(answer.json()).results

    async def op(self, kind: str, *, device_id: str | None = None, **values: Any) -> OpResult:
        """One op, made now unless it says when."""
        [result] = await self.batch(an_op(self.house, kind, **values), device_id=device_id)
        return result

    async def conversation(self, id_: str) -> Conversation:
        return Conversation.model_validate(await self.get(f"/conversations/{id_}"))

    async def fan(self, id_: str) -> Fan:
        return Fan.model_validate(await self.get(f"/fans/{id_}"))

    async def notes(self, fan_id: str) -> list[Note]:
        return [Note.model_validate(item) for item in (await self.get(f"/fans/{fan_id}/notes", limit=200))["items"]]


def an_op(house: House, kind: str, **values: Any) -> dict[str, Any]:
    made = {"op_id": new_id(), "at": house.services.clock.now().isoformat(), "kind": kind, **values}
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in made.items()}


@dataclass
class Team:
    """The house, its people, and a chat with a fan of the creator whom both may see."""

    house: House
    ann: Member
    """The owner."""
    noor: Member
    """A chatter who sees the first creator only."""
    source: Source
    chat: str = "fan-7"
    told: int = 0
    newest: str | None = None
    """Id of the latest message that the platform told of."""

    @property
    def conversation_id(self) -> str:
        return conversation_id(self.source, self.chat)

    @property
    def fan_id(self) -> str:
        return self.house.seed.fan_ids[0]

    @property
    def foreign_fan_id(self) -> str:
        """Of a creator whom the chatter may not see."""
        return self.house.seed.fan_ids[1]

    async def says(self, text: str = "Hello", *, mine: bool = False, ago_s: float = 0.0) -> str:
        """The platform tells of a message, written now or some seconds ago; its id."""
        self.told += 1
        at = self.house.services.clock.now() - timedelta(seconds=ago_s)
        message = PlatformMessage(f"m{self.told}", self.chat, text, mine, at)
        fan = PlatformFan(id=self.chat, name="Jonas", username="jonas")

        def tell(session: Session) -> str:
            open_chat(session, self.source, self.chat, fan)
            intake.put_messages(session, self.source, [message])
            row = intake._by_platform_id(session, self.source, message.id)
            assert row is not None
            return row.id

        self.newest = await self.house.services.db.write(tell)
        return self.newest

    async def unsays(self) -> None:
        """The fan takes the latest message back."""
        await self.house.services.db.write(lambda session: intake.deleted(session, self.source, f"m{self.told}"))

    async def shown(self) -> Conversation:
        return await self.ann.conversation(self.conversation_id)


async def signed_in(house: House, member_id: str) -> dict[str, str]:
    """Headers of a session that is opened without a password: checking one takes longer than the rest of a test."""
    form = SignIn(email="nobody@example.org", password="not asked for", device_id=new_id())
    opened = partial(house.app.state.authenticator._open_session, member_id, form)
    tokens = await house.services.db.write(opened)
    return {"Authorization": f"Bearer {tokens.access_token}"}


@pytest.fixture
async def team(database: Database) -> AsyncIterator[Team]:
    async with house_over(database) as house:
        ann = Member(house, house.seed.owner_id, await signed_in(house, house.seed.owner_id))
        noor = Member(house, house.seed.chatter_id, await signed_in(house, house.seed.chatter_id))
        creator_id = house.seed.creator_ids[0]
        yield Team(house, ann, noor, Source(creator_id, house.seed.agency_id, f"acct-{creator_id}"))
