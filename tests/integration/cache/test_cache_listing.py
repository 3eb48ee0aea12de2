"""The conversation list: order, sections, counts, the outbox laid over it, and search."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event

from huntaze_contract import outgoing, wire
from huntaze_contract.outgoing import State
from huntaze_desktop.cache import Cache, apply, listing, outbox
from huntaze_desktop.model.listing import ConversationListing, ConversationQuery, FilterCounts, ListFilter, SectionKind
from tests.helpers.agency import NOON, Agency, changed


class Desk:
    """A store, its agency, and the list as it stands."""

    def __init__(self, cache: Cache, agency: Agency) -> None:
        self.cache, self.agency = cache, agency
        self.put(agency.creator)

    def put(self, *rows: Any) -> None:
        self.cache.write(lambda c: apply.apply_changes(c, [changed(row) for row in rows]))

    def talk(self, name: str, *, fan: dict[str, Any] | None = None, **more: Any) -> wire.Conversation:
        person = self.agency.fan(name, **(fan or {}))
        conversation = self.agency.conversation(person, **more)
        self.put(person, conversation)
        return conversation

    def shown(self, text: str = "", **more: Any) -> ConversationListing:
        query = ConversationQuery(text=text, **more)
        reader = listing.Reader(self.agency.me.id, NOON)
        return self.cache.read(lambda c: listing.listing(c, query, reader))

    def names(self, text: str = "", **more: Any) -> list[str]:
        return [row.fan_name for row in self.shown(text, **more).rows]


@pytest.fixture
def desk(cache: Cache, agency: Agency) -> Desk:
    return Desk(cache, agency)


def ago(**units: float) -> Any:
    return NOON - timedelta(**units)


def test_the_longest_wait_is_on_top_and_the_answered_follow_newest_first(desk: Desk) -> None:
    desk.talk("Answered Early", last_at=ago(hours=2))
    desk.talk("Waits Four", waiting_since=ago(minutes=4), last_at=ago(minutes=1))
    desk.talk("Waits Nine", waiting_since=ago(minutes=9), last_at=ago(minutes=9))
    desk.talk("Answered Late", last_at=ago(minutes=1))
    desk.talk("Waits Six", waiting_since=ago(minutes=6), last_at=ago(minutes=2))
    found = desk.shown()
    assert [row.fan_name for row in found.rows] == [
        "Waits Nine",
        "Waits Six",
        "Waits Four",
        "Answered Late",
        "Answered Early",
    ]
    assert [(section.kind, section.count) for section in found.sections] == [
        (SectionKind.LATE, 2),
        (SectionKind.WAITING, 1),
        (SectionKind.ANSWERED, 2),
    ]
    assert (found.total, found.loading, found.as_of) == (5, False, None)


def test_an_empty_store_has_no_sections(desk: Desk) -> None:
    found = desk.shown()
    assert (found.rows, found.sections, found.counts, found.total) == ((), (), FilterCounts(), 0)


def test_filters_narrow_the_rows_and_counts_stay_whole(desk: Desk) -> None:
    offer = wire.LastMessage(
        id=desk.agency.me.id, direction="out", kind=wire.MessageKind.PPV, text="", price=900, state=State.SENT, at=NOON
    )
    desk.talk("Unread", unread=2)
    desk.talk("Late", waiting_since=ago(minutes=6))
    desk.talk("Rich", fan={"totals": wire.FanTotals(lifetime=100_000)})
    desk.talk("Offered", last=offer)
    desk.talk("Bought", last=offer.model_copy(update={"bought": True}))
    counts = FilterCounts(all=5, unread=1, late=1, vip=1, unbought=1)
    for wanted, names in {
        ListFilter.UNREAD: ["Unread"],
        ListFilter.LATE: ["Late"],
        ListFilter.VIP: ["Rich"],
        ListFilter.UNBOUGHT: ["Offered"],
    }.items():
        found = desk.shown(filter=wanted)
        assert [row.fan_name for row in found.rows] == names
        assert found.counts == counts
        assert sum(section.count for section in found.sections) == found.total == 1


def test_a_creator_narrows_rows_and_counts(desk: Desk) -> None:
    other = desk.agency.new_creator("Noor")
    desk.put(other)
    desk.talk("Hers")
    desk.talk("Theirs", fan={"creator_id": other.id})
    found = desk.shown(creator_id=other.id)
    assert [row.fan_name for row in found.rows] == ["Theirs"]
    assert found.counts.all == 1


def test_a_limit_cuts_rows_and_not_counts(desk: Desk) -> None:
    for index in range(5):
        desk.talk(f"Fan {index}")
    found = desk.shown(limit=2)
    assert (len(found.rows), found.total, found.sections[0].count) == (2, 5, 5)


def test_a_few_statements_whatever_the_number_of_rows(desk: Desk) -> None:
    for index in range(30):
        desk.talk(f"Fan {index}")
    statements: list[str] = []

    def note(_c: object, _k: object, statement: str, *_: object) -> None:
        statements.append(statement)

    def count(connection: Any) -> None:
        event.listen(connection, "before_cursor_execute", note)
        for query in (ConversationQuery(), ConversationQuery(text="fan")):
            statements.clear()
            listing.listing(connection, query, listing.Reader("me", NOON))
            assert len(statements) == 5

    desk.cache.read(count)


def test_unsent_messages_lie_over_the_row_and_do_not_stop_the_wait(desk: Desk) -> None:
    talk = desk.talk("Daniel", waiting_since=ago(minutes=6), last_at=ago(minutes=6))
    for words in ("first", "second"):
        desk.cache.write(lambda c, w=words: outbox.put(c, talk.id, w, NOON))
    (row,) = desk.shown().rows
    assert (row.last_text, row.last_state, row.last_outgoing, row.last_mine) == (
        "second",
        State.QUEUED_LOCAL,
        True,
        True,
    )
    assert (row.queued, row.failed, row.waiting_since) == (2, 0, ago(minutes=6))


def test_failed_messages_of_mine_are_counted_wherever_they_are(desk: Desk) -> None:
    talk = desk.talk("Daniel")
    ours = {"direction": "out", "author_id": desk.agency.me.id}
    desk.put(
        desk.agency.message(talk, "a", state=State.FAILED, **ours),
        desk.agency.message(talk, "b", state=State.NEEDS_HUMAN, **ours),
        desk.agency.message(talk, "c", state=State.LIMITED, **ours),
        desk.agency.message(talk, "d", state=State.SENT, **ours),
        desk.agency.message(talk, "e", state=State.FAILED, direction="out", author_id=desk.agency.creator.id),
    )
    late, _ = desk.cache.write(lambda c: outbox.put(c, talk.id, "late", NOON))
    desk.cache.write(lambda c: outbox.advance(c, late, outgoing.Expire()))
    (row,) = desk.shown().rows
    assert (row.queued, row.failed) == (1, 3)


def test_a_fan_is_new_for_a_week(desk: Desk) -> None:
    desk.talk("Fresh", fan={"subscribed_at": ago(days=6)}, last_at=ago(minutes=1))
    desk.talk("Settled", fan={"subscribed_at": ago(days=8)}, last_at=ago(minutes=2))
    assert [row.fan_is_new for row in desk.shown().rows] == [True, False]


def test_search_finds_names_notes_and_messages_without_accents(desk: Desk) -> None:
    named = desk.talk("Zoé Müller", last_at=ago(minutes=1))
    written = desk.talk("Bob", last_at=ago(minutes=2))
    desk.talk("Nobody", last_at=ago(minutes=3))
    desk.put(desk.agency.message(written, "Voilà, un café crème", at=ago(minutes=2)))
    desk.put(desk.agency.note(desk.agency.fan(id=named.fan_id), "Prefers trains"))
    assert desk.names("zoe") == ["Zoé Müller"]
    assert desk.names("muller") == ["Zoé Müller"]
    assert desk.names("MÜL") == ["Zoé Müller"]
    assert desk.names("cafe creme") == ["Bob"]
    assert desk.names("voila") == ["Bob"]
    assert desk.names("trai") == ["Zoé Müller"]
    assert desk.names("z") == ["Zoé Müller"]
    assert desk.names("absent") == []


def test_search_results_are_one_section_with_the_newest_match_first(desk: Desk) -> None:
    old, new = desk.talk("Old"), desk.talk("New")
    desk.put(desk.agency.message(old, "sunset", at=ago(days=9)), desk.agency.message(new, "sunset", at=ago(days=1)))
    found = desk.shown("sunset")
    assert [row.fan_name for row in found.rows] == ["New", "Old"]
    assert [(section.kind, section.count) for section in found.sections] == [(SectionKind.RESULTS, 2)]


def test_search_keeps_to_the_creator_and_the_filter(desk: Desk) -> None:
    other = desk.agency.new_creator("Noor")
    desk.put(other)
    first, second = desk.talk("One", unread=1), desk.talk("Two", fan={"creator_id": other.id})
    desk.put(desk.agency.message(first, "sunset"), desk.agency.message(second, "sunset"))
    assert desk.names("sunset", creator_id=other.id) == ["Two"]
    assert desk.names("sunset", filter=ListFilter.UNREAD) == ["One"]


@pytest.mark.parametrize("typed", ['"', "* AND", "NEAR(", "a:b", "') --", "🙂", "...", "-", "^x", "{}", "ünïcode OR"])
def test_signs_in_a_search_are_words_or_nothing_and_never_an_error(desk: Desk, typed: str) -> None:
    desk.talk("Daniel")
    assert desk.names(typed) == []
