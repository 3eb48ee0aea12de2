"""The outbox: messages that a person sent and that the server has not been seen to have.

A row enters in the transaction that removes its draft, and leaves only when the server's row with the same id is here
(`apply.py`), when a person takes it back, or when a person writes it anew. Its state changes by `outgoing.step` alone.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, bindparam, text

from huntaze_contract import outgoing, wire
from huntaze_contract.compliance import Finding
from huntaze_contract.ids import Id, new_id
from huntaze_contract.outgoing import State
from huntaze_desktop.cache import changes, ops
from huntaze_desktop.cache.changes import NotHereError
from huntaze_desktop.cache.states import SQL_ON_THE_WAY
from huntaze_desktop.cache.times import from_us, to_us
from huntaze_desktop.cache.touched import Touched


@dataclass(frozen=True, slots=True)
class Waiting:
    """A row of the outbox."""

    id: Id
    conversation_id: Id
    creator_id: Id
    text: str
    composed_at: datetime
    device_seq: int
    state: State
    reason: str | None
    prev_id: Id | None
    attempts: int
    """Requests that were begun. Above zero the server may have the message although nobody heard it say so."""
    confirmed: bool
    """A person said to send it although it is old, or although the conversation went on without it."""
    base_rev: int | None
    """How many answers the conversation had when Send was pressed; None if that was not known."""
    lease_epoch: int | None
    send_at: datetime | None
    hold_until: datetime | None
    """Not given to the server before then: Send can be undone."""
    collision: wire.Collision | None
    """What the server said was missed, when it did not accept the message."""
    epoch: str | None
    """Of the server's database at the first request: another one would not know what that one had."""
    suggestion_id: Id | None = None
    """The suggestion that it was made of, if any: the server works out what share of it a machine wrote."""

    @property
    def going(self) -> bool:
        """Whether it goes by itself: a person waits for nothing but the network."""
        return self.state is State.QUEUED_LOCAL or self.confirmed

    @property
    def age_from(self) -> datetime:
        """From when on its waiting counts: one that was meant for later is not old before its time."""
        return max(self.composed_at, self.send_at) if self.send_at is not None else self.composed_at


def device_id(connection: Connection) -> Id:
    """The id of this installation, made on first use."""
    found: str | None = connection.execute(text("SELECT device_id FROM device")).scalar()
    if found is not None:
        return found
    fresh = new_id()
    connection.execute(text("INSERT INTO device (one, device_id, next_seq) VALUES (1, :id, 1)"), {"id": fresh})
    return fresh


def put(
    connection: Connection,
    conversation_id: Id,
    message: str,
    at: datetime,
    *,
    send_at: datetime | None = None,
    hold_until: datetime | None = None,
    lease_epoch: int | None = None,
    suggestion_id: Id | None = None,
) -> tuple[Id, Touched]:
    """Queue a message and remove the conversation's draft; raises NotHereError."""
    known = connection.execute(
        text("SELECT creator_id, reply_rev FROM conversations WHERE id = :id"), {"id": conversation_id}
    ).one_or_none()
    if known is None:
        raise NotHereError(conversation_id)
    queued, _ = outgoing.step(outgoing.Outgoing(id=new_id()), outgoing.Queue())
    last: int | None = connection.execute(
        text("SELECT max(composed_at) FROM outbox WHERE conversation_id = :id"), {"id": conversation_id}
    ).scalar()
    # A clock that was set back must not put this bubble above the one before it.
    composed_at = at if last is None else max(at, from_us(last) + timedelta(microseconds=1))
    connection.execute(
        text(
            "INSERT INTO outbox (id, conversation_id, creator_id, text, composed_at, device_seq, state, attempts,"
            " confirmed, base_rev, lease_epoch, send_at, hold_until, suggestion_id) VALUES (:id, :conversation,"
            " :creator, :text, :at, :seq, :state, 0, 0, :base_rev, :lease, :send_at, :hold_until, :suggestion)"
        ),
        {
            "id": queued.id,
            "conversation": conversation_id,
            "creator": known.creator_id,
            "text": message,
            "at": to_us(composed_at),
            "seq": _next_device_seq(connection),
            "state": queued.state.value,
            "base_rev": known.reply_rev,
            "lease": lease_epoch,
            "send_at": to_us(send_at),
            "hold_until": to_us(hold_until),
            "suggestion": suggestion_id,
        },
    )
    return queued.id, _touched(conversation_id) | save_draft(connection, conversation_id, "", at)


def get(connection: Connection, message_id: Id) -> Waiting | None:
    row = connection.execute(text(f"{_SELECT} WHERE id = :id"), {"id": message_id}).one_or_none()
    return _waiting(row) if row is not None else None


_GOES = f"(o.confirmed OR o.state = '{State.QUEUED_LOCAL.value}')"
_BLOCKS = f"(b.confirmed OR b.state IN ('{State.QUEUED_LOCAL.value}', '{State.NEEDS_REVIEW.value}'))"


def heads(connection: Connection, most: int) -> list[Waiting]:
    """What may go to the server next: of each conversation the first that waits, in the order of writing.

    What stands behind one that a person has to look at is not named. It costs by `most` and not by what waits: after
    two weeks offline that may be thousands, and each of them asks.
    """
    query = text(
        f"{_SELECT} AS o WHERE {_GOES} AND NOT EXISTS (SELECT 1 FROM outbox AS b WHERE {_BLOCKS}"  # noqa: S608 - constants
        " AND b.conversation_id = o.conversation_id AND b.device_seq < o.device_seq) ORDER BY o.device_seq LIMIT :most"
    )
    return [_waiting(row) for row in connection.execute(query, {"most": most})]


def waiting(connection: Connection) -> list[Waiting]:
    """All that still has to reach the server, and what a person has to look at first, in the order of writing."""
    return [_waiting(row) for row in connection.execute(text(f"{_SELECT} AS b WHERE {_BLOCKS} ORDER BY b.device_seq"))]


def begin_attempt(connection: Connection, message_id: Id, me: Id) -> Waiting | None:
    """Note durably that a request begins, and what it will say came before it; None if it must not.

    Whoever asks may have read the row a moment ago: what has left since, or waits for a person by now, does not go.

    The body of a message never changes between attempts, so what came before, and to which database of the server it
    first went, is written down at the first.
    """
    row = get(connection, message_id)
    if row is None or not row.going:
        return None
    prev = row.prev_id if row.attempts else _sent_before(connection, row, me)
    connection.execute(
        text(
            "UPDATE outbox SET attempts = attempts + 1, prev_id = :prev,"
            " epoch = coalesce(CASE WHEN attempts THEN epoch END, (SELECT s.epoch FROM sync_state AS s))"
            " WHERE id = :id"
        ),
        {"prev": prev, "id": message_id},
    )
    return get(connection, message_id)


def never_left(connection: Connection, message_id: Id) -> None:
    """The request that `begin_attempt` noted found no way out: it does not count."""
    connection.execute(text("UPDATE outbox SET attempts = attempts - 1 WHERE id = :id"), {"id": message_id})


def forget_attempts(connection: Connection, message_id: Id) -> None:
    """The server proved not to have the message, nor what it named as the one before: the next body may differ."""
    connection.execute(text("UPDATE outbox SET attempts = 0, prev_id = NULL WHERE id = :id"), {"id": message_id})


def advance(connection: Connection, message_id: Id, event: outgoing.Event) -> Touched:
    """Apply an event to a row; without effect if the row has left. Raises IllegalTransitionError."""
    row = get(connection, message_id)
    if row is None:
        return Touched()
    after, _ = outgoing.step(_outgoing(row), event)
    connection.execute(
        text("UPDATE outbox SET state = :state, reason = :reason, confirmed = 0 WHERE id = :id"),
        {"state": after.state.value, "reason": after.reason, "id": message_id},
    )
    return _touched(row.conversation_id)


def refuse(connection: Connection, message_id: Id, reason: str, found: Sequence[Finding]) -> Touched:
    """The server's rules do not allow its text: rejected, with what they mind and where."""
    kept = [json.loads(wire.ComplianceFinding.of(one).model_dump_json()) for one in found]
    connection.execute(
        text("UPDATE outbox SET findings = :findings WHERE id = :id"), {"findings": json.dumps(kept), "id": message_id}
    )
    return advance(connection, message_id, outgoing.Reject(reason))


def findings(connection: Connection, message_id: Id) -> tuple[Finding, ...]:
    """What the server's rules minded about a rejected message; none where that was not the reason."""
    kept: str | None = connection.execute(
        text("SELECT findings FROM outbox WHERE id = :id"), {"id": message_id}
    ).scalar_one_or_none()
    return tuple(wire.ComplianceFinding.model_validate(one).plain() for one in json.loads(kept or "[]"))


def overtake(connection: Connection, message_id: Id, collision: wire.Collision) -> Touched:
    """The conversation went on without it: keep what was missed, and wait for a person.

    An old one that a person had confirmed stays expired; it now shows what was missed as well.
    """
    row = get(connection, message_id)
    if row is None:
        return Touched()
    connection.execute(
        text("UPDATE outbox SET collision = :collision WHERE id = :id"),
        {"collision": collision.model_dump_json(), "id": message_id},
    )
    if row.state is State.QUEUED_LOCAL:
        return advance(connection, message_id, outgoing.Overtake(collision.reason))
    return withdraw_confirmation(connection, message_id, collision.reason)


def confirm(connection: Connection, message_id: Id, together_with: Sequence[Id] = ()) -> Touched:
    """A person says of an expired or overtaken message: send it. It stays that until the server has accepted it.

    What the person saw becomes its base: what was missed, or for an expired one the conversation as it is here. So it
    does for those of the conversation that the person looked at `together_with` it, overtaken by the same or not yet.
    """
    row = get(connection, message_id)
    if row is None:
        return Touched()
    outgoing.step(_outgoing(row), outgoing.Confirm())  # raises where a confirmation has no meaning
    base: int | None = (
        row.collision.reply_rev
        if row.collision is not None
        else connection.execute(
            text("SELECT reply_rev FROM conversations WHERE id = :id"), {"id": row.conversation_id}
        ).scalar()
    )
    # It goes to whatever database the server has now: that an earlier one may have had it was part of the question.
    connection.execute(
        text(
            "UPDATE outbox SET confirmed = 1, base_rev = :base, lease_epoch = NULL,"
            " epoch = CASE WHEN confirmed THEN epoch END"
            " WHERE conversation_id = :conversation AND id IN :ids AND state <> :rejected"
        ).bindparams(bindparam("ids", expanding=True)),
        {
            "base": base,
            "conversation": row.conversation_id,
            "ids": [row.id, *together_with],
            "rejected": State.REJECTED.value,
        },
    )
    return _touched(row.conversation_id)


def withdraw_confirmation(connection: Connection, message_id: Id, reason: str) -> Touched:
    """The server refused a message that a person had confirmed: it stays what it was, with the reason."""
    row = get(connection, message_id)
    if row is None:
        return Touched()
    connection.execute(
        text("UPDATE outbox SET confirmed = 0, reason = :reason WHERE id = :id"), {"reason": reason, "id": message_id}
    )
    return _touched(row.conversation_id)


def edit(connection: Connection, message_id: Id, message: str) -> Touched:
    """Change the text of a row that the server certainly does not have; its next request is its first."""
    row = get(connection, message_id)
    if row is None:
        return Touched()
    connection.execute(
        text("UPDATE outbox SET text = :text, attempts = 0, prev_id = NULL WHERE id = :id"),
        {"text": message, "id": message_id},
    )
    return _touched(row.conversation_id)


def undo(connection: Connection, message_id: Id, at: datetime) -> tuple[bool, Touched]:
    """Make a message that never left this computer the draft again, before whatever was begun since."""
    row = get(connection, message_id)
    if row is None or row.attempts or row.state is not State.QUEUED_LOCAL:
        return False, Touched()
    begun = draft(connection, row.conversation_id)
    again = f"{row.text}\n{begun}" if begun else row.text
    touched = take_back(connection, message_id)
    return True, touched | save_draft(connection, row.conversation_id, again, at)


def write_anew(connection: Connection, message_id: Id, at: datetime) -> tuple[Id, Touched] | None:
    """Queue the text of a rejected message as a new one: a rejection is final, its text need not be lost."""
    row = get(connection, message_id)
    if row is None or row.state is not State.REJECTED:
        return None
    remove(connection, message_id)
    return _keep_draft(connection, row, at)


def take_back(connection: Connection, message_id: Id) -> Touched:
    """Remove a row that the server certainly does not have; raises IllegalTransitionError where that is too late."""
    row = get(connection, message_id)
    if row is None:
        return Touched()
    if row.state is not State.REJECTED:  # discarding a rejected one is no change of its state
        outgoing.step(_outgoing(row), outgoing.Cancel())
    return remove(connection, message_id)


def remove(connection: Connection, message_id: Id) -> Touched:
    conversation = connection.execute(
        text("DELETE FROM outbox WHERE id = :id RETURNING conversation_id"), {"id": message_id}
    ).scalar()
    return _touched(conversation) if conversation is not None else Touched()


# --- drafts -------------------------------------------------------------------------------------------------------


def draft(connection: Connection, conversation_id: Id) -> str:
    found = connection.execute(text("SELECT text FROM drafts WHERE conversation_id = :id"), {"id": conversation_id})
    return str(found.scalar() or "")


def save_draft(connection: Connection, conversation_id: Id, message: str, at: datetime) -> Touched:
    """Keep a draft, here and for the member's other computers; an empty one is none."""
    if draft(connection, conversation_id) == message:
        return Touched()
    if not message:
        connection.execute(text("DELETE FROM drafts WHERE conversation_id = :id"), {"id": conversation_id})
    else:
        _keep(connection, conversation_id, message, at)
    return changes.draft_changed(connection, conversation_id, message, at)


def take_drafts(connection: Connection, drafts: Sequence[wire.Draft]) -> None:
    """Take up what was begun on the member's other computers, where nothing newer was begun here."""
    for one in drafts:
        here = connection.execute(
            text("SELECT changed_at FROM drafts WHERE conversation_id = :id"), {"id": one.conversation_id}
        ).scalar()
        changing = ops.waiting_on(connection, one.conversation_id, "save_draft")
        if changing or (here is not None and here >= to_us(one.changed_at)):
            continue
        _keep(connection, one.conversation_id, one.text, one.changed_at)


# --- inside -------------------------------------------------------------------------------------------------------

_SELECT = (
    "SELECT id, conversation_id, creator_id, text, composed_at, device_seq, state, reason, prev_id, attempts,"
    " confirmed, base_rev, lease_epoch, send_at, hold_until, collision, epoch, suggestion_id FROM outbox"
)


def _keep(connection: Connection, conversation_id: Id, message: str, at: datetime) -> None:
    connection.execute(
        text(
            "INSERT INTO drafts (conversation_id, text, changed_at) VALUES (:id, :text, :at)"
            " ON CONFLICT (conversation_id) DO UPDATE SET text = excluded.text, changed_at = excluded.changed_at"
        ),
        {"id": conversation_id, "text": message, "at": to_us(at)},
    )


def _waiting(row: Any) -> Waiting:
    return Waiting(
        row.id,
        row.conversation_id,
        row.creator_id,
        row.text,
        from_us(row.composed_at),
        row.device_seq,
        State(row.state),
        row.reason,
        row.prev_id,
        row.attempts,
        bool(row.confirmed),
        row.base_rev,
        row.lease_epoch,
        from_us(row.send_at),
        from_us(row.hold_until),
        wire.Collision.model_validate(json.loads(row.collision)) if row.collision else None,
        row.epoch,
        row.suggestion_id,
    )


def _outgoing(row: Waiting) -> outgoing.Outgoing:
    return outgoing.Outgoing(id=row.id, state=row.state, reason=row.reason)


def _next_device_seq(connection: Connection) -> int:
    device_id(connection)
    return int(
        connection.execute(text("UPDATE device SET next_seq = next_seq + 1 RETURNING next_seq - 1")).scalar_one()
    )


def _sent_before(connection: Connection, row: Waiting, me: Id) -> Id | None:
    found: str | None = connection.execute(
        text(
            f"SELECT id FROM messages WHERE conversation_id = :conversation AND author_id = :me"  # noqa: S608 - constants
            f" AND state IN {SQL_ON_THE_WAY} ORDER BY at DESC, id DESC LIMIT 1"
        ),
        {"conversation": row.conversation_id, "me": me},
    ).scalar()
    return found


def _keep_draft(connection: Connection, row: Waiting, at: datetime) -> tuple[Id, Touched]:
    kept = draft(connection, row.conversation_id)
    fresh, touched = put(connection, row.conversation_id, row.text, at, suggestion_id=row.suggestion_id)
    return fresh, touched | save_draft(connection, row.conversation_id, kept, at)


def _touched(conversation_id: Id) -> Touched:
    return Touched(conversations=frozenset({conversation_id}), outbox=True)
