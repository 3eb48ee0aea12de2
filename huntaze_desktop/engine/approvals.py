"""What waits for a yes: read from the backend when something changes, decided there, and never kept here.

A decision needs the backend, because what is approved must be what waits there now. Offline, what was last read is
still shown.
"""

from dataclasses import replace
from functools import partial

from huntaze_contract import wire
from huntaze_contract.ids import Id
from huntaze_desktop.cache import Touched, apply
from huntaze_desktop.engine.api import ApiClient
from huntaze_desktop.engine.backend import API
from huntaze_desktop.engine.errors import ApiError, EngineError
from huntaze_desktop.engine.live import Live, Watcher
from huntaze_desktop.engine.store import Store
from huntaze_desktop.engine.timing import Timing
from huntaze_desktop.model.approvals import (
    Approval,
    ApprovalDecision,
    ApprovalPast,
    ApprovalQueue,
    ApprovalResult,
    MachineShare,
)
from huntaze_desktop.model.entities import MissedMessage

LISTED = 100


class Approvals:
    """Belongs to the engine's loop."""

    def __init__(self, api: ApiClient, store: Store) -> None:
        self._api, self._store = api, store

    async def waiting(self) -> tuple[tuple[Approval, ...], bool]:
        """What waits, and whether there is more than is listed."""
        page: wire.Page[wire.Approval] = await self._api.request(
            "GET", f"{API}/approvals", wire.Page[wire.Approval], params={"limit": LISTED}
        )
        return tuple(approval_of(one) for one in page.items), page.next_cursor is not None

    async def past(self) -> tuple[ApprovalPast, ...]:
        """The latest decisions."""
        page: wire.Page[wire.ApprovalPast] = await self._api.request(
            "GET", f"{API}/approvals/history", wire.Page[wire.ApprovalPast], params={"limit": LISTED}
        )
        return tuple(_past(one) for one in page.items)

    async def decide(self, decisions: tuple[ApprovalDecision, ...]) -> tuple[ApprovalResult, ...]:
        """Decide about each by itself; what became of the messages shows at once."""
        bulk = wire.ApprovalDecisions(decisions=[_decision(one) for one in decisions])
        found = await self._api.request("POST", f"{API}/approvals/decide", wire.ApprovalResults, body=bulk)
        for one in found.results:
            if one.message is not None:
                await self._store.change(partial(apply.apply_message, message=one.message))
        return tuple(
            ApprovalResult(one.message_id, one.done, one.code.value if one.code is not None else None, one.detail)
            for one in found.results
        )


class ApprovalsWatcher(Watcher[ApprovalQueue]):
    """The queue, read anew when messages change and now and then: some of it expires by itself."""

    def __init__(self, live: Live[ApprovalQueue], timing: Timing, approvals: Approvals) -> None:
        super().__init__(live, timing.approvals_again)
        self._timing, self._approvals = timing, approvals
        self._shown = live.value

    def concerned(self, touched: Touched) -> bool:
        return bool(touched.conversations or touched.timelines)

    async def compute(self) -> ApprovalQueue:
        try:
            items, more = await self._approvals.waiting()
        except ApiError as error:
            self._shown = replace(self._shown, loading=False, offline=False, trouble=error.text)
        except EngineError as error:
            self._shown = replace(self._shown, loading=False, offline=True, trouble=error.text)
        else:
            self._shown = ApprovalQueue(items, loading=False, more=more)
        return self._shown

    def look_again_at(self) -> float | None:
        return self._timing.backoff_cap / 3 if self._shown.trouble else self._timing.pull_every


def approval_of(row: wire.Approval) -> Approval:
    """An approval as plugins see it."""
    message = row.message
    return Approval(
        message_id=message.id,
        conversation_id=row.conversation_id,
        creator_id=message.creator_id,
        text=message.text,
        ver=message.ver,
        text_hash=row.text_hash,
        creator_name=row.creator_name,
        fan_id=message.fan_id,
        fan_name=row.fan_name,
        author_name=row.author_name,
        ai=_share(row.ai),
        warnings=tuple(found.plain() for found in row.warnings),
        waiting_since=row.waiting_since,
        expires_at=row.expires_at,
        send_at=row.send_at,
        missed=tuple(
            MissedMessage(outgoing=one.direction == "out", text=one.text, at=one.at, author_name=one.author_name)
            for one in row.missed
        ),
        last_missed_id=_last(row.missed),
    )


def _last(missed: list[wire.Message]) -> Id | None:
    return missed[-1].id if missed else None


def _share(ai: wire.Provenance | None) -> MachineShare | None:
    return None if ai is None else MachineShare(ai.model, ai.ai_share, ai.edited, ai.confidence)


def _past(row: wire.ApprovalPast) -> ApprovalPast:
    return ApprovalPast(
        message_id=row.message.id,
        text=row.message.text,
        creator_name=row.creator_name,
        fan_name=row.fan_name,
        author_name=row.message.author_name,
        ai=_share(row.ai),
        outcome=row.outcome,
        edited=row.edited,
        decided_by=row.decided_by_name,
        decided_at=row.decided_at,
        reason=row.reason,
    )


def _decision(one: ApprovalDecision) -> wire.ApprovalDecision:
    read = one.approval
    return wire.ApprovalDecision(
        message_id=read.message_id,
        verdict=one.verdict,
        text=one.text,
        base_ver=read.ver,
        text_hash=read.text_hash,
        last_missed_id=read.last_missed_id,
        reason=one.reason,
    )
