"""HTTP of compliance, for owners and managers: the rules of the agency and of a creator, and a text to try them on."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from sqlalchemy.orm import Session

from huntaze_backend.areas.accounts import service as accounts
from huntaze_backend.core.auth import Principal, Signed
from huntaze_backend.core.deps import Db
from huntaze_backend.core.errors import ForbiddenError
from huntaze_backend.engines.compliance import layers
from huntaze_backend.engines.compliance.checking import Compliance
from huntaze_contract.wire import (
    ComplianceFinding,
    ComplianceRules,
    ComplianceTrial,
    ComplianceUpdate,
    ComplianceVerdict,
    Problem,
    Role,
)
from huntaze_contract.wire.base import Uuid

__all__ = ["router"]

router = APIRouter(prefix="/api/v2/compliance", tags=["compliance"])
_CONFLICT: dict[int | str, dict[str, Any]] = {
    409: {"model": Problem, "description": "CONFLICT: the rules were changed meanwhile"}
}


async def _compliance(request: Request) -> Compliance:
    found: Compliance = request.app.state.compliance
    return found


Rules = Annotated[Compliance, Depends(_compliance)]


@router.get("/rules")
async def get_rules(who: Signed, db: Db, compliance: Rules) -> ComplianceRules:
    """The agency's rules."""
    return await _get(who, db, compliance, None)


@router.put("/rules", responses=_CONFLICT)
async def set_rules(who: Signed, db: Db, compliance: Rules, update: ComplianceUpdate) -> ComplianceRules:
    """Change the agency's rules: for everything that has not gone yet, what waits included."""
    if who.creator_ids is not None:
        raise ForbiddenError("Only who sees all creators changes the agency's rules.")
    return await _put(who, db, compliance, None, update)


@router.get("/rules/{creator_id}")
async def get_creator_rules(who: Signed, db: Db, compliance: Rules, creator_id: Uuid) -> ComplianceRules:
    """A creator's rules: the agency's, and what is changed about them for her."""
    return await _get(who, db, compliance, creator_id)


@router.put("/rules/{creator_id}", responses=_CONFLICT)
async def set_creator_rules(
    who: Signed, db: Db, compliance: Rules, creator_id: Uuid, update: ComplianceUpdate
) -> ComplianceRules:
    """Change what differs for one creator."""
    return await _put(who, db, compliance, creator_id, update)


@router.post("/check")
async def try_text(who: Signed, db: Db, compliance: Rules, trial: ComplianceTrial) -> ComplianceVerdict:
    """What the rules would say about a text. Nothing is sent and nothing is kept."""
    who.require_role(Role.OWNER, Role.MANAGER)

    def work(session: Session) -> ComplianceVerdict:
        _require(session, who, trial.creator_id)
        found = compliance.in_force(session, who.agency_id, trial.creator_id)
        verdict = found.rules.check(trial.text, trial.price)
        return ComplianceVerdict(
            rules_version=found.version,
            refused=verdict.refused,
            blocked=verdict.blocked,
            findings=[ComplianceFinding.of(finding) for finding in verdict.findings],
            text=verdict.text,
        )

    return await db.read(work)


async def _get(who: Principal, db: Db, compliance: Compliance, creator_id: str | None) -> ComplianceRules:
    who.require_role(Role.OWNER, Role.MANAGER)

    def work(session: Session) -> ComplianceRules:
        _require(session, who, creator_id)
        return layers.shown(session, compliance, who.agency_id, creator_id)

    return await db.read(work)


async def _put(
    who: Principal, db: Db, compliance: Compliance, creator_id: str | None, update: ComplianceUpdate
) -> ComplianceRules:
    who.require_role(Role.OWNER, Role.MANAGER)

    def work(session: Session) -> None:
        _require(session, who, creator_id)
        layers.change(session, compliance, who, creator_id, update)

    await db.write(work)
    return await _get(who, db, compliance, creator_id)


def _require(session: Session, who: Principal, creator_id: str | None) -> None:
    if creator_id is not None:
        who.require_creator(creator_id)
        accounts.creator(session, who.agency_id, creator_id)
