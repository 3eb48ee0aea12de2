"""The conversation list: rows, sections and filter counts in a few statements, however many conversations there are.

What waits on this computer is laid over the server's rows (`overlay.py`). It concerns few conversations at a time, so
those are asked for apart: all others are read off an index in the order of the list.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, text

from huntaze_contract.ids import Id
from huntaze_desktop.cache import ops, overlay, rows
from huntaze_desktop.cache.apply import sync_state
from huntaze_desktop.cache.search import MATCHES, match_expression, reaches_messages
from huntaze_desktop.cache.states import SQL_NEEDS_A_PERSON, SQL_ON_THE_WAY, SQL_UNSETTLED
from huntaze_desktop.cache.times import from_us, to_us
from huntaze_desktop.model.entities import ConversationRow
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
    shown = overlay.states(connection)
    values = _values(reader, shown) | {"creator": query.creator_id, "limit": query.limit}
    if words is not None:
        values |= {"words": words, "in_messages": reaches_messages(query.text)}
    counts = _counts(connection, ListFilter.ALL if query.text.strip() else query.filter, values, laid_over=bool(shown))
    as_of = sync_state(connection).synced_at
    if query.text.strip() and words is None:  # signs that are no words
        return ConversationListing(query, counts=_filter_counts(counts), loading=False, as_of=as_of)
    found = _found(connection, query.filter, values, searching=words is not None, laid_over=bool(shown))
    new_since = to_us(reader.now - NEW_FOR)
    listed = tuple(rows.conversation(row, reader.me, new_since) for row in found[: query.limit])
    if words is not None:
        total = len(found)
        sections: tuple[Section, ...] = (Section(SectionKind.RESULTS, total),) if total else ()
    else:
        total = counts["kept"]
        sections = _sections(counts)
    return ConversationListing(query, listed, sections, _filter_counts(counts), total, loading=False, as_of=as_of)


def row(connection: Connection, conversation_id: Id, reader: Reader) -> ConversationRow | None:
    """One conversation as the list shows it, whatever the list's filter; None where the store does not know it."""
    state = overlay.states(connection, conversation_id)
    values = _values(reader, state) | {"id": conversation_id, "limit": 1}
    found = connection.execute(text(_rows_sql("c.id = :id", searching=False, over=bool(state))), values).one_or_none()
    return rows.conversation(found, reader.me, to_us(reader.now - NEW_FOR)) if found is not None else None


def next_return(connection: Connection, now: datetime) -> datetime | None:
    """When the next snoozed conversation comes back by itself."""
    found = connection.execute(
        text("SELECT min(snoozed_until) FROM conversations WHERE snoozed_until > :now"), {"now": to_us(now)}
    ).scalar()
    waiting = [state.snoozed_until for state in overlay.states(connection) if state.snoozed_until]
    coming = [at for at in (found, *waiting) if at is not None and at > to_us(now)]
    return from_us(min(coming)) if coming else None


# --- inside -------------------------------------------------------------------------------------------------------

_FAR = 9223372036854775807
"""What stands for "waits for nobody" in the order of the list; the same number as in the index."""


@dataclass(frozen=True, slots=True)
class _Sight:
    """How a query names what ops can change: the server's columns, or those of the rows laid over them."""

    unread: str
    marked: str
    assignee: str
    handover_note: str
    handover_by: str
    snoozed: str
    done: str
    waiting: str

    @property
    def late(self) -> str:
        return f"({self.waits} AND c.waiting_since < :late_before)"

    @property
    def waits(self) -> str:
        return f"(NOT {self.done} AND c.waiting_since IS NOT NULL)"

    @property
    def away(self) -> str:
        return f"({self.snoozed} IS NOT NULL AND {self.snoozed} > :now)"

    @property
    def to_read(self) -> str:
        return f"({self.unread} > 0 OR {self.marked})"

    @property
    def mine(self) -> str:
        return f"{self.assignee} = :me"

    def kept(self, chosen: ListFilter) -> str:
        """What a filter keeps, apart from who is away."""
        return {
            ListFilter.ALL: "1",
            ListFilter.UNREAD: self.to_read,
            ListFilter.LATE: self.late,
            ListFilter.VIP: _VIP,
            ListFilter.UNBOUGHT: _UNBOUGHT,
            ListFilter.MINE: self.mine,
            ListFilter.SNOOZED: "1",
        }[chosen]

    def condition(self, chosen: ListFilter) -> str:
        return f"({self.kept(chosen)} AND {'' if chosen is ListFilter.SNOOZED else 'NOT '}{self.away})"


_SERVERS = _Sight(
    unread="c.unread",
    marked="c.marked_unread",
    assignee="c.assignee_id",
    handover_note="c.handover_note",
    handover_by="c.handover_by",
    snoozed="c.snoozed_until",
    done="(c.done_at IS NOT NULL)",
    waiting="CASE WHEN c.done_at IS NULL THEN c.waiting_since END",
)
_LAID_OVER = _Sight(
    unread="p.unread",
    marked="p.marked_unread",
    assignee="p.assignee_id",
    handover_note="p.handover_note",
    handover_by="p.handover_by",
    snoozed="p.snoozed_until",
    done="p.done",
    waiting="CASE WHEN NOT p.done THEN c.waiting_since END",
)

_VIP = f"f.lifetime >= {VIP_FROM}"
_UNBOUGHT = "(c.last_kind = 'ppv' AND c.last_direction = 'out' AND NOT c.last_bought)"
_OF_CREATOR = "(:creator IS NULL OR c.creator_id = :creator)"

_OVER = """
over(id, unread, marked_unread, assignee_id, handover_note, handover_by, snoozed_until, done) AS MATERIALIZED (
    SELECT value ->> 'id', value ->> 'unread', value ->> 'marked_unread', value ->> 'assignee_id',
           value ->> 'handover_note', value ->> 'handover_by', value ->> 'snoozed_until', value ->> 'done'
      FROM json_each(:over)
)"""

_LOCAL = f"""
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
),
unsaid AS (
    SELECT conversation_id, count(*) AS changes FROM pending_ops
     WHERE state = '{ops.WAITING}' AND kind NOT IN {ops.SQL_QUIET} GROUP BY conversation_id
)"""  # noqa: S608 - constants


def _values(reader: Reader, shown: list[overlay.ConversationState]) -> dict[str, Any]:
    return {
        "me": reader.me,
        "now": to_us(reader.now),
        "late_before": to_us(reader.now - reader.sla.late_after),
        "over": overlay.as_json(shown),
    }


def _found(
    connection: Connection, chosen: ListFilter, values: dict[str, Any], *, searching: bool, laid_over: bool
) -> list[Any]:
    """The rows in display order: those laid over merged into the others."""

    def ask(sight: _Sight, condition: str) -> list[Any]:
        wanted = f"{_OF_CREATOR} AND {sight.condition(chosen)} AND {condition}"
        statement = _rows_sql(wanted, searching=searching, over=sight is _LAID_OVER, beside=laid_over)
        return list(connection.execute(text(statement), values))

    if not laid_over:
        return ask(_SERVERS, "1")
    both = [*ask(_SERVERS, "c.id NOT IN (SELECT id FROM over)"), *ask(_LAID_OVER, "1")]
    if searching:
        return sorted(both, key=lambda row: (-row.found_at, row.id))
    return sorted(both, key=lambda row: (row.waiting_since or _FAR, -row.last_at, row.id))


def _rows_sql(condition: str, *, searching: bool, over: bool, beside: bool = False) -> str:
    sight = _LAID_OVER if over else _SERVERS
    ctes = ", ".join([*([MATCHES] if searching else []), *([_OVER] if over or beside else []), _LOCAL])
    join = "JOIN matches AS x ON x.conversation_id = c.id" if searching else ""
    join += " JOIN over AS p ON p.id = c.id" if over else ""
    order = "x.found_at DESC" if searching else f"ifnull({sight.waiting}, {_FAR}), c.last_at DESC"
    found_at = ", x.found_at" if searching else ""
    limit = "" if searching else "LIMIT :limit"
    return f"""
    WITH {ctes}
    SELECT c.id, c.creator_id, c.fan_id, {sight.unread} AS unread, {sight.waiting} AS waiting_since, c.last_at,
           c.last_direction, c.last_kind, c.last_text, c.last_price, c.last_bought, c.last_state, c.last_read,
           c.last_author_id, c.last_author_name, c.can_send, c.cannot_send_reason, c.reply_rev,
           {sight.marked} AS marked_unread, {sight.assignee} AS assignee_id, a.name AS assignee_name,
           {sight.handover_note} AS handover_note, {sight.handover_by} AS handover_by,
           CASE WHEN {sight.away} THEN {sight.snoozed} END AS snoozed_until, {sight.done} AS done,
           f.name AS fan_name, f.lifetime, f.currency, f.subscribed_at, w.changes,
           u.queued, u.failed, l.local_text, l.local_state, l.local_confirmed, l.local_at {found_at}
      FROM conversations AS c {join} JOIN fans AS f ON f.id = c.fan_id
      LEFT JOIN members AS a ON a.id = {sight.assignee}
      LEFT JOIN unsettled AS u ON u.conversation_id = c.id
      LEFT JOIN newest_local AS l ON l.conversation_id = c.id
      LEFT JOIN unsaid AS w ON w.conversation_id = c.id
     WHERE {condition}
     ORDER BY {order}, c.id {limit}"""  # noqa: S608 - constants; what people type is bound


_Numbers = dict[str, int]


def _counts(connection: Connection, chosen: ListFilter, values: dict[str, Any], *, laid_over: bool) -> _Numbers:
    """How many there are, by filter and section, in one pass over the server's rows.

    Few rows are away or look different, so those are counted apart and taken off or exchanged: asking every row of a
    hundred thousand whether it is one of them made the pass a third slower.
    """
    here, away = _pass(connection, _SERVERS, chosen, values, beside=False)
    if laid_over:
        here_before, away_before = _pass(connection, _SERVERS, chosen, values, beside=True)
        here_now, away_now = _pass(connection, _LAID_OVER, chosen, values, beside=True)
        here = {name: here[name] - here_before[name] + here_now[name] for name in here}
        away = {name: away[name] - away_before[name] + away_now[name] for name in away}
    shown = away if chosen is ListFilter.SNOOZED else here
    return (
        here | {"snoozed": away["everything"]} | {name: shown[name] for name in ("kept", "kept_late", "kept_waiting")}
    )


def _pass(
    connection: Connection, sight: _Sight, chosen: ListFilter, values: dict[str, Any], *, beside: bool
) -> tuple[_Numbers, _Numbers]:
    """The numbers of those who are not away, and of those who are; `beside` of the rows laid over only."""

    def ask(only: str) -> _Numbers:
        found = connection.execute(text(_counts_sql(sight, chosen, only, beside=beside)), values).mappings().one()
        return {name: int(value or 0) for name, value in found.items()}

    everybody, away = ask("1"), ask(f"{sight.snoozed} > :now")
    return {name: everybody[name] - away[name] for name in everybody}, away


def _counts_sql(sight: _Sight, chosen: ListFilter, only: str, *, beside: bool) -> str:
    kept = sight.kept(chosen)
    return f"""
    {f"WITH {_OVER}" if beside else ""}
    SELECT count(*) AS everything, sum({sight.to_read}) AS unread, sum({sight.late}) AS late, sum({_VIP}) AS vip,
           sum({_UNBOUGHT}) AS unbought, sum({sight.mine}) AS mine, sum({sight.waits}) AS waiting,
           {_kept_sql(kept, sight)}
      FROM conversations AS c {"JOIN over AS p ON p.id = c.id" if beside else ""} JOIN fans AS f ON f.id = c.fan_id
     WHERE {_OF_CREATOR} AND {only}"""  # noqa: S608 - constants


def _kept_sql(kept: str, sight: _Sight) -> str:
    if kept == "1":
        return f"count(*) AS kept, sum({sight.late}) AS kept_late, sum({sight.waits}) AS kept_waiting"
    return (
        f"sum({kept}) AS kept, sum({kept} AND {sight.late}) AS kept_late, sum({kept} AND {sight.waits}) AS kept_waiting"
    )


def _sections(counts: _Numbers) -> tuple[Section, ...]:
    found = (
        Section(SectionKind.LATE, counts["kept_late"]),
        Section(SectionKind.WAITING, counts["kept_waiting"] - counts["kept_late"]),
        Section(SectionKind.ANSWERED, counts["kept"] - counts["kept_waiting"]),
    )
    return tuple(section for section in found if section.count)


def _filter_counts(counts: _Numbers) -> FilterCounts:
    return FilterCounts(
        counts["everything"],
        counts["unread"],
        counts["late"],
        counts["vip"],
        counts["unbought"],
        counts["mine"],
        counts["snoozed"],
    )
