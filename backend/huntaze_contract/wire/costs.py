"""What AI calls cost, on the wire. For owners and managers.

Amounts are whole nano-USD (a billionth of a dollar). They travel as JSON numbers below 2^53, which every reader keeps
exactly: 9 million dollars fit.
"""

from datetime import date
from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from huntaze_contract.wire.base import UtcTime, Uuid, WireModel

__all__ = [
    "BudgetLimits",
    "BudgetPeriod",
    "CostBreakdown",
    "CostBudget",
    "CostBudgets",
    "CostDimension",
    "CostSlice",
    "CostStats",
    "CostTotals",
    "CostsFrame",
    "LiveCosts",
    "NanoUsd",
    "NewCostBudget",
    "PeriodCosts",
    "TierCosts",
]

NanoUsd = Annotated[int, Field(ge=0, lt=2**53, description="whole nano-USD: 1,000,000,000 are one dollar")]
Limit = Annotated[NanoUsd | None, Field(description="null: no such limit")]
Zone = Annotated[str, Field(min_length=1, max_length=64, description="an IANA time zone, as in Europe/Stockholm")]
Share = Annotated[float, Field(ge=0, le=1)]


class BudgetPeriod(StrEnum):
    DAY = "day"
    MONTH = "month"


class CostDimension(StrEnum):
    PROVIDER = "provider"
    MODEL = "model"
    AGENT = "agent"
    CREATOR = "creator"
    MEMBER = "member"
    DAY = "day"


class CostTotals(WireModel):
    """Sums over attempts that have ended. Answers from the response cache are not among them."""

    calls: int
    cost_nano_usd: NanoUsd
    input_tokens: int = Field(description="cached ones included")
    cached_tokens: int = Field(description="of the input: what the provider had in its prompt cache")
    cached_share: Share = Field(description="of the input tokens; 0 without any")
    output_tokens: int = Field(description="reasoning included")
    reasoning_tokens: int
    errors: int
    error_rate: Share = Field(description="of the calls; 0 without any")
    estimated: int = Field(description="calls whose tokens the provider did not tell: counted by us, or at the bound")


class TierCosts(WireModel):
    tier: str = Field(description="mini, large, reasoning, vision, local, or other for a model without a price now")
    totals: CostTotals


class PeriodCosts(WireModel):
    """A day or a month that goes on."""

    start: UtcTime
    end: UtcTime = Field(description="when the next one begins")
    totals: CostTotals
    cache_hits: int = Field(description="answers from the response cache, which cost nothing")
    by_tier: list[TierCosts] = Field(description="the dearest first")


class CostStats(WireModel):
    timezone: Zone
    today: PeriodCosts
    month: PeriodCosts
    server_time: UtcTime


class CostSlice(WireModel):
    key: str | None = Field(description="the provider, model, agent, date, or id; null: of no creator or member")
    provider: str | None = Field(default=None, description="with `model`: whose it is")
    totals: CostTotals


class CostBreakdown(WireModel):
    by: CostDimension
    timezone: Zone
    first: date
    last: date = Field(description="this day is the last that counts")
    totals: CostTotals
    slices: list[CostSlice] = Field(description="days in their order; of all others the dearest first")


class BudgetLimits(WireModel):
    """What a person decides about a budget."""

    timezone: Zone = "UTC"
    soft_nano_usd: Limit = None
    hard_nano_usd: Limit = None

    @model_validator(mode="after")
    def _limits_something(self) -> Self:
        soft, hard = self.soft_nano_usd, self.hard_nano_usd
        if soft is None and hard is None:
            raise ValueError("a budget has a soft limit, a hard one, or both")
        if soft is not None and hard is not None and soft > hard:
            raise ValueError("the soft limit is not above the hard one")
        return self


class NewCostBudget(BudgetLimits):
    creator_id: Uuid | None = Field(default=None, description="null: of the whole agency")
    period: BudgetPeriod


class CostBudget(WireModel):
    """A budget and how it stands in its present period."""

    id: Uuid
    creator_id: Uuid | None
    period: BudgetPeriod
    timezone: Zone
    soft_nano_usd: Limit
    hard_nano_usd: Limit
    spent_nano_usd: NanoUsd
    held_nano_usd: NanoUsd = Field(description="reserved for calls that have not ended: the most they can cost")
    soft_exceeded: bool = Field(description="small models are preferred")
    period_start: UtcTime
    period_end: UtcTime


class CostBudgets(WireModel):
    items: list[CostBudget] = Field(description="the agency's own first")


class LiveCosts(WireModel):
    """The running total, as the status bar shows it."""

    timezone: Zone = Field(description="of the agency's own budget; UTC without one")
    today_nano_usd: NanoUsd
    month_nano_usd: NanoUsd
    budgets: list[CostBudget] = Field(description="the agency's own, without those of its creators")
    server_time: UtcTime


class CostsFrame(WireModel):
    """The running total changed. Sent to owners and managers, about once a second at most."""

    type: Literal["costs"] = "costs"
    cs: int
    costs: LiveCosts
