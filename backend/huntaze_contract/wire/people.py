"""Members, creators, sign-in, and the connections to platforms."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field, SecretStr, field_validator

from huntaze_contract.wire.base import UtcTime, Uuid, WireModel

Email = Annotated[str, Field(min_length=3, max_length=254, pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$")]


class Role(StrEnum):
    """What a member may do. An owner sees all; a chatter sees granted creators only."""

    OWNER = "owner"
    MANAGER = "manager"
    CHATTER = "chatter"


class CreatorState(StrEnum):
    CONNECTED = "connected"
    SESSION_EXPIRED = "session_expired"
    DISCONNECTED = "disconnected"


class Member(WireModel):
    """Someone who works for the agency."""

    id: Uuid
    name: str
    role: Role
    active: bool = True
    ver: int = 0


class Creator(WireModel):
    """A creator account that the agency runs."""

    id: Uuid
    name: str
    username: str
    platform: str
    timezone: str
    state: CreatorState
    state_since: UtcTime
    send_limit: int = Field(ge=1, description="messages in any 60 s")
    paused_until: UtcTime | None = Field(default=None, description="the platform asked for a pause until then")
    ver: int = 0


class SignIn(WireModel):
    email: Email
    password: SecretStr = Field(min_length=1, max_length=1024)
    device_id: Uuid
    device_name: str = Field(default="", max_length=200)


class Refresh(WireModel):
    refresh_token: SecretStr = Field(min_length=1, max_length=4096)


class Me(WireModel):
    """Who is signed in."""

    member: Member
    email: str
    agency_id: Uuid
    agency_name: str


class Tokens(WireModel):
    """A short access token and the refresh token that replaces it.

    Each refresh token works once; the last one may be repeated for 10 minutes, for a client whose answer was lost.
    """

    access_token: str
    access_expires_at: UtcTime
    refresh_token: str
    refresh_expires_at: UtcTime
    me: Me


class NewMember(WireModel):
    name: str = Field(min_length=1, max_length=200)
    email: Email
    password: SecretStr = Field(min_length=10, max_length=1024)
    role: Role
    creator_ids: list[Uuid] = Field(default_factory=list, max_length=1000, description="granted creators; for chatters")

    @field_validator("name")
    @classmethod
    def _not_blank(cls, value: str) -> str:
        if not value.strip():
            raise ValueError("a name needs at least one visible character")
        return value.strip()


class CreatorAccess(WireModel):
    """Which creators a chatter may see, as a whole set."""

    creator_ids: list[Uuid] = Field(max_length=1000)


class NewConnection(WireModel):
    """Connect every account that a platform key opens."""

    platform: str = Field(pattern=r"^(sandbox|onlyfans)$")
    base_url: str = Field(pattern=r"^https?://[^\s/?#@]+(/[^\s?#]*)?$", max_length=500)
    api_key: SecretStr = Field(min_length=1, max_length=500)


class Backfill(WireModel):
    """Progress of reading the history of a connection's accounts."""

    state: str = Field(description="waiting, running, done or failed")
    conversations_done: int = 0
    conversations_total: int = 0
    messages: int = 0
    error: str | None = None


class Connection(WireModel):
    """A connection to a platform; its key is never given back."""

    id: Uuid
    platform: str
    base_url: str
    creator_ids: list[Uuid]
    created_at: UtcTime
    backfill: Backfill
