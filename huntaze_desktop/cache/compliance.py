"""Reading the agency's rules of compliance: what is changed about those that ship."""

from dataclasses import dataclass

from sqlalchemy import Connection, text

from huntaze_contract import wire
from huntaze_contract.compliance import Changes
from huntaze_contract.ids import Id


@dataclass(frozen=True, slots=True)
class Layers:
    """The agency's changes, and those of single creators upon them."""

    agency: Changes
    creators: dict[Id, Changes]


def layers(connection: Connection) -> Layers:
    """What was synced. Nothing stands for: as they ship."""
    agency, creators = Changes(), dict[Id, Changes]()
    for row in connection.execute(text("SELECT creator_id, changes FROM compliance_layers")):
        changes = wire.ComplianceChanges.model_validate_json(row.changes).plain()
        if row.creator_id is None:
            agency = changes
        else:
            creators[row.creator_id] = changes
    return Layers(agency, creators)
