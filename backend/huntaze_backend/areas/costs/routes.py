"""HTTP of costs and of the budgets for AI calls. Owners and managers see all of it, chatters none."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response, status
from sqlalchemy.orm import Session

from huntaze_backend.areas.accounts import service as accounts
from huntaze_backend.areas.costs import rules, service
from huntaze_backend.areas.costs.service import Asked
from huntaze_backend.core.audit import audit
from huntaze_backend.core.auth import Principal, Signed
from huntaze_backend.core.deps import Db
from huntaze_backend.engines.ledger import budgets
from huntaze_backend.engines.ledger.budgets import Limits
from huntaze_backend.engines.ledger.periods import Period
from huntaze_backend.engines.ledger.prices import PriceTable
from huntaze_backend.events import CostsChanged, emit
from huntaze_contract.wire import (
    BudgetLimits,
    CostBreakdown,
    CostBudget,
    CostBudgets,
    CostDimension,
    CostStats,
    LiveCosts,
    NewCostBudget,
    Problem,
    Role,
)
from huntaze_contract.wire.base import Uuid

__all__ = ["router"]

router = APIRouter(prefix="/api/v2", tags=["costs"])
OfCreator = Annotated[Uuid | None, Query(description="only what was spent for this creator")]
InZone = Annotated[
    str | None,
    Query(alias="timezone", max_length=64, description="whose days; else the agency's budget's zone, else UTC"),
]


async def _prices(request: Request) -> PriceTable:
    found: PriceTable = request.app.state.prices
    return found


@router.get("/costs/stats")
async def cost_stats(
    who: Signed,
    db: Db,
    prices: Annotated[PriceTable, Depends(_prices)],
    creator_id: OfCreator = None,
    zone: InZone = None,
) -> CostStats:
    """What AI calls cost today and this month: totals, tokens, cache and errors, by tier."""
    _may_see_costs(who)

    def work(session: Session) -> CostStats:
        return service.stats(session, _asked(session, who, creator_id, zone), prices)

    return await db.read(work)


@router.get("/costs/breakdown")
async def cost_breakdown(
    who: Signed,
    db: Db,
    by: CostDimension,
    first: Annotated[date | None, Query(alias="from", description="else the first of the month of `to`")] = None,
    last: Annotated[date | None, Query(alias="to", description="included; else today")] = None,
    creator_id: OfCreator = None,
    zone: InZone = None,
) -> CostBreakdown:
    """The costs of up to 366 days, by one dimension."""
    _may_see_costs(who)

    def work(session: Session) -> CostBreakdown:
        return service.breakdown(session, _asked(session, who, creator_id, zone), by, first, last)

    return await db.read(work)


@router.get("/costs/live")
async def live_costs(who: Signed, db: Db) -> LiveCosts:
    """The running total as it stands; frames of type `costs` tell how it goes on."""
    _may_see_costs(who)
    return await db.read(lambda session: service.live(session, who.agency_id))


@router.get("/budgets")
async def list_budgets(who: Signed, db: Db) -> CostBudgets:
    """All budgets of the agency and of its creators, as they stand."""
    _may_see_costs(who)
    found = await db.read(lambda session: budgets.of_agency(session, who.agency_id))
    return CostBudgets(items=[rules.shown(standing) for standing in found])


@router.post(
    "/budgets",
    status_code=status.HTTP_201_CREATED,
    responses={409: {"model": Problem, "description": "there is one of this scope and period"}},
)
async def create_budget(form: NewCostBudget, who: Signed, db: Db) -> CostBudget:
    """Limit what the agency, or a creator, spends a day or a month. What was spent in the period already counts."""
    _may_see_costs(who)
    limits = _limits(form)

    def work(session: Session) -> str:
        if form.creator_id is not None:
            accounts.creator(session, who.agency_id, form.creator_id)
        id_ = budgets.create(session, who.agency_id, form.creator_id, Period(form.period), limits)
        _note(session, who, "budget_created", id_, after=limits, creator_id=form.creator_id, period=form.period)
        return id_

    return await _budget(db, who, await db.write(work))


@router.get("/budgets/{budget_id}")
async def get_budget(budget_id: Uuid, who: Signed, db: Db) -> CostBudget:
    """One budget, as it stands."""
    _may_see_costs(who)
    return await _budget(db, who, budget_id)


@router.put("/budgets/{budget_id}")
async def change_budget(budget_id: Uuid, form: BudgetLimits, who: Signed, db: Db) -> CostBudget:
    """Set other limits. They hold from the next call on."""
    _may_see_costs(who)
    limits = _limits(form)

    def work(session: Session) -> None:
        before = budgets.change(session, who.agency_id, budget_id, limits)
        _note(session, who, "budget_changed", budget_id, before=before, after=limits)

    await db.write(work)
    return await _budget(db, who, budget_id)


@router.delete("/budgets/{budget_id}", status_code=status.HTTP_204_NO_CONTENT)
async def delete_budget(budget_id: Uuid, who: Signed, db: Db) -> Response:
    """Limit no longer."""
    _may_see_costs(who)

    def work(session: Session) -> None:
        before = budgets.remove(session, who.agency_id, budget_id)
        _note(session, who, "budget_deleted", budget_id, before=before)

    await db.write(work)
    return Response(status_code=status.HTTP_204_NO_CONTENT)


def _may_see_costs(who: Principal) -> None:
    """Raises: ForbiddenError."""
    who.require_role(Role.OWNER, Role.MANAGER)


def _asked(session: Session, who: Principal, creator_id: str | None, zone: str | None) -> Asked:
    """Raises: NotFoundError for a creator that is not the reader's."""
    if creator_id is not None:
        who.require_creator(creator_id)
        accounts.creator(session, who.agency_id, creator_id)
    return Asked(who.agency_id, creator_id, zone)


def _limits(form: BudgetLimits) -> Limits:
    return Limits(rules.checked_zone(form.timezone), form.soft_nano_usd, form.hard_nano_usd)


def _note(
    session: Session,
    who: Principal,
    action: str,
    budget_id: str,
    *,
    before: Limits | None = None,
    after: Limits | None = None,
    **detail: object,
) -> None:
    """Audit the act, and tell the running total of it."""
    said = {name: _as_detail(limits) for name, limits in (("before", before), ("after", after)) if limits is not None}
    audit(
        session,
        agency_id=who.agency_id,
        actor_id=who.member_id,
        action=action,
        subject=budget_id,
        **said,
        **detail,
    )
    emit(session, CostsChanged(who.agency_id))


def _as_detail(limits: Limits) -> dict[str, object]:
    return {"timezone": limits.timezone, "soft_nano_usd": limits.soft, "hard_nano_usd": limits.hard}


async def _budget(db: Db, who: Principal, budget_id: str) -> CostBudget:
    return rules.shown(await db.read(lambda session: budgets.one(session, who.agency_id, budget_id)))
