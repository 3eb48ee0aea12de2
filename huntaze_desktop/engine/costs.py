"""The running total of AI costs: asked for when it is shown, then told by frames."""

from huntaze_contract import wire
from huntaze_desktop.cache import Touched
from huntaze_desktop.engine.api import ApiClient
from huntaze_desktop.engine.backend import API
from huntaze_desktop.engine.errors import EngineError
from huntaze_desktop.engine.live import Live, Watcher
from huntaze_desktop.engine.timing import Timing
from huntaze_desktop.model.costs import AiCosts


class CostsWatcher(Watcher[AiCosts | None]):
    """Keeps what was last told while the line is down; asks again now and then, for a day ends without a frame."""

    def __init__(self, live: Live[AiCosts | None], timing: Timing, api: ApiClient) -> None:
        super().__init__(live, timing.view)
        self._timing, self._api = timing, api
        self._shown: AiCosts | None = None

    def concerned(self, touched: Touched) -> bool:
        return False

    def on_costs(self, costs: wire.LiveCosts) -> None:
        self._shown = costs_of(costs)
        self.live.push(self._shown)

    async def compute(self) -> AiCosts | None:
        try:
            self._shown = costs_of(await self._api.request("GET", f"{API}/costs/live", wire.LiveCosts))
        except EngineError:
            return self._shown
        return self._shown

    def look_again_at(self) -> float | None:
        return self._timing.backoff_cap / 3 if self._shown is None else self._timing.pull_every


def costs_of(row: wire.LiveCosts) -> AiCosts:
    """The running total as the status bar shows it."""
    limits = {budget.period: budget for budget in row.budgets}
    day, month = limits.get(wire.BudgetPeriod.DAY), limits.get(wire.BudgetPeriod.MONTH)
    return AiCosts(
        row.today_nano_usd,
        row.month_nano_usd,
        _limit(day),
        soft_exceeded=any(budget.soft_exceeded for budget in row.budgets),
        month_limit=_limit(month),
    )


def _limit(budget: wire.CostBudget | None) -> int | None:
    if budget is None:
        return None
    return budget.hard_nano_usd if budget.hard_nano_usd is not None else budget.soft_nano_usd
