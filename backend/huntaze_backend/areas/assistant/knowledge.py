"""The knowledge base: exchanges of a creator that went well, kept, found by words, and weighed by what came of them.

Every statement names the creator, and every row is compared with the agency: nobody finds another's words.
"""

from collections.abc import Iterable, Sequence
from functools import partial

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from huntaze_backend.areas.accounts import service as accounts
from huntaze_backend.areas.assistant.rules import Evidence, alike, generalised
from huntaze_backend.areas.assistant.tables import KnowledgeItemRow, KnowledgeMarkRow, KnowledgeTermRow
from huntaze_backend.areas.fans.loaders import load_fans
from huntaze_backend.areas.messages.exchanges import that_went_well
from huntaze_backend.core.bulk import insert_new
from huntaze_backend.core.changes import ChangeRow, CounterRow
from huntaze_backend.core.clock import now
from huntaze_backend.core.db import Database
from huntaze_backend.engines.ai.memory import Remembered
from huntaze_backend.engines.ai.words import terms
from huntaze_contract.ids import new_id

__all__ = ["KnowledgeMemory", "agencies", "count", "learn", "recall", "remember"]

REPLY = "reply"
_CANDIDATES = 60
_LEAST_ALIKE = 0.35
_BATCH = 10
"""Messages in one unit of work: while it learns, nobody else writes to the embedded database."""


class KnowledgeMemory:
    """Implements `engines.ai.memory.Memory` over the database."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def recall(self, agency_id: str, creator_id: str, asked: str, limit: int) -> Sequence[Remembered]:
        """See the port."""
        find = partial(recall, agency_id=agency_id, creator_id=creator_id, asked=asked, limit=limit)
        return await self._db.read(find)


def recall(session: Session, agency_id: str, creator_id: str, asked: str, limit: int) -> list[Remembered]:
    """This creator's replies to lines that are alike, the best first. Equal ones are one, with all their evidence."""
    wanted = terms(asked)
    frequency = _frequency(session, creator_id, wanted)
    if not frequency:
        return []
    items = session.execute(
        select(func.count()).select_from(KnowledgeItemRow).where(KnowledgeItemRow.creator_id == creator_id)
    ).scalar_one()
    best: dict[str, tuple[float, KnowledgeItemRow, Evidence]] = {}
    for row in _candidates(session, agency_id, creator_id, wanted):
        degree = alike(wanted, terms(row.input_text), frequency, items)
        if degree < _LEAST_ALIKE:
            continue
        evidence = Evidence(row.used, int(row.answered), int(row.bought), row.dismissed)
        if row.output_text in best:
            other_degree, other, other_evidence = best[row.output_text]
            degree, row = max((other_degree, other), (degree, row), key=lambda pair: pair[0])
            evidence = evidence + other_evidence
        best[row.output_text] = (degree, row, evidence)
    found = [
        Remembered(row.id, row.input_text, row.output_text, round(degree * evidence.success, 2), evidence.said)
        for degree, row, evidence in best.values()
    ]
    return sorted(found, key=lambda each: (-each.score, each.id))[:limit]


def remember(
    session: Session,
    *,
    agency_id: str,
    creator_id: str,
    fan_id: str,
    asked: str,
    answered: str,
    origin_id: str,
    source: str,
    evidence: Evidence,
) -> bool:
    """Keep an exchange, or add to what is known of it; False if it may not be kept.

    What an origin was worth never counts twice, however often it is told.
    """
    fan = load_fans(session, agency_id, [fan_id]).get(fan_id)
    words = terms(asked)
    output = generalised(answered, fan.name, fan.username) if fan is not None else None
    if output is None or not words:
        return False
    values = {
        "id": new_id(),
        "agency_id": agency_id,
        "creator_id": creator_id,
        "kind": REPLY,
        "source": source,
        "platform": accounts.creator(session, agency_id, creator_id).platform,
        "input_text": asked,
        "output_text": output,
        "fan_id": fan_id,
        "origin_id": origin_id,
        "answered": evidence.answered > 0,
        "bought": evidence.bought > 0,
        "used": evidence.used,
        "dismissed": 0,
        "created_at": now(session),
    }
    insert_new(session, KnowledgeItemRow, [values])
    row = session.scalars(
        select(KnowledgeItemRow)
        .where(KnowledgeItemRow.creator_id == creator_id, KnowledgeItemRow.origin_id == origin_id)
        .execution_options(populate_existing=True)
    ).one()
    row.answered = row.answered or evidence.answered > 0
    row.bought = row.bought or evidence.bought > 0
    row.used = max(row.used, evidence.used)
    rows = [{"creator_id": creator_id, "term": word, "item_id": row.id} for word in words]
    insert_new(session, KnowledgeTermRow, rows)
    return True


def count(session: Session, item_id: str, *, used: int = 0, dismissed: int = 0) -> None:
    """A suggestion that repeated an item was used, or dismissed."""
    session.execute(
        update(KnowledgeItemRow)
        .where(KnowledgeItemRow.id == item_id)
        .values(used=KnowledgeItemRow.used + used, dismissed=KnowledgeItemRow.dismissed + dismissed)
        .execution_options(synchronize_session=False)
    )


def agencies(session: Session) -> list[str]:
    """The agencies whose log has more than was learned from."""
    mark = func.coalesce(KnowledgeMarkRow.seq, 0)
    query = (
        select(CounterRow.agency_id)
        .outerjoin(KnowledgeMarkRow, KnowledgeMarkRow.agency_id == CounterRow.agency_id)
        .where(CounterRow.last_seq > mark)
        .order_by(CounterRow.agency_id)
    )
    return list(session.scalars(query))


def learn(session: Session, agency_id: str, *, limit: int = _BATCH) -> bool:
    """Learn from the next messages of an agency's log; whether there are more.

    The log and not the messages' times: a history that is read late, and a purchase weeks after, are changes like any.
    """
    mark = session.get(KnowledgeMarkRow, agency_id)
    if mark is None:
        mark = KnowledgeMarkRow(agency_id=agency_id, seq=0)
        session.add(mark)
    # Read first: `seq` is commit order, so nothing up to it is still to come.
    end = session.scalars(select(CounterRow.last_seq).where(CounterRow.agency_id == agency_id)).one()
    query = (
        select(ChangeRow.seq, ChangeRow.entity_id)
        .where(ChangeRow.agency_id == agency_id, ChangeRow.seq > mark.seq, ChangeRow.seq <= end)
        .where(ChangeRow.entity == "message", ChangeRow.op == "U")
        .order_by(ChangeRow.seq)
        .limit(limit)
    )
    changes = session.execute(query).all()
    told = [change.entity_id for change in changes]
    for exchange in that_went_well(session, agency_id, told):
        remember(
            session,
            agency_id=agency_id,
            creator_id=exchange.creator_id,
            fan_id=exchange.fan_id,
            asked=exchange.asked,
            answered=exchange.answered,
            origin_id=exchange.reply_id,
            source="history",
            evidence=Evidence(bought=1) if exchange.bought else Evidence(answered=1),
        )
    more = len(changes) == limit
    mark.seq = changes[-1].seq if more else end
    return more


def _frequency(session: Session, creator_id: str, words: Iterable[str]) -> dict[str, int]:
    query = (
        select(KnowledgeTermRow.term, func.count())
        .where(KnowledgeTermRow.creator_id == creator_id, KnowledgeTermRow.term.in_(list(words)))
        .group_by(KnowledgeTermRow.term)
    )
    return {row[0]: row[1] for row in session.execute(query)}


def _candidates(session: Session, agency_id: str, creator_id: str, words: Iterable[str]) -> Sequence[KnowledgeItemRow]:
    shared = (
        select(KnowledgeTermRow.item_id, func.count().label("shared"))
        .where(KnowledgeTermRow.creator_id == creator_id, KnowledgeTermRow.term.in_(list(words)))
        .group_by(KnowledgeTermRow.item_id)
        .order_by(func.count().desc(), KnowledgeTermRow.item_id.desc())
        .limit(_CANDIDATES)
        .subquery()
    )
    query = (
        select(KnowledgeItemRow)
        .join(shared, shared.c.item_id == KnowledgeItemRow.id)
        .where(KnowledgeItemRow.agency_id == agency_id, KnowledgeItemRow.creator_id == creator_id)
        .order_by(KnowledgeItemRow.id)
    )
    return session.scalars(query).all()
