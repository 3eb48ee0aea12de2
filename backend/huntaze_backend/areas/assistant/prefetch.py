"""Work in the background: suggestions for the conversations that come next, and learning from what went well.

Prefetching follows a person: whoever asks for suggestions has those of the next waiting conversations written ahead, in
their name and within what they may see at that moment. Where nobody works, nothing is spent.
"""

from datetime import datetime, timedelta
from functools import partial

import structlog

from huntaze_backend.areas.accounts.members import acting_as
from huntaze_backend.areas.assistant import knowledge
from huntaze_backend.areas.assistant.service import Assistant
from huntaze_backend.areas.messages.exchanges import next_waiting
from huntaze_backend.core.auth import Principal
from huntaze_backend.core.db import Database
from huntaze_backend.core.errors import AppError
from huntaze_backend.engines.queue.cron import Schedule
from huntaze_backend.engines.queue.handlers import Registry
from huntaze_backend.engines.queue.port import Job, Leased, Outcome, Priority
from huntaze_contract.wire import SuggestionRequest

__all__ = ["LEARN", "LEARNING", "PREFETCH", "learn", "prefetch_for", "register"]

log = structlog.get_logger(__name__)

PREFETCH = "assistant.prefetch"
LEARN = "assistant.learn"
_PAUSE_S = 0.1
"""Between two parts of the log: who sends is served in between."""
_PARTS = 1000
"""Of one agency in one run; what is left waits for the next."""


def prefetch_for(who: Principal) -> Job:
    """The job that writes ahead for a member."""
    return Job(
        PREFETCH,
        {"member_id": who.member_id},
        priority=Priority.LOW,
        dedupe_key=f"{PREFETCH}:{who.member_id}",
        max_attempts=1,
        agency_id=who.agency_id,
    )


def _learning(_: datetime) -> Job:
    return Job(LEARN, priority=Priority.LOW, max_attempts=2)


LEARNING = Schedule(LEARN, timedelta(minutes=5), _learning)


def register(registry: Registry, assistant: Assistant) -> None:
    """Say who writes ahead."""
    registry.handle(PREFETCH, partial(_prefetch, assistant))


async def _prefetch(assistant: Assistant, leased: Leased, db: Database) -> Outcome:
    member_id = str(leased.job.payload["member_id"])
    who = await db.read(partial(acting_as, member_id=member_id))
    if who is None:
        return None
    ahead = partial(next_waiting, who=who, limit=assistant.policy.prefetch_ahead + 1)
    for waiting in await db.read(ahead):
        request = SuggestionRequest(based_on=waiting.last_message_id, prefetch=True)
        try:
            frames, _ = await assistant.suggest(who, waiting.conversation_id, request)
            async for _frame in frames:
                pass
        except AppError as error:
            log.info("assistant.not_prefetched", code=error.code)
    return None


async def learn(_: Leased, db: Database) -> Outcome:
    """Learn from what every agency's log has since the last time."""
    for agency_id in await db.read(knowledge.agencies):
        for _part in range(_PARTS):
            if not await db.write(partial(knowledge.learn, agency_id=agency_id)):
                break
            await db.clock.sleep(_PAUSE_S)
    return None
