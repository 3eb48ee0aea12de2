"""What members have begun to write, for their own other computers. Nobody else sees it, and it is not synced.

One draft per member and conversation, the latest by when it was written: a computer that was offline must not put an
older text over a newer one. This is the one place where a client's clock decides; both are the same person's.
"""

from sqlalchemy import select
from sqlalchemy.orm import Session

from huntaze_backend.areas.fans.service import storable, visible
from huntaze_backend.areas.fans.verdicts import APPLIED, Verdict
from huntaze_backend.areas.messages.service import require_conversation
from huntaze_backend.areas.messages.tables import ConversationRow
from huntaze_backend.areas.messages.team_tables import DraftRow
from huntaze_backend.core.auth import Principal
from huntaze_backend.core.bulk import insert_once
from huntaze_backend.core.clock import now
from huntaze_contract.wire import Draft, SaveDraft

__all__ = ["own_drafts", "save_draft"]


def save_draft(session: Session, who: Principal, draft: SaveDraft) -> Verdict:
    """Keep a draft, or with an empty text none; one that is older than what is kept changes nothing."""
    require_conversation(session, who, draft.conversation_id)
    text = storable(draft.text, "text")
    # A clock that runs ahead must not make every later draft look old.
    at = min(draft.at, now(session))
    first = {
        "member_id": who.member_id,
        "conversation_id": draft.conversation_id,
        "agency_id": who.agency_id,
        "text": text,
        "changed_at": at,
    }
    if insert_once(session, DraftRow, first):
        return APPLIED
    row = session.get_one(
        DraftRow, (who.member_id, draft.conversation_id), with_for_update=True, populate_existing=True
    )
    if row.changed_at > at and row.text != text:
        return Verdict("superseded", None, row.text, "There is a newer draft from another computer of yours.")
    row.text, row.changed_at = text, max(at, row.changed_at)
    return APPLIED


def own_drafts(session: Session, who: Principal) -> list[Draft]:
    """The member's drafts in conversations they may still see, the latest first."""
    query = (
        select(DraftRow.conversation_id, DraftRow.text, DraftRow.changed_at)
        .join(ConversationRow, ConversationRow.id == DraftRow.conversation_id)
        .where(DraftRow.member_id == who.member_id, DraftRow.agency_id == who.agency_id, DraftRow.text != "")
        .where(*visible(who, ConversationRow.creator_id))
        .order_by(DraftRow.changed_at.desc(), DraftRow.conversation_id)
    )
    return [Draft(conversation_id=id_, text=text, changed_at=at) for id_, text, at in session.execute(query)]
