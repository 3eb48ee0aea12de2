"""The rules of what may leave as they travel: findings in an answer, an agency's and a creator's changes, a trial."""

from typing import Annotated

from pydantic import Field

from huntaze_contract import compliance
from huntaze_contract.compliance import Category, Spread, Tier
from huntaze_contract.wire.base import Minor, Uuid, WireModel

OWN_RULE = r"^own\.[a-z0-9][a-z0-9_-]{0,60}$"
MOST_RULES, MOST_TERMS, LONGEST_TERM = 300, 200, 80

RuleId = Annotated[str, Field(min_length=1, max_length=80)]
Term = Annotated[str, Field(min_length=2, max_length=LONGEST_TERM)]
Domain = Annotated[str, Field(min_length=4, max_length=253, pattern=r"^[a-z0-9-]+(\.[a-z0-9-]+)+$")]
Sentence = Annotated[str, Field(min_length=1, max_length=300)]


class ComplianceFinding(WireModel):
    """What a rule minds about a text. `start` and `end` count its code points; both 0: the price."""

    rule: str
    tier: Tier
    category: Category
    start: int
    end: int
    matched: str
    reason: str = Field(description="stable key")
    reason_en: str
    reason_fr: str
    replacement: str | None = Field(default=None, description="with the tier replace: what to write instead")

    @classmethod
    def of(cls, found: compliance.Finding) -> "ComplianceFinding":
        return cls(
            rule=found.rule,
            tier=found.tier,
            category=found.category,
            start=found.start,
            end=found.end,
            matched=found.matched,
            reason=found.reason.key,
            reason_en=found.reason.en,
            reason_fr=found.reason.fr,
            replacement=found.replacement,
        )

    def plain(self) -> compliance.Finding:
        reason = compliance.Reason(self.reason, self.reason_en, self.reason_fr)
        place = (self.start, self.end)
        return compliance.Finding(self.rule, self.tier, self.category, *place, self.matched, reason, self.replacement)


class OwnRule(WireModel):
    """A rule that an agency or creator adds: words only, so that no pattern can slow every text down."""

    id: str = Field(pattern=OWN_RULE)
    category: Category
    tier: Tier
    terms: list[Term] = Field(min_length=1, max_length=MOST_TERMS)
    spread: Spread = Spread.SPELLED
    replacement: str | None = Field(default=None, min_length=1, max_length=LONGEST_TERM)
    exceptions: list[Term] = Field(default_factory=list, max_length=MOST_TERMS)
    reason_en: Sentence
    reason_fr: Sentence

    def plain(self) -> compliance.Rule:
        return compliance.Rule(
            id=self.id,
            category=self.category,
            tier=self.tier,
            reason=compliance.Reason(self.id, self.reason_en, self.reason_fr),
            terms=tuple(self.terms),
            spread=self.spread,
            replacement=self.replacement,
            exceptions=tuple(self.exceptions),
        )


class ComplianceChanges(WireModel):
    """What an agency, or a creator within it, changes about the rules below it."""

    add: list[OwnRule] = Field(default_factory=list, max_length=MOST_RULES)
    disable: list[RuleId] = Field(default_factory=list, max_length=MOST_RULES)
    tiers: dict[RuleId, Tier] = Field(default_factory=dict, max_length=MOST_RULES)
    allow: list[Term] = Field(default_factory=list, max_length=MOST_TERMS)
    domains: list[Domain] = Field(default_factory=list, max_length=MOST_TERMS)
    least_price: Minor | None = Field(default=None, ge=0)
    most_price: Minor | None = Field(default=None, ge=0)

    def plain(self) -> compliance.Changes:
        return compliance.Changes(
            add=tuple(rule.plain() for rule in self.add),
            disable=frozenset(self.disable),
            tiers=dict(self.tiers),
            allow=tuple(self.allow),
            domains=tuple(self.domains),
            least_price=self.least_price,
            most_price=self.most_price,
        )


class ComplianceLayer(WireModel):
    """The changes of one agency (`creator_id` null) or creator. Its id is the agency's or the creator's."""

    id: Uuid
    creator_id: Uuid | None
    changes: ComplianceChanges
    version: int = Field(description="counts this layer's changes")
    ver: int


class ComplianceRule(WireModel):
    """A rule in force, as a list shows it."""

    id: str
    category: Category
    tier: Tier
    language: str
    terms: list[str]
    detects: str | None = Field(
        description="what it finds that no list of words can: phone, email, link, account, price"
    )
    patterns: int = Field(description="how many expressions it has besides its words")
    spread: Spread
    replacement: str | None
    exceptions: list[str]
    reason_en: str
    reason_fr: str
    fixed: bool = Field(description="cannot be disabled or loosened")


class ComplianceRules(WireModel):
    """The rules in force for an agency or a creator, and what that layer changes about those below."""

    rules_version: str
    version: int = Field(description="of the layer; send it back with a change")
    changes: ComplianceChanges
    rules: list[ComplianceRule]
    allow: list[str]
    domains: list[str]
    least_price: int
    most_price: int


class ComplianceUpdate(WireModel):
    """New changes of a layer, and the version they were made from."""

    base_version: int = Field(ge=0)
    changes: ComplianceChanges


class ComplianceTrial(WireModel):
    text: str = Field(max_length=10_000)
    price: Minor | None = Field(default=None, ge=0)
    creator_id: Uuid | None = None


class ComplianceVerdict(WireModel):
    """`refused`: it may not go as it is. `text`: what it is after the replacements."""

    rules_version: str
    refused: bool
    blocked: bool
    findings: list[ComplianceFinding]
    text: str
