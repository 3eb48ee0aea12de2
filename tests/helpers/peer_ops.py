"""How the scripted backend takes ops: on its rows, once for each id, with the answers a test scripted for some."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from huntaze_contract import wire
from huntaze_contract.ids import Id
from tests.helpers.agency import Agency


@dataclass
class Ops:
    """Takes ops in order; `batches` are the ids of every request, `done` the result of every op."""

    agency: Agency
    rows: dict[tuple[str, Id], wire.Change]
    record: Callable[[wire.Change], None]
    put: Callable[..., None]
    batches: list[list[Id]] = field(default_factory=list)
    taken: list[dict[str, Any]] = field(default_factory=list)
    """Ops that took effect, in order."""
    done: dict[Id, wire.OpResult] = field(default_factory=dict)
    instead: dict[str, dict[str, Any]] = field(default_factory=dict)
    """By kind: what the next op of it is answered with, in place of what would happen."""

    def take(self, batch: list[dict[str, Any]]) -> list[wire.OpResult]:
        self.batches.append([op["op_id"] for op in batch])
        return [self._once(op) for op in batch]

    def _once(self, op: dict[str, Any]) -> wire.OpResult:
        if op["op_id"] in self.done:
            return self.done[op["op_id"]].model_copy(update={"replayed": True})
        scripted = self.instead.pop(op["kind"], None)
        if scripted is None:
            try:
                getattr(self, f"_{op['kind']}")(op)
            except (KeyError, AssertionError):
                scripted = {"outcome": "refused", "code": "NOT_FOUND"}
            else:
                self.taken.append(op)
        result = wire.OpResult(op_id=op["op_id"], **(scripted or {"outcome": "applied"}))
        self.done[op["op_id"]] = result
        return result

    # --- by kind --------------------------------------------------------------------------------------------------

    def _row(self, entity: str, id_: Id) -> Any:
        change = self.rows[entity, id_]
        assert change.row is not None
        return change.row

    def _change(self, entity: str, id_: Id, **more: Any) -> None:
        self.put(self._row(entity, id_).model_copy(update={**more, "ver": self.agency.next_seq()}))

    def _add_note(self, op: dict[str, Any]) -> None:
        fan = self._row("fan", op["fan_id"])
        self.put(self.agency.note(fan, op["note"]["text"], id=op["note"]["id"]))

    def _edit_note(self, op: dict[str, Any]) -> None:
        assert op["edit"]["base_ver"] == self._row("note", op["note_id"]).ver, "the edit was built on another version"
        self._change("note", op["note_id"], text=op["edit"]["text"])

    def _delete_note(self, op: dict[str, Any]) -> None:
        self._row("note", op["note_id"])
        self.record(wire.NoteChange(seq=self.agency.next_seq(), id=op["note_id"], op="D"))

    def _restore_note(self, op: dict[str, Any]) -> None:
        raise AssertionError("no test needs it")

    def _add_tag(self, op: dict[str, Any]) -> None:
        tags = self._row("fan", op["fan_id"]).tags
        self._change("fan", op["fan_id"], tags=[*tags, op["tag"]["tag"]])

    def _remove_tag(self, op: dict[str, Any]) -> None:
        tags = self._row("fan", op["fan_id"]).tags
        self._change("fan", op["fan_id"], tags=[tag for tag in tags if tag != op["tag"]["tag"]])

    def _set_field(self, op: dict[str, Any]) -> None:
        fields = dict(self._row("fan", op["fan_id"]).fields)
        ver = fields[op["name"]].ver if op["name"] in fields else 0
        assert op["base_ver"] == ver, "the field was built on another version"
        at = datetime.fromisoformat(op["at"])
        fields[op["name"]] = wire.FanField(value=op["value"], ver=ver + 1, by=self.agency.me.name, at=at)
        self._change("fan", op["fan_id"], fields=fields)

    def _mark_read(self, op: dict[str, Any]) -> None:
        self._change("conversation", op["conversation_id"], unread=0, marked_unread=False)

    def _mark_unread(self, op: dict[str, Any]) -> None:
        self._change("conversation", op["conversation_id"], marked_unread=True)

    def _snooze(self, op: dict[str, Any]) -> None:
        until = datetime.fromisoformat(op["until"]) if op["until"] else None
        self._change("conversation", op["conversation_id"], snoozed_until=until)

    def _set_done(self, op: dict[str, Any]) -> None:
        done_at = datetime.fromisoformat(op["at"]) if op["done"] else None
        self._change("conversation", op["conversation_id"], done_at=done_at)

    def _assign(self, op: dict[str, Any]) -> None:
        row = self._row("conversation", op["conversation_id"])
        assert row.assignee_id == op["base_member_id"], "somebody else had it"
        self._change("conversation", row.id, assignee_id=op["member_id"], handover_note=op["note"] or None)

    def _save_draft(self, op: dict[str, Any]) -> None:
        self._row("conversation", op["conversation_id"])
