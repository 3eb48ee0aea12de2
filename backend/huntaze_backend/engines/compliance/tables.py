"""Table of the compliance engine: what agencies and creators change about the rules that ship."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Index, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from huntaze_backend.core.schema import Base, UtcMicros

__all__ = ["LayerRow"]


class LayerRow(Base):
    """The changes of an agency (`creator_id` null; the id is the agency's) or of a creator (the id is the creator's).

    Each change counts `version` up; what was before is in the audit log.
    """

    __tablename__ = "compliance_layers"
    __table_args__ = (Index("ix_compliance_layers_agency_id_id", "agency_id", "id"),)

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    agency_id: Mapped[str] = mapped_column(String(36))
    creator_id: Mapped[str | None] = mapped_column(String(36))
    changes: Mapped[dict[str, Any]] = mapped_column(JSON)
    version: Mapped[int] = mapped_column(Integer)
    changed_at: Mapped[datetime] = mapped_column(UtcMicros)
    changed_by: Mapped[str] = mapped_column(String(36))
