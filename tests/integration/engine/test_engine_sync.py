"""The engine follows its backend: first sync, events, gaps, expired cursors, and what it does without a network."""

import json
from datetime import timedelta

from sqlalchemy import text
from starlette.responses import HTMLResponse

from huntaze_contract import wire
from huntaze_contract.outgoing import State
from huntaze_desktop.cache import CacheKey, open_cache
from huntaze_desktop.model.connection import Connection, ConnectionState
from huntaze_desktop.model.listing import ConversationQuery
from tests.helpers.agency import KEY
from tests.helpers.peer import Peer, problem
from tests.integration.engine.conftest import Desk, offline, seen, until


async def test_a_first_sync_fills_the_list_page_by_page(desk: Desk, peer: Peer) -> None:
    for index in range(30):
        peer.talk(f"Fan {index}", messages=3)
    peer.page_size = 40
    engine = await desk.start()
    states: list[Connection] = []
    engine.connection.subscribe(states.append)
    listing = engine.listing(ConversationQuery())
    await engine.sign_in("iris@example.com", "correct horse")
    found = await seen(listing, lambda value: value.total == 30)
    assert not found.loading
    assert engine.me.name == "Iris"
    await seen(engine.connection, lambda c: c.state is ConnectionState.ONLINE)
    totals = {state.sync_total for state in states if state.state is ConnectionState.SYNCING}
    assert len(peer.rows) in totals


async def test_what_others_do_arrives_as_an_event(desk: Desk, peer: Peer) -> None:
    talk = peer.talk()
    engine = await desk.sign_in()
    window = engine.window(talk.id)
    await seen(window, lambda value: not value.loading)
    await until(lambda: peer.sockets)
    peer.no_pulls = True
    await peer.publish(peer.agency.message(talk, "Are you there?"))
    value = await seen(window, lambda value: value.rows)
    assert [row.text for row in value.rows] == ["Are you there?"]


async def test_a_gap_in_the_events_leads_to_a_pull(desk: Desk, peer: Peer) -> None:
    talk = peer.talk()
    engine = await desk.sign_in()
    window = engine.window(talk.id)
    await until(lambda: peer.sockets)
    peer.silent_events = True
    await peer.publish(peer.agency.message(talk, "missed"))
    peer.silent_events = False
    await peer.publish(peer.agency.message(talk, "heard"))
    value = await seen(window, lambda value: len(value.rows) == 2)
    assert [row.text for row in value.rows] == ["missed", "heard"]


async def test_a_missed_event_is_found_by_the_next_nudge(desk: Desk, peer: Peer) -> None:
    talk = peer.talk()
    engine = await desk.sign_in()
    window = engine.window(talk.id)
    peer.silent_events = True
    await peer.publish(peer.agency.message(talk, "missed"))
    engine.nudge()
    await seen(window, lambda value: len(value.rows) == 1)


async def test_what_happened_while_away_is_there_after_the_reconnect(desk: Desk, peer: Peer) -> None:
    talk = peer.talk()
    engine = await desk.sign_in()
    window = engine.window(talk.id)
    await desk.wire.down()
    engine.nudge()
    await seen(engine.connection, lambda c: c.state is ConnectionState.OFFLINE)
    await peer.publish(peer.agency.message(talk, "while away"))
    await desk.wire.up()
    await seen(window, lambda value: len(value.rows) == 1)
    await seen(engine.connection, lambda c: c.state is ConnectionState.ONLINE)


async def test_a_profile_is_shown_without_any_server(desk: Desk, peer: Peer) -> None:
    talk = peer.talk(messages=2)
    await desk.sign_in()
    await desk.stop()
    await desk.wire.down()
    engine = await desk.start()
    assert engine.me.name == "Iris"
    listing, window = engine.listing(ConversationQuery()), engine.window(talk.id)
    assert (await seen(listing, lambda value: not value.loading)).total == 1
    assert len((await seen(window, lambda value: not value.loading)).rows) == 2
    away = await seen(engine.connection, lambda c: c.state is ConnectionState.OFFLINE and c.last_sync_at)
    assert away.since == away.last_sync_at


async def test_an_interrupted_first_sync_goes_on_where_it_stopped(desk: Desk, peer: Peer) -> None:
    for index in range(20):
        peer.talk(f"Fan {index}")
    peer.page_size = 10
    peer.snapshot_pages_until_hang = 2
    engine = await desk.start()
    await engine.sign_in("iris@example.com", "correct horse")
    await until(lambda: len(peer.snapshot_pages) == 3)
    await desk.stop()
    peer.snapshot_pages_until_hang = None
    engine = await desk.start()
    listing = engine.listing(ConversationQuery())
    await seen(listing, lambda value: value.total == 20)
    await seen(engine.connection, lambda c: c.state is ConnectionState.ONLINE)
    assert peer.snapshot_pages == [None, "10.42", "20.42", "20.42", "30.42", "40.42"]


async def test_an_expired_cursor_leads_to_a_full_sync_that_keeps_drafts_and_outbox(desk: Desk, peer: Peer) -> None:
    talk = peer.talk("Stays", messages=1)
    peer.talk("Goes", messages=1)
    engine = await desk.sign_in()
    listing, outbox = engine.listing(ConversationQuery()), engine.outbox()
    await seen(listing, lambda value: value.total == 2)
    await offline(desk)
    mine = await engine.send(talk.id, "unsent")
    await engine.save_draft(talk.id, "half a thought")
    fan = peer.rows["fan", talk.fan_id].row
    peer.restore_from_backup(fan, talk)
    await desk.wire.up()
    await seen(listing, lambda value: value.total == 1)
    assert [row.fan_name for row in listing.value.rows] == ["Stays"]
    assert await engine.draft(talk.id) == "half a thought"
    await seen(outbox, lambda items: not items)
    assert list(peer.accepted) == [mine]


async def test_rows_and_frames_of_unknown_kinds_are_skipped(desk: Desk, peer: Peer) -> None:
    talk = peer.talk()
    engine = await desk.sign_in()
    window = engine.window(talk.id)
    await until(lambda: peer.sockets)
    for socket in peer.sockets:
        await socket.send_text('{"type": "weather", "cs": 1}')
        await socket.send_text("no json at all")
        seq = peer.agency.next_seq()
        strange = {"entity": "balloon", "seq": seq, "id": "x", "op": "U", "row": {}}
        frame = {"type": "changes", "cs": 2, "prev": seq - 1, "seq": seq, "cursor": str(seq), "changes": [strange]}
        await socket.send_text(json.dumps(frame))
    await peer.publish(peer.agency.message(talk, "still here"))
    await seen(window, lambda value: len(value.rows) == 1)


async def test_a_page_of_html_counts_as_no_server(desk: Desk, peer: Peer) -> None:
    engine = await desk.sign_in()
    await until(lambda: peer.sockets)
    for socket in list(peer.sockets):
        await socket.close()
    peer.instead.extend(HTMLResponse("<h1>Welcome to the hotel</h1>") for _ in range(1000))
    engine.nudge()
    await seen(engine.connection, lambda c: c.state is ConnectionState.OFFLINE)
    peer.instead.clear()
    engine.nudge()
    await seen(engine.connection, lambda c: c.state is ConnectionState.ONLINE)


async def test_the_servers_clock_is_learned(desk: Desk, peer: Peer) -> None:
    peer.skew = timedelta(minutes=7)
    engine = await desk.sign_in()
    connection = await seen(engine.connection, lambda c: c.clock_offset_s > 400)
    assert abs(connection.clock_offset_s - 420) < 5


async def test_a_deleted_row_disappears(desk: Desk, peer: Peer) -> None:
    talk = peer.talk(messages=1)
    engine = await desk.sign_in()
    window = engine.window(talk.id)
    value = await seen(window, lambda value: len(value.rows) == 1)
    before = peer.seq
    gone = wire.MessageChange(seq=peer.agency.next_seq(), id=value.rows[0].id, op="D")
    peer.record(gone)
    await peer.tell([gone], before)
    await seen(window, lambda value: not value.rows and not value.loading)


async def test_a_stream_whose_token_ended_comes_back_with_a_new_one(desk: Desk, peer: Peer) -> None:
    talk = peer.talk()
    engine = await desk.sign_in()
    window = engine.window(talk.id)
    await until(lambda: peer.sockets)
    peer.access.clear()
    for socket in list(peer.sockets):
        await socket.close(4401)
    await until(lambda: peer.sockets)
    await peer.publish(peer.agency.message(talk, "welcome back"))
    await seen(window, lambda value: len(value.rows) == 1)
    assert peer.refreshes == 1


async def test_changed_rights_lead_to_a_full_sync(desk: Desk, peer: Peer) -> None:
    peer.talk("Stays")
    peer.talk("Goes")
    engine = await desk.sign_in()
    listing = engine.listing(ConversationQuery())
    await seen(listing, lambda value: value.total == 2)
    await until(lambda: peer.sockets)
    for change in [change for change in peer.rows.values() if getattr(change.row, "name", "") == "Goes"]:
        del peer.rows[change.entity, change.id]
    peer.expired_cursors = True
    for socket in list(peer.sockets):
        await socket.close(4410)
    await seen(listing, lambda value: value.total == 1)


async def test_what_is_here_is_compared_with_the_servers_after_a_full_sync(desk: Desk, peer: Peer) -> None:
    talk = peer.talk(messages=30)
    engine = await desk.sign_in()
    await until(lambda: peer.digests == 1)
    await peer.publish(peer.agency.message(talk, "one more"))
    await seen(engine.window(talk.id), lambda value: len(value.rows) == 31)
    assert len(peer.snapshot_pages) == 1


async def test_what_is_missing_is_found_and_fetched_once(desk: Desk, peer: Peer) -> None:
    talk = peer.talk(messages=3)
    engine = await desk.sign_in()
    await until(lambda: peer.digests == 1)
    await desk.stop()
    damaged = open_cache(desk.path, CacheKey(KEY))
    damaged.write(lambda c: c.execute(text("DELETE FROM messages WHERE text = 'line 1'")))
    damaged.close()
    engine = await desk.start()
    await seen(engine.window(talk.id), lambda value: [row.text for row in value.rows] == ["line 0", "line 1", "line 2"])
    await until(lambda: peer.digests == 3)
    assert len(peer.snapshot_pages) == 2


async def test_a_row_that_an_answer_brought_ahead_of_the_cursor_is_no_difference(desk: Desk, peer: Peer) -> None:
    """Sending while the comparison is under way: the answer's row is newer than what the digest counted."""
    talk = peer.talk(messages=3)
    await desk.sign_in()
    await until(lambda: peer.digests == 1)
    await desk.stop()
    ahead = open_cache(desk.path, CacheKey(KEY))
    ahead.write(
        lambda c: c.execute(text("UPDATE messages SET ver = :ver WHERE text = 'line 1'"), {"ver": peer.seq + 1})
    )
    ahead.close()
    engine = await desk.start()
    await until(lambda: peer.digests == 2)
    await peer.publish(peer.agency.message(talk, "one more"))
    await seen(engine.window(talk.id), lambda value: len(value.rows) == 4)
    assert len(peer.snapshot_pages) == 1


async def test_a_difference_that_a_full_sync_cannot_cure_is_no_loop(desk: Desk, peer: Peer) -> None:
    peer.talk(messages=3)
    ghost = peer.agency.member("Ghost")
    peer.hidden.add(ghost.id)  # counted, and never delivered
    peer.put(ghost)
    engine = await desk.sign_in()
    await until(lambda: peer.digests == 2)
    for _ in range(3):
        requests = len(peer.requests)
        engine.nudge()
        await until(lambda requests=requests: "GET /api/v2/sync" in peer.requests[requests:])
    assert (peer.digests, len(peer.snapshot_pages)) == (2, 2)


async def test_a_draft_of_another_computer_is_taken_up_where_nothing_newer_is_here(desk: Desk, peer: Peer) -> None:
    one, two = peer.talk("One"), peer.talk("Two")
    at = peer.now() - timedelta(hours=1)
    peer.drafts = [wire.Draft(conversation_id=of, text="begun at home", changed_at=at) for of in (one.id, two.id)]
    engine = await desk.start()
    desk.wire.cut_answers = 0
    await engine.sign_in("iris@example.com", "correct horse")
    await until(lambda: "GET /api/v2/drafts" in peer.requests)
    await until(lambda: peer.digests)
    assert await engine.draft(one.id) == "begun at home"
    await engine.save_draft(two.id, "newer here")
    await desk.stop()
    engine = await desk.start()
    await until(lambda: peer.requests.count("GET /api/v2/drafts") == 2)
    assert await engine.draft(two.id) == "newer here"


async def test_a_restored_server_that_lost_a_message_makes_its_author_decide(desk: Desk, peer: Peer) -> None:
    talk = peer.talk()
    engine = await desk.sign_in()
    outbox = engine.outbox()
    mine = await engine.send(talk.id, "Good evening")
    await until(lambda: mine in peer.accepted)
    await seen(engine.window(talk.id), lambda value: value.rows and not value.rows[0].local)
    peer.restore_from_backup(peer.rows["fan", talk.fan_id].row, talk)
    engine.nudge()
    (item,) = await seen(outbox, lambda items: items and items[0].state is State.NEEDS_REVIEW)
    assert (item.id, item.reason) == (mine, "restored")
    assert mine not in peer.accepted
    await engine.retry(mine)
    await until(lambda: mine in peer.accepted)
    assert (peer.posts[-1][1]["override"], peer.posts[-1][1]["epoch"]) == (True, "2")
    await seen(outbox, lambda items: not items)


async def test_a_message_whose_answer_was_lost_is_not_given_to_a_restored_server_by_itself(
    desk: Desk, peer: Peer
) -> None:
    talk, other = peer.talk("One"), peer.talk("Two")
    peer.silent_events = True
    engine = await desk.sign_in()
    outbox = engine.outbox()
    peer.instead_of_posts.extend(problem(503, "UNAVAILABLE") for _ in range(500))
    tried = await engine.send(talk.id, "may have gone out")
    await until(lambda: peer.posts)
    await offline(desk)
    fresh = await engine.send(other.id, "never left")
    fans = [peer.rows["fan", one.fan_id].row for one in (talk, other)]
    peer.restore_from_backup(*fans, talk, other)
    peer.instead_of_posts.clear()
    # The outbox is quicker than sync here: what decides is the server's door.
    peer.no_pulls = True
    await desk.wire.up()
    (first, *_) = await seen(outbox, lambda items: items and items[0].state is State.NEEDS_REVIEW)
    assert (first.id, first.reason) == (tried, "restored")
    peer.no_pulls = False
    engine.nudge()
    await until(lambda: fresh in peer.accepted)
    assert tried not in peer.accepted
