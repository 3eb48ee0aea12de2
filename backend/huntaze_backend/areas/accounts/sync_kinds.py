"""Members and creators as sync delivers them."""

from huntaze_backend.areas.accounts.loaders import load_creators, load_members
from huntaze_backend.areas.accounts.tables import CreatorRow, MemberRow
from huntaze_backend.engines.sync.kinds import EntityKind, SyncRegistry, stage_by_id
from huntaze_contract.wire import CreatorChange, MemberChange

__all__ = ["register"]


def register(registry: SyncRegistry) -> None:
    """Every member of an agency sees its members; creators are seen by those who were granted them."""
    members = stage_by_id(10, id=MemberRow.id, agency_id=MemberRow.agency_id, creator_id=None)
    creators = stage_by_id(20, id=CreatorRow.id, agency_id=CreatorRow.agency_id, creator_id=CreatorRow.id)
    registry.register(EntityKind("member", load_members, MemberChange, [members]))
    registry.register(EntityKind("creator", load_creators, CreatorChange, [creators]))
