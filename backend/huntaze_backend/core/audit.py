"""The append-only record of who did what. Rows are only ever inserted; nothing changes or removes one."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Index, String
from sqlalchemy.orm import Mapped, Session, mapped_column

from huntaze_backend.core.clock import now
from huntaze_backend.core.schema import Base, UtcMicros
from huntaze_contract.ids import new_id

__all__ = ["AuditRow", "audit"]


class AuditRow(Base):
    """One act."""

    __tablename__ = "audit_log"
    __table_args__ = (Index("ix_audit_log_agency_id_at", "agency_id", "at"),)

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    agency_id: Mapped[str] = mapped_column(String(36))
    actor_id: Mapped[str | None] = mapped_column(String(36))
    action: Mapped[str] = mapped_column(String(60))
    subject: Mapped[str] = mapped_column(String(200))
    detail: Mapped[dict[str, Any]] = mapped_column(JSON)
    at: Mapped[datetime] = mapped_column(UtcMicros)


def audit(
    session: Session, *, agency_id: str, actor_id: str | None, action: str, subject: str, **detail: object
) -> None:
    """Note an act in the transaction that does it. `detail` is JSON and holds no secret."""
    session.add(
        AuditRow(
            id=new_id(),
            agency_id=agency_id,
            actor_id=actor_id,
            action=action,
            subject=subject,
            detail=detail,
            at=now(session),
        )
    )
