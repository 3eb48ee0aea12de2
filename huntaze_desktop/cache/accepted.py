"""Messages of this computer that the server has taken and that are not settled: what a restored server may have lost.

A server that was restored from a backup does not know what it accepted since, and a full sync would take it out of the
window without a word. So what is needed to show it again stays here until the message is settled. What was delivered
comes back from the platform by itself.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, text

from huntaze_contract.outgoing import State
from huntaze_desktop.cache.states import sql_list
from huntaze_desktop.cache.touched import Touched

RESTORED = "restored"
"""The reason of a message in `needs_review` that a restored server does not know."""

COLUMNS = "id, conversation_id, creator_id, text, composed_at, device_seq, send_at"
_SETTLED = sql_list({State.SENT, State.CANCELLED})


def keep(connection: Connection, rows: Sequence[Any]) -> None:
    """These rows left the outbox because the server has them. What is settled by now is forgotten on this occasion."""
    connection.execute(
        text(
            f"INSERT OR REPLACE INTO accepted ({COLUMNS}) VALUES (:id, :conversation_id, :creator_id, :text,"  # noqa: S608 - constants
            " :composed_at, :device_seq, :send_at)"
        ),
        [dict(row) for row in rows],
    )
    _forget_settled(connection)


def forget_unseen(connection: Connection) -> None:
    """The end of a full sync from the same database: what is in conversations one no longer sees is over here."""
    connection.execute(
        text(
            "DELETE FROM accepted WHERE NOT EXISTS (SELECT 1 FROM conversations AS c, sync_state AS s"
            " WHERE c.id = accepted.conversation_id AND c.gen = s.gen)"
        )
    )


def review_lost(connection: Connection) -> Touched:
    """The end of a full sync from a restored database, before what it did not bring is swept away.

    What it had taken and does not know waits for a person: it may have gone out before. What is in the outbox still is
    judged at the server's door, which compares the epoch of its first request: only there is it known which server a
    request under way will meet.
    """
    _forget_settled(connection)
    lost = connection.execute(
        text(
            f"INSERT INTO outbox ({COLUMNS}, state, reason, attempts, confirmed)"  # noqa: S608 - constants
            " SELECT a.id, a.conversation_id, a.creator_id, ifnull(m.text, a.text), a.composed_at, a.device_seq,"
            " a.send_at, :state, :reason, 0, 0 FROM accepted AS a LEFT JOIN messages AS m ON m.id = a.id"
            " WHERE m.gen IS NOT (SELECT gen FROM sync_state) AND a.id NOT IN (SELECT id FROM outbox)"
            " RETURNING conversation_id"
        ),
        {"state": State.NEEDS_REVIEW.value, "reason": RESTORED},
    ).scalars()
    touched = Touched(conversations=frozenset(lost), outbox=True)
    connection.execute(text("DELETE FROM accepted WHERE id IN (SELECT id FROM outbox)"))
    return touched


def _forget_settled(connection: Connection) -> None:
    connection.execute(
        text(
            "DELETE FROM accepted WHERE EXISTS"  # noqa: S608 - constants
            f" (SELECT 1 FROM messages AS m WHERE m.id = accepted.id AND m.state IN {_SETTLED})"
        )
    )
