"""Connecting a platform: the key is tried before it is kept, and its accounts become creators."""

import secrets
from dataclasses import dataclass
from functools import partial

from sqlalchemy.orm import Session

from huntaze_backend.areas.accounts import service
from huntaze_backend.areas.accounts.tables import ConnectionRow
from huntaze_backend.core.audit import audit
from huntaze_backend.core.auth import Principal
from huntaze_backend.core.clock import now
from huntaze_backend.core.db import Database
from huntaze_backend.core.errors import NotFoundError, PlatformError, ValidationProblem
from huntaze_backend.core.secrets import SecretBox
from huntaze_backend.engines.gateways.errors import GatewayError, Trouble
from huntaze_backend.engines.gateways.factory import PlatformAccess, ReaderFactory
from huntaze_backend.engines.gateways.reading import PlatformAccount
from huntaze_backend.events import BackfillRequested, ConnectionCreated, ConnectionDeleted, emit
from huntaze_contract.ids import new_id
from huntaze_contract.wire import Backfill, CreatorState, NewConnection, ProblemCode, Role

__all__ = ["Connector", "delete_connection", "own_connection", "request_backfill"]


@dataclass(frozen=True, slots=True)
class Connector:
    """Makes connections."""

    database: Database
    readers: ReaderFactory
    box: SecretBox

    async def connect(self, principal: Principal, form: NewConnection) -> str:
        """The new connection's id; its history is read by whoever listens to ConnectionCreated.

        Raises: ForbiddenError, ValidationProblem, ConflictError, PlatformError.
        """
        principal.require_role(Role.OWNER, Role.MANAGER)
        if form.platform != "sandbox" and not form.base_url.startswith("https://"):
            raise ValidationProblem("A platform's key may travel by https only.", field="base_url")
        access = PlatformAccess(new_id(), form.base_url.rstrip("/"), form.api_key.get_secret_value())
        accounts = await self._accounts(access)
        if not accounts:
            raise PlatformError("The key opens no account.")
        await self.database.write(partial(self._keep, principal, form.platform, access, accounts))
        return access.connection_id

    async def _accounts(self, access: PlatformAccess) -> list[PlatformAccount]:
        reader = self.readers.reader(access)
        try:
            return await reader.accounts()
        except GatewayError as error:
            if error.kind is Trouble.UNAUTHORIZED:
                raise PlatformError("The platform does not accept this key.") from error
            raise PlatformError(
                "The platform cannot be reached, or did not answer as expected.",
                code=ProblemCode.PLATFORM_UNREACHABLE,
                title="The platform cannot be reached",
                action="Check the address, then try again.",
            ) from error
        finally:
            await reader.close()

    def _keep(
        self,
        principal: Principal,
        platform: str,
        access: PlatformAccess,
        accounts: list[PlatformAccount],
        session: Session,
    ) -> None:
        row = ConnectionRow(
            id=access.connection_id,
            agency_id=principal.agency_id,
            platform=platform,
            base_url=access.base_url,
            api_key_sealed=self.box.seal(access.api_key, service.API_KEY),
            webhook_secret_sealed=self.box.seal(secrets.token_urlsafe(32), service.WEBHOOK_SECRET),
            created_at=now(session),
        )
        session.add(row)
        session.flush()
        service.import_creators(session, row, accounts)
        emit(session, ConnectionCreated(connection_id=row.id, agency_id=row.agency_id))
        _noted(session, principal, "connection_created", row.id)


def own_connection(session: Session, principal: Principal, connection_id: str) -> ConnectionRow:
    """Raises: ForbiddenError, NotFoundError."""
    principal.require_role(Role.OWNER, Role.MANAGER)
    row = session.get(ConnectionRow, connection_id)
    if row is None or row.agency_id != principal.agency_id:
        raise NotFoundError("There is no such connection.")
    return row


def request_backfill(session: Session, principal: Principal, connection_id: str) -> None:
    """Have the history read again; nothing happens while it is being read."""
    row = own_connection(session, principal, connection_id)
    if row.backfill_state in ("waiting", "running"):
        return
    service.set_backfill(session, connection_id, Backfill(state="waiting"))
    emit(session, BackfillRequested(connection_id=row.id, agency_id=row.agency_id))
    _noted(session, principal, "backfill_requested", row.id)


def delete_connection(session: Session, principal: Principal, connection_id: str) -> None:
    """Forget the key. The creators stay with their history, disconnected."""
    row = own_connection(session, principal, connection_id)
    for creator in service.creators_of_connection(session, connection_id):
        creator.connection_id = None
        service.set_creator_state(session, creator, CreatorState.DISCONNECTED)
    session.flush()
    session.delete(row)
    emit(session, ConnectionDeleted(connection_id=connection_id, agency_id=row.agency_id))
    _noted(session, principal, "connection_deleted", connection_id)


def _noted(session: Session, principal: Principal, action: str, subject: str) -> None:
    audit(session, agency_id=principal.agency_id, actor_id=principal.member_id, action=action, subject=subject)
