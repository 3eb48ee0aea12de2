"""What a check says about a text: findings with their place in the text as it was written."""

from dataclasses import dataclass

from huntaze_contract.compliance.rules import Category, Reason, Tier

__all__ = ["Finding", "Verdict"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a rule minds. `start` and `end` are code points of the original text; both 0: its price."""

    rule: str
    tier: Tier
    category: Category
    start: int
    end: int
    matched: str
    """The words that caused it, as they were written."""
    reason: Reason
    replacement: str | None = None
    """What to write instead, with the tier `replace`."""


@dataclass(frozen=True, slots=True)
class Verdict:
    findings: tuple[Finding, ...]
    """By their place; at one place the strictest first."""
    text: str
    """The text after the replacements. Nothing else was changed."""

    @property
    def blocked(self) -> bool:
        return any(finding.tier is Tier.BLOCK for finding in self.findings)

    @property
    def refused(self) -> bool:
        """Whether this very text may not go: it is blocked, or has words that must be replaced first."""
        return any(finding.tier is not Tier.WARN for finding in self.findings)
