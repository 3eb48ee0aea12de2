"""Which chats have more than we have read, reading them over the platform's port, and storing what was read.

Backfill and poller are both made of this. A conversation's `high_mark` is the newest platform message up to which it
was read without a gap. Only listings move it, never webhooks: what a lost webhook would have told then stands behind
the mark and is found, whatever arrived after it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import Session

from huntaze_backend.areas.fans.intake import Source
from huntaze_backend.areas.messages.chats import conversation_id
from huntaze_backend.areas.messages.intake import put_messages
from huntaze_backend.areas.messages.readers import Patience
from huntaze_backend.areas.messages.tables import ConversationRow, MessageRow
from huntaze_backend.areas.messages.thread_store import PlatformCount
from huntaze_backend.core.bulk import chunks
from huntaze_backend.core.clock import now
from huntaze_backend.engines.gateways.reading import (
    GatewayError,
    PlatformChat,
    PlatformMessage,
    PlatformReader,
    Trouble,
)

_UPDATE = update(ConversationRow).where(ConversationRow.id == bindparam("of"))


@dataclass(frozen=True, slots=True)
class Unread:
    """A chat that has, or may have, more than was read."""

    chat: str
    high_mark: str | None
    """Read what is newer than this; None reads the whole history."""
    count: PlatformCount | None
    """For a first reading: how many the platform counts as unread."""


@dataclass(frozen=True, slots=True)
class ChatRead:
    """What reading a chat to its end gave, oldest first; the listing can be trusted up to `settled`."""

    unread: Unread
    messages: tuple[PlatformMessage, ...]
    settled: datetime


def find_unread(session: Session, source: Source, chats: Sequence[PlatformChat], settled: datetime) -> list[Unread]:
    """Which of these chats (they have their rows) must be read, in the order given."""
    known = _known(session, source, chats)
    stored = _stored(session, source, [chat.last_message.id for chat in chats if chat.last_message])
    unread: list[Unread] = []
    for chat in chats:
        backfilled, high_mark = known[conversation_id(source, chat.id)]
        last = chat.last_message
        if not backfilled:
            unread.append(Unread(chat.id, None, PlatformCount(chat.unread, last.created_at) if last else None))
        elif last is None or last.id == high_mark:
            continue
        elif last.id in stored and last.created_at > settled:
            continue  # a webhook brought it; the mark may pass it only later, and then one read does for all
        else:
            unread.append(Unread(chat.id, high_mark, None))
    return unread


def _known(session: Session, source: Source, chats: Sequence[PlatformChat]) -> dict[str, tuple[bool, str | None]]:
    found: dict[str, tuple[bool, str | None]] = {}
    for part in chunks([conversation_id(source, chat.id) for chat in chats]):
        query = select(ConversationRow.id, ConversationRow.backfilled_at, ConversationRow.high_mark)
        for id_, backfilled_at, high_mark in session.execute(query.where(ConversationRow.id.in_(part))):
            found[id_] = (backfilled_at is not None, high_mark)
    return found


def _stored(session: Session, source: Source, platform_ids: Sequence[str]) -> set[str]:
    found: set[str] = set()
    for part in chunks(platform_ids):
        query = select(MessageRow.platform_id).where(
            MessageRow.creator_id == source.creator_id, MessageRow.platform_id.in_(part)
        )
        found.update(id_ for id_ in session.scalars(query) if id_ is not None)
    return found


async def read_chat(
    reader: PlatformReader, source: Source, unread: Unread, patience: Patience, settled: datetime
) -> ChatRead:
    """Read a chat to its end. Raises GatewayError: then nothing of it counts as read."""
    mark = unread.high_mark
    if mark is not None:
        try:
            return ChatRead(unread, await _newer(reader, source, unread.chat, mark, patience), settled)
        except GatewayError as error:
            if error.kind is not Trouble.NOT_FOUND:
                raise
            # The message of the mark was deleted at the platform: the whole chat tells what is left.
    return ChatRead(unread, await _all(reader, source, unread.chat, patience), settled)


async def _newer(
    reader: PlatformReader, source: Source, chat: str, mark: str, patience: Patience
) -> tuple[PlatformMessage, ...]:
    found: list[PlatformMessage] = []
    after = mark
    while True:
        page = await patience.read(lambda: reader.messages(source.account, chat, after=after))  # noqa: B023
        found.extend(page.items)
        if page.complete or not page.items:
            return tuple(found)
        after = page.items[-1].id


async def _all(reader: PlatformReader, source: Source, chat: str, patience: Patience) -> tuple[PlatformMessage, ...]:
    found: list[PlatformMessage] = []
    before: str | None = None
    while True:
        page = await patience.read(lambda: reader.messages(source.account, chat, before=before))  # noqa: B023
        found.extend(page.items)
        if page.complete or not page.items:
            return tuple(reversed(found))
        before = page.items[-1].id


def store_reads(session: Session, source: Source, reads: Iterable[ChatRead]) -> int:
    """Store what was read and move the marks; returns how many messages are new."""
    done = list(reads)
    moment = now(session)
    counts = {conversation_id(source, read.unread.chat): read.unread.count for read in done}
    taken = put_messages(
        session,
        source,
        [message for read in done for message in read.messages],
        counts={id_: count for id_, count in counts.items() if count is not None},
    )
    marks: list[dict[str, Any]] = []
    for read in done:
        high_mark = read.unread.high_mark
        for message in read.messages:
            if message.id in taken.held or message.created_at > read.settled:
                break
            high_mark = message.id
        id_ = conversation_id(source, read.unread.chat)
        marks.append({"of": id_, "high_mark": high_mark, "backfilled_at": moment})
    if marks:
        session.connection().execute(_UPDATE, marks)
    return taken.new
