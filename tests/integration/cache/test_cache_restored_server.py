"""What a restored server no longer knows comes back to the desktop that wrote it, as a question and never by itself."""

import pytest

from huntaze_contract import wire
from huntaze_contract.ids import Id
from huntaze_contract.outgoing import State
from huntaze_desktop.cache import Cache, apply, outbox, people, reviews, timeline
from huntaze_desktop.cache.outbox import Waiting
from huntaze_desktop.model.entities import Member
from tests.helpers.agency import NOON, Agency, changed, snapshot_page


@pytest.fixture
def talk(agency: Agency) -> wire.Conversation:
    return agency.conversation(agency.fan("Daniel Reyes"))


@pytest.fixture
def cache(cache: Cache, agency: Agency, talk: wire.Conversation) -> Cache:
    take_all(cache, agency, "before", talk)
    return cache


def take_all(cache: Cache, agency: Agency, epoch: str | None, *rows: wire.Conversation | wire.Message) -> None:
    """A full sync of a database with exactly these rows."""
    page = snapshot_page([changed(row) for row in rows], agency.seq, epoch=epoch)
    cache.write(apply.start_snapshot)
    cache.write(lambda c: apply.apply_snapshot_page(c, page, batch=100, rest=lambda: None))


def write(cache: Cache, talk: wire.Conversation, text: str) -> Id:
    return cache.write(lambda c: outbox.put(c, talk.id, text, NOON))[0]


def accept(
    cache: Cache, agency: Agency, talk: wire.Conversation, id_: Id, text: str, state: State = State.READY
) -> wire.Message:
    """The server takes it, and this computer hears so."""
    row = agency.message(talk, text, id=id_, direction="out", state=state, author_id=agency.me.id)
    cache.write(lambda c: apply.apply_message(c, row))
    return row


def in_outbox(cache: Cache) -> list[tuple[Id, State, str | None]]:
    return [(item.id, item.state, item.reason) for item in cache.read(people.outbox_items)]


def waiting(cache: Cache, id_: Id) -> Waiting:
    row = cache.read(lambda c: outbox.get(c, id_))
    assert row is not None
    return row


@pytest.mark.parametrize("last", [State.READY, State.LIMITED, State.SENDING, State.UNKNOWN, State.FAILED])
def test_what_was_accepted_and_is_unknown_now_waits_for_a_person(
    cache: Cache, agency: Agency, talk: wire.Conversation, me: Member, last: State
) -> None:
    mine = write(cache, talk, "Good evening")
    accept(cache, agency, talk, mine, "Good evening", last)
    assert in_outbox(cache) == []
    take_all(cache, agency, "after", talk)
    assert in_outbox(cache) == [(mine, State.NEEDS_REVIEW, "restored")]
    assert cache.read(lambda c: outbox.heads(c, 9)) == []
    (row,) = cache.timeline(lambda c: timeline.newest(c, talk.id, me, 60)).rows
    assert (row.id, row.text, row.state, row.local) == (mine, "Good evening", State.NEEDS_REVIEW, True)
    review = cache.read(lambda c: reviews.review(c, mine))
    assert review is not None
    assert (review.reason, review.text) == ("restored", "Good evening")


def test_it_stays_through_the_next_full_sync_and_goes_by_a_persons_yes(
    cache: Cache, agency: Agency, talk: wire.Conversation
) -> None:
    mine = write(cache, talk, "Good evening")
    accept(cache, agency, talk, mine, "Good evening")
    for epoch in ("after", "after", "once more"):
        take_all(cache, agency, epoch, talk)
        assert in_outbox(cache) == [(mine, State.NEEDS_REVIEW, "restored")]
    cache.write(lambda c: outbox.confirm(c, mine))
    begun = cache.write(lambda c: outbox.begin_attempt(c, mine, agency.me.id))
    assert begun is not None
    assert (begun.confirmed, begun.epoch) == (True, "once more")
    accept(cache, agency, talk, mine, "Good evening")
    assert in_outbox(cache) == []


def test_it_comes_back_with_the_words_it_had_last(cache: Cache, agency: Agency, talk: wire.Conversation) -> None:
    mine = write(cache, talk, "Good evning")
    accept(cache, agency, talk, mine, "Good evening")
    take_all(cache, agency, "after", talk)
    assert waiting(cache, mine).text == "Good evening"


def test_the_order_of_writing_is_kept(cache: Cache, agency: Agency, talk: wire.Conversation) -> None:
    texts = ["one", "two", "three"]
    ids = [write(cache, talk, text) for text in texts]
    for id_, text in reversed(list(zip(ids[:2], texts, strict=False))):
        accept(cache, agency, talk, id_, text)
    take_all(cache, agency, "after", talk)
    assert [id_ for id_, _, _ in in_outbox(cache)] == ids


@pytest.mark.parametrize("settled", [State.SENT, State.CANCELLED])
def test_what_was_settled_is_no_question(cache: Cache, agency: Agency, talk: wire.Conversation, settled: State) -> None:
    """What was delivered comes back from the platform's own list."""
    mine = write(cache, talk, "Good evening")
    accept(cache, agency, talk, mine, "Good evening")
    accept(cache, agency, talk, mine, "Good evening", settled)
    take_all(cache, agency, "after", talk)
    assert in_outbox(cache) == []


def test_what_the_backup_has_goes_on_there(cache: Cache, agency: Agency, talk: wire.Conversation) -> None:
    mine = write(cache, talk, "Good evening")
    row = accept(cache, agency, talk, mine, "Good evening")
    take_all(cache, agency, "after", talk, row)
    assert in_outbox(cache) == []
    take_all(cache, agency, "once more", talk)
    assert in_outbox(cache) == [(mine, State.NEEDS_REVIEW, "restored")]


def test_what_colleagues_wrote_is_not_ours_to_send_again(cache: Cache, agency: Agency, talk: wire.Conversation) -> None:
    theirs = agency.message(talk, "mine", direction="out", state=State.READY)
    elsewhere = agency.message(talk, "from my laptop", direction="out", state=State.READY, author_id=agency.me.id)
    cache.write(lambda c: apply.apply_changes(c, [changed(theirs), changed(elsewhere)]))
    take_all(cache, agency, "after", talk)
    assert in_outbox(cache) == []


def test_the_epoch_of_the_first_request_stays_with_a_message(
    cache: Cache, agency: Agency, talk: wire.Conversation
) -> None:
    """By it the server's door knows that it may have been taken before."""
    tried, fresh = write(cache, talk, "tried"), write(cache, talk, "never tried")
    cache.write(lambda c: outbox.begin_attempt(c, tried, agency.me.id))
    take_all(cache, agency, "after", talk)
    begun = [cache.write(lambda c, id_=id_: outbox.begin_attempt(c, id_, agency.me.id)) for id_ in (tried, fresh)]
    assert [(row.epoch, row.attempts) for row in begun if row is not None] == [("before", 2), ("after", 1)]
    cache.write(lambda c: outbox.forget_attempts(c, tried))
    again = cache.write(lambda c: outbox.begin_attempt(c, tried, agency.me.id))
    assert again is not None
    assert again.epoch == "after"


def test_a_full_sync_of_the_same_database_asks_nothing(cache: Cache, agency: Agency, talk: wire.Conversation) -> None:
    mine, tried = write(cache, talk, "Good evening"), write(cache, talk, "tried")
    row = accept(cache, agency, talk, mine, "Good evening")
    cache.write(lambda c: outbox.begin_attempt(c, tried, agency.me.id))
    take_all(cache, agency, "before", talk, row)
    assert in_outbox(cache) == [(tried, State.QUEUED_LOCAL, None)]


def test_what_one_may_no_longer_see_is_no_question_later(cache: Cache, agency: Agency, talk: wire.Conversation) -> None:
    mine = write(cache, talk, "Good evening")
    accept(cache, agency, talk, mine, "Good evening")
    take_all(cache, agency, "before")  # the rights to the creator were withdrawn
    take_all(cache, agency, "after")
    assert in_outbox(cache) == []


def test_it_is_kept_although_its_conversation_began_after_the_backup(
    cache: Cache, agency: Agency, talk: wire.Conversation, me: Member
) -> None:
    mine = write(cache, talk, "Good evening")
    accept(cache, agency, talk, mine, "Good evening")
    take_all(cache, agency, "after")
    assert in_outbox(cache) == [(mine, State.NEEDS_REVIEW, "restored")]
    cache.write(lambda c: apply.apply_changes(c, [changed(talk)]))
    (row,) = cache.timeline(lambda c: timeline.newest(c, talk.id, me, 60)).rows
    assert row.id == mine


def test_a_server_that_says_no_epoch_is_not_taken_for_a_restored_one(
    cache: Cache, agency: Agency, talk: wire.Conversation
) -> None:
    mine = write(cache, talk, "Good evening")
    accept(cache, agency, talk, mine, "Good evening")
    take_all(cache, agency, None, talk)
    assert in_outbox(cache) == []
