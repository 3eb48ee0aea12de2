"""Suggests replies and rewrites texts. It writes drafts; sending them is the messages' business, through their door.

A set of suggestions belongs to a conversation's last message. It is written once, whoever asks and however often, and
paid once: readers of one process share a run, processes share a claim in the database, and what is done is stored.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from functools import partial

import structlog
from sqlalchemy.orm import Session

from huntaze_backend.areas.assistant import store
from huntaze_backend.areas.assistant.context import Context, persona, read_context
from huntaze_backend.areas.assistant.flights import Flights, Frame, Tell
from huntaze_backend.areas.assistant.rules import TONES, AssistantPolicy
from huntaze_backend.areas.assistant.tables import SuggestionRow
from huntaze_backend.areas.messages import service as messages
from huntaze_backend.core.auth import Principal
from huntaze_backend.core.clock import now
from huntaze_backend.core.db import Database
from huntaze_backend.core.errors import AppError, ConflictError, TooManyRequestsError
from huntaze_backend.core.http import problem_of
from huntaze_backend.engines.ai.failures import CONSEQUENCES
from huntaze_backend.engines.ai.port import (
    AiAnswer,
    AiError,
    AiRequest,
    Delta,
    Final,
    Incomplete,
    Orchestrator,
    RequestType,
)
from huntaze_backend.engines.ai.prompts import rewrite_prompt
from huntaze_contract.ids import new_id
from huntaze_contract.wire import (
    ProblemCode,
    Rewrite,
    RewriteRequest,
    Suggestion,
    SuggestionDelta,
    SuggestionDone,
    SuggestionIncomplete,
    SuggestionProblem,
    SuggestionRequest,
)

__all__ = ["Assistant"]

log = structlog.get_logger(__name__)

_MOST_TOKENS = 160
_REWRITE_TOKENS = 1200
"""The longest message, written again."""
_TEMPERATURE = 0.8
_DEADLINE_S = 20.0
_CLAIM_S = 30.0
_LOOK_S = 0.3
_REASONS = 4


class Assistant:
    """One per process."""

    def __init__(self, db: Database, ai: Orchestrator, policy: AssistantPolicy) -> None:
        self.policy = policy
        self._db = db
        self._ai = ai
        self._flights = Flights()

    async def suggest(
        self, who: Principal, conversation_id: str, request: SuggestionRequest
    ) -> tuple[AsyncIterator[Frame], bool]:
        """The frames of a set, and whether it had to be written.

        Raises: NotFoundError; ConflictError when the conversation has gone on; TooManyRequestsError for a prefetch
            without budget.
        """
        context, known, spent = await self._db.read(partial(_look, who=who, conversation_id=conversation_id))
        if request.based_on is not None and request.based_on != context.last_id:
            raise ConflictError(
                "The conversation has gone on since.",
                title="There is a newer message",
                action="Ask again for the newest message.",
            )
        key = (conversation_id, context.last_id)
        wanted = range(request.count)
        if not request.fresh and all(slot in known for slot in wanted):
            return _stored([known[slot] for slot in wanted]), False
        if request.prefetch and spent >= self.policy.prefetch_nano_usd_a_day:
            raise TooManyRequestsError(
                "Today's budget for suggestions that nobody asked for is spent.",
                code=ProblemCode.BUDGET_EXCEEDED,
                title="Not prefetched",
                action="Ask for them when they are needed.",
            )
        flight = self._flights.join(key)
        if flight is None:
            flight = self._flights.start(key, partial(self._write_set, who, context, request))
        return flight.read(), True

    async def rewrite(self, who: Principal, conversation_id: str, form: RewriteRequest) -> Rewrite:
        """Say a person's text in another way.

        Raises: NotFoundError; AiError when no model is there: templates cannot do it.
        """

        def look(session: Session) -> AiRequest:
            conversation = messages.get_conversation(session, who, conversation_id)
            who_speaks = persona(session, who.agency_id, conversation.creator_id)
            prompt = rewrite_prompt(who_speaks, form.text, tone=form.tone, language=form.language)
            return AiRequest(
                request_id=new_id(),
                type=RequestType.CONTENT_OPTIMIZATION,
                agency_id=who.agency_id,
                creator_id=conversation.creator_id,
                member_id=who.member_id,
                prompt=prompt,
                max_output_tokens=_REWRITE_TOKENS,
                temperature=0.4,
                deadline_s=_DEADLINE_S,
            )

        request = await self._db.read(look)
        try:
            answer = await self._ai.complete(request)
        except AiError as error:
            # Our own service is well, which a 503 would deny.
            error.status = 424
            raise
        row = _row(who, request, answer, conversation_id, kind=form.kind.value, asked=form.text, tone=form.tone)
        made = await self._db.write(partial(_save, row=row))
        return Rewrite(
            id=made.id,
            text=made.text,
            kind=form.kind,
            provider=made.provider,
            model=made.model,
            tier=made.tier,
            local=made.local,
            cost_nano_usd=made.cost_nano_usd,
            reason=made.reason,
        )

    async def close(self) -> None:
        """Break off what still runs."""
        await self._flights.close()

    # --- a set --------------------------------------------------------------------------------------------------------

    async def _write_set(self, who: Principal, context: Context, request: SuggestionRequest, tell: Tell) -> None:
        token = new_id()
        try:
            if not await self._claimed(context, token):
                raise TooManyRequestsError("A colleague's suggestions for this conversation are being written.")
            try:
                await self._write(who, context, request, tell)
            finally:
                await self._db.write(partial(store.release, conversation_id=context.conversation_id, token=token))
        except AppError as error:
            tell(SuggestionProblem(problem=problem_of(error)))
        except Exception:
            log.exception("assistant.set_failed")
            tell(SuggestionProblem(problem=problem_of(AppError())))

    async def _claimed(self, context: Context, token: str) -> bool:
        """Whether the conversation's claim could be had; waits for another process that has it."""
        for _ in range(int(_CLAIM_S / _LOOK_S)):
            claim = partial(store.claim, conversation_id=context.conversation_id, token=token, for_s=_CLAIM_S)
            if await self._db.write(claim):
                return True
            await self._db.clock.sleep(_LOOK_S)
        return False

    async def _write(self, who: Principal, context: Context, request: SuggestionRequest, tell: Tell) -> None:
        def begin(session: Session) -> tuple[dict[int, Suggestion], int]:
            if request.fresh:
                store.replace_set(session, context.conversation_id, context.last_id)
            known = store.stored_set(session, context.conversation_id, context.last_id)
            return known, store.made_before(session, context.conversation_id, context.last_id)

        known, before = await self._db.write(begin)
        missing = []
        for slot in range(request.count):
            if slot in known:
                tell(SuggestionDone(index=slot, suggestion=known[slot]))
            else:
                missing.append(slot)
        async with asyncio.TaskGroup() as cards:
            for slot in missing:
                cards.create_task(self._write_card(who, context, slot, before + slot, request.prefetch, tell))

    async def _write_card(
        self, who: Principal, context: Context, slot: int, variant: int, prefetched: bool, tell: Tell
    ) -> None:
        tone = TONES[slot % len(TONES)]
        request = AiRequest(
            request_id=new_id(),
            type=RequestType.ONLYFANS_MESSAGE,
            agency_id=context.agency_id,
            creator_id=context.creator_id,
            member_id=who.member_id,
            prompt=context.prompt(tone, variant),
            max_output_tokens=_MOST_TOKENS,
            temperature=_TEMPERATURE,
            deadline_s=_DEADLINE_S,
        )
        try:
            async with aclosing(self._ai.stream(request)) as events:  # type: ignore[type-var]
                async for event in events:
                    if isinstance(event, Delta):
                        tell(SuggestionDelta(index=slot, text=event.text))
                    elif isinstance(event, Incomplete):
                        tell(SuggestionIncomplete(index=slot, reason=CONSEQUENCES[event.failure].message))
                    elif isinstance(event, Final):
                        row = _row(
                            who, request, event.answer, context.conversation_id, kind=store.REPLY, asked=context.asked,
                            tone=tone, based_on=context.last_id, slot=slot, prefetched=prefetched,
                        )  # fmt: skip
                        tell(SuggestionDone(index=slot, suggestion=await self._db.write(partial(_save, row=row))))
        except AppError as error:
            tell(SuggestionProblem(index=slot, problem=problem_of(error)))
        except Exception:
            log.exception("assistant.card_failed")
            tell(SuggestionProblem(index=slot, problem=problem_of(AppError())))


async def _stored(found: list[Suggestion]) -> AsyncIterator[Frame]:
    for index, suggestion in enumerate(found):
        yield SuggestionDone(index=index, suggestion=suggestion)


def _look(session: Session, *, who: Principal, conversation_id: str) -> tuple[Context, dict[int, Suggestion], int]:
    context = read_context(session, who, conversation_id)
    known = store.stored_set(session, conversation_id, context.last_id)
    return context, known, store.prefetched_today(session, who.agency_id)


def _row(
    who: Principal,
    request: AiRequest,
    answer: AiAnswer,
    conversation_id: str,
    *,
    kind: str,
    asked: str,
    tone: str | None,
    based_on: str | None = None,
    slot: int = 0,
    prefetched: bool = False,
) -> SuggestionRow:
    confidence, source = answer.extra.get("confidence"), answer.extra.get("source")
    said = answer.extra.get("reason")
    return SuggestionRow(
        id=new_id(),
        agency_id=request.agency_id,
        creator_id=request.creator_id,
        conversation_id=conversation_id,
        kind=kind,
        based_on=based_on,
        slot=slot,
        replaced=False,
        asked=asked,
        text=answer.text.strip(),
        tone=tone,
        confidence=confidence if isinstance(confidence, float) else None,
        provider=answer.provider,
        model=answer.model,
        tier="local" if answer.local else answer.decision.tier.value,
        local=answer.local,
        cost_nano_usd=answer.cost_nano_usd,
        reason=[*([said] if isinstance(said, str) else []), *answer.decision.reasons][:_REASONS],
        source_id=source if isinstance(source, str) else None,
        prompt_version=request.prompt.version,
        request_id=request.request_id,
        member_id=who.member_id,
        prefetched=prefetched,
    )


def _save(session: Session, *, row: SuggestionRow) -> Suggestion:
    """Store it. A model cannot say how sure it is; what the team kept of its earlier ones can."""
    kept = None if row.local or row.tone is None else store.acceptance(session, row.creator_id, row.model, row.tone)
    values = {column.key: getattr(row, column.key) for column in SuggestionRow.__table__.columns}
    if kept is not None:
        values["confidence"] = kept[0]
        values["reason"] = [f"the team kept {kept[0]:.0%} of the last {kept[1]} of this kind", *row.reason][:_REASONS]
    # A copy: on PostgreSQL this unit may run again, with a row that another session had.
    made = SuggestionRow(**(values | {"created_at": now(session)}))
    session.add(made)
    session.flush()
    return store.shown(made)
