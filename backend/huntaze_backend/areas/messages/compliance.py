"""The door's question to compliance: may this text go, to this creator's fans, at this price?

Asked when a message is accepted, edited or asked for again, and once more when an attempt is about to be opened: the
rules may have changed while it waited. What was written is never rewritten here: what goes out is, byte for byte, what
a person saw. Warnings let a text pass and are noted in the audit log, without the text.
"""

from collections.abc import Iterable

from sqlalchemy.orm import Session

from huntaze_backend.areas.messages.pipeline import advance
from huntaze_backend.areas.messages.tables import MessageRow
from huntaze_backend.core.audit import audit
from huntaze_backend.core.errors import ComplianceError
from huntaze_backend.engines.compliance.checking import Compliance
from huntaze_contract.compliance import Finding, Tier
from huntaze_contract.outgoing import Forbid, Timing
from huntaze_contract.wire import ComplianceFinding

__all__ = ["FORBIDDEN", "Passed", "forbid_if_refused", "note_warnings", "require_allowed"]

FORBIDDEN = "compliance"
"""The reason of a message that failed because the rules changed while it waited."""
Passed = tuple[tuple[str, ...], str]
"""What was only warned of (rule ids), and the version of the rules."""


def require_allowed(
    session: Session, compliance: Compliance, agency_id: str, creator_id: str, text: str, price: int | None
) -> Passed:
    """Raises: ComplianceError with the findings."""
    verdict, version = compliance.check(session, agency_id, creator_id, text, price)
    if verdict.refused:
        refusing = [finding for finding in verdict.findings if finding.tier is not Tier.WARN]
        raise ComplianceError(
            f"{refusing[0].reason.en} ({_named(refusing[0])})",
            findings=[ComplianceFinding.of(finding) for finding in verdict.findings],
        )
    return _ids(verdict.findings), version


def note_warnings(session: Session, passed: Passed, row: MessageRow, actor_id: str | None) -> None:
    """In the unit of work that lets the message pass."""
    rules, version = passed
    if rules:
        audit(
            session,
            agency_id=row.agency_id,
            actor_id=actor_id,
            action="compliance.warned",
            subject=row.id,
            rules=list(rules),
            rules_version=version,
        )


def forbid_if_refused(session: Session, compliance: Compliance, row: MessageRow, timing: Timing) -> bool:
    """Before an attempt: a waiting message that may not go any more fails, keeps its text, and is noted."""
    verdict, version = compliance.check(session, row.agency_id, row.creator_id, row.text, row.price)
    if not verdict.refused:
        return False
    advance(session, row, Forbid(FORBIDDEN), timing)
    audit(
        session,
        agency_id=row.agency_id,
        actor_id=None,
        action="compliance.stopped",
        subject=row.id,
        rules=list(_ids(finding for finding in verdict.findings if finding.tier is not Tier.WARN)),
        rules_version=version,
    )
    session.flush()
    return True


def _ids(findings: Iterable[Finding]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(finding.rule for finding in findings))


def _named(finding: Finding) -> str:
    return finding.matched or finding.rule
