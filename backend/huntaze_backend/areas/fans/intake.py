"""Takes in what a platform says of fans and money: inserts what is new, changes what differs, notes what changed.

Sync functions over one unit of work, many rows at a time; saying the same thing again changes nothing. The messages
area calls these, because it is the one that listens to the platform.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import Session

from huntaze_backend.areas.fans.rules import signed
from huntaze_backend.areas.fans.tables import FanRow, TransactionRow
from huntaze_backend.core.bulk import chunks, insert_new, upsert
from huntaze_backend.core.changes import record_many
from huntaze_backend.engines.gateways.reading import PlatformFan, PlatformTransaction
from huntaze_contract.ids import platform_born_id
from huntaze_contract.wire import TransactionKind

_KINDS = {
    "subscription": TransactionKind.SUBSCRIPTION,
    "tip": TransactionKind.TIP,
    "message": TransactionKind.PPV,
    "refund": TransactionKind.REFUND,
    "chargeback": TransactionKind.CHARGEBACK,
}
_TOLD_BY_CHATS = ("name", "username", "language", "location", "timezone")
_TOLD_BY_FANS = (*_TOLD_BY_CHATS, "subscribed_at", "renews_at", "active", "last_seen_at")

_UPDATE = update(FanRow).where(FanRow.id == bindparam("of"))  # which columns: those the rows name


@dataclass(frozen=True, slots=True)
class Source:
    """The creator account that something was read from."""

    creator_id: str
    agency_id: str
    account: str
    """The account's id at the platform."""


@dataclass(frozen=True, slots=True)
class Money:
    """A transaction as stored."""

    id: str
    platform_id: str
    fan_id: str
    kind: TransactionKind
    amount: int
    currency: str
    at: datetime
    message_id: str | None


def fan_id(source: Source, platform_id: str) -> str:
    return platform_born_id(source.creator_id, platform_id, "fan")


def put_fans(session: Session, source: Source, fans: Iterable[PlatformFan], *, complete: bool) -> None:
    """Take in fans.

    Args:
        session: the unit of work.
        source: where they were read.
        fans: any number; the last one with an id counts.
        complete: they came from a list of fans; a chat list tells names only and leaves the rest as it is.
    """
    told = {fan_id(source, fan.id): fan for fan in fans}
    fields = _TOLD_BY_FANS if complete else _TOLD_BY_CHATS
    new: list[dict[str, Any]] = []
    changed: list[dict[str, Any]] = []
    for part in chunks(list(told)):
        known = {row.id: row for row in session.execute(select(FanRow.__table__).where(FanRow.id.in_(part)))}
        for id_ in part:
            row = known.get(id_)
            # What a platform leaves out, it does not take back.
            facts = {name: value for name in fields if (value := getattr(told[id_], name)) not in (None, "")}
            if row is None:
                new.append(_new_fan(source, id_, told[id_], facts))
            elif any(getattr(row, name) != value for name, value in facts.items()):
                changed.append({"of": id_, **{name: facts.get(name, getattr(row, name)) for name in fields}})
    insert_new(session, FanRow, new)
    if changed:
        session.connection().execute(_UPDATE, changed)
    _changed_fans(session, source, [*(row["id"] for row in new), *(row["of"] for row in changed)])


def _new_fan(source: Source, id_: str, fan: PlatformFan, facts: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "id": id_,
        "agency_id": source.agency_id,
        "creator_id": source.creator_id,
        "platform_id": fan.id,
        "name": fan.name or fan.username or fan.id,
        "username": fan.username,
        **{name: facts.get(name) for name in _TOLD_BY_FANS if name not in {"name", "username", "active"}},
        "active": facts.get("active", True),
    }


def seen(session: Session, source: Source, platform_id: str, at: datetime) -> None:
    """The fan was online then."""
    id_ = fan_id(source, platform_id)
    row = session.get(FanRow, id_)
    if row is not None and (row.last_seen_at is None or row.last_seen_at < at):
        row.last_seen_at = at
        _changed_fans(session, source, [id_])


def set_ppv_counts(session: Session, source: Source, counts: Mapping[str, tuple[int, int]]) -> None:
    """Store how many PPV messages each fan (by our id) bought and was offered; the messages area counted them."""
    changed: list[dict[str, Any]] = []
    for part in chunks(list(counts)):
        query = select(FanRow.id, FanRow.ppv_bought, FanRow.ppv_offered).where(FanRow.id.in_(part))
        for id_, bought, offered in session.execute(query):
            if counts[id_] != (bought, offered):
                changed.append({"of": id_, "ppv_bought": counts[id_][0], "ppv_offered": counts[id_][1]})
    if changed:
        session.connection().execute(_UPDATE, changed)
    _changed_fans(session, source, [row["of"] for row in changed])


def put_transactions(
    session: Session, source: Source, told: Sequence[PlatformTransaction], message_ids: Mapping[str, str]
) -> list[Money]:
    """Take in transactions; returns those that are new or differ.

    Money taken back is a row of its own, so a reversed transaction still counts: the two add up to nothing. One without
    a fan belongs to nobody's history and is left out.

    Args:
        session: the unit of work.
        source: where they were read.
        told: any number.
        message_ids: our message's id by the platform's, for those that paid for a message.
    """
    by_id = {platform_born_id(source.creator_id, item.id, "transaction"): item for item in told if item.fan_id}
    rows: list[dict[str, Any]] = []
    for part in chunks(list(by_id)):
        query = select(TransactionRow.id, TransactionRow.amount, TransactionRow.net).where(TransactionRow.id.in_(part))
        known = {id_: (amount, net) for id_, amount, net in session.execute(query)}
        for id_ in part:
            row = _transaction(source, id_, by_id[id_], message_ids)
            if known.get(id_) != (row["amount"], row["net"]):
                rows.append(row)
    upsert(session, TransactionRow, rows, key=["id"], change=["amount", "net"])
    named = [(row["id"], source.creator_id) for row in rows]
    record_many(session, agency_id=source.agency_id, entity="transaction", rows=named)
    _changed_fans(session, source, {row["fan_id"] for row in rows})
    return [_money(row) for row in rows]


def transactions_of(session: Session, fan_ids: Sequence[str]) -> list[Money]:
    """Everything these fans paid."""
    found: list[Money] = []
    for part in chunks(fan_ids):
        query = select(TransactionRow.__table__).where(TransactionRow.fan_id.in_(part))
        found.extend(_money(dict(row)) for row in session.execute(query).mappings())
    return found


def paid_at(session: Session, message_ids: Sequence[str]) -> dict[str, datetime]:
    """When each of these messages (by our id) was paid for, where it was."""
    found: dict[str, datetime] = {}
    for part in chunks(message_ids):
        query = select(TransactionRow.message_id, TransactionRow.at).where(
            TransactionRow.message_id.in_(part), TransactionRow.kind == TransactionKind.PPV.value
        )
        found.update({id_: at for id_, at in session.execute(query) if id_ is not None})
    return found


def known_transaction(session: Session, source: Source, platform_id: str) -> bool:
    id_ = platform_born_id(source.creator_id, platform_id, "transaction")
    return session.get(TransactionRow, id_) is not None


def _transaction(source: Source, id_: str, item: PlatformTransaction, message_ids: Mapping[str, str]) -> dict[str, Any]:
    kind = _KINDS[item.type]
    return {
        "id": id_,
        "agency_id": source.agency_id,
        "creator_id": source.creator_id,
        "fan_id": fan_id(source, item.fan_id or ""),
        "platform_id": item.id,
        "kind": kind.value,
        "amount": signed(kind, item.amount),
        "net": signed(kind, item.net),
        "currency": item.currency,
        "at": item.created_at,
        "message_id": message_ids.get(item.message_id) if item.message_id else None,
    }


def _money(row: Mapping[str, Any]) -> Money:
    return Money(
        id=row["id"],
        platform_id=row["platform_id"],
        fan_id=row["fan_id"],
        kind=TransactionKind(row["kind"]),
        amount=row["amount"],
        currency=row["currency"],
        at=row["at"],
        message_id=row["message_id"],
    )


def _changed_fans(session: Session, source: Source, ids: Iterable[str]) -> None:
    rows = [(id_, source.creator_id) for id_ in ids]
    record_many(session, agency_id=source.agency_id, entity="fan", rows=rows)
