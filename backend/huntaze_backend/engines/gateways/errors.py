"""What can go wrong between us and a platform, in the few kinds that make a difference to the caller."""

from enum import StrEnum

__all__ = ["GatewayError", "Trouble"]


class Trouble(StrEnum):
    UNAUTHORIZED = "unauthorized"
    """The platform key is wrong: no account of the connection works."""
    SESSION_EXPIRED = "session_expired"
    """One account is logged out at the platform."""
    THROTTLED = "throttled"
    UNREACHABLE = "unreachable"
    """No connection, or no answer in time."""
    NOT_FOUND = "not_found"
    REFUSED = "refused"
    """The platform understood and will not do it; repeating cannot help."""
    PLATFORM_ERROR = "platform_error"
    """The platform or a proxy before it answered with an error."""
    MALFORMED = "malformed"
    """An answer that is not what the contract says; it proves nothing."""


class GatewayError(Exception):
    """A read that failed. The text holds no key and no address."""

    def __init__(self, kind: Trouble, detail: str = "", *, retry_after_s: float | None = None) -> None:
        super().__init__(f"{kind}: {detail}" if detail else str(kind))
        self.kind = kind
        self.detail = detail
        self.retry_after_s = retry_after_s

    @property
    def passing(self) -> bool:
        """Whether the same call may work a little later."""
        return self.kind in (Trouble.THROTTLED, Trouble.UNREACHABLE, Trouble.PLATFORM_ERROR, Trouble.MALFORMED)
