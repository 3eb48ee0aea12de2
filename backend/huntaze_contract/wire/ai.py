"""Feature flags, and the health of the AI path."""

from typing import Literal

from pydantic import Field

from huntaze_contract.wire.base import UtcTime, WireModel


class FeatureFlag(WireModel):
    """A flag as it stands for the agency."""

    name: str
    description: str
    enabled: bool
    percentage: int = Field(ge=0, le=100, description="of those for whom it is asked; counts while enabled")
    updated_by: str | None = Field(default=None, description="the member who set it; null: nobody has")
    updated_at: UtcTime | None = None


class FeatureFlags(WireModel):
    items: list[FeatureFlag]


class FeatureFlagUpdate(WireModel):
    enabled: bool
    percentage: int = Field(default=100, ge=0, le=100)


class AiEndpoint(WireModel):
    """One provider's model, as this process of the service has seen it since it began."""

    provider: str
    model: str
    state: Literal["closed", "open", "half_open", "slow_start"] = Field(description="of its circuit breaker")
    open_for_s: float = Field(default=0.0, description="how long it is not asked")
    needs_a_person: bool = Field(default=False, description="its key, quota or deployment is wrong")
    ok: int = 0
    failed: int = 0


class AiUse(WireModel):
    """How the agency's latest decisions fell."""

    decisions: int
    critical: int = Field(description="went large whatever their complexity was")
    local: int = Field(description="answered by the local provider")
    share_large: float | None = Field(description="of the latest 500 ordinary decisions; null before the first")
    share_in_range: bool = Field(description="false: outside of 5–15 %, with at least 100 decisions")
    cache_asked: int
    cache_hit_rate: float | None


class AiHealth(WireModel):
    """Whether suggestions can be had. What is behind `status` is for owners and managers."""

    status: Literal["ok", "degraded", "local_only", "off"] = Field(
        description="degraded: somebody is not asked at present; local_only: no paid provider can be asked; "
        "off: nobody at all"
    )
    hybrid: bool | None = Field(default=None, description="whether the flag is on for the agency")
    table_version: str | None = Field(default=None, description="of the routing table")
    providers: list[str] = Field(default_factory=list, description="those that are set up")
    endpoints: list[AiEndpoint] = Field(default_factory=list)
    use: AiUse | None = None
