"""For everything that can happen: an old snapshot and what sync tells since make exactly a fresh snapshot.

The rule is Zulip's `verify_action`. A mutation that forgets to note a change, or notes one that nobody made, fails
here; so does a digest that differs from what a client has.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any, get_args

from sqlalchemy.orm import Session

from huntaze_backend.areas.fans.intake import put_fans, seen
from huntaze_backend.areas.messages import intake, money
from huntaze_backend.core.changes import forget
from huntaze_backend.engines.gateways.reading import PlatformFan, PlatformMessage, PlatformTransaction
from huntaze_contract.ids import new_id
from huntaze_contract.wire import KindDigest, Op, SnapshotPage, SyncPage, Transaction
from tests.integration.team.conftest import Member, Team

Rows = dict[tuple[str, str], Any]
Action = Callable[[Team], Awaitable[object]]


async def snapshot(who: Member) -> tuple[Rows, str]:
    """Everything `who` may see, and the cursor from which to go on."""
    rows: Rows = {}
    page: str | None = None
    while True:
        answer = SnapshotPage.model_validate(
            await who.get("/sync/snapshot", limit=1000, **({"page": page} if page else {}))
        )
        rows |= {(change.entity, change.id): change.row for change in answer.changes}
        page = answer.next_page
        if page is None:
            return rows, answer.cursor


async def delta(who: Member, cursor: str) -> tuple[Rows, list[tuple[str, str]]]:
    """What changed and what went since."""
    page = SyncPage.model_validate(await who.get("/sync", cursor=cursor, limit=1000))
    assert not page.has_more
    changed = {(change.entity, change.id): change.row for change in page.changes if change.op == "U"}
    return changed, [(change.entity, change.id) for change in page.changes if change.op == "D"]


def digest_of(rows: Rows) -> dict[str, KindDigest]:
    vers: dict[str, list[int]] = {}
    for (entity, _), row in rows.items():
        vers.setdefault(entity, []).append(row.ver)
    return {
        entity: KindDigest(count=len(of), sum=sum(of), squares=sum(ver * ver % 1_000_003 for ver in of))
        for entity, of in vers.items()
    }


# --- what can happen ----------------------------------------------------------------------------------------------


def op(kind: str, *, who: str = "noor", **values: Any) -> Action:
    """An op; callables among the values are asked when it is made."""

    async def act(team: Team) -> object:
        given = {name: value(team) if callable(value) else value for name, value in values.items()}
        result = await getattr(team, who).op(kind, **given)
        assert result.outcome in ("applied", "merged"), result
        return result

    return act


def told(work: Callable[[Session, Team], object]) -> Action:
    """What the platform says, as one unit of work."""
    return lambda team: team.house.services.db.write(lambda session: work(session, team) and None)


def routed(method: str, path: str, **body: Any) -> Action:
    async def act(team: Team) -> object:
        seed = team.house.seed
        where = path.format(fan=team.fan_id, note=seed.note_ids[1], failed=seed.failed_ids[0])
        answer = await team.house.client.request(
            method, f"/api/v2{where}", headers=team.noor.headers, json=body or None
        )
        assert answer.is_success, answer.text
        return answer

    return act


async def accepts_a_message(team: Team) -> None:
    body = {
        "conversation_id": team.house.seed.conversation_ids[0],
        "text": "Good evening",
        "composed_at": team.house.services.clock.now().isoformat(),
        "device_id": team.noor.device_id,
        "device_seq": 1,
    }
    headers = team.noor.headers | {"Idempotency-Key": new_id()}
    answer = await team.house.client.post("/api/v2/messages", headers=headers, json=body)
    assert answer.status_code == 201, answer.text


def offer(session: Session, team: Team, *, bought: bool) -> None:
    at = team.house.services.clock.now() - timedelta(hours=1)
    message = PlatformMessage("ppv-1", team.chat, "A set", True, at, price=1500, bought=bought, read=bought)
    intake.put_messages(session, team.source, [message])


def tip(session: Session, team: Team) -> None:
    at = team.house.services.clock.now()
    money.put_transactions(
        session, team.source, [PlatformTransaction("t9", "tip", 500, 400, "USD", at, team.chat, None, "done")]
    )


def fan_says(team: Team) -> Awaitable[str]:
    return team.says("Are you there?")


def we_say(team: Team) -> Awaitable[str]:
    return team.says("From a phone", mine=True)


def unsaid(team: Team) -> Awaitable[None]:
    return team.unsays()


def fan_of(team: Team) -> str:
    return team.fan_id


def conversation_of(team: Team) -> str:
    return team.conversation_id


def note_of(team: Team) -> str:
    return team.house.seed.note_ids[0]


def a_new_note(_: Team) -> dict[str, str]:
    return {"id": new_id(), "text": "Likes the sea"}


def in_an_hour(team: Team) -> Any:
    return team.house.services.clock.now() + timedelta(hours=1)


def newest(team: Team) -> str:
    return str(team.newest)


EDITED = new_id()
IN_THE_CHAT = {"conversation_id": conversation_of}
HAPPENINGS: dict[str, tuple[Action, ...]] = {
    "add_note": (op("add_note", fan_id=fan_of, note=a_new_note),),
    "edit_note": (
        op("add_note", fan_id=fan_of, note={"id": EDITED, "text": "Likes the sea"}),
        op("edit_note", note_id=EDITED, edit={"text": "Likes the lake", "base_ver": 0}),
    ),
    "delete_note": (op("delete_note", note_id=note_of),),
    "restore_note": (op("delete_note", note_id=note_of), op("restore_note", note_id=note_of)),
    "add_tag": (op("add_tag", fan_id=fan_of, tag={"tag": "vip"}),),
    "remove_tag": (
        op("add_tag", fan_id=fan_of, tag={"tag": "vip"}),
        op("remove_tag", fan_id=fan_of, tag={"tag": "VIP"}, base_ver=0),
    ),
    "set_field": (op("set_field", fan_id=fan_of, name="nickname", value="Joe", base_ver=0),),
    "set_field that merges": (
        op("set_field", fan_id=fan_of, name="about", value="One", base_ver=0),
        op("set_field", fan_id=fan_of, name="about", value="Two", base_ver=0, who="ann"),
    ),
    "mark_read": (op("mark_read", up_to=newest, **IN_THE_CHAT),),
    "mark_unread": (op("mark_unread", **IN_THE_CHAT),),
    "snooze": (op("snooze", until=in_an_hour, **IN_THE_CHAT),),
    "snooze that the fan ends": (op("snooze", until=in_an_hour, **IN_THE_CHAT), fan_says),
    "set_done": (op("set_done", done=True, up_to=newest, **IN_THE_CHAT),),
    "set_done that the fan ends": (op("set_done", done=True, up_to=newest, **IN_THE_CHAT), fan_says),
    "assign": (
        op("assign", member_id=lambda team: team.noor.id, base_member_id=None, note="VIP", who="ann", **IN_THE_CHAT),
    ),
    "save_draft": (op("save_draft", text="Good ev", **IN_THE_CHAT),),
    "a note and tags by their own routes": (
        routed("POST", "/fans/{fan}/notes", id=new_id(), text="Likes jazz"),
        routed("DELETE", "/notes/{note}"),
        routed("POST", "/fans/{fan}/tags", tag="hiker"),
        routed("DELETE", "/fans/{fan}/tags/hiker"),
    ),
    "the fan writes": (fan_says,),
    "we write elsewhere": (we_say,),
    "the fan takes a message back": (fan_says, unsaid),
    "a message is accepted": (accepts_a_message,),
    "a failed message is sent again": (routed("POST", "/messages/{failed}/retry"),),
    "a failed message is dropped": (routed("POST", "/messages/{failed}/cancel"),),
    "an offer is bought": (
        told(lambda session, team: offer(session, team, bought=False)),
        told(lambda session, team: intake.bought(session, team.source, "ppv-1")),
        told(lambda session, team: offer(session, team, bought=True)),
    ),
    "the fan reads": (
        we_say,
        told(lambda session, team: intake.read_by_fan(session, team.source, team.chat, f"m{team.told}")),
    ),
    "a tip": (told(tip),),
    "the fan is seen": (
        told(lambda session, team: seen(session, team.source, team.chat, team.house.services.clock.now())),
        told(
            lambda session, team: put_fans(
                session, team.source, [PlatformFan(id=team.chat, name="Jonas B", username="jonas")], complete=False
            )
        ),
    ),
}


async def check(team: Team, happening: str) -> None:
    await team.says()
    stale = {who: await snapshot(who) for who in (team.ann, team.noor)}

    for action in HAPPENINGS[happening]:
        await action(team)

    for who, (rows, cursor) in stale.items():
        changed, gone = await delta(who, cursor)
        applied = {key: row for key, row in (rows | changed).items() if key not in gone}
        fresh, _ = await snapshot(who)
        assert applied == fresh, happening
        assert bool(changed or gone) == (happening != "save_draft"), happening
        told = {kind: KindDigest(**of) for kind, of in (await who.get("/sync/digest"))["kinds"].items()}
        assert told == digest_of(applied), happening


async def test_a_stale_snapshot_and_the_delta_make_a_fresh_one(team: Team):
    # One house for all of them: making one takes ten times as long as checking a happening.
    for happening in HAPPENINGS:
        await check(team, happening)


def test_every_kind_of_op_is_among_what_can_happen():
    kinds = {get_args(kind.model_fields["kind"].annotation)[0] for kind in get_args(get_args(Op)[0])}

    assert kinds <= HAPPENINGS.keys()


async def test_the_rule_notices_a_change_that_nobody_noted(team: Team):
    rows, cursor = await snapshot(team.ann)

    def behind_the_logs_back(session: Session) -> None:
        tip(session, team)
        forget(session)

    await team.house.services.db.write(behind_the_logs_back)

    changed, gone = await delta(team.ann, cursor)
    fresh, _ = await snapshot(team.ann)
    assert not changed
    assert not gone
    assert any(isinstance(row, Transaction) for key, row in fresh.items() if key not in rows)


# --- the digest ---------------------------------------------------------------------------------------------------


async def test_a_digest_is_compared_at_one_place_of_the_log_only(team: Team):
    here = (await team.noor.get("/sync/digest"))["seq"]
    assert (await team.noor.get("/sync/digest", seq=here))["seq"] == here

    for elsewhere in (here - 1, here + 1):
        answer = await team.house.client.get(
            "/api/v2/sync/digest", headers=team.noor.headers, params={"seq": elsewhere}
        )
        assert (answer.status_code, answer.json()["code"]) == (409, "CONFLICT")
