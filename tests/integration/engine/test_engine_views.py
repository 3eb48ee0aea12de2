"""Live views over a running engine: windows that page, lists that move, presence, budgets, notes and tags."""

from datetime import timedelta
from typing import Any

from sqlalchemy import text

from huntaze_contract import wire
from huntaze_contract.ids import new_id
from huntaze_desktop.cache import CacheKey, open_cache
from huntaze_desktop.model.connection import ConnectionState
from huntaze_desktop.model.listing import ConversationQuery, SectionKind
from huntaze_desktop.model.waiting import DEFAULT_SLA
from huntaze_desktop.model.window import MAX_ROWS, PAGE
from tests.helpers.agency import KEY
from tests.helpers.peer import Peer
from tests.integration.engine.conftest import Desk, offline, seen, until


async def test_a_window_opens_at_the_newest_end_and_pages_back_to_the_oldest(desk: Desk, peer: Peer) -> None:
    talk = peer.talk(messages=3 * PAGE)
    engine = await desk.sign_in()
    window = engine.window(talk.id)
    value = await seen(window, lambda value: not value.loading)
    assert [row.text for row in value.rows] == [f"line {i}" for i in range(2 * PAGE, 3 * PAGE)]
    assert (value.has_oldest, value.has_newest) == (False, True)
    while not window.value.has_oldest:
        size = len(window.value.rows)
        window.load_older()
        window.load_older()
        await seen(window, lambda value, size=size: len(value.rows) > size or value.has_oldest)
        window.value.check_invariants()
    assert [row.text for row in window.value.rows] == [f"line {i}" for i in range(3 * PAGE)]
    window.load_older()
    await peer.publish(peer.agency.message(talk, "newest"))
    value = await seen(window, lambda value: value.rows[-1].text == "newest")
    assert len(value.rows) == 3 * PAGE + 1


async def test_a_window_holds_no_more_than_it_may_and_finds_back_to_the_newest(desk: Desk, peer: Peer) -> None:
    talk = peer.talk(messages=MAX_ROWS + 2 * PAGE)
    engine = await desk.sign_in()
    window = engine.window(talk.id)
    await seen(window, lambda value: not value.loading)
    while window.value.has_newest:
        window.load_older()
        first = window.value.rows[0].id
        await seen(window, lambda value, first=first: value.rows[0].id != first)
        window.value.check_invariants()
    assert len(window.value.rows) == MAX_ROWS
    generation, shown = window.value.generation, window.value.rows
    mine = await engine.send(talk.id, "below the fold")
    await until(lambda: mine in peer.accepted)
    await seen(engine.outbox(), lambda items: not items)
    assert window.value.rows == shown
    window.load_newer()
    await seen(window, lambda value: value.rows[-1].id != shown[-1].id)
    window.value.check_invariants()
    window.jump_to_newest()
    value = await seen(window, lambda value: value.generation > generation)
    assert value.rows[-1].id == mine
    assert (len(value.rows), value.has_newest) == (PAGE, True)


async def test_a_full_window_lets_the_oldest_go_when_news_comes(desk: Desk, peer: Peer) -> None:
    talk = peer.talk(messages=MAX_ROWS)
    engine = await desk.sign_in()
    window = engine.window(talk.id)
    await seen(window, lambda value: not value.loading)
    while not window.value.has_oldest:
        window.load_older()
        first = window.value.rows[0].id
        await seen(window, lambda value, first=first: value.rows[0].id != first)
    generation = window.value.generation
    await peer.publish(peer.agency.message(talk, "one more"))
    value = await seen(window, lambda value: value.rows[-1].text == "one more")
    assert (len(value.rows), value.has_oldest, value.generation) == (MAX_ROWS, False, generation)
    value.check_invariants()


async def test_a_conversation_that_is_not_there_says_so(desk: Desk, peer: Peer) -> None:
    engine = await desk.sign_in()
    value = await seen(engine.window(new_id()), lambda value: not value.loading)
    assert value.error == "NOT_FOUND"


async def test_a_wait_turns_late_without_any_event(desk: Desk, peer: Peer) -> None:
    nearly = peer.now() - DEFAULT_SLA.late_after + timedelta(seconds=1)
    peer.talk(waiting_since=nearly)
    engine = await desk.sign_in()
    listing = engine.listing(ConversationQuery())
    kinds = []
    listing.subscribe(lambda value: kinds.extend(section.kind for section in value.sections))
    await seen(listing, lambda value: [s.kind for s in value.sections] == [SectionKind.LATE])
    assert kinds[0] is SectionKind.WAITING


async def test_a_query_is_replaced_while_it_is_answered(desk: Desk, peer: Peer) -> None:
    for name in ("Ana", "Bob", "Bobby"):
        peer.talk(name)
    engine = await desk.sign_in()
    listing = engine.listing(ConversationQuery())
    for typed in ("b", "bo", "bob", "bobb"):
        listing.set_query(ConversationQuery(text=typed))
    found = await seen(listing, lambda value: value.query.text == "bobb")
    assert [row.fan_name for row in found.rows] == ["Bobby"]


async def test_a_closed_view_hears_nothing_more(desk: Desk, peer: Peer) -> None:
    talk = peer.talk()
    engine = await desk.sign_in()
    closed, witness = engine.window(talk.id), engine.window(talk.id)
    await seen(closed, lambda value: not value.loading)
    heard = []
    closed.subscribe(heard.append)
    closed.close()
    await peer.publish(peer.agency.message(talk, "anybody?"))
    await seen(witness, lambda value: value.rows)
    assert len(heard) == 1
    assert closed.value.rows == ()


async def test_colleagues_and_a_typing_fan_are_shown_and_we_are_not(desk: Desk, peer: Peer) -> None:
    talk = peer.talk()
    engine = await desk.sign_in()
    await until(lambda: peer.sockets)
    listing, window = engine.listing(ConversationQuery()), engine.window(talk.id)
    own = wire.PresenceFrame(
        cs=1, conversation_id=talk.id, member_id=peer.agency.me.id, member_name="Iris", kind=wire.PresenceKind.TYPING
    )
    ana = own.model_copy(update={"member_id": new_id(), "member_name": "Ana"})
    await peer.frame(own)
    await peer.frame(ana)
    row = (await seen(listing, lambda value: value.rows and value.rows[0].colleague)).rows[0]
    assert (row.colleague, row.colleague_types) == ("Ana", True)
    await peer.frame(ana.model_copy(update={"kind": wire.PresenceKind.GONE}))
    await seen(listing, lambda value: value.rows[0].colleague is None)
    await peer.frame(wire.TypingFrame(cs=2, conversation_id=talk.id))
    await seen(window, lambda value: value.fan_types)


async def test_without_a_connection_nobody_is_known_to_be_there(desk: Desk, peer: Peer) -> None:
    talk = peer.talk()
    engine = await desk.sign_in()
    await until(lambda: peer.sockets)
    listing, window = engine.listing(ConversationQuery()), engine.window(talk.id)
    ana: dict[str, Any] = {"member_id": new_id(), "member_name": "Ana"}
    await peer.frame(wire.PresenceFrame(cs=1, conversation_id=talk.id, kind=wire.PresenceKind.TYPING, **ana))
    await peer.frame(wire.TypingFrame(cs=2, conversation_id=talk.id))
    lease = wire.Lease(conversation_id=talk.id, expires_at=peer.now() + timedelta(seconds=45), epoch=1, **ana)
    await peer.frame(wire.LeaseFrame(cs=3, conversation_id=talk.id, lease=lease))
    await seen(listing, lambda value: value.rows and value.rows[0].colleague and value.rows[0].replying)
    await seen(window, lambda value: value.fan_types)
    row = engine.row(talk.id)
    await offline(desk)
    await seen(listing, lambda value: value.rows[0].colleague is None and value.rows[0].replying is None, within=3.0)
    await seen(row, lambda value: value is not None and value.replying is None, within=3.0)
    await seen(window, lambda value: not value.fan_types, within=3.0)


async def test_our_presence_is_told_kept_alive_and_taken_back(desk: Desk, peer: Peer) -> None:
    one, two = peer.talk("One"), peer.talk("Two")
    engine = await desk.sign_in()
    engine.tell_viewing(one.id, typing=False)
    await until(lambda: peer.presence.count((one.id, "viewing")) >= 2)
    engine.tell_viewing(one.id, typing=True)
    await until(lambda: (one.id, "typing") in peer.presence)
    engine.tell_viewing(two.id, typing=False)
    await until(lambda: (two.id, "viewing") in peer.presence)
    assert (one.id, "gone") in peer.presence


async def test_a_budget_is_asked_for_told_and_kept_fresh(desk: Desk, peer: Peer) -> None:
    engine = await desk.sign_in()
    budget = engine.budget(peer.agency.creator.id)
    found = await seen(budget, lambda value: value is not None)
    assert found is not None
    assert (found.limit, found.remaining) == (10, 10)
    await until(lambda: peer.sockets)
    peer.budget = 10
    told = wire.SendBudget(creator_id=peer.agency.creator.id, limit=10, remaining=3, server_time=peer.now())
    await peer.frame(wire.BudgetFrame(cs=1, budget=told))
    await seen(budget, lambda value: value.remaining == 3)
    await seen(budget, lambda value: value.remaining == 10)


async def test_a_read_mark_waits_for_the_server(desk: Desk, peer: Peer) -> None:
    talk = peer.talk(messages=1, unread=1)
    engine = await desk.sign_in()
    listing = engine.listing(ConversationQuery())
    await seen(listing, lambda value: value.rows and value.rows[0].unread == 1)
    await desk.wire.down()
    engine.nudge()
    await seen(engine.connection, lambda c: c.state is ConnectionState.OFFLINE)
    await engine.mark_read(talk.id, new_id())
    await seen(listing, lambda value: value.rows[0].unread == 0)
    await desk.wire.up()
    await until(lambda: [op["kind"] for op in peer.ops.taken] == ["mark_read"])
    assert listing.value.rows[0].unread == 0


async def test_creators_are_listed_and_followed(desk: Desk, peer: Peer) -> None:
    engine = await desk.sign_in()
    creators = engine.creators()
    await seen(creators, lambda value: [creator.name for creator in value] == ["Mara Lind"])
    expired = peer.agency.creator.model_copy(
        update={"state": wire.CreatorState.SESSION_EXPIRED, "ver": peer.agency.next_seq()}
    )
    await until(lambda: peer.sockets)
    await peer.publish(expired)
    await seen(creators, lambda value: value[0].state == "session_expired")


async def test_the_store_is_whole_after_all_that(desk: Desk, peer: Peer) -> None:
    talk = peer.talk(messages=20)
    engine = await desk.sign_in()
    await engine.send(talk.id, "hello")
    await desk.stop()
    cache = open_cache(desk.path, CacheKey(KEY))
    try:
        assert cache.read(lambda c: c.exec_driver_sql("PRAGMA integrity_check").scalar_one()) == "ok"
        cache.write(lambda c: c.execute(text("INSERT INTO message_words(message_words) VALUES ('integrity-check')")))
    finally:
        cache.close()
