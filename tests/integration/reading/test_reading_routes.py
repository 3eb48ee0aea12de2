"""Lists, timelines, read marks, notes and tags over HTTP: scoped, paged, and cheap however long the list."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, event
from sqlalchemy.orm import Session

from huntaze_backend.areas.fans import loaders as fan_loaders
from huntaze_backend.areas.fans import service as fan_service
from huntaze_backend.areas.fans.intake import fan_id, put_fans
from huntaze_backend.areas.messages import loaders, service, sync_kinds
from huntaze_backend.areas.messages.chats import conversation_id, put_chats
from huntaze_backend.areas.messages.intake import put_messages
from huntaze_backend.engines.gateways.reading import PlatformChat, PlatformFan, PlatformMessage
from huntaze_backend.engines.sync.kinds import Scope
from huntaze_contract.ids import new_id
from huntaze_contract.wire import Role

START = datetime(2026, 11, 20, 18, tzinfo=UTC)


def fan(number: int) -> PlatformFan:
    return PlatformFan(id=str(number), name=f"Fan {number}", username=f"fan{number}", language="en", active=True)


def message(chat: int, number: int, *, mine: bool = False) -> PlatformMessage:
    at = START + timedelta(seconds=number)
    return PlatformMessage(id=f"{chat}-{number}", chat=str(chat), text=f"Text {number}", from_us=mine, created_at=at)


def fill(session: Session, source: Any, chats: int, messages: int) -> None:
    """Chats 1, 2, …, each with messages 0, 1, … of the fan; a later chat has later messages."""
    put_fans(session, source, [fan(number) for number in range(1, chats + 1)], complete=True)
    put_chats(
        session,
        source,
        [
            PlatformChat(str(n), fan(n), can_send=True, cannot_send_reason=None, unread=0, last_message=None)
            for n in range(1, chats + 1)
        ],
    )
    put_messages(session, source, [message(n, 100 * n + m) for n in range(1, chats + 1) for m in range(messages)])


@pytest.fixture
async def full(house: Any) -> Any:
    """Two creators with three chats of five messages each."""
    for source in house.sources[:2]:
        await house.db.write(lambda session, source=source: fill(session, source, 3, 5))
    return house


async def pages(web: Any, path: str, **params: Any) -> list[dict[str, Any]]:
    """All items of a list, read in pages of two."""
    items: list[dict[str, Any]] = []
    cursor = None
    while True:
        answer = await web.get(path, params={"limit": 2, **params} | ({"cursor": cursor} if cursor else {}))
        assert answer.status_code == 200, answer.text
        items.extend(answer.json()["items"])
        cursor = answer.json()["next_cursor"]
        if cursor is None:
            return items


async def test_lists_are_paged_without_gaps_or_repeats(full, web):
    conversations = await pages(web, "/api/v2/conversations")
    assert len({item["id"] for item in conversations}) == len(conversations) == 6
    assert [item["last_at"] for item in conversations] == sorted((i["last_at"] for i in conversations), reverse=True)

    of_one = await pages(web, "/api/v2/conversations", creator_id=full.sources[0].creator_id)
    assert {item["creator_id"] for item in of_one} == {full.sources[0].creator_id}
    assert [item["unread"] for item in of_one] == [5, 5, 5]

    timeline = await pages(web, f"/api/v2/conversations/{of_one[0]['id']}/messages")
    assert [item["text"] for item in timeline] == [f"Text {300 + n}" for n in (4, 3, 2, 1, 0)]

    fans = await pages(web, "/api/v2/fans", creator_id=full.sources[0].creator_id)
    assert sorted(item["name"] for item in fans) == ["Fan 1", "Fan 2", "Fan 3"]


async def test_a_chatter_sees_granted_creators_only(full, web, access):
    mine, other = full.sources[:2]
    access.principals["chatter"] = full.chatter(mine.creator_id)
    theirs = {"conversation": conversation_id(other, "1"), "fan": fan_id(other, "1")}
    note = {"id": new_id(), "text": "Secret"}
    assert (await web.post(f"/api/v2/fans/{theirs['fan']}/notes", json=note)).status_code == 201
    up_to = (await web.get(f"/api/v2/conversations/{theirs['conversation']}/messages")).json()["items"][0]["id"]
    web.headers["Authorization"] = "Bearer chatter"

    assert {item["creator_id"] for item in await pages(web, "/api/v2/conversations")} == {mine.creator_id}
    assert {item["creator_id"] for item in await pages(web, "/api/v2/fans")} == {mine.creator_id}
    foreign = [
        ("GET", f"/conversations/{theirs['conversation']}", None),
        ("GET", f"/conversations/{theirs['conversation']}/messages", None),
        ("POST", f"/conversations/{theirs['conversation']}/read", {"up_to": up_to}),
        ("PUT", f"/conversations/{theirs['conversation']}/presence", {"kind": "viewing"}),
        ("GET", f"/conversations?creator_id={other.creator_id}", None),
        ("GET", f"/fans?creator_id={other.creator_id}", None),
        ("GET", f"/fans/{theirs['fan']}", None),
        ("GET", f"/fans/{theirs['fan']}/notes", None),
        ("GET", f"/fans/{theirs['fan']}/transactions", None),
        ("POST", f"/fans/{theirs['fan']}/notes", {"id": new_id(), "text": "Hello"}),
        ("POST", f"/fans/{theirs['fan']}/tags", {"tag": "vip"}),
        ("DELETE", f"/fans/{theirs['fan']}/tags/vip", None),
        ("PUT", f"/notes/{note['id']}", {"text": "Mine now", "base_ver": 1}),
        ("DELETE", f"/notes/{note['id']}", None),
    ]
    for method, path, body in foreign:
        answer = await web.request(method, f"/api/v2{path}", json=body)
        assert (answer.status_code, answer.json()["code"]) == (404, "NOT_FOUND"), (method, path)


async def test_another_agency_sees_nothing_at_all(full, web, access):
    stranger = full.owner()
    access.principals["stranger"] = stranger.__class__(
        stranger.member_id, new_id(), Role.OWNER, None, stranger.session_id, "Someone"
    )
    web.headers["Authorization"] = "Bearer stranger"

    assert await pages(web, "/api/v2/conversations") == []
    assert await pages(web, "/api/v2/fans") == []
    one = conversation_id(full.sources[0], "1")
    assert (await web.get(f"/api/v2/conversations/{one}/messages")).status_code == 404


async def test_what_was_read_stays_read(full, web):
    path = f"/api/v2/conversations/{conversation_id(full.sources[0], '1')}"
    newest_first = (await web.get(f"{path}/messages")).json()["items"]

    read = (await web.post(f"{path}/read", json={"up_to": newest_first[1]["id"]})).json()
    assert (read["unread"], read["waiting_since"]) == (1, newest_first[-1]["at"])
    back = (await web.post(f"{path}/read", json={"up_to": newest_first[4]["id"]})).json()
    assert (back["unread"], back["ver"]) == (1, read["ver"])
    elsewhere = f"/api/v2/conversations/{conversation_id(full.sources[0], '2')}/read"
    answer = await web.post(elsewhere, json={"up_to": newest_first[0]["id"]})
    assert (answer.status_code, answer.json()["code"]) == (422, "VALIDATION")


async def test_presence_reaches_colleagues_who_may_see_the_creator(full, web, access):
    source = full.sources[0]
    with full.hub.subscribe(full.agency_id) as subscription:
        path = f"/api/v2/conversations/{conversation_id(source, '1')}/presence"
        assert (await web.put(path, json={"kind": "typing"})).status_code == 204
        creator, frame = subscription.ephemeral.pop()

    assert creator == source.creator_id
    owner = access.principals["owner"]
    assert (frame["type"], frame["kind"]) == ("presence", "typing")
    assert (frame["member_id"], frame["member_name"]) == (owner.member_id, owner.name)


@pytest.mark.parametrize("cursor", ["nonsense", "WzFd", "W10", "!!!!", "WyJcdTAwMDAiLCAxXQ", "9" * 400])
async def test_a_cursor_that_we_did_not_give_is_refused(full, web, cursor):
    of_fan = f"/fans/{fan_id(full.sources[0], '1')}"
    one = f"/conversations/{conversation_id(full.sources[0], '1')}/messages"
    for path in ("/conversations", "/fans", one, f"{of_fan}/notes", f"{of_fan}/transactions"):
        answer = await web.get(f"/api/v2{path}", params={"cursor": cursor})
        assert (answer.status_code, answer.json()["code"]) == (422, "VALIDATION"), path


# --- notes and tags -----------------------------------------------------------------------------------------------


async def test_a_note_is_written_once_edited_by_version_and_deleted_for_good(full, web):
    path = f"/api/v2/fans/{fan_id(full.sources[0], '1')}/notes"
    new = {"id": new_id(), "text": "Likes the sea"}
    written = await web.post(path, json=new)
    again = await web.post(path, json=new)
    assert (written.status_code, again.status_code) == (201, 200)
    assert written.json() == again.json()
    note = written.json()
    assert (note["author_name"], note["text"], note["edited_at"]) == ("Iris", "Likes the sea", None)

    edited = (
        await web.put(f"/api/v2/notes/{note['id']}", json={"text": "Likes the lake", "base_ver": note["ver"]})
    ).json()
    assert edited["ver"] > note["ver"]
    assert edited["edited_at"] is not None
    late = await web.put(f"/api/v2/notes/{note['id']}", json={"text": "Likes rain", "base_ver": note["ver"]})
    assert (late.status_code, late.json()["code"]) == (409, "CONFLICT")
    assert {"field": "text", "message": "Likes the lake"} in late.json()["errors"]
    repeated = await web.put(f"/api/v2/notes/{note['id']}", json={"text": "Likes the lake", "base_ver": note["ver"]})
    assert (repeated.status_code, repeated.json()["ver"]) == (200, edited["ver"])

    assert (await web.delete(f"/api/v2/notes/{note['id']}")).status_code == 204
    assert (await web.delete(f"/api/v2/notes/{note['id']}")).status_code == 204
    assert (await web.get(path)).json()["items"] == []
    assert (await web.put(f"/api/v2/notes/{note['id']}", json={"text": "x", "base_ver": 0})).status_code == 404
    revived = await web.post(path, json=new)
    assert (revived.status_code, revived.json()["code"]) == (409, "CONFLICT")


async def test_a_note_id_belongs_to_one_fan(full, web):
    new = {"id": new_id(), "text": "Likes the sea"}
    await web.post(f"/api/v2/fans/{fan_id(full.sources[0], '1')}/notes", json=new)

    answer = await web.post(f"/api/v2/fans/{fan_id(full.sources[0], '2')}/notes", json=new)

    assert (answer.status_code, answer.json()["code"]) == (409, "CONFLICT")


async def test_notes_come_newest_first_in_pages(full, web):
    path = f"/api/v2/fans/{fan_id(full.sources[0], '1')}/notes"
    for number in range(5):
        await web.post(path, json={"id": new_id(), "text": f"Note {number}"})

    assert [item["text"] for item in await pages(web, path)] == [f"Note {n}" for n in (4, 3, 2, 1, 0)]


async def test_tags_are_a_set_whatever_their_case(full, web):
    path = f"/api/v2/fans/{fan_id(full.sources[0], '1')}/tags"
    first = (await web.post(path, json={"tag": "  Big   Spender "})).json()
    again = (await web.post(path, json={"tag": "big spender"})).json()
    assert first["tags"] == again["tags"] == ["Big Spender"]
    assert first["ver"] == again["ver"]

    await web.post(path, json={"tag": "a/b"})
    left = (await web.delete(f"{path}/BIG%20SPENDER")).json()
    assert left["tags"] == ["a/b"]
    assert (await web.delete(f"{path}/a%2Fb")).json()["tags"] == []
    assert (await web.delete(f"{path}/never%20there")).status_code == 200


async def test_tags_have_a_length_and_a_number(full, web):
    path = f"/api/v2/fans/{fan_id(full.sources[0], '1')}/tags"
    assert (await web.post(path, json={"tag": "x" * 41})).status_code == 422
    for number in range(50):
        assert (await web.post(path, json={"tag": f"tag {number}"})).status_code == 200

    answer = await web.post(path, json={"tag": "one too many"})

    assert (answer.status_code, answer.json()["code"]) == (422, "VALIDATION")
    assert (await web.post(path, json={"tag": "TAG 7"})).status_code == 200


@pytest.mark.parametrize("where", ["notes", "tags"])
async def test_text_that_no_database_holds_is_refused(full, web, where):
    body = {"id": new_id(), "text": "a\x00b"} if where == "notes" else {"tag": "a\x00b"}

    answer = await web.post(f"/api/v2/fans/{fan_id(full.sources[0], '1')}/{where}", json=body)

    assert (answer.status_code, answer.json()["code"]) == (422, "VALIDATION")


# --- costs and stages ---------------------------------------------------------------------------------------------


@contextmanager
def counting() -> Iterator[list[str]]:
    """The statements that any session runs in the block."""
    statements: list[str] = []

    def note(*args: Any) -> None:
        statements.append(args[2])

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        event.remove(Engine, "before_cursor_execute", note)


async def test_a_long_list_costs_as_many_statements_as_a_short_one(full):
    who, source = full.owner(), full.sources[2]
    await full.db.write(lambda session: fill(session, source, 40, 3))
    lists = [
        lambda session, n: service.list_conversations(session, who, creator_id=None, cursor=None, limit=n),
        lambda session, n: fan_service.list_fans(session, who, creator_id=None, cursor=None, limit=n),
        lambda session, n: service.list_messages(session, who, conversation_id(source, "40"), cursor=None, limit=n),
    ]
    for list_ in lists:
        costs = []
        for limit in (1, 40):
            with counting() as statements:
                await full.db.read(lambda session, limit=limit, list_=list_: list_(session, limit))
            costs.append(len(statements))
        assert 0 < costs[0] == costs[1] <= 6


async def test_taking_in_a_hundred_messages_costs_as_many_statements_as_taking_in_ten(full):
    source = full.sources[3]
    costs = []
    for chats in (5, 40):
        with counting() as statements:
            await full.db.write(lambda session, chats=chats: fill(session, source, chats, 3))
        costs.append(len(statements))

    assert 0 < costs[0] == costs[1]


async def test_the_recent_stage_gives_the_newest_messages_of_the_newest_conversations(full, monkeypatch):
    monkeypatch.setattr(sync_kinds, "CONVERSATIONS", 4)
    monkeypatch.setattr(sync_kinds, "MESSAGES", 3)
    scope = Scope(full.agency_id, None)
    for limit in (2, 7, 500):
        given: list[str] = []
        after = None
        while True:
            page = await full.db.read(
                lambda s, after=after, limit=limit: sync_kinds._recent_page(s, scope, after, limit)
            )
            assert len(page.ids) <= limit
            given.extend(page.ids)
            after = page.after
            if after is None:
                break
        rows = await full.db.read(lambda s, ids=given: loaders.load_messages(s, full.agency_id, ids))
        assert len(given) == len(set(given)) == await full.db.read(lambda s: sync_kinds._recent_count(s, scope)) == 12
        per_conversation: dict[str, list[str]] = {}
        for id_ in given:
            per_conversation.setdefault(rows[id_].conversation_id, []).append(rows[id_].text)
        assert all(texts == sorted(texts, reverse=True) for texts in per_conversation.values())
        assert {text for texts in per_conversation.values() for text in texts} == {
            f"Text {100 * chat + n}" for chat in (3, 2) for n in (4, 3, 2)
        }


async def test_the_remaining_stage_gives_every_message_newest_first(full):
    scope = Scope(full.agency_id, frozenset({full.sources[0].creator_id}))
    given: list[str] = []
    after = None
    while True:
        page = await full.db.read(lambda s, after=after: sync_kinds._remaining_page(s, scope, after, 4))
        given.extend(page.ids)
        after = page.after
        if after is None:
            break
    rows = await full.db.read(lambda s: loaders.load_messages(s, full.agency_id, given))
    assert len(given) == 15 == await full.db.read(lambda s: sync_kinds._remaining_count(s, scope))
    assert [rows[id_].at for id_ in given] == sorted((row.at for row in rows.values()), reverse=True)


async def test_rows_of_another_agency_are_never_loaded(full):
    one, theirs = fan_id(full.sources[0], "1"), new_id()

    assert await full.db.read(lambda s: fan_loaders.load_fans(s, theirs, [one])) == {}
    conversation = conversation_id(full.sources[0], "1")
    assert await full.db.read(lambda s: loaders.load_conversations(s, theirs, [conversation])) == {}
