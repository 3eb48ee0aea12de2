"""Pages of a timeline, and what is known of a fan."""

from datetime import timedelta

import pytest

from huntaze_contract import wire
from huntaze_contract.outgoing import State
from huntaze_desktop.cache import Cache, apply, outbox, people, timeline
from huntaze_desktop.model.entities import Member, MessageKind
from tests.helpers.agency import NOON, Agency, changed


@pytest.fixture
def fan(agency: Agency) -> wire.Fan:
    return agency.fan(totals=wire.FanTotals(lifetime=481_200, weeks=[1, 2, 3]), tags=["vip", "beach"])


@pytest.fixture
def talk(cache: Cache, agency: Agency, fan: wire.Fan) -> wire.Conversation:
    talk = agency.conversation(fan)
    # Two messages share each second, so that the order also needs the id.
    rows = [agency.message(talk, f"{i}", at=NOON + timedelta(seconds=i // 2)) for i in range(100)]
    cache.write(lambda c: apply.apply_changes(c, [changed(row) for row in (fan, talk, *rows)]))
    return talk


def test_pages_older_and_newer_meet_without_gap_or_overlap(cache: Cache, talk: wire.Conversation, me: Member) -> None:
    page = cache.timeline(lambda c: timeline.newest(c, talk.id, me, 30))
    assert page.more
    back = list(page.rows)
    while page.more:
        first = timeline.key_of(back[0])
        page = cache.timeline(lambda c, k=first: timeline.older(c, talk.id, me, k, 30))
        back = [*page.rows, *back]
    assert [(row.at, row.id) for row in back] == sorted((row.at, row.id) for row in back)
    assert sorted(int(row.text) for row in back) == list(range(100))

    forth = list(back[:10])
    more = True
    while more:
        last = timeline.key_of(forth[-1])
        page = cache.timeline(lambda c, k=last: timeline.newer(c, talk.id, me, k, 30))
        forth, more = [*forth, *page.rows], page.more
    assert forth == back
    assert cache.timeline(lambda c: timeline.has_older(c, talk.id, timeline.key_of(back[1])))
    assert not cache.timeline(lambda c: timeline.has_older(c, talk.id, timeline.key_of(back[0])))


def test_a_window_is_read_again_from_its_first_row(cache: Cache, talk: wire.Conversation, me: Member) -> None:
    page = cache.timeline(lambda c: timeline.newest(c, talk.id, me, 30))
    again = cache.timeline(lambda c: timeline.from_key(c, talk.id, me, timeline.key_of(page.rows[0]), 400))
    assert again.rows == page.rows
    assert not again.more


def test_when_a_message_was_taken_back_is_kept(
    cache: Cache, agency: Agency, talk: wire.Conversation, me: Member
) -> None:
    taken = NOON + timedelta(hours=2)
    gone = agency.message(
        talk, "oops", direction="out", state=State.SENT, at=NOON + timedelta(hours=1), unsend="done", unsent_at=taken
    )
    cache.write(lambda c: apply.apply_changes(c, [changed(gone)]))
    last = cache.timeline(lambda c: timeline.newest(c, talk.id, me, 1)).rows[-1]
    assert (last.unsend, last.unsent_at) == ("done", taken)


def test_unsent_messages_stand_at_the_newest_end_only(cache: Cache, talk: wire.Conversation, me: Member) -> None:
    cache.write(lambda c: outbox.put(c, talk.id, "mine", NOON - timedelta(days=3)))
    page = cache.timeline(lambda c: timeline.newest(c, talk.id, me, 30))
    assert (page.rows[-1].text, page.rows[-1].local) == ("mine", True)
    first = timeline.key_of(page.rows[0])
    older = cache.timeline(lambda c: timeline.older(c, talk.id, me, first, 30))
    assert not any(row.local for row in older.rows)
    middle = cache.timeline(lambda c: timeline.newer(c, talk.id, me, timeline.key_of(older.rows[0]), 5))
    assert not any(row.local for row in middle.rows)


def test_a_message_that_was_taken_back_is_not_shown_until_it_turns_out_to_be_sent(
    cache: Cache, agency: Agency, me: Member
) -> None:
    talk = agency.conversation(agency.fan())
    row = agency.message(talk, "never mind", direction="out", state=State.CANCELLED, author_id=me.id)
    cache.write(lambda c: apply.apply_changes(c, [changed(talk), changed(row)]))
    assert cache.timeline(lambda c: timeline.newest(c, talk.id, me, 30)).rows == ()
    sent = row.model_copy(update={"state": State.SENT, "ver": agency.next_seq()})
    cache.write(lambda c: apply.apply_changes(c, [changed(sent)]))
    (shown,) = cache.timeline(lambda c: timeline.newest(c, talk.id, me, 30)).rows
    assert (shown.state, shown.mine) == (State.SENT, True)


def test_a_conversation_that_is_not_known_says_so(cache: Cache, agency: Agency, me: Member) -> None:
    assert not cache.timeline(lambda c: timeline.newest(c, "nobody", me, 30)).exists
    empty = agency.conversation(agency.fan())
    cache.write(lambda c: apply.apply_changes(c, [changed(empty)]))
    assert cache.timeline(lambda c: timeline.newest(c, empty.id, me, 30)).exists


def test_what_is_known_of_a_fan(cache: Cache, agency: Agency, fan: wire.Fan, talk: wire.Conversation) -> None:
    offer = agency.message(
        talk,
        "",
        direction="out",
        kind=wire.MessageKind.PPV,
        title="Beach set",
        price=1900,
        media=[wire.MediaItem(platform_id="1", type="photo")],
        state=State.SENT,
        at=NOON,
        bought_at=NOON + timedelta(hours=1),
    )
    notes = [
        agency.note(fan, "likes trains", created_at=NOON),
        agency.note(fan, "birthday in May", created_at=NOON + timedelta(hours=1), author_id=None, author_name="Ana"),
    ]
    cache.write(lambda c: apply.apply_changes(c, [changed(row) for row in (offer, *notes)]))
    found = cache.read(lambda c: people.fan_record(c, fan.id, agency.me.id))
    assert found.fan is not None
    assert (found.fan.totals.lifetime, found.fan.totals.weeks, found.fan.tags) == (481_200, (1, 2, 3), ("vip", "beach"))
    assert [(note.text, note.mine) for note in found.notes] == [("birthday in May", False), ("likes trains", True)]
    (purchase,) = found.purchases
    assert (purchase.title, purchase.price, purchase.media_type) == ("Beach set", 1900, "photo")
    assert purchase.bought_at == NOON + timedelta(hours=1)
    row = next(
        row
        for row in cache.timeline(lambda c: timeline.newest(c, talk.id, Member("x", "x", "x"), 200)).rows
        if row.id == offer.id
    )
    assert (row.kind, row.media_types) == (MessageKind.PPV, ("photo",))
    assert cache.read(lambda c: people.fan_record(c, "nobody", agency.me.id)).fan is None


def test_creators_are_listed_by_name(cache: Cache, agency: Agency) -> None:
    rows = [agency.new_creator(name) for name in ("Noor", "Ada")]
    cache.write(lambda c: apply.apply_changes(c, [changed(row) for row in rows]))
    assert [creator.name for creator in cache.read(people.creators)] == ["Ada", "Noor"]


def test_the_store_remembers_whose_it_is(cache: Cache, agency: Agency) -> None:
    assert cache.read(people.account) is None
    me = wire.Me(member=agency.me, email="iris@example.com", agency_id=agency.creator.id, agency_name="Northlight")
    saved = cache.write(lambda c: people.save_account(c, me))
    assert cache.read(people.account) == saved
    assert saved.member.name == "Iris"
