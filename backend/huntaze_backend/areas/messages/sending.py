"""What the sending routes call: the door through which a message enters (accepting.py), how it stands, and what a
person decides about it later (decisions.py), each as a unit of work and its answer.
"""

from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Concatenate, ParamSpec

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from huntaze_backend.areas.accounts import service as accounts
from huntaze_backend.areas.messages import accepting, decisions, rules, unsending
from huntaze_backend.areas.messages.budgets import budget_of, turn_of
from huntaze_backend.areas.messages.provenance import NO_MACHINE, MachineTexts
from huntaze_backend.areas.messages.rules import SendPolicy
from huntaze_backend.areas.messages.tables import MessageRow
from huntaze_backend.core.auth import Principal
from huntaze_backend.core.changes import versions
from huntaze_backend.core.clock import now
from huntaze_backend.core.db import Database
from huntaze_backend.core.errors import ConflictError
from huntaze_backend.engines.compliance.checking import Compliance
from huntaze_backend.engines.limits.port import RateGate
from huntaze_contract.outgoing import State
from huntaze_contract.wire import MessageEdit, NewMessage, ProblemCode, Resolution, SendAnswer, SendBudget

__all__ = ["Sending"]

P = ParamSpec("P")


class Sending:
    """What the sending routes call."""

    def __init__(
        self,
        db: Database,
        gate: RateGate,
        policy: SendPolicy,
        compliance: Compliance,
        machine: MachineTexts = NO_MACHINE,
    ) -> None:
        """Args: machine: what machines wrote, to know their words again in what a person sends."""
        self._db = db
        self._machine = machine
        self._compliance = compliance
        self._gate = gate
        self._policy = policy

    async def accept(self, principal: Principal, key: str, body: NewMessage) -> tuple[SendAnswer, bool]:
        """Take a message in, or tell how it stands if it was taken in before. Returns (answer, replayed)."""
        try:
            accepted = await self._db.write(
                partial(
                    accepting.accept,
                    compliance=self._compliance,
                    machine=self._machine,
                    principal=principal,
                    key=key,
                    body=body,
                )
            )
        except IntegrityError as error:
            # Another request under this key commits at this very moment; its outcome is a second away.
            raise ConflictError(
                "The same message is being accepted by another request.",
                code=ProblemCode.IN_PROGRESS,
                action="Repeat the request.",
                retry_after_s=1,
            ) from error
        return await self.answer(principal, accepted.message_id), accepted.replayed

    async def answer(self, principal: Principal, message_id: str) -> SendAnswer:
        return await self._db.read(partial(self._answer, principal=principal, message_id=message_id))

    async def cancel(self, principal: Principal, message_id: str) -> SendAnswer:
        return await self._decide(principal, message_id, decisions.cancel, self._policy.timing)

    async def retry(self, principal: Principal, message_id: str) -> SendAnswer:
        return await self._decide(
            principal, message_id, decisions.retry, self._policy.timing, compliance=self._compliance
        )

    async def resolve(self, principal: Principal, message_id: str, resolution: Resolution) -> SendAnswer:
        return await self._decide(principal, message_id, decisions.resolve, resolution, self._policy.timing)

    async def edit(self, principal: Principal, message_id: str, change: MessageEdit) -> SendAnswer:
        return await self._decide(
            principal, message_id, decisions.edit, change, compliance=self._compliance, machine=self._machine
        )

    async def unsend(self, principal: Principal, message_id: str) -> SendAnswer:
        return await self._decide(principal, message_id, unsending.ask_back)

    async def budget(self, principal: Principal, creator_id: str) -> SendBudget:
        principal.require_creator(creator_id)

        def read(session: Session) -> SendBudget:
            return budget_of(
                session, self._gate, accounts.creator(session, principal.agency_id, creator_id), self._policy
            )

        return await self._db.read(read)

    async def _decide(
        self,
        principal: Principal,
        message_id: str,
        decision: Callable[Concatenate[Session, Principal, str, P], None],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> SendAnswer:
        await self._db.write(lambda session: decision(session, principal, message_id, *args, **kwargs))
        return await self.answer(principal, message_id)

    def _answer(self, session: Session, *, principal: Principal, message_id: str) -> SendAnswer:
        row = decisions.visible(session, principal, message_id)
        ver = versions(session, row.agency_id, "message", [row.id]).get(row.id, 0)
        return SendAnswer(
            message=rules.to_wire(row, ver), estimated_at=self._estimate(session, row), server_time=now(session)
        )

    def _estimate(self, session: Session, row: MessageRow) -> datetime | None:
        if row.state == State.SCHEDULED:
            return row.not_before
        if row.state not in (State.READY, State.LIMITED):
            return None
        creator = accounts.creator(session, row.agency_id, row.creator_id)
        at = turn_of(session, self._gate, creator, self._policy, row)
        return max(at, row.not_before) if row.not_before else at
