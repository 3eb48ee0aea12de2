"""The backend's routes by name: what the engine asks of it, and nothing else."""

from typing import Any
from urllib.parse import quote

from huntaze_contract import wire
from huntaze_contract.ids import Id
from huntaze_desktop.engine.api import ApiClient

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

    async def mark_read(self, conversation_id: Id, up_to: Id) -> wire.Conversation:
        return await self.api.request(
            "POST", f"{API}/conversations/{conversation_id}/read", wire.Conversation, body=wire.MarkRead(up_to=up_to)
        )

    async def tell_presence(self, conversation_id: Id, kind: wire.PresenceKind) -> None:
        await self.api.request("PUT", f"{API}/conversations/{conversation_id}/presence", body=wire.Presence(kind=kind))

    async def send_budget(self, creator_id: Id) -> wire.SendBudget:
        return await self.api.request("GET", f"{API}/creators/{creator_id}/send-budget", wire.SendBudget)

    # --- fans -----------------------------------------------------------------------------------------------------

    async def add_note(self, fan_id: Id, note: wire.NewNote) -> wire.Note:
        return await self.api.request("POST", f"{API}/fans/{fan_id}/notes", wire.Note, body=note)

    async def edit_note(self, note_id: Id, edit: wire.NoteEdit) -> wire.Note:
        return await self.api.request("PUT", f"{API}/notes/{note_id}", wire.Note, body=edit)

    async def delete_note(self, note_id: Id) -> None:
        await self.api.request("DELETE", f"{API}/notes/{note_id}")

    async def add_tag(self, fan_id: Id, tag: wire.NewTag) -> wire.Fan:
        return await self.api.request("POST", f"{API}/fans/{fan_id}/tags", wire.Fan, body=tag)

    async def remove_tag(self, fan_id: Id, tag: str) -> wire.Fan:
        return await self.api.request("DELETE", f"{API}/fans/{fan_id}/tags/{quote(tag, safe='')}", wire.Fan)

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
