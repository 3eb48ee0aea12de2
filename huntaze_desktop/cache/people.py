"""Reading what is known of people: fans with their notes and purchases, creators, members, who is signed in."""

import json
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text

from huntaze_contract import wire
from huntaze_contract.ids import Id
from huntaze_contract.outgoing import EDITABLE, State
from huntaze_desktop.cache import ops, overlay, rows
from huntaze_desktop.cache.apply import sync_state
from huntaze_desktop.cache.states import SQL_NEEDS_A_PERSON, SQL_UNSETTLED
from huntaze_desktop.cache.times import from_us
from huntaze_desktop.model.entities import Creator, Fan, Member, Note, OutboxItem, Purchase

PURCHASES = 50


@dataclass(frozen=True, slots=True)
class Account:
    """Whose store this is."""

    member: Member
    email: str
    agency_id: Id
    agency_name: str


@dataclass(frozen=True, slots=True)
class FanRecord:
    """A fan with what the team knows; `fan` is None where the store does not know the fan."""

    fan: Fan | None
    conversation_id: Id | None
    notes: tuple[Note, ...]
    purchases: tuple[Purchase, ...]
    as_of: datetime | None


def account(connection: Connection) -> Account | None:
    row = connection.execute(text("SELECT * FROM account")).one_or_none()
    if row is None:
        return None
    return Account(Member(row.member_id, row.name, row.role), row.email, row.agency_id, row.agency_name)


def save_account(connection: Connection, me: wire.Me) -> Account:
    connection.execute(
        text(
            "INSERT INTO account VALUES (1, :member, :name, :role, :email, :agency, :agency_name)"
            " ON CONFLICT (one) DO UPDATE SET member_id = excluded.member_id, name = excluded.name,"
            " role = excluded.role, email = excluded.email, agency_id = excluded.agency_id,"
            " agency_name = excluded.agency_name"
        ),
        {
            "member": me.member.id,
            "name": me.member.name,
            "role": me.member.role.value,
            "email": me.email,
            "agency": me.agency_id,
            "agency_name": me.agency_name,
        },
    )
    member = Member(me.member.id, me.member.name, me.member.role.value)
    return Account(member, me.email, me.agency_id, me.agency_name)


def creators(connection: Connection) -> tuple[Creator, ...]:
    """The creators that may be seen, by name."""
    found = connection.execute(text("SELECT * FROM creators ORDER BY name, id"))
    return tuple(rows.creator(row) for row in found)


def members(connection: Connection) -> tuple[Member, ...]:
    """Active members of the agency, by name."""
    found = connection.execute(text("SELECT id, name, role FROM members WHERE active ORDER BY name, id"))
    return tuple(Member(row.id, row.name, row.role) for row in found)


def fan_record(connection: Connection, fan_id: Id, me: Id) -> FanRecord:
    """A fan with what the team knows, and with what waits on this computer laid over it."""
    found = connection.execute(text("SELECT * FROM fans WHERE id = :id"), {"id": fan_id}).one_or_none()
    notes = connection.execute(
        text("SELECT * FROM notes WHERE fan_id = :id ORDER BY created_at DESC, id"), {"id": fan_id}
    )
    offers = connection.execute(
        text(
            "SELECT m.id, m.title, m.price, m.currency, m.at, m.bought_at, m.media FROM conversations AS c"
            " JOIN messages AS m ON m.conversation_id = c.id AND m.kind = 'ppv' AND m.direction = 'out'"
            " AND m.state IS NOT 'cancelled' WHERE c.fan_id = :id ORDER BY m.at DESC LIMIT :limit"
        ),
        {"id": fan_id, "limit": PURCHASES},
    )
    conversation_id: Id | None = connection.execute(
        text("SELECT id FROM conversations WHERE fan_id = :id LIMIT 1"), {"id": fan_id}
    ).scalar()
    fan, shown = None, tuple(rows.note(row, me) for row in notes)
    if found is not None:
        fan = rows.fan(found)
        if waiting := ops.of_fan(connection, fan_id):
            known = account(connection)
            fan, shown = overlay.with_ops(fan, shown, waiting, known.member.name if known else "")
    return FanRecord(
        fan=fan,
        conversation_id=conversation_id,
        notes=shown,
        purchases=tuple(
            Purchase(
                message_id=row.id,
                title=row.title or "",
                price=row.price or 0,
                currency=row.currency,
                offered_at=from_us(row.at),
                bought_at=from_us(row.bought_at),
                media_type=next(iter(json.loads(row.media)), ""),
            )
            for row in offers
        ),
        as_of=sync_state(connection).synced_at,
    )


def unsent(connection: Connection, me: Id) -> tuple[int, int, int]:
    """How many own messages are still on this computer, how many anywhere need a person, how many changes wait."""
    row = connection.execute(
        text(
            "WITH here AS (SELECT state, confirmed FROM outbox AS o"  # noqa: S608 - constants
            " WHERE NOT EXISTS (SELECT 1 FROM messages AS m WHERE m.id = o.id))"
            " SELECT (SELECT count(*) FROM here WHERE confirmed OR state = 'queued_local') AS waiting,"
            " (SELECT count(*) FROM here WHERE NOT confirmed AND state <> 'queued_local')"
            f" + (SELECT count(*) FROM messages WHERE state IN {SQL_UNSETTLED} AND state IN {SQL_NEEDS_A_PERSON}"
            " AND author_id = :me) AS failed"
        ),
        {"me": me},
    ).one()
    return row.waiting, row.failed, ops.count_changes(connection)


def outbox_items(connection: Connection) -> tuple[OutboxItem, ...]:
    """What the outbox lists, in the order of writing."""
    found = connection.execute(
        text(
            "SELECT o.id, o.conversation_id, o.creator_id, ifnull(f.name, '') AS fan_name, o.text, o.state,"
            " o.confirmed, o.composed_at, o.reason, o.send_at, o.hold_until,"
            " ifnull(c.fan_id, '') AS fan_id FROM outbox AS o"
            " LEFT JOIN conversations AS c ON c.id = o.conversation_id LEFT JOIN fans AS f ON f.id = c.fan_id"
            " WHERE NOT EXISTS (SELECT 1 FROM messages AS m WHERE m.id = o.id) ORDER BY o.device_seq"
        )
    )
    return tuple(
        OutboxItem(
            id=row.id,
            conversation_id=row.conversation_id,
            creator_id=row.creator_id,
            fan_name=row.fan_name,
            text=row.text,
            state=rows.shown_state(row.state, confirmed=bool(row.confirmed)),
            composed_at=from_us(row.composed_at),
            reason=row.reason,
            send_at=from_us(row.send_at),
            hold_until=from_us(row.hold_until),
            editable=State(row.state) in EDITABLE,
            fan_id=row.fan_id,
        )
        for row in found
    )
