"""Takes in what a platform says of chats: the conversations and what stands in a chat list about them.

Part of the intake (intake.py), one unit of work, many rows at a time; saying the same thing again changes nothing.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import Session

from huntaze_backend.areas.fans import intake as fans
from huntaze_backend.areas.fans.intake import Source
from huntaze_backend.areas.messages import money, thread_store
from huntaze_backend.areas.messages.tables import ConversationRow
from huntaze_backend.areas.messages.thread_store import PlatformCount
from huntaze_backend.core.bulk import chunks, insert_new
from huntaze_backend.core.changes import record_many
from huntaze_backend.core.clock import now
from huntaze_backend.engines.gateways.reading import PlatformChat, PlatformFan
from huntaze_contract.ids import platform_born_id

_UPDATE = update(ConversationRow).where(ConversationRow.id == bindparam("of"))


def conversation_id(source: Source, chat: str) -> str:
    return platform_born_id(source.creator_id, chat, "conversation")


# --- chats --------------------------------------------------------------------------------------------------------


def put_chats(session: Session, source: Source, chats: Sequence[PlatformChat]) -> list[str]:
    """Take in chats with their fans; new ones get rows for the money that moved before we knew the chat.

    Returns the platform's ids of the fans in new chats: a chat list tells little of them.
    """
    fans.put_fans(session, source, [chat.fan for chat in chats], complete=False)
    told = {conversation_id(source, chat.id): chat for chat in chats}
    known = _known_chats(session, list(told))
    moment = now(session)
    new: list[dict[str, Any]] = [
        {
            "id": id_,
            "agency_id": source.agency_id,
            "creator_id": source.creator_id,
            "fan_id": fans.fan_id(source, chat.fan.id),
            "platform_id": chat.id,
            "last_at": chat.last_message.created_at if chat.last_message else moment,
            "can_send": chat.can_send,
            "cannot_send_reason": chat.cannot_send_reason,
        }
        for id_, chat in told.items()
        if id_ not in known
    ]
    insert_new(session, ConversationRow, new)
    changed: list[dict[str, Any]] = [
        {"of": id_, "can_send": chat.can_send, "cannot_send_reason": chat.cannot_send_reason}
        for id_, chat in told.items()
        if id_ in known and known[id_][:2] != (chat.can_send, chat.cannot_send_reason)
    ]
    if changed:
        session.connection().execute(_UPDATE, changed)
    named = [(row["id"], source.creator_id) for row in new] + [(row["of"], source.creator_id) for row in changed]
    record_many(session, agency_id=source.agency_id, entity="conversation", rows=named)
    if new:
        money.put_rows(session, source, fans.transactions_of(session, [row["fan_id"] for row in new]))
    _read_elsewhere(session, told, known)
    return [told[row["id"]].fan.id for row in new]


def _known_chats(session: Session, ids: Sequence[str]) -> dict[str, tuple[bool, str | None, int]]:
    found: dict[str, tuple[bool, str | None, int]] = {}
    for part in chunks(ids):
        query = select(
            ConversationRow.id, ConversationRow.can_send, ConversationRow.cannot_send_reason, ConversationRow.unread
        ).where(ConversationRow.id.in_(part))
        found.update({id_: (can_send, reason, unread) for id_, can_send, reason, unread in session.execute(query)})
    return found


def _read_elsewhere(
    session: Session, told: Mapping[str, PlatformChat], known: Mapping[str, tuple[bool, str | None, int]]
) -> None:
    # Someone read on a phone: the platform counts fewer unread than we do.
    counts = {
        id_: PlatformCount(chat.unread, chat.last_message.created_at)
        for id_, chat in told.items()
        if id_ in known and chat.last_message is not None and chat.unread < known[id_][2]
    }
    if counts:
        thread_store.refresh(session, thread_store.read_as_counted(session, counts))


def open_chat(session: Session, source: Source, chat: str, fan: PlatformFan | None) -> bool:
    """Make sure that a chat named by a webhook has its rows; True if it is new and little is known of it.

    The fan's id is taken for the chat's, as with this platform it is.
    """
    if fan is not None:
        fans.put_fans(session, source, [fan], complete=False)
    if session.get(ConversationRow, conversation_id(source, chat)) is not None:
        return False
    known = fan or PlatformFan(id=chat, name="", username="")
    put_chats(session, source, [PlatformChat(chat, known, True, None, 0, None)])  # noqa: FBT003
    return True
