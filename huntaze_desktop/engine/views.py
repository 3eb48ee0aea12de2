"""The views that are one look at the store: conversations, a fan, what waits, people, budgets."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection

from huntaze_contract.ids import Id
from huntaze_desktop.cache import Touched, listing, notices, ops, people
from huntaze_desktop.engine.budgets import Budgets
from huntaze_desktop.engine.clock import ServerClock
from huntaze_desktop.engine.leases import Leases
from huntaze_desktop.engine.live import Live, Watcher
from huntaze_desktop.engine.presence import Colleague, Presence
from huntaze_desktop.engine.store import Store
from huntaze_desktop.model.entities import (
    ChangeNotice,
    ConversationRow,
    Creator,
    Member,
    OutboxItem,
    PendingChange,
    SendBudget,
)
from huntaze_desktop.model.listing import ConversationListing, ConversationQuery
from huntaze_desktop.model.waiting import DEFAULT_SLA
from huntaze_desktop.sdk import FanDetails


class ListingWatcher(Watcher[ConversationListing]):
    """The conversation list for one query; sections move as time passes, so it also looks when a wait turns late."""

    def __init__(
        self,
        live: Live[ConversationListing],
        interval: float,
        store: Store,
        clock: ServerClock,
        presence: Presence,
        leases: Leases,
        me: Callable[[], Member],
    ) -> None:
        super().__init__(live, interval)
        self._store, self._clock, self._presence, self._me = store, clock, presence, me
        self._leases = leases
        self._query = live.value.query
        self._shown = live.value
        self._next_return: datetime | None = None

    def set_query(self, query: ConversationQuery) -> None:
        self._query = query
        self.look()

    def concerned(self, touched: Touched) -> bool:
        return bool(touched.conversations or touched.fans or touched.outbox or touched.changes)

    def stale(self) -> bool:
        return self._shown.query != self._query

    async def compute(self) -> ConversationListing:
        query, reader = self._query, listing.Reader(self._me().id, self._clock.now())

        def read(connection: Connection) -> tuple[ConversationListing, datetime | None]:
            return listing.listing(connection, query, reader), listing.next_return(connection, reader.now)

        found, self._next_return = await self._store.read(read)
        there, replying = self._presence.colleagues(), self._leases.replying()
        if there or replying:
            found = replace(found, rows=tuple(_with_people(row, there, replying) for row in found.rows))
        self._shown = found
        return found

    def look_again_at(self) -> float | None:
        now = self._clock.now()
        turns = [row.waiting_since + DEFAULT_SLA.late_after for row in self._shown.rows if row.waiting_since]
        if self._next_return is not None:
            turns.append(self._next_return)
        coming = [turn for turn in turns if turn >= now]
        # A moment later, because a wait is late when it is longer than the limit.
        return (min(coming) - now).total_seconds() + 0.05 if coming else None


class RowWatcher(Watcher[ConversationRow | None]):
    """One conversation, whatever the list shows."""

    def __init__(
        self,
        live: Live[ConversationRow | None],
        interval: float,
        store: Store,
        clock: ServerClock,
        presence: Presence,
        leases: Leases,
        conversation_id: Id,
        me: Callable[[], Member],
    ) -> None:
        super().__init__(live, interval)
        self._store, self._clock, self._presence, self._leases = store, clock, presence, leases
        self._id, self._me = conversation_id, me
        self._shown: ConversationRow | None = None

    def concerned(self, touched: Touched) -> bool:
        fan = self._shown is not None and self._shown.fan_id in touched.fans
        return self._id in touched.conversations or fan or touched.creators

    def on_presence(self, conversation_id: Id) -> None:
        if conversation_id == self._id:
            self.look()

    async def compute(self) -> ConversationRow | None:
        reader = listing.Reader(self._me().id, self._clock.now())
        found = await self._store.read(lambda connection: listing.row(connection, self._id, reader))
        if found is not None:
            found = _with_people(found, self._presence.colleagues(), self._leases.replying())
        self._shown = found
        return found

    def look_again_at(self) -> float | None:
        back = self._shown.snoozed_until if self._shown is not None else None
        return max(0.0, (back - self._clock.now()).total_seconds()) + 0.05 if back is not None else None


def _with_people(row: ConversationRow, there: dict[Id, Colleague], replying: dict[Id, str]) -> ConversationRow:
    """The row with who else is in the conversation."""
    if row.id in there:
        row = replace(row, colleague=there[row.id].name, colleague_types=there[row.id].types)
    return replace(row, replying=replying[row.id]) if row.id in replying else row


class FanWatcher(Watcher[FanDetails]):
    def __init__(
        self, live: Live[FanDetails], interval: float, store: Store, fan_id: Id, me: Callable[[], Member]
    ) -> None:
        super().__init__(live, interval)
        self._store, self._fan_id, self._me = store, fan_id, me
        self._conversation_id: Id | None = None

    def concerned(self, touched: Touched) -> bool:
        mine = self._conversation_id
        return self._fan_id in touched.fans or mine in touched.conversations or mine in touched.timelines

    async def compute(self) -> FanDetails:
        me = self._me().id
        found = await self._store.read(lambda connection: people.fan_record(connection, self._fan_id, me))
        self._conversation_id = found.conversation_id
        return FanDetails(found.fan, found.notes, found.purchases, found.as_of)


class OutboxWatcher(Watcher[tuple[OutboxItem, ...]]):
    def __init__(self, live: Live[tuple[OutboxItem, ...]], interval: float, store: Store) -> None:
        super().__init__(live, interval)
        self._store = store

    def concerned(self, touched: Touched) -> bool:
        return touched.outbox

    async def compute(self) -> tuple[OutboxItem, ...]:
        return await self._store.read(people.outbox_items)


class PendingWatcher(Watcher[tuple[PendingChange, ...]]):
    """What waits besides messages."""

    def __init__(self, live: Live[tuple[PendingChange, ...]], interval: float, store: Store) -> None:
        super().__init__(live, interval)
        self._store = store

    def concerned(self, touched: Touched) -> bool:
        return touched.changes

    async def compute(self) -> tuple[PendingChange, ...]:
        return await self._store.read(ops.pending_changes)


class NoticesWatcher(Watcher[tuple[ChangeNotice, ...]]):
    """What did not go as its author expected."""

    def __init__(self, live: Live[tuple[ChangeNotice, ...]], interval: float, store: Store) -> None:
        super().__init__(live, interval)
        self._store = store

    def concerned(self, touched: Touched) -> bool:
        return touched.changes

    async def compute(self) -> tuple[ChangeNotice, ...]:
        return await self._store.read(notices.listed)


class MembersWatcher(Watcher[tuple[Member, ...]]):
    def __init__(self, live: Live[tuple[Member, ...]], interval: float, store: Store) -> None:
        super().__init__(live, interval)
        self._store = store

    def concerned(self, touched: Touched) -> bool:
        return touched.creators

    async def compute(self) -> tuple[Member, ...]:
        return await self._store.read(people.members)


class CreatorsWatcher(Watcher[tuple[Creator, ...]]):
    def __init__(self, live: Live[tuple[Creator, ...]], interval: float, store: Store) -> None:
        super().__init__(live, interval)
        self._store = store

    def concerned(self, touched: Touched) -> bool:
        return touched.creators

    async def compute(self) -> tuple[Creator, ...]:
        return await self._store.read(people.creators)


class BudgetWatcher(Watcher[SendBudget | None]):
    """A budget; while it is shown it is kept fresh."""

    def __init__(self, live: Live[SendBudget | None], interval: float, budgets: Budgets, creator_id: Id) -> None:
        super().__init__(live, interval)
        self._budgets, self._creator_id = budgets, creator_id
        self._fresh = asyncio.create_task(budgets.watch(creator_id), name="budget")

    def on_budget(self, creator_id: Id) -> None:
        if creator_id == self._creator_id:
            self.look()

    def concerned(self, touched: Touched) -> bool:
        return False

    async def compute(self) -> SendBudget | None:
        return self._budgets.get(self._creator_id)

    def close(self) -> None:
        self._fresh.cancel()
        super().close()
