"""What the service says of itself."""

from typing import Literal

from huntaze_contract.wire.base import API_VERSION, UtcTime, WireModel


class Health(WireModel):
    """Answer of `GET /health`, readable without signing in."""

    status: Literal["ok", "degraded"]
    version: str
    api: str = API_VERSION
    database: Literal["ok", "failed"]
    worker: Literal["running", "stopped"]
    server_time: UtcTime
