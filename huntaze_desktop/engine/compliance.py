"""Keeps the rules of compliance compiled, as they ship and as the agency changed them.

Reading the lists and compiling takes tens of milliseconds, so it is done in a thread of its own, some time after the
start and whenever sync brings a change. What comes out is a value that any thread may use.
"""

import asyncio
import logging
from collections.abc import Callable

from huntaze_contract.compliance import Policy, layered
from huntaze_contract.compliance.loading import policy_from_toml
from huntaze_contract.compliance.matching import RuleSet
from huntaze_desktop.cache import Touched
from huntaze_desktop.cache.compliance import Layers, layers
from huntaze_desktop.engine.store import Store
from huntaze_desktop.engine.timing import Timing
from huntaze_desktop.model.compliance import ComplianceRules
from huntaze_resources import compliance_lists

log = logging.getLogger(__name__)


class Compliance:
    """Belongs to the engine's loop."""

    def __init__(self, store: Store, timing: Timing, on_rules: Callable[[ComplianceRules], None]) -> None:
        self._store, self._timing = store, timing
        self._on_rules = on_rules
        self._base: Policy | None = None
        self._wanted = asyncio.Event()
        self._wanted.set()

    def on_touched(self, touched: Touched) -> None:
        if touched.rules or touched.everything:
            self._wanted.set()

    async def run(self) -> None:
        await asyncio.sleep(self._timing.compile_after)
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            found = await self._store.read(layers)
            self._on_rules(await asyncio.to_thread(self._compiled, found))
            await asyncio.sleep(self._timing.compile_after)

    def _compiled(self, found: Layers) -> ComplianceRules:
        if self._base is None:
            self._base = policy_from_toml(compliance_lists())
        base = self._base
        of_agency = RuleSet.compile(layered(base, [found.agency]))
        of_creators = {
            creator_id: RuleSet.compile(layered(base, [found.agency, changes])).check
            for creator_id, changes in found.creators.items()
        }
        return ComplianceRules(of_agency.check, of_creators)
