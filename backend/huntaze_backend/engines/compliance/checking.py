"""The check of every text: the rules in force for a creator, compiled once per version of them.

What is in force is read in the unit of work that asks, so a rule that was changed counts from the next commit on;
compiling is kept by the versions of the layers, so that asking costs one small statement and the match itself.
"""

import hashlib
from collections import OrderedDict
from dataclasses import dataclass
from threading import Lock

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from huntaze_backend.engines.compliance.tables import LayerRow
from huntaze_contract.compliance import Policy, Verdict, layered
from huntaze_contract.compliance.loading import policy_from_toml
from huntaze_contract.compliance.matching import RuleSet
from huntaze_contract.wire import ComplianceChanges
from huntaze_resources import compliance_lists

__all__ = ["Compliance", "InForce", "default_policy"]

_MOST_COMPILED = 64
"""A compiled set is about a megabyte; creators without changes of their own share their agency's."""
_LAYERS = select(LayerRow.id, LayerRow.creator_id, LayerRow.version, LayerRow.changes).where(
    LayerRow.agency_id == bindparam("agency"), LayerRow.id.in_(bindparam("ids", expanding=True))
)
_Key = tuple[tuple[str, int], ...]


def default_policy() -> Policy:
    """The rules that ship, before anybody changed them."""
    return policy_from_toml(compliance_lists())


@dataclass(frozen=True, slots=True)
class InForce:
    """The rules of one moment. `version` names them: equal versions are equal rules."""

    rules: RuleSet
    version: str


class Compliance:
    """Shared by every thread that runs units of work."""

    def __init__(self, base: Policy | None = None) -> None:
        self.base = default_policy() if base is None else base
        self._base_version = hashlib.sha256(repr(self.base).encode()).hexdigest()[:12]
        self._compiled: OrderedDict[_Key, InForce] = OrderedDict()
        self._lock = Lock()

    def in_force(self, session: Session, agency_id: str, creator_id: str | None) -> InForce:
        """What counts for a creator now; without one, for the agency."""
        ids = [agency_id] if creator_id is None else [agency_id, creator_id]
        rows = session.execute(_LAYERS, {"agency": agency_id, "ids": ids}).all()
        layers = sorted(rows, key=lambda row: row.creator_id is not None)  # the agency's first
        key = tuple((row.id, row.version) for row in layers)
        with self._lock:
            found = self._compiled.get(key)
            if found is not None:
                self._compiled.move_to_end(key)
                return found
        found = self.compile(key, [ComplianceChanges.model_validate(row.changes) for row in layers])
        with self._lock:
            self._compiled[key] = found
            while len(self._compiled) > _MOST_COMPILED:
                self._compiled.popitem(last=False)
        return found

    def compile(self, key: _Key, layers: list[ComplianceChanges]) -> InForce:
        """The base with these layers on it.

        Raises: ValueError for a term that has nothing to look for.
        """
        rules = RuleSet.compile(layered(self.base, [layer.plain() for layer in layers]))
        return InForce(rules, ".".join((self._base_version, *(f"{id_[-12:]}-{version}" for id_, version in key))))

    def check(
        self, session: Session, agency_id: str, creator_id: str, text: str, price: int | None = None
    ) -> tuple[Verdict, str]:
        """What the rules in force mind, and the version of the rules."""
        found = self.in_force(session, agency_id, creator_id)
        return found.rules.check(text, price), found.version
