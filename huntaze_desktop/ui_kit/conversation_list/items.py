"""From a listing to the list's items: section headers, conversations, and what is left out. Pure, no Qt."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from huntaze_desktop.model.entities import ConversationRow
from huntaze_desktop.model.listing import ConversationListing, SectionKind
from huntaze_desktop.model.waiting import DEFAULT_SLA, Sla, Urgency, urgency, waited


@dataclass(frozen=True, slots=True)
class SectionItem:
    kind: SectionKind
    count: int

    @property
    def key(self) -> str:
        return f"section:{self.kind}"


@dataclass(frozen=True, slots=True)
class FooterItem:
    """Says at the end how many conversations are not listed."""

    more: int
    key: str = "footer"


Item = SectionItem | ConversationRow | FooterItem


def key_of(item: Item) -> str:
    return item.id if isinstance(item, ConversationRow) else item.key


def items_of(listing: ConversationListing) -> tuple[Item, ...]:
    """Items in display order. The rows are the beginning of all sections together, so counts tell where each ends."""
    items: list[Item] = []
    rows = iter(listing.rows)
    shown = 0
    for section in listing.sections:
        if section.count == 0 or shown >= len(listing.rows):
            continue
        items.append(SectionItem(section.kind, section.count))
        for _ in range(section.count):
            row = next(rows, None)
            if row is None:
                break
            items.append(row)
            shown += 1
    items.extend(rows)
    if listing.total > len(listing.rows) > 0:
        items.append(FooterItem(listing.total - len(listing.rows)))
    return tuple(items)


def waiting_rows(items: tuple[Item, ...]) -> list[ConversationRow]:
    """Conversations in which a fan waits, longest wait first."""
    found = [
        item for item in items if isinstance(item, ConversationRow) and item.waiting_since is not None and not item.done
    ]
    return sorted(found, key=lambda row: (row.waiting_since or row.last_at, row.id))


def has_aged(items: tuple[Item, ...], now: datetime, sla: Sla = DEFAULT_SLA) -> bool:
    """Whether a conversation stands in a section that it has outgrown since the listing was made."""
    section: SectionKind | None = None
    for item in items:
        if isinstance(item, SectionItem):
            section = item.kind
        elif (
            section is SectionKind.WAITING
            and isinstance(item, ConversationRow)
            and item.waiting_since is not None
            and not item.done
            and urgency(waited(item.waiting_since, now), sla) is Urgency.LATE
        ):
            return True
    return False


def spoken_wait(wait: timedelta) -> tuple[int, int]:
    """Whole minutes and seconds of a wait."""
    seconds = max(0, int(wait.total_seconds()))
    return seconds // 60, seconds % 60
