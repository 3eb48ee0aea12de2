"""The facts that the team keeps of a fan: a version per field, so that two people who change two fields never meet.

Who changes the same field from an old version meets a colleague's change: a single value stands as it is and the late
one goes into the history; the long text is merged by lines. Sync functions over one unit of work.
"""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from huntaze_backend.areas.fans.merging import merge_lines
from huntaze_backend.areas.fans.service import changed_fan, require_fan, storable
from huntaze_backend.areas.fans.tables import FanFieldPastRow, FanFieldRow, FanRow
from huntaze_backend.areas.fans.verdicts import APPLIED, Verdict
from huntaze_backend.core.auth import Principal
from huntaze_backend.core.clock import now
from huntaze_backend.core.errors import ValidationProblem
from huntaze_contract.ids import new_id
from huntaze_contract.wire import FanFieldName, FieldVersion, SetField

__all__ = ["MAX_TEXT", "MAX_VALUE", "field_history", "set_field"]

MAX_TEXT = 5000
"""Longest `about`, in characters, also after a merge."""
MAX_VALUE = 200
"""Longest single value."""
_MERGES = "about"
_MOST_HISTORY = 200


def set_field(session: Session, who: Principal, change: SetField, *, device_id: str) -> Verdict:
    """Set a field, merge it, or keep what was wanted in its history.

    A device's own ops follow each other, as in `notes.edit_note`.
    """
    fan = require_fan(session, who, change.fan_id)
    # The fan's row is the lock: the field's own may not be there yet.
    session.execute(select(FanRow.id).where(FanRow.id == fan.id).with_for_update())
    row = session.get(FanFieldRow, (fan.id, change.name), populate_existing=True)
    value, at = storable(change.value, "value").strip(), now(session)
    if change.name != _MERGES and (len(value) > MAX_VALUE or "\n" in value):
        raise ValidationProblem(f"This is one line of at most {MAX_VALUE} characters.", field="value")
    if row is None:
        row = FanFieldRow(fan_id=fan.id, name=change.name, agency_id=fan.agency_id, value="", ver=0)
        _write(session, fan, row, value, who, device_id, at)
        session.add(row)
        return APPLIED
    if row.value == value:
        return APPLIED
    if change.base_ver == row.ver or (row.device_id, row.by_id) == (device_id, who.member_id):
        _keep(session, row, row.value, row.by_name, row.at, stood=True)
        _write(session, fan, row, value, who, device_id, at)
        return APPLIED
    by = row.by_name
    if change.name == _MERGES:
        merged = merge_lines(storable(change.base_value, "base_value").strip(), value, row.value)
        if len(merged) <= MAX_TEXT:
            _keep(session, row, row.value, row.by_name, row.at, stood=True)
            _keep(session, row, value, who.name, at, stood=False)
            _write(session, fan, row, merged, who, device_id, at)
            return Verdict("merged", by, merged, f"Together with what {by} wrote meanwhile.")
    _keep(session, row, value, who.name, at, stood=False)
    return Verdict("superseded", by, row.value, f"{by} changed this meanwhile; yours is in its history.")


def field_history(session: Session, who: Principal, fan_id: str, name: FanFieldName) -> list[FieldVersion]:
    """What a field said before and what lost against a colleague's change, the newest first; at most 200."""
    require_fan(session, who, fan_id)
    rows = session.scalars(
        select(FanFieldPastRow)
        .where(FanFieldPastRow.fan_id == fan_id, FanFieldPastRow.name == name)
        .order_by(FanFieldPastRow.at.desc(), FanFieldPastRow.id.desc())
        .limit(_MOST_HISTORY)
    )
    return [FieldVersion(name=name, value=row.value, by=row.by_name, at=row.at, stood=row.stood) for row in rows]


def _write(
    session: Session, fan: FanRow, row: FanFieldRow, value: str, who: Principal, device_id: str, at: datetime
) -> None:
    row.value, row.at = value, at
    row.ver += 1
    row.by_id, row.by_name, row.device_id = who.member_id, who.name, device_id
    changed_fan(session, fan)


def _keep(session: Session, row: FanFieldRow, value: str, by_name: str, at: datetime, *, stood: bool) -> None:
    session.add(
        FanFieldPastRow(
            id=new_id(),
            fan_id=row.fan_id,
            name=row.name,
            agency_id=row.agency_id,
            value=value,
            by_name=by_name,
            at=at,
            stood=stood,
        )
    )
