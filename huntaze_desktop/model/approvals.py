"""What waits for a manager's or owner's yes, as the Approvals page shows it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from huntaze_contract.compliance import Finding
from huntaze_contract.ids import Id
from huntaze_desktop.model.entities import MissedMessage

ApprovalVerdict = Literal["approve", "reject"]


@dataclass(frozen=True, slots=True)
class MachineShare:
    """What a machine had to do with a text, as the backend worked it out."""

    model: str
    ai_share: float
    """How much of it stands as the machine wrote it, 0 to 1."""
    edited: bool
    confidence: float | None = None


@dataclass(frozen=True, slots=True)
class Approval:
    """A message that waits for a yes. `ver`, `text_hash` and `last_missed_id` say what its reader has read."""

    message_id: Id
    conversation_id: Id
    creator_id: Id
    text: str
    ver: int
    text_hash: str
    creator_name: str
    fan_id: Id
    fan_name: str
    author_name: str | None
    ai: MachineShare | None
    warnings: tuple[Finding, ...]
    waiting_since: datetime
    expires_at: datetime
    send_at: datetime | None = None
    missed: tuple[MissedMessage, ...] = ()
    last_missed_id: Id | None = None


@dataclass(frozen=True, slots=True)
class ApprovalQueue:
    """What waits, the oldest first. With `trouble` it is what was last known."""

    items: tuple[Approval, ...] = ()
    loading: bool = True
    more: bool = False
    """There are more than are listed here."""
    offline: bool = False
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class ApprovalDecision:
    """A decision about what was read; with `text` an edit, which is then what is approved."""

    approval: Approval
    verdict: ApprovalVerdict
    text: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class ApprovalResult:
    """How one decision ended; `detail` says why it was not done."""

    message_id: Id
    done: bool
    code: str | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class ApprovalPast:
    """A message that waited, and how that ended."""

    message_id: Id
    text: str
    creator_name: str
    fan_name: str
    author_name: str | None
    ai: MachineShare | None
    outcome: Literal["approved", "rejected", "expired"]
    edited: bool
    decided_by: str | None
    decided_at: datetime
    reason: str | None = None
