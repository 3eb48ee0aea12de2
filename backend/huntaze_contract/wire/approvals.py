"""Approvals: what a creator's policy asks for, what waits for a person's yes, and how it was decided.

What is approved is what goes out, byte for byte: a decision names the version and the hash of the text that its maker
read, and an edit is the text that is then approved.
"""

import hashlib
from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from huntaze_contract.outgoing import MAX_TEXT
from huntaze_contract.wire.base import UtcTime, Uuid, WireModel
from huntaze_contract.wire.compliance import ComplianceFinding
from huntaze_contract.wire.conversations import Message, Provenance, sendable_text
from huntaze_contract.wire.problems import ProblemCode

MOST_DECISIONS = 100

TextHash = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$", description="SHA-256 of the text in UTF-8, in hex")]
Reason = Annotated[str, Field(max_length=200)]


def text_hash(text: str) -> str:
    """What stands for a text where its bytes must be the same."""
    return hashlib.sha256(text.encode()).hexdigest()


class ApprovalRule(StrEnum):
    """When a message waits for a manager's or owner's yes. What they write themselves never does."""

    ALWAYS = "always"
    MACHINE_UNEDITED = "machine_unedited"
    """When most of it stands as a machine wrote it."""
    BELOW_CONFIDENCE = "below_confidence"
    """When a machine wrote half of it or more, and was not sure enough or did not say how sure."""
    NEVER = "never"
    """Only an owner may choose it."""


class ApprovalPolicyUpdate(WireModel):
    rule: ApprovalRule
    confidence: float | None = Field(default=None, ge=0, le=1, description="with below_confidence, and only with it")
    expires_after_h: int = Field(
        default=24, ge=1, le=24 * 14, description="what nobody decided on by then is rejected, and keeps its text"
    )
    ver: int = Field(default=0, ge=0, le=2**53, description="of the policy that is replaced; another one: CONFLICT")

    @model_validator(mode="after")
    def _confidence(self) -> Self:
        if (self.rule is ApprovalRule.BELOW_CONFIDENCE) != (self.confidence is not None):
            raise ValueError("a confidence belongs to the rule below_confidence, and to no other")
        return self


class ApprovalPolicy(ApprovalPolicyUpdate):
    """A creator's policy. `ver` 0: nobody chose one, and machine_unedited holds."""

    creator_id: Uuid


class Approval(WireModel):
    """A message that waits for a yes."""

    message: Message
    text_hash: TextHash
    conversation_id: Uuid
    creator_name: str
    fan_name: str
    author_id: Uuid | None = Field(default=None, description="null: an automation or campaign")
    author_name: str | None = None
    ai: Provenance | None = Field(default=None, description="null: nothing of it is known to be a machine's")
    warnings: list[ComplianceFinding] = Field(
        default_factory=list, description="what the rules of compliance say of it now"
    )
    waiting_since: UtcTime
    expires_at: UtcTime
    send_at: UtcTime | None = Field(
        default=None, description="when its author wants it to go; one that is past goes as soon as it is approved"
    )
    missed: list[Message] = Field(
        default_factory=list,
        description="what was said in the conversation since it was written, oldest first, at most 20",
    )


class ApprovalDecision(WireModel):
    """What a manager or owner decides about one waiting message."""

    message_id: Uuid
    verdict: Literal["approve", "reject"]
    text: str | None = Field(
        default=None, max_length=MAX_TEXT, description="an edit: with approve, this is what is approved and sent"
    )
    base_ver: int = Field(ge=0, le=2**53, description="the message's version that was read")
    text_hash: TextHash
    last_missed_id: Uuid | None = Field(
        default=None, description="the newest of `missed` that was read; if there is a newer one: COLLISION"
    )
    reason: Reason | None = Field(default=None, description="of a rejection, for its author; kept with an approval")

    @field_validator("text")
    @classmethod
    def _text(cls, value: str | None) -> str | None:
        return None if value is None else sendable_text(value)

    @model_validator(mode="after")
    def _edit(self) -> Self:
        if self.text is not None and self.verdict == "reject":
            raise ValueError("what is rejected is not edited")
        return self


class ApprovalDecisions(WireModel):
    decisions: list[ApprovalDecision] = Field(min_length=1, max_length=MOST_DECISIONS)


class ApprovalResult(WireModel):
    """How one decision ended. The others of a bulk stand whatever became of this one."""

    message_id: Uuid
    done: bool
    message: Message | None = Field(default=None, description="as it stands now, if the reader may see it")
    code: ProblemCode | None = Field(
        default=None,
        description="why it was not done: CONFLICT (the text was changed), COLLISION (the conversation went on), "
        "ILLEGAL_STATE (it waits no more), COMPLIANCE_BLOCKED, NOT_FOUND",
    )
    detail: str = ""
    approval: Approval | None = Field(
        default=None, description="with CONFLICT, COLLISION and COMPLIANCE_BLOCKED: what to read and decide anew"
    )
    findings: list[ComplianceFinding] = Field(default_factory=list, description="with COMPLIANCE_BLOCKED")


class ApprovalResults(WireModel):
    results: list[ApprovalResult] = Field(description="one for each decision, in their order")


class ApprovalPast(WireModel):
    """A message that waited, and how that ended."""

    message: Message
    creator_name: str
    fan_name: str
    ai: Provenance | None = None
    waiting_since: UtcTime
    outcome: Literal["approved", "rejected", "expired"]
    edited: bool = Field(description="approved with another text than its author's")
    decided_by: Uuid | None = Field(default=None, description="null: it expired")
    decided_by_name: str | None = None
    decided_at: UtcTime
    reason: str | None = None
