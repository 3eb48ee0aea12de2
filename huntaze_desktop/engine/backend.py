"""The backend's routes by name: what the engine asks of it, and nothing else."""

from typing import Any

from huntaze_contract import wire
from huntaze_contract.ids import Id
from huntaze_desktop.engine.api import ApiClient
from huntaze_desktop.engine.parsing import Drafts

API = "/api/v2"


class Backend:
    """Each method is one request; all raise ApiError, UnreachableError or SignedOutError."""

    def __init__(self, api: ApiClient) -> None:
        self.api = api

    # --- the service and who is signed in -------------------------------------------------------------------------

    async def health(self) -> wire.Health:
        found: wire.Health = await self.api.open("GET", "/health", wire.Health)
        return found

    async def sign_in(self, email: str, password: str, device_id: Id, device_name: str) -> wire.Tokens:
        body = {"email": email, "password": password, "device_id": device_id, "device_name": device_name}
        tokens: wire.Tokens = await self.api.open("POST", f"{API}/auth/sign-in", wire.Tokens, body=body)
        return tokens

    async def end_sign_in(self, access_token: str) -> None:
        """End a sign-in that is not the one in use."""
        await self.api.open("POST", f"{API}/auth/sign-out", token=access_token)

    async def sign_out(self) -> None:
        await self.api.request("POST", f"{API}/auth/sign-out")

    # --- sync -----------------------------------------------------------------------------------------------------

    async def sync(self, cursor: str, limit: int) -> wire.SyncPage:
        return await self.api.request("GET", f"{API}/sync", wire.SyncPage, params={"cursor": cursor, "limit": limit})

    async def snapshot(self, page: str | None) -> wire.SnapshotPage:
        params = {"page": page} if page is not None else {}
        return await self.api.request("GET", f"{API}/sync/snapshot", wire.SnapshotPage, params=params)

    async def digest(self, seq: int) -> wire.SyncDigest:
        """What a computer that has synced up to exactly `seq` holds; 409 where the log is past it."""
        return await self.api.request("GET", f"{API}/sync/digest", wire.SyncDigest, params={"seq": seq})

    async def drafts(self) -> list[wire.Draft]:
        """What this member has begun to write on other computers, and on this one."""
        return (await self.api.request("GET", f"{API}/drafts", Drafts)).root

    # --- messages -------------------------------------------------------------------------------------------------

    async def send(self, message_id: Id, message: wire.NewMessage) -> wire.SendAnswer:
        key = {"Idempotency-Key": message_id}
        return await self.api.request("POST", f"{API}/messages", wire.SendAnswer, body=message, headers=key)

    async def message(self, message_id: Id) -> wire.SendAnswer:
        return await self.api.request("GET", f"{API}/messages/{message_id}", wire.SendAnswer)

    async def cancel(self, message_id: Id) -> wire.SendAnswer:
        return await self.api.request("POST", f"{API}/messages/{message_id}/cancel", wire.SendAnswer)

    async def retry(self, message_id: Id) -> wire.SendAnswer:
        return await self.api.request("POST", f"{API}/messages/{message_id}/retry", wire.SendAnswer)

    async def resolve(self, message_id: Id, resolution: wire.Resolution) -> wire.SendAnswer:
        return await self.api.request("POST", f"{API}/messages/{message_id}/resolve", wire.SendAnswer, body=resolution)

    async def edit(self, message_id: Id, edit: wire.MessageEdit) -> wire.SendAnswer:
        return await self.api.request("PUT", f"{API}/messages/{message_id}", wire.SendAnswer, body=edit)

    async def unsend(self, message_id: Id) -> wire.SendAnswer:
        return await self.api.request("POST", f"{API}/messages/{message_id}/unsend", wire.SendAnswer)

    async def evidence(self, message_id: Id) -> wire.Evidence:
        return await self.api.request("GET", f"{API}/messages/{message_id}/evidence", wire.Evidence)

    async def tell_presence(self, conversation_id: Id, kind: wire.PresenceKind) -> None:
        await self.api.request("PUT", f"{API}/conversations/{conversation_id}/presence", body=wire.Presence(kind=kind))

    async def send_budget(self, creator_id: Id) -> wire.SendBudget:
        return await self.api.request("GET", f"{API}/creators/{creator_id}/send-budget", wire.SendBudget)

    # --- what the team does ---------------------------------------------------------------------------------------

    async def ops(self, device_id: Id, ops: list[dict[str, Any]]) -> wire.OpResults:
        """Bring changes in order; `ops` as the wire writes them. Repeating an op is harmless."""
        body = {"device_id": device_id, "ops": ops}
        return await self.api.request("POST", f"{API}/ops", wire.OpResults, body=body)

    async def take_lease(self, conversation_id: Id, device_id: Id, *, take_over: bool) -> wire.Lease:
        request = wire.LeaseRequest(device_id=device_id, take_over=take_over)
        return await self.api.request("PUT", f"{API}/conversations/{conversation_id}/lease", wire.Lease, body=request)

    async def give_back_lease(self, conversation_id: Id) -> None:
        await self.api.request("DELETE", f"{API}/conversations/{conversation_id}/lease")

    # --- platforms ------------------------------------------------------------------------------------------------

    async def connect_platform(self, new: dict[str, str]) -> wire.Connection:
        """`platform`, `base_url` and `api_key`, as in `wire.NewConnection`."""
        return await self.api.request("POST", f"{API}/connections", wire.Connection, body=new)

    async def platform_connection(self, connection_id: Id) -> wire.Connection:
        return await self.api.request("GET", f"{API}/connections/{connection_id}", wire.Connection)

    async def forget_platform(self, connection_id: Id) -> None:
        await self.api.request("DELETE", f"{API}/connections/{connection_id}")

    async def platform_connections(self) -> list[wire.Connection]:
        found: Any = await self.api.request("GET", f"{API}/connections", wire.Page[wire.Connection])
        return list(found.items)
