"""The conversation list: rows, sections and filter counts in two statements, however many conversations there are."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, text

from huntaze_contract.ids import Id
from huntaze_desktop.cache import rows
from huntaze_desktop.cache.search import MATCHES, match_expression, reaches_messages
from huntaze_desktop.cache.states import SQL_NEEDS_A_PERSON, SQL_ON_THE_WAY, SQL_UNSETTLED
from huntaze_desktop.cache.times import to_us
from huntaze_desktop.model.listing import (
    ConversationListing,
    ConversationQuery,
    FilterCounts,
    ListFilter,
    Section,
    SectionKind,
)
from huntaze_desktop.model.tiers import NEW_FOR, VIP_FROM
from huntaze_desktop.model.waiting import DEFAULT_SLA, Sla


@dataclass(frozen=True, slots=True)
class Reader:
    """Who looks, and when."""

    me: Id
    now: datetime
    sla: Sla = DEFAULT_SLA


def listing(connection: Connection, query: ConversationQuery, reader: Reader) -> ConversationListing:
    """Answer a query as of `reader.now`: late and waiting ones by longest wait, then answered ones by newest."""
    words = match_expression(query.text)
    if query.text.strip() and words is None:
        return _nothing(connection, query, reader)
    values: dict[str, Any] = {
        "creator": query.creator_id,
        "me": reader.me,
        "late_before": to_us(reader.now - reader.sla.late_after),
        "limit": query.limit,
    }
    if words is not None:
        values |= {"words": words, "in_messages": reaches_messages(query.text)}
    condition = f"(:creator IS NULL OR c.creator_id = :creator) AND {_FILTERS[query.filter]}"
    new_since = to_us(reader.now - NEW_FOR)
    found = connection.execute(text(_rows_sql(condition, searching=words is not None)), values).all()
    listed = tuple(rows.conversation(row, reader.me, new_since) for row in found)
    counts = connection.execute(text(_counts_sql(_FILTERS[query.filter])), values).one()
    if words is not None:
        total = found[0].total if found else 0
        sections: tuple[Section, ...] = (Section(SectionKind.RESULTS, total),) if total else ()
    else:
        total = counts.late_rows + counts.waiting_rows + counts.answered_rows
        sections = _sections(counts)
    return ConversationListing(query, listed, sections, _filter_counts(counts), total, loading=False, as_of=reader.now)


# --- inside -------------------------------------------------------------------------------------------------------

_LATE = "(c.waiting_since IS NOT NULL AND c.waiting_since < :late_before)"
_VIP = f"f.lifetime >= {VIP_FROM}"
_UNBOUGHT = "(c.last_kind = 'ppv' AND c.last_direction = 'out' AND NOT c.last_bought)"

_FILTERS = {
    ListFilter.ALL: "1",
    ListFilter.UNREAD: "c.unread > 0",
    ListFilter.LATE: _LATE,
    ListFilter.VIP: _VIP,
    ListFilter.UNBOUGHT: _UNBOUGHT,
}

_OVERLAY = f"""
waiting AS (
    SELECT * FROM outbox AS o WHERE NOT EXISTS (SELECT 1 FROM messages AS m WHERE m.id = o.id)
),
unsettled AS (
    SELECT conversation_id, sum(on_the_way) AS queued, sum(needs_person) AS failed FROM (
        SELECT conversation_id, state IN {SQL_ON_THE_WAY} AS on_the_way, state IN {SQL_NEEDS_A_PERSON} AS needs_person
          FROM messages WHERE state IN {SQL_UNSETTLED} AND author_id = :me
        UNION ALL
        SELECT conversation_id, confirmed OR state IN {SQL_ON_THE_WAY}, NOT confirmed AND state IN {SQL_NEEDS_A_PERSON}
          FROM waiting
    ) GROUP BY conversation_id
),
newest_local AS (
    SELECT conversation_id, text AS local_text, state AS local_state, confirmed AS local_confirmed,
           composed_at AS local_at, max(device_seq)
      FROM waiting GROUP BY conversation_id
)"""  # noqa: S608 - constants


def _rows_sql(condition: str, *, searching: bool) -> str:
    ctes = f"{MATCHES},{_OVERLAY}" if searching else _OVERLAY
    join = "JOIN matches AS x ON x.conversation_id = c.id" if searching else ""
    order = "x.found_at DESC" if searching else "ifnull(c.waiting_since, 9223372036854775807), c.last_at DESC"
    total = ", count(*) OVER () AS total" if searching else ""
    return f"""
    WITH {ctes}
    SELECT c.id, c.creator_id, c.fan_id, c.unread, c.waiting_since, c.last_at, c.last_direction, c.last_kind,
           c.last_text, c.last_price, c.last_bought, c.last_state, c.last_read, c.last_author_id, c.last_author_name,
           c.can_send, c.cannot_send_reason, f.name AS fan_name, f.lifetime, f.currency, f.subscribed_at,
           u.queued, u.failed, l.local_text, l.local_state, l.local_confirmed, l.local_at {total}
      FROM conversations AS c {join} JOIN fans AS f ON f.id = c.fan_id
      LEFT JOIN unsettled AS u ON u.conversation_id = c.id
      LEFT JOIN newest_local AS l ON l.conversation_id = c.id
     WHERE {condition}
     ORDER BY {order}, c.id LIMIT :limit"""  # noqa: S608 - constants; what people type is bound


def _counts_sql(chosen: str) -> str:
    return f"""
    SELECT count(*) AS everything, ifnull(sum(c.unread > 0), 0) AS unread, ifnull(sum({_LATE}), 0) AS late,
           ifnull(sum({_VIP}), 0) AS vip, ifnull(sum({_UNBOUGHT}), 0) AS unbought,
           ifnull(sum({chosen} AND {_LATE}), 0) AS late_rows,
           ifnull(sum({chosen} AND c.waiting_since IS NOT NULL AND NOT {_LATE}), 0) AS waiting_rows,
           ifnull(sum({chosen} AND c.waiting_since IS NULL), 0) AS answered_rows
      FROM conversations AS c JOIN fans AS f ON f.id = c.fan_id
     WHERE (:creator IS NULL OR c.creator_id = :creator)"""  # noqa: S608 - constants


def _sections(counts: Any) -> tuple[Section, ...]:
    found = (
        Section(SectionKind.LATE, counts.late_rows),
        Section(SectionKind.WAITING, counts.waiting_rows),
        Section(SectionKind.ANSWERED, counts.answered_rows),
    )
    return tuple(section for section in found if section.count)


def _filter_counts(counts: Any) -> FilterCounts:
    return FilterCounts(counts.everything, counts.unread, counts.late, counts.vip, counts.unbought)


def _nothing(connection: Connection, query: ConversationQuery, reader: Reader) -> ConversationListing:
    """The answer to a search for signs that are no words."""
    values = {"creator": query.creator_id, "late_before": to_us(reader.now - reader.sla.late_after)}
    counts = connection.execute(text(_counts_sql("1")), values).one()
    return ConversationListing(query, counts=_filter_counts(counts), loading=False, as_of=reader.now)
