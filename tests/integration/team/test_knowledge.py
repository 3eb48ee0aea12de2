"""Two people who write about the same fan, one of them late: both texts are kept, and both learn what stands."""

from datetime import timedelta

from sqlalchemy import update

from huntaze_backend.areas.fans.notes import forget_deleted
from huntaze_backend.areas.fans.tables import NoteRow
from huntaze_contract.ids import new_id
from tests.integration.team.conftest import Team, an_op


async def written(team: Team, text: str = "Likes the sea") -> tuple[str, int]:
    """A note of Ann's: its id and version."""
    note_id = new_id()
    await team.ann.op("add_note", fan_id=team.fan_id, note={"id": note_id, "text": text})
    return note_id, await ver(team, note_id)


async def ver(team: Team, note_id: str) -> int:
    return next(note.ver for note in await team.ann.notes(team.fan_id) if note.id == note_id)


async def text(team: Team, note_id: str) -> str | None:
    return next((note.text for note in await team.ann.notes(team.fan_id) if note.id == note_id), None)


async def past(team: Team, note_id: str) -> list[tuple[str, str, bool]]:
    return [(entry["text"], entry["by"], entry["stood"]) for entry in await team.noor.get(f"/notes/{note_id}/history")]


# --- notes --------------------------------------------------------------------------------------------------------


async def test_an_edit_that_meets_a_colleagues_loses_and_is_kept(team: Team):
    note_id, base = await written(team)
    await team.ann.op("edit_note", note_id=note_id, edit={"text": "Likes the lake", "base_ver": base})

    late = await team.noor.op("edit_note", note_id=note_id, edit={"text": "Likes rain", "base_ver": base})

    assert (late.outcome, late.by, late.theirs) == ("superseded", "Ann Owner", "Likes the lake")
    assert await text(team, note_id) == "Likes the lake"
    assert await past(team, note_id) == [
        ("Likes rain", "Noor Chatter", False),
        ("Likes the sea", "Ann Owner", True),
    ]


async def test_edits_made_offline_on_top_of_each_other_all_apply(team: Team):
    note_id = new_id()

    results = await team.noor.batch(
        an_op(team.house, "add_note", fan_id=team.fan_id, note={"id": note_id, "text": "One"}),
        an_op(team.house, "edit_note", note_id=note_id, edit={"text": "Two", "base_ver": 0}),
        an_op(team.house, "edit_note", note_id=note_id, edit={"text": "Three", "base_ver": 0}),
    )
    other_computer = await team.noor.op(
        "edit_note", note_id=note_id, edit={"text": "Four", "base_ver": 0}, device_id=new_id()
    )

    assert [result.outcome for result in results] == ["applied"] * 3
    assert other_computer.outcome == "superseded"
    assert await text(team, note_id) == "Three"


async def test_the_same_text_twice_is_no_conflict(team: Team):
    note_id, base = await written(team)
    await team.ann.op("edit_note", note_id=note_id, edit={"text": "Likes the lake", "base_ver": base})

    same = await team.noor.op("edit_note", note_id=note_id, edit={"text": "Likes the lake", "base_ver": base})

    assert (same.outcome, same.theirs) == ("applied", None)


async def test_deleting_wins_over_an_edit_and_undoing_it_brings_the_edit(team: Team):
    note_id, base = await written(team)
    await team.ann.op("delete_note", note_id=note_id)

    late = await team.noor.op("edit_note", note_id=note_id, edit={"text": "Likes rain", "base_ver": base})
    assert (late.outcome, late.by) == ("superseded", "Ann Owner")
    assert await text(team, note_id) is None

    restored = await team.ann.op("restore_note", note_id=note_id)
    assert (restored.outcome, restored.by, restored.theirs) == ("merged", "Noor Chatter", "Likes rain")
    assert await text(team, note_id) == "Likes rain"
    assert ("Likes the sea", "Ann Owner", True) in await past(team, note_id)


async def test_a_deletion_is_undone_within_35_days_and_not_later(team: Team):
    note_id, _ = await written(team)
    await team.noor.op("delete_note", note_id=note_id)
    assert (await team.noor.op("restore_note", note_id=note_id)).outcome == "applied"
    assert await text(team, note_id) == "Likes the sea"
    assert (await team.noor.op("restore_note", note_id=note_id)).outcome == "applied"

    await team.noor.op("delete_note", note_id=note_id)
    await team.noor.op("edit_note", note_id=note_id, edit={"text": "Kept", "base_ver": 0})
    await team.house.services.db.write(forget_deleted)
    assert len(await past(team, note_id)) == 1
    long_ago = team.house.services.clock.now() - timedelta(days=36)
    aged = update(NoteRow).where(NoteRow.id == note_id).values(deleted_at=long_ago)
    await team.house.services.db.write(lambda session: session.execute(aged) and None)

    late = await team.noor.op("restore_note", note_id=note_id)
    await team.house.services.db.write(forget_deleted)

    assert (late.outcome, late.code) == ("refused", "TOO_LATE")
    assert await past(team, note_id) == []


# --- fields -------------------------------------------------------------------------------------------------------


async def set_(team: Team, who: str, name: str, value: str, base: int, base_value: str = "", **more: str):
    member = getattr(team, who)
    return await member.op(
        "set_field", fan_id=team.fan_id, name=name, value=value, base_ver=base, base_value=base_value, **more
    )


async def field(team: Team, name: str) -> tuple[str, int, str]:
    found = (await team.noor.fan(team.fan_id)).fields[name]
    return found.value, found.ver, found.by


async def test_two_fields_never_conflict(team: Team):
    await set_(team, "ann", "nickname", "Joe", 0)

    other = await set_(team, "noor", "birthday", "3 May", 0)

    assert other.outcome == "applied"
    assert await field(team, "nickname") == ("Joe", 1, "Ann Owner")
    assert await field(team, "birthday") == ("3 May", 1, "Noor Chatter")


async def test_a_single_value_that_comes_late_loses_and_is_kept(team: Team):
    await set_(team, "ann", "nickname", "Joe", 0)
    await set_(team, "ann", "nickname", "Joey", 1)

    late = await set_(team, "noor", "nickname", "Jojo", 1)

    assert (late.outcome, late.by, late.theirs) == ("superseded", "Ann Owner", "Joey")
    assert await field(team, "nickname") == ("Joey", 2, "Ann Owner")
    history = await team.noor.get(f"/fans/{team.fan_id}/fields/nickname/history")
    assert [(entry["value"], entry["stood"]) for entry in history] == [("Jojo", False), ("Joe", True)]
    assert (await set_(team, "noor", "nickname", "Jojo", 2)).outcome == "applied"


async def test_the_long_text_merges_by_lines(team: Team):
    base = "Works in Bergen\nHas a dog\nPrefers evenings"
    await set_(team, "ann", "about", base, 0)
    await set_(team, "ann", "about", base.replace("Has a dog", "Has two dogs"), 1, base)

    late = await set_(team, "noor", "about", base + "\nLikes jazz", 1, base)

    wanted = "Works in Bergen\nHas two dogs\nPrefers evenings\nLikes jazz"
    assert (late.outcome, late.by, late.theirs) == ("merged", "Ann Owner", wanted)
    assert await field(team, "about") == (wanted, 3, "Noor Chatter")


async def test_where_both_wrote_at_the_same_place_both_blocks_stay(team: Team):
    await set_(team, "ann", "about", "Has a dog", 0)
    await set_(team, "ann", "about", "Has two dogs", 1, "Has a dog")

    late = await set_(team, "noor", "about", "Has a cat", 1, "Has a dog")

    assert (late.outcome, late.theirs) == ("merged", "Has two dogs\nHas a cat")


async def test_a_merge_that_grows_too_long_is_not_made(team: Team):
    await set_(team, "ann", "about", "a" * 4000, 0)

    late = await set_(team, "noor", "about", "b" * 4000, 0)

    assert (late.outcome, late.theirs) == ("superseded", "a" * 4000)
    history = await team.noor.get(f"/fans/{team.fan_id}/fields/about/history")
    assert [entry["value"] for entry in history] == ["b" * 4000]


async def test_a_field_that_was_set_twice_offline_is_no_conflict_with_itself(team: Team):
    await set_(team, "noor", "nickname", "Joe", 0)

    assert (await set_(team, "noor", "nickname", "Joey", 0)).outcome == "applied"
    assert (await set_(team, "noor", "nickname", "Jo", 0, device_id=new_id())).outcome == "superseded"
    assert await field(team, "nickname") == ("Joey", 2, "Noor Chatter")


async def test_an_emptied_field_keeps_its_version(team: Team):
    await set_(team, "ann", "nickname", "Joe", 0)

    assert (await set_(team, "noor", "nickname", "  ", 1)).outcome == "applied"
    assert await field(team, "nickname") == ("", 2, "Noor Chatter")


async def test_a_single_value_is_one_short_line(team: Team):
    for value in ("x" * 201, "two\nlines"):
        assert (await set_(team, "ann", "nickname", value, 0)).code == "VALIDATION"


# --- tags ---------------------------------------------------------------------------------------------------------


async def put_on(team: Team, who: str, tag: str = "VIP", **more: str):
    return await getattr(team, who).op("add_tag", fan_id=team.fan_id, tag={"tag": tag}, **more)


async def take_off(team: Team, who: str, base_ver: int, tag: str = "vip", **more: str):
    member = getattr(team, who)
    return await member.op("remove_tag", fan_id=team.fan_id, tag={"tag": tag}, base_ver=base_ver, **more)


async def test_a_tag_that_was_put_on_meanwhile_stays(team: Team):
    seen = (await team.noor.fan(team.fan_id)).ver
    await put_on(team, "ann")

    late = await take_off(team, "noor", seen)
    assert (late.outcome, late.theirs) == ("superseded", "VIP")
    assert (await team.noor.fan(team.fan_id)).tags == ["VIP"]

    now_seen = (await team.noor.fan(team.fan_id)).ver
    assert (await take_off(team, "noor", now_seen)).outcome == "applied"
    assert (await team.noor.fan(team.fan_id)).tags == []


async def test_other_changes_of_the_fan_do_not_make_a_seen_tag_look_new(team: Team):
    await put_on(team, "ann")
    seen = (await team.noor.fan(team.fan_id)).ver
    await put_on(team, "ann", "hiker")
    await set_(team, "ann", "nickname", "Joe", 0)

    assert (await take_off(team, "noor", seen)).outcome == "applied"
    assert (await team.noor.fan(team.fan_id)).tags == ["hiker"]


async def test_who_puts_it_on_again_wants_it_too(team: Team):
    await put_on(team, "ann")
    seen = (await team.noor.fan(team.fan_id)).ver
    await put_on(team, "ann", device_id=new_id())

    assert (await take_off(team, "noor", seen)).outcome == "superseded"
    assert (await team.noor.fan(team.fan_id)).tags == ["VIP"]


async def test_ones_own_tag_of_before_the_last_sync_comes_off(team: Team):
    seen = (await team.noor.fan(team.fan_id)).ver
    await put_on(team, "noor")

    assert (await take_off(team, "noor", seen)).outcome == "applied"
    assert (await team.noor.fan(team.fan_id)).tags == []
