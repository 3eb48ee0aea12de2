"""What tests of approvals share: a chatter, a manager, suggestions that a machine made, and the queue of a house."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy.orm import Session

from huntaze_backend.areas.messages.approving import Approvals
from huntaze_backend.areas.messages.provenance import MachineText
from huntaze_backend.areas.messages.rules import SendPolicy
from huntaze_backend.areas.messages.sending import Sending
from huntaze_backend.core.auth import Principal
from huntaze_backend.engines.limits.adapters.sql_log import SqlRateGate
from huntaze_contract.ids import new_id
from huntaze_contract.wire import (
    Approval,
    ApprovalDecision,
    ApprovalDecisions,
    ApprovalPolicyUpdate,
    ApprovalResult,
    ApprovalRule,
    Message,
    MessageEdit,
    Role,
)
from tests.helpers.sending_house import COMPLIANCE, QUICK, Chat

SUGGESTED = "That made my whole evening, tell me more about the trip to the lake"


@dataclass
class Suggestions:
    """What a machine wrote, by id."""

    texts: dict[str, MachineText] = field(default_factory=dict)

    def add(self, text: str = SUGGESTED, confidence: float | None = 0.9) -> str:
        id_ = new_id()
        self.texts[id_] = MachineText(text, "openai", "small-1", id_, confidence)
        return id_

    def named(self, session: Session, *, creator_id: str, suggestion_id: str) -> MachineText | None:
        return self.texts.get(suggestion_id)

    def recent(self, session: Session, *, creator_id: str, conversation_id: str) -> Sequence[MachineText]:
        return list(self.texts.values())[:-51:-1]


class ApprovalHouse:
    """A sending house with a chatter who writes and a manager who decides."""

    def __init__(self, house: Any, policy: SendPolicy = QUICK) -> None:
        self.house = house
        self.machine = Suggestions()
        self.sending = Sending(house.db, SqlRateGate(), policy, COMPLIANCE, self.machine)
        self.approvals = Approvals(house.db, COMPLIANCE)
        self.owner: Principal = house.me
        self.manager = replace(house.me, member_id=new_id(), role=Role.MANAGER, name="Mo")
        self.chatter = replace(house.me, member_id=new_id(), role=Role.CHATTER, name="Kit")

    async def write(
        self, chat: Chat, text: str, *, who: Principal | None = None, suggestion: str | None = None, **more: Any
    ) -> Message:
        body = self.house.body(chat, text).model_copy(update={"suggestion_id": suggestion, **more})
        answer, _ = await self.sending.accept(who or self.chatter, new_id(), body)
        return answer.message

    async def edit(self, message_id: str, text: str, *, who: Principal | None = None) -> Message:
        ver = (await self.message(message_id)).ver
        answer = await self.sending.edit(who or self.chatter, message_id, MessageEdit(text=text, base_ver=ver))
        return answer.message

    async def message(self, message_id: str) -> Message:
        return (await self.sending.answer(self.owner, message_id)).message

    async def queue(self, who: Principal | None = None) -> list[Approval]:
        page = await self.approvals.waiting(who or self.manager, creator_id=None, cursor=None, limit=100)
        return page.items

    async def shown(self, message_id: str) -> Approval:
        return next(item for item in await self.queue() if item.message.id == message_id)

    async def decide(self, *decisions: ApprovalDecision, who: Principal | None = None) -> list[ApprovalResult]:
        done = await self.approvals.decide(who or self.manager, ApprovalDecisions(decisions=list(decisions)))
        return done.results

    async def approve(self, message_id: str, text: str | None = None, **more: Any) -> ApprovalResult:
        return (await self.decide(decision(await self.shown(message_id), text=text), **more))[0]

    async def set_policy(
        self, creator_id: str, rule: str, *, confidence: float | None = None, who: Principal | None = None
    ) -> None:
        ver = (await self.approvals.policy(self.owner, creator_id)).ver
        update = ApprovalPolicyUpdate(rule=ApprovalRule(rule), confidence=confidence, ver=ver)
        await self.approvals.set_policy(who or self.owner, creator_id, update)


def decision(shown: Approval, verdict: str = "approve", **more: Any) -> ApprovalDecision:
    """On exactly what was shown."""
    return ApprovalDecision.model_validate(
        {
            "message_id": shown.message.id,
            "verdict": verdict,
            "base_ver": shown.message.ver,
            "text_hash": shown.text_hash,
            "last_missed_id": shown.missed[-1].id if shown.missed else None,
            **more,
        }
    )
