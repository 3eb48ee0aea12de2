"""A reader's part of the change log boiled down to three numbers per entity, for a client to compare with its cache.

What counts: one row of the log per entity that is there (`op` U), of the reader's agency, and either without a creator
or of one that the reader may see. A client counts the rows it holds from syncing, each by its own `ver`; a row that it
made up itself, and is not yet confirmed, has none. At the same `seq` both sets are equal, or one of them is wrong.
"""

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from huntaze_backend.core.changes import ChangeRow
from huntaze_backend.core.errors import ConflictError
from huntaze_backend.engines.sync import cursor
from huntaze_backend.engines.sync.kinds import Scope
from huntaze_contract.wire import KindDigest, SyncDigest

__all__ = ["digest"]

_MODULUS = 1_000_003


def digest(session: Session, scope: Scope, seq: int | None) -> SyncDigest:
    """The digest at the log's end, which `seq` must be if it is given.

    Raises: ConflictError if the log ends elsewhere: the client pulls and asks again.
    """
    end = cursor.here(session, scope).seq
    if seq is not None and seq != end:
        raise ConflictError(
            f"The log is at {end}.", title="The log went on", action="Pull what changed, then compare again."
        )
    # The remainder before the square: the square of a seq above 2^31.5 would not fit into 64 bits.
    rest = ChangeRow.seq % _MODULUS
    query = (
        select(ChangeRow.entity, func.count(), func.sum(ChangeRow.seq), func.sum(rest * rest % _MODULUS))
        .where(ChangeRow.agency_id == scope.agency_id, ChangeRow.op == "U")
        .group_by(ChangeRow.entity)
    )
    if scope.creator_ids is not None:
        query = query.where(or_(ChangeRow.creator_id.is_(None), ChangeRow.creator_id.in_(scope.creator_ids)))
    kinds = {
        entity: KindDigest(count=count, sum=int(total), squares=int(squares))
        for entity, count, total, squares in session.execute(query)
    }
    return SyncDigest(seq=end, kinds=kinds)
