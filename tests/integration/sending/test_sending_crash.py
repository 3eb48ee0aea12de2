"""What a gateway's death leaves behind is closed at the next start, whatever the message has become meanwhile."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from huntaze_backend.areas.accounts.tables import CreatorRow
from huntaze_backend.areas.fans.intake import Source
from huntaze_backend.areas.messages import intake, reconcile
from huntaze_backend.areas.messages.tables import AttemptRow
from huntaze_backend.core.changes import ChangeRow
from huntaze_backend.engines.gateways.reading import PlatformMessage
from huntaze_backend.engines.limits.adapters.sql_log import SqlRateGate
from huntaze_backend.engines.limits.tables import PermitRow
from huntaze_contract.ids import platform_born_id
from tests.helpers.sending_house import QUICK


async def test_an_attempt_whose_message_was_proven_sent_before_the_crash_is_closed(house: Any) -> None:
    message_id = await house.send(house.chats[0], "proven by a webhook, then killed")
    await house.until(message_id, "sent")
    await house.end()

    def died_before_its_report(session: Session) -> None:
        attempt = session.scalars(select(AttemptRow).where(AttemptRow.message_id == message_id)).one()
        attempt.outcome = attempt.detail = attempt.settled_at = None
        for permit in session.scalars(select(PermitRow).where(PermitRow.permit_id == attempt.permit_id)):
            permit.open = True

    await house.db.write(died_before_its_report)
    recover = partial(reconcile.recover, gate=SqlRateGate(), policy=QUICK)
    await house.db.write(partial(recover, everything=True))

    (attempt,) = await house.attempts(message_id)
    assert (attempt.outcome, attempt.detail) == ("ambiguous", "crash")
    assert (await house.row(message_id)).state == "sent"
    query = select(PermitRow).where(PermitRow.permit_id == attempt.permit_id, PermitRow.open)
    assert await house.db.read(lambda session: session.scalars(query).all()) == []


async def test_what_was_under_way_when_the_gateway_died_is_looked_for_and_not_sent_again(house: Any) -> None:
    await house.sandbox.faults({"kind": "timeout_after_execution", "limit": 1})
    message_id = await house.send(house.chats[0], "under way, then killed")
    await house.until(message_id, "sending")
    await house.db.write(partial(reconcile.recover, gate=SqlRateGate(), policy=QUICK, everything=True))
    await house.until(message_id, "sent")
    assert house.sandbox.twice() == []
    assert await house.outcomes(message_id) == ["ambiguous"]


async def test_what_a_worker_bound_at_this_moment_is_no_row_of_another_and_the_log_tells_of_none(
    house: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On PostgreSQL a webhook and the worker meet: the platform's message has its row when the webhook inserts one."""
    message_id = await house.send(house.chats[0], "bound while a webhook told of it")
    row = await house.until(message_id, "sent")
    await house.end()
    monkeypatch.setattr(intake, "_known_messages", lambda *_: {})

    def tell(session: Session) -> intake.Taken:
        creator = session.get_one(CreatorRow, row.creator_id)
        source = Source(creator.id, creator.agency_id, creator.platform_account_id)
        chat = house.chats[0].platform_id
        told = PlatformMessage(row.platform_id, chat, row.text, from_us=True, created_at=row.at)
        return intake.put_messages(session, source, [told])

    taken = await house.db.write(tell)
    assert taken.new == 0
    born = platform_born_id(row.creator_id, row.platform_id, "message")
    query = select(ChangeRow.op).where(ChangeRow.entity_id == born)
    assert await house.db.read(lambda session: session.scalars(query).all()) == []
