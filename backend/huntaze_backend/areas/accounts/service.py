"""What other areas use of accounts: creators, their state, and how their platform is opened."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import BindParameter, Select, select
from sqlalchemy.orm import Session

from huntaze_backend.areas.accounts.tables import ConnectionRow, CreatorRow
from huntaze_backend.core.changes import record
from huntaze_backend.core.clock import now
from huntaze_backend.core.errors import ConflictError, NotFoundError
from huntaze_backend.core.secrets import SecretBox
from huntaze_backend.engines.gateways.factory import PlatformAccess
from huntaze_backend.engines.gateways.reading import PlatformAccount
from huntaze_backend.events import CreatorStateChanged, emit
from huntaze_contract.ids import new_id
from huntaze_contract.wire import Backfill, CreatorState

__all__ = [
    "API_KEY",
    "WEBHOOK_SECRET",
    "connection",
    "connections",
    "creator",
    "creator_of_account",
    "creators_of_connection",
    "import_creators",
    "pause_creator",
    "platform_access",
    "select_creator_ids",
    "set_backfill",
    "set_creator_state",
    "webhook_secret",
]

API_KEY = "platform_connections.api_key"
WEBHOOK_SECRET = "platform_connections.webhook_secret"  # noqa: S105  (what it is sealed for, not the secret)


def creator(session: Session, agency_id: str, creator_id: str) -> CreatorRow:
    """Raises: NotFoundError, also for another agency's creator."""
    row = session.get(CreatorRow, creator_id)
    if row is None or row.agency_id != agency_id:
        raise NotFoundError("There is no such creator.")
    return row


def connection(session: Session, connection_id: str) -> ConnectionRow:
    """A connection of whichever agency; for the worker and webhooks. Raises: NotFoundError."""
    row = session.get(ConnectionRow, connection_id)
    if row is None:
        raise NotFoundError("There is no such connection.")
    return row


def connections(session: Session) -> Sequence[ConnectionRow]:
    """All connections of the installation; for the worker."""
    return session.scalars(select(ConnectionRow).order_by(ConnectionRow.id)).all()


def creators_of_connection(session: Session, connection_id: str) -> Sequence[CreatorRow]:
    return session.scalars(
        select(CreatorRow).where(CreatorRow.connection_id == connection_id).order_by(CreatorRow.id)
    ).all()


def select_creator_ids(connection: BindParameter[str]) -> Select[str]:
    """The ids of a connection's creators, to stand in another statement: who needs no more loads no rows."""
    return select(CreatorRow.id).where(CreatorRow.connection_id == connection)


def creator_of_account(session: Session, connection_id: str, platform_account_id: str) -> CreatorRow | None:
    """The creator behind a platform account that a connection opens."""
    return session.scalars(
        select(CreatorRow).where(
            CreatorRow.connection_id == connection_id, CreatorRow.platform_account_id == platform_account_id
        )
    ).one_or_none()


def platform_access(row: ConnectionRow, box: SecretBox) -> PlatformAccess:
    """What a gateway needs to open the connection; the key is in the clear in it."""
    return PlatformAccess(connection_id=row.id, base_url=row.base_url, api_key=box.open(row.api_key_sealed, API_KEY))


def webhook_secret(row: ConnectionRow, box: SecretBox) -> str:
    """What the platform signs its webhooks with."""
    return box.open(row.webhook_secret_sealed, WEBHOOK_SECRET)


def set_creator_state(session: Session, row: CreatorRow, state: CreatorState) -> bool:
    """Enter `state`; whether it is a new one."""
    if row.state == state:
        return False
    row.state = state
    row.state_since = now(session)
    _creator_changed(session, row)
    return True


def pause_creator(session: Session, creator_id: str, until: datetime | None) -> None:
    """No sends of this creator before `until`; None ends the pause. A longer pause is not shortened."""
    row = session.get_one(CreatorRow, creator_id)
    if until is not None and row.paused_until is not None and row.paused_until >= until:
        return
    if until == row.paused_until:
        return
    row.paused_until = until
    _creator_changed(session, row)


def import_creators(
    session: Session, connection: ConnectionRow, accounts: Sequence[PlatformAccount]
) -> list[CreatorRow]:
    """Make or take back a creator for each account of a connection.

    Raises: ConflictError if one of them belongs to another living connection: two would answer the same fans.
    """
    known = {
        row.platform_account_id: row
        for row in session.scalars(
            select(CreatorRow).where(
                CreatorRow.agency_id == connection.agency_id,
                CreatorRow.platform == connection.platform,
                CreatorRow.platform_account_id.in_([account.id for account in accounts]),
            )
        )
    }
    taken = [row.name for row in known.values() if row.connection_id not in (None, connection.id)]
    if taken:
        raise ConflictError(
            f"Already connected: {', '.join(sorted(taken))}.",
            title="These accounts are connected",
            action="Remove the other connection first.",
        )
    rows = []
    for account in accounts:
        row = known.get(account.id) or _new_creator(session, connection, account)
        row.connection_id = connection.id
        row.name, row.username, row.timezone = account.name, account.username, account.timezone
        state = CreatorState.CONNECTED if account.connected else CreatorState.SESSION_EXPIRED
        if not set_creator_state(session, row, state):
            _creator_changed(session, row)
        rows.append(row)
    session.flush()
    return rows


def set_backfill(session: Session, connection_id: str, progress: Backfill) -> None:
    """Note how far reading a connection's history is. It is read with the connection, not synced."""
    row = connection(session, connection_id)
    row.backfill_state = progress.state
    row.backfill_done = progress.conversations_done
    row.backfill_total = progress.conversations_total
    row.backfill_messages = progress.messages
    row.backfill_error = progress.error


def _new_creator(session: Session, connection: ConnectionRow, account: PlatformAccount) -> CreatorRow:
    row = CreatorRow(
        id=new_id(),
        agency_id=connection.agency_id,
        platform=connection.platform,
        platform_account_id=account.id,
        platform_user_id=account.platform_user_id,
        state=CreatorState.DISCONNECTED,
        state_since=now(session),
    )
    session.add(row)
    return row


def _creator_changed(session: Session, row: CreatorRow) -> None:
    record(session, agency_id=row.agency_id, entity="creator", entity_id=row.id, creator_id=row.id)
    emit(session, CreatorStateChanged(creator_id=row.id, agency_id=row.agency_id))
