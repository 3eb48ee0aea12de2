"""Fans, notes and transactions as sync delivers them."""

from huntaze_backend.areas.fans.loaders import load_fans, load_notes, load_transactions
from huntaze_backend.areas.fans.tables import FanRow, NoteRow, TransactionRow
from huntaze_backend.engines.sync.kinds import EntityKind, SyncRegistry, stage_by_id
from huntaze_contract.wire import FanChange, NoteChange, TransactionChange

__all__ = ["register"]


def register(registry: SyncRegistry) -> None:
    """Who may see a creator sees its fans and what the team knows of them."""
    fans = stage_by_id(30, id=FanRow.id, agency_id=FanRow.agency_id, creator_id=FanRow.creator_id)
    notes = stage_by_id(
        60,
        id=NoteRow.id,
        agency_id=NoteRow.agency_id,
        creator_id=NoteRow.creator_id,
        where=[NoteRow.deleted_at.is_(None)],
    )
    money = stage_by_id(
        70, id=TransactionRow.id, agency_id=TransactionRow.agency_id, creator_id=TransactionRow.creator_id
    )
    registry.register(EntityKind("fan", load_fans, FanChange, [fans]))
    registry.register(EntityKind("note", load_notes, NoteChange, [notes]))
    registry.register(EntityKind("transaction", load_transactions, TransactionChange, [money]))
