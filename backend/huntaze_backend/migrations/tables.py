"""Every table of every area in one metadata: what the migrations lead to."""

from sqlalchemy import MetaData

from huntaze_backend.areas.accounts import tables as accounts
from huntaze_backend.areas.assistant import tables as assistant
from huntaze_backend.areas.fans import tables as fans
from huntaze_backend.areas.messages import approval_tables as approvals
from huntaze_backend.areas.messages import tables as messages
from huntaze_backend.areas.messages import team_tables as team
from huntaze_backend.core import audit, changes, flags, hash_chain, installation
from huntaze_backend.core.schema import Base
from huntaze_backend.engines.compliance import tables as compliance
from huntaze_backend.engines.ledger import tables as ledger
from huntaze_backend.engines.limits import tables as limits
from huntaze_backend.engines.queue import tables as queue

__all__ = ["metadata"]

# Importing a module is what declares its tables.
_DECLARED = (
    accounts,
    assistant,
    fans,
    messages,
    team,
    audit,
    changes,
    flags,
    installation,
    compliance,
    ledger,
    limits,
    queue,
    approvals,
    hash_chain,
)
metadata: MetaData = Base.metadata
