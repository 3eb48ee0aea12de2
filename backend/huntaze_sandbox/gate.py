"""The way into every account route: key, account, the faults that strike before anything is done, and the log-in."""

import asyncio
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from huntaze_sandbox.errors import ApiError, missing
from huntaze_sandbox.faults import Where
from huntaze_sandbox.http import broken, platform_of, rate_limited, require_key
from huntaze_sandbox.model import Account
from huntaze_sandbox.platform import Platform


@dataclass(frozen=True, slots=True)
class Gate:
    """What a route needs; `answer` is set when a fault has spoken already."""

    platform: Platform
    account: Account
    answer: Response | None = None


def enter(request: Request) -> tuple[Platform, Account]:
    """Check the key and find the account. Raises 401 or 404."""
    require_key(request)
    platform = platform_of(request)
    account = platform.world.accounts.get(request.path_params["account"])
    if account is None:
        raise missing("account")
    return platform, account


async def strike(platform: Platform, account: Account, place: Where) -> Response | None:
    """Let the faults strike that come before execution, and check the log-in; an answer means that one has spoken."""
    faults = platform.faults
    if rule := faults.draw("outage", account.id, place):
        return broken(rule, 503)
    if rule := faults.draw("latency", account.id, place):
        await asyncio.sleep((rule.ms or 0) / 1000 + (rule.seconds or 0))
    if faults.draw("log_out", account.id, place):
        platform.world.set_session(account.id, authenticated=False)
    if not account.authenticated:
        raise ApiError(
            403,
            "ONLYFANS_SESSION_EXPIRED",
            "The session of this account has expired.",
            description="Log the account in again.",
        )
    if rule := faults.draw("http_429", account.id, place):
        raise rate_limited(rule.retry_after if rule.retry_after is not None else 5)
    if rule := faults.draw("http_5xx_before", account.id, place):
        return broken(rule)
    if place == "list" and (rule := faults.draw("listing_error", account.id, place)):
        return broken(rule, 503)
    return None


async def pass_gate(request: Request, place: Where) -> Gate:
    """Let a request in, or raise the vendor's refusal. Nothing of it has been executed when this returns."""
    platform, account = enter(request)
    return Gate(platform, account, await strike(platform, account, place))
