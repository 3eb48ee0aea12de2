"""What the team does with fans: read them and tag them. Notes are in `notes`, the fields of a fan in `fields`.

Sync functions over one unit of work. Everything asks the principal first: a creator that is not theirs, or another
agency's row, looks like one that does not exist. A row's `ver` is known after the commit only.
"""

import unicodedata
from functools import partial

from sqlalchemy import ColumnElement, delete, select, tuple_, update
from sqlalchemy.orm import InstrumentedAttribute, Session

from huntaze_backend.areas.fans.loaders import load_fans, load_transactions
from huntaze_backend.areas.fans.rules import MAX_TAG, MAX_TAGS, clean_tag, tag_key
from huntaze_backend.areas.fans.tables import FanRow, FanTagRow, TransactionRow
from huntaze_backend.areas.fans.verdicts import APPLIED, Verdict
from huntaze_backend.core.auth import Principal
from huntaze_backend.core.bulk import upsert
from huntaze_backend.core.changes import record, stamp
from huntaze_backend.core.clock import now
from huntaze_backend.core.errors import NotFoundError, ValidationProblem
from huntaze_backend.core.pages import micros, read_cursor, write_cursor
from huntaze_contract.wire import Fan, Page, Transaction


def visible(who: Principal, creator: InstrumentedAttribute[str]) -> list[ColumnElement[bool]]:
    """The conditions under which the principal may see rows of a creator."""
    return [] if who.creator_ids is None else [creator.in_(sorted(who.creator_ids))]


def require_fan(session: Session, who: Principal, fan_id: str) -> FanRow:
    """The fan's row, if the principal may see it."""
    row = session.get(FanRow, fan_id)
    if row is None or row.agency_id != who.agency_id or not who.may_see(row.creator_id):
        raise NotFoundError("There is no such fan.")
    return row


def get_fan(session: Session, who: Principal, fan_id: str) -> Fan:
    require_fan(session, who, fan_id)
    return load_fans(session, who.agency_id, [fan_id])[fan_id]


def list_fans(session: Session, who: Principal, *, creator_id: str | None, cursor: str | None, limit: int) -> Page[Fan]:
    """The fans the principal may see, of one creator or of all, in the order of their ids."""
    if creator_id is not None:
        who.require_creator(creator_id)
    query = select(FanRow.id).where(FanRow.agency_id == who.agency_id, *visible(who, FanRow.creator_id))
    if creator_id is not None:
        query = query.where(FanRow.creator_id == creator_id)
    if keys := read_cursor(cursor, str):
        query = query.where(FanRow.id > keys[0])
    ids = session.scalars(query.order_by(FanRow.id).limit(limit + 1)).all()
    shown = ids[:limit]
    rows = load_fans(session, who.agency_id, shown)
    following = write_cursor(shown[-1]) if len(ids) > limit else None
    return Page[Fan](items=[rows[id_] for id_ in shown], next_cursor=following)


# --- tags ---------------------------------------------------------------------------------------------------------


def add_tag(session: Session, who: Principal, fan_id: str, tag: str, *, device_id: str | None = None) -> None:
    """Tag a fan. A tag the fan has already, in whatever case, stays as it was first written.

    A colleague who puts it on again wants it too: who then takes off the tag as it was before does not take off theirs.
    `device_id` names the device of an op.
    """
    fan = require_fan(session, who, fan_id)
    text = clean_tag(storable(tag, "tag"))
    if not 0 < len(text) <= MAX_TAG:
        raise ValidationProblem(f"A tag has 1 to {MAX_TAG} characters.", field="tag")
    key = tag_key(text)
    rows = {row.key: row for row in session.scalars(select(FanTagRow).where(FanTagRow.fan_id == fan_id))}
    if key in rows and device_id is None and rows[key].added_by == who.member_id:
        return
    if key not in rows and len(rows) >= MAX_TAGS:
        raise ValidationProblem(f"A fan has at most {MAX_TAGS} tags.", field="tag")
    row = {
        "fan_id": fan_id,
        "key": key,
        "agency_id": who.agency_id,
        "tag": text,
        "added_at": now(session),
        "added_by": who.member_id,
        "added_on": device_id,
    }
    upsert(session, FanTagRow, [row], key=["fan_id", "key"], change=["added_at", "added_by", "added_on"])
    if key in rows:
        session.expire(rows[key])
    changed_fan(session, fan)
    noted = partial(_stamp_tag, fan_id=fan_id, key=key)
    stamp(session, agency_id=fan.agency_id, entity="fan", entity_id=fan_id, write=noted)


def remove_tag(session: Session, who: Principal, fan_id: str, tag: str) -> None:
    """Take a tag off; one that is not there is no error."""
    fan = require_fan(session, who, fan_id)
    _take_off(session, fan, tag_key(storable(tag, "tag")))


def remove_seen_tag(
    session: Session, who: Principal, fan_id: str, tag: str, *, base_ver: int, device_id: str
) -> Verdict:
    """Take a tag off as it stood at the fan's `base_ver`: one that a colleague put on later stays.

    What the same device and member put on is seen, whatever version it names.
    """
    fan = require_fan(session, who, fan_id)
    key = tag_key(storable(tag, "tag"))
    row = session.get(FanTagRow, (fan_id, key), with_for_update=True, populate_existing=True)
    if row is None:
        return APPLIED
    own = (row.added_on, row.added_by) == (device_id, who.member_id)
    if row.added_ver is not None and row.added_ver > base_ver and not own:
        return Verdict("superseded", None, row.tag, "A colleague put this tag on meanwhile; it stays.")
    _take_off(session, fan, key)
    return APPLIED


def _take_off(session: Session, fan: FanRow, key: str) -> None:
    gone = delete(FanTagRow).where(FanTagRow.fan_id == fan.id, FanTagRow.key == key).returning(FanTagRow.key)
    if session.scalars(gone).all():
        changed_fan(session, fan)


def _stamp_tag(session: Session, seq: int, *, fan_id: str, key: str) -> None:
    session.execute(
        update(FanTagRow)
        .where(FanTagRow.fan_id == fan_id, FanTagRow.key == key)
        .values(added_ver=seq)
        .execution_options(synchronize_session=False)
    )


def changed_fan(session: Session, fan: FanRow) -> None:
    """Note that what clients see of the fan changed."""
    record(session, agency_id=fan.agency_id, entity="fan", entity_id=fan.id, creator_id=fan.creator_id)


def storable(text: str, field: str) -> str:
    """The text as it is stored, NFC. Raises ValidationProblem for one that no database holds."""
    if "\x00" in text:  # PostgreSQL has no text with it
        raise ValidationProblem("A text cannot contain a NUL character.", field=field)
    return unicodedata.normalize("NFC", text)


# --- transactions -------------------------------------------------------------------------------------------------


def list_transactions(
    session: Session, who: Principal, fan_id: str, *, cursor: str | None, limit: int
) -> Page[Transaction]:
    """A fan's transactions, the newest first."""
    require_fan(session, who, fan_id)
    at = micros(TransactionRow.at)
    query = select(TransactionRow.id, at).where(TransactionRow.fan_id == fan_id)
    if keys := read_cursor(cursor, int, str):
        query = query.where(tuple_(at, TransactionRow.id) < tuple_(*keys))
    found = session.execute(query.order_by(at.desc(), TransactionRow.id.desc()).limit(limit + 1)).all()
    shown = found[:limit]
    rows = load_transactions(session, who.agency_id, [id_ for id_, _ in shown])
    following = write_cursor(shown[-1][1], shown[-1][0]) if len(found) > limit else None
    return Page[Transaction](items=[rows[id_] for id_, _ in shown], next_cursor=following)
