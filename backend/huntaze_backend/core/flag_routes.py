"""HTTP of the feature flags: owners and managers see them, owners set them."""

from fastapi import APIRouter

from huntaze_backend.core.auth import Signed
from huntaze_backend.core.deps import Db
from huntaze_backend.core.flags import FlagState, list_flags, set_flag
from huntaze_contract.wire import FeatureFlag, FeatureFlags, FeatureFlagUpdate, Role

__all__ = ["router"]

router = APIRouter(prefix="/api/admin/feature-flags", tags=["flags"])


@router.get("")
async def list_feature_flags(principal: Signed, db: Db) -> FeatureFlags:
    """Every flag as it stands for the agency."""
    principal.require_role(Role.OWNER, Role.MANAGER)
    states = await db.read(lambda session: list_flags(session, principal.agency_id))
    return FeatureFlags(items=[_shown(state) for state in states])


@router.put("/{name}")
async def set_feature_flag(name: str, update: FeatureFlagUpdate, principal: Signed, db: Db) -> FeatureFlag:
    """Set a flag for the agency, at once and without a restart. Audited."""
    principal.require_role(Role.OWNER)
    state = await db.write(
        lambda session: set_flag(
            session,
            agency_id=principal.agency_id,
            actor_id=principal.member_id,
            name=name,
            enabled=update.enabled,
            percentage=update.percentage,
        )
    )
    return _shown(state)


def _shown(state: FlagState) -> FeatureFlag:
    return FeatureFlag(
        name=state.flag.name,
        description=state.flag.description,
        enabled=state.enabled,
        percentage=state.percentage,
        updated_by=state.updated_by,
        updated_at=state.updated_at,
    )
