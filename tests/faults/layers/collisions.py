"""Several chatters answer the same fans at the same moment, one of them on a computer that sleeps in between.

Every chatter has one reply for every fan and sends it as soon as it can. A reply may follow another member's only if
its writer had seen that one when Send was pressed; every other writer must be told, with the reply kept for them.
What a writer had seen is what its own outbox noted in the transaction of the press, not what the service believes.
"""

import asyncio
import time
from collections import defaultdict
from dataclasses import dataclass

from tests.faults import checker, evidence
from tests.faults.agency import KEY, Agency, Shift
from tests.faults.layer import LayerResult, Plan

__all__ = ["run"]

RESTS_WITHIN_S = 300.0


@dataclass(frozen=True, slots=True)
class Size:
    chatters: int
    fans: int
    """Of each of two creators."""
    sleeps_s: float


SIZES = {"short": Size(3, 8, 3.0), "full": Size(5, 200, 60.0)}
"""In the full form the sleeper sleeps past any lease (45 s)."""


def run(plan: Plan) -> LayerResult:
    """400 fans, five chatters; short: 16 and three."""
    return asyncio.run(_race(plan, SIZES[plan.scale]))


async def _race(plan: Plan, size: Size) -> LayerResult:
    began = time.monotonic()
    result = LayerResult("collisions")
    shift = Shift(
        accounts=2, conversations=size.fans, sends=size.fans, clients=size.chatters, window_s=1.0, spacing_s=0.0
    )
    agency = Agency(plan.folder / "agency", plan.seed, shift)
    try:
        await agency.open()
        fans = [fan for own in (await agency.conversations()).values() for fan in own]
        names = [f"chatter{n}" for n in range(size.chatters)]
        for name in names:
            await agency.invite(name)
        await agency.hire({name: {fan: [f"{name} is here for you"] for fan in fans} for name in names}, members=True)
        await agency.begin(RESTS_WITHIN_S)
        await _sleep_once(agency, names[0], size.sleeps_s)
        if not await agency.at_rest(RESTS_WITHIN_S):
            result.violations.append(f"I14: not everything came to rest within {RESTS_WITHIN_S:g} s")
        result.violations += await agency.close()
        _judge(agency, result)
    finally:
        await agency.close()
    result.seconds = time.monotonic() - began
    return result


async def _sleep_once(agency: Agency, name: str, seconds: float) -> None:
    """Stop a chatter where it stands, as soon as it has begun to write."""
    log = agency.folder / name / "pressed.jsonl"
    async with asyncio.timeout(RESTS_WITHIN_S):
        while not log.exists() or not log.stat().st_size:  # noqa: ASYNC110 - a file tells nobody
            await asyncio.sleep(0.02)
    agency.clients[name].pause()
    await asyncio.sleep(seconds)
    agency.clients[name].resume()


def _judge(agency: Agency, result: LayerResult) -> None:
    found = agency.evidence()
    kept = {id_ for store in found.clients for id_, state in store.outbox.items() if state == "needs_review"}
    # A reply that waits for its writer to look has ended as it should here.
    found.intents = [intent for intent in found.intents if intent.message_id not in kept]
    result.violations += checker.judge(found)
    seen: dict[str, int | None] = {}
    for name in agency.scripts:
        seen |= evidence.base_revs(agency.folder / name / "cache.db", KEY)
    replies: dict[str, list[tuple[int, str, str]]] = defaultdict(list)
    for id_, conversation, rev, author in agency.query(
        "SELECT client_key, conversation_id, rev, author_id FROM messages"
        " WHERE client_key IS NOT NULL AND state = 'sent'"
    ):
        replies[conversation].append((rev, author, id_))
    unaware = 0
    for conversation, rows in replies.items():
        rows.sort()
        for n, (_, author, id_) in enumerate(rows):
            missed = [other for rev, other, _ in rows[:n] if other != author and rev > (seen.get(id_) or 0)]
            if missed:
                unaware += 1
                result.violations.append(f"message {id_} answered in {conversation} without having seen another answer")
    if not kept:
        result.violations.append("nobody collided, so nothing was shown")
    result.figures = {
        "collisions_fans": len(replies),
        "collisions_replies": sum(map(len, replies.values())),
        "collisions_told": len(kept),
        "collisions_unaware": unaware,
    }
