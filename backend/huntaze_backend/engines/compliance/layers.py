"""What an agency or a creator changes about the rules: read, validated as a whole, written with its history."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from huntaze_backend.core.audit import audit
from huntaze_backend.core.auth import Principal
from huntaze_backend.core.changes import record, versions
from huntaze_backend.core.clock import now
from huntaze_backend.core.errors import ConflictError, ValidationProblem
from huntaze_backend.engines.compliance.checking import Compliance, InForce
from huntaze_backend.engines.compliance.tables import LayerRow
from huntaze_contract.compliance import Tier, layered
from huntaze_contract.wire import ComplianceChanges, ComplianceLayer, ComplianceRule, ComplianceRules, ComplianceUpdate

__all__ = ["ENTITY", "change", "load_layers", "shown"]

ENTITY = "compliance"
_NONE = ComplianceChanges()


def load_layers(session: Session, agency_id: str, ids: Sequence[str]) -> dict[str, ComplianceLayer]:
    """The layers as they travel, with their `ver`."""
    rows = session.scalars(select(LayerRow).where(LayerRow.agency_id == agency_id, LayerRow.id.in_(ids))).all()
    vers = versions(session, agency_id, ENTITY, [row.id for row in rows])
    return {
        row.id: ComplianceLayer(
            id=row.id,
            creator_id=row.creator_id,
            changes=ComplianceChanges.model_validate(row.changes),
            version=row.version,
            ver=vers.get(row.id, 0),
        )
        for row in rows
    }


def shown(session: Session, compliance: Compliance, agency_id: str, creator_id: str | None) -> ComplianceRules:
    """The rules in force, and what the agency's (or the creator's) own layer changes."""
    found = compliance.in_force(session, agency_id, creator_id)
    row = session.get(LayerRow, creator_id or agency_id)
    policy = found.rules.policy
    return ComplianceRules(
        rules_version=found.version,
        version=0 if row is None else row.version,
        changes=_NONE if row is None else ComplianceChanges.model_validate(row.changes),
        rules=_rules(found),
        allow=list(policy.allow),
        domains=list(policy.domains),
        least_price=policy.prices.least,
        most_price=policy.prices.most,
    )


def change(
    session: Session, compliance: Compliance, principal: Principal, creator_id: str | None, update: ComplianceUpdate
) -> None:
    """Put new changes in the place of a layer's.

    Raises:
        ConflictError: somebody changed the layer meanwhile.
        ValidationProblem: a rule that does not exist, is fixed, or that no text could pass.
    """
    layer_id = creator_id or principal.agency_id
    row = session.get(LayerRow, layer_id, with_for_update=True)
    version = 0 if row is None else row.version
    if update.base_version != version:
        raise ConflictError("The rules were changed meanwhile.", action="Look at them and change them again.")
    _check_sense(session, compliance, principal.agency_id, creator_id, update.changes)
    kept = update.changes.model_dump(mode="json", exclude_defaults=True)
    before, at = None if row is None else row.changes, now(session)
    if row is None:
        row = LayerRow(id=layer_id, agency_id=principal.agency_id, creator_id=creator_id)
        session.add(row)
    row.changes, row.version = kept, version + 1
    row.changed_at, row.changed_by = at, principal.member_id
    session.flush()
    record(session, agency_id=principal.agency_id, entity=ENTITY, entity_id=layer_id, creator_id=creator_id)
    audit(
        session,
        agency_id=principal.agency_id,
        actor_id=principal.member_id,
        action="compliance.change",
        subject=layer_id,
        version=row.version,
        before=before,
        after=kept,
    )


def _check_sense(
    session: Session, compliance: Compliance, agency_id: str, creator_id: str | None, changes: ComplianceChanges
) -> None:
    below = [] if creator_id is None else _layer(session, agency_id)
    known = {rule.id: rule for rule in layered(compliance.base, [layer.plain() for layer in below]).rules}
    for id_ in (*changes.disable, *changes.tiers):
        if id_ not in known:
            raise ValidationProblem(f"There is no rule {id_}.", field="changes")
        if known[id_].fixed:
            raise ValidationProblem(f"The rule {id_} cannot be disabled or loosened.", field="changes")
    for id_, tier in changes.tiers.items():
        if tier is Tier.REPLACE and known[id_].replacement is None:
            raise ValidationProblem(f"The rule {id_} has nothing to replace with.", field="changes.tiers")
    for own in changes.add:
        if (own.tier is Tier.REPLACE) != (own.replacement is not None):
            raise ValidationProblem(f"{own.id}: a replacement belongs to the tier replace.", field="changes.add")
    if len({own.id for own in changes.add}) < len(changes.add):
        raise ValidationProblem("A rule's id is used twice.", field="changes.add")
    try:
        found = compliance.compile((), [*below, changes])
    except ValueError as error:
        raise ValidationProblem(str(error), field="changes.add") from error
    prices = found.rules.policy.prices
    if prices.least > prices.most:
        raise ValidationProblem("The least price is above the most.", field="changes.least_price")
    for own in changes.add:
        if own.replacement is not None and found.rules.check(own.replacement).refused:
            raise ValidationProblem(f"{own.id}: the replacement may not go out either.", field="changes.add")


def _layer(session: Session, agency_id: str) -> list[ComplianceChanges]:
    row = session.get(LayerRow, agency_id)
    return [] if row is None else [ComplianceChanges.model_validate(row.changes)]


def _rules(found: InForce) -> list[ComplianceRule]:
    return [
        ComplianceRule(
            id=rule.id,
            category=rule.category,
            tier=rule.tier,
            language=rule.language,
            terms=list(rule.terms),
            detects=None if rule.detector is None else rule.detector.value,
            patterns=len(rule.patterns),
            spread=rule.spread,
            replacement=rule.replacement,
            exceptions=list(rule.exceptions),
            reason_en=rule.reason.en,
            reason_fr=rule.reason.fr,
            fixed=rule.fixed,
        )
        for rule in found.rules.policy.rules
    ]
