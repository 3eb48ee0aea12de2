"""The adapters that a deployment's settings choose, or the reason why the service does not start with them."""

from huntaze_backend.app import Adapters
from huntaze_backend.serve.failures import StartError
from huntaze_backend.settings import Settings

__all__ = ["chosen_by"]


def chosen_by(settings: Settings) -> Adapters:
    """Raises: StartError that names the setting, not its value."""
    try:
        return Adapters.of(settings)
    except ValueError as error:
        raise StartError("BAD_SETTINGS", f"{error}.") from error
