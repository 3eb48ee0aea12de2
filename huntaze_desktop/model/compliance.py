"""The rules in force on this computer, ready to check what is being typed."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from huntaze_contract.compliance import Verdict
from huntaze_contract.ids import Id

Check = Callable[[str, int | None], Verdict]
"""Takes a text and a price in minor units (None: not for sale). Pure, and some 70 µs for an ordinary message."""


@dataclass(frozen=True, slots=True)
class ComplianceRules:
    """What counts for each creator. Two sets are equal only if they are the same one."""

    of_agency: Check | None = field(default=None, repr=False)
    """None until the rules were read: then nothing is found, and the backend is the only judge."""
    of_creators: Mapping[Id, Check] = field(default_factory=dict, repr=False)
    """Of creators for whom something differs."""

    @property
    def ready(self) -> bool:
        return self.of_agency is not None

    def check(self, text: str, creator_id: Id | None = None, price: int | None = None) -> Verdict:
        """What the rules mind about a text to a creator's fans."""
        rules = self.of_creators.get(creator_id, self.of_agency) if creator_id is not None else self.of_agency
        return Verdict((), text) if rules is None else rules(text, price)
