"""What the conversation list shows: the query that a person set, and the rows that answer it."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from huntaze_contract.ids import Id
from huntaze_desktop.model.entities import ConversationRow


class ListFilter(StrEnum):
    ALL = "all"
    UNREAD = "unread"
    LATE = "late"
    """Waiting longer than the SLA's `late_after`."""
    VIP = "vip"
    UNBOUGHT = "unbought"
    """The newest message is a PPV that was not bought."""
    MINE = "mine"
    """Assigned to the member who is signed in."""
    SNOOZED = "snoozed"
    """Only these; every other filter leaves them out until their time, or until the fan writes."""


class SectionKind(StrEnum):
    LATE = "late"
    WAITING = "waiting"
    ANSWERED = "answered"
    RESULTS = "results"
    """The only section while a search is on: newest match first."""


@dataclass(frozen=True, slots=True)
class ConversationQuery:
    creator_id: Id | None = None
    filter: ListFilter = ListFilter.ALL
    text: str = ""
    limit: int = 200


@dataclass(frozen=True, slots=True)
class Section:
    kind: SectionKind
    count: int
    """Conversations of this section in all, not only the loaded ones."""


@dataclass(frozen=True, slots=True)
class FilterCounts:
    all: int = 0
    unread: int = 0
    late: int = 0
    vip: int = 0
    unbought: int = 0
    mine: int = 0
    snoozed: int = 0


@dataclass(frozen=True, slots=True)
class ConversationListing:
    """One answer: rows in display order (late, waiting: longest wait first; answered: newest first)."""

    query: ConversationQuery
    rows: tuple[ConversationRow, ...] = ()
    sections: tuple[Section, ...] = ()
    counts: FilterCounts = field(default_factory=FilterCounts)
    total: int = 0
    loading: bool = True
    as_of: datetime | None = None
