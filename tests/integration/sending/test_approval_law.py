"""The law: machine-written text never reaches a fan without the yes that its creator's policy asks for.

A walk by chance over everything that people do: write, use suggestions, edit, take back, schedule, decide, change the
policy, restart. Whenever an attempt is opened, a judge that shares no code with the product looks at the text that is
about to leave. Doors that are left open on purpose go through the same walk: a judge who sees nothing would be noticed.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from random import Random
from typing import Any

import pytest
from sqlalchemy import update

from huntaze_backend.areas.messages import accepting, decisions, holding
from huntaze_backend.areas.messages.approval_tables import ApprovalRow
from huntaze_backend.areas.messages.approvals import expire
from huntaze_backend.areas.messages.claims import claim
from huntaze_backend.areas.messages.outcomes import Report, settle
from huntaze_backend.areas.messages.scheduled import release_due
from huntaze_backend.areas.messages.tables import MessageRow
from huntaze_backend.core.chain_check import check_stored
from huntaze_backend.core.db import Database
from huntaze_backend.core.errors import AppError
from huntaze_backend.engines.limits.adapters.sql_log import SqlRateGate
from huntaze_contract.ids import new_id
from huntaze_contract.wire import Lane, Provenance
from tests.helpers.approval_house import ApprovalHouse, decision
from tests.helpers.send_simulation import EveryChatWasRead
from tests.helpers.sending_house import COMPLIANCE, QUICK
from tests.plugins.databases import DATABASE_KEY

QUICKEST = replace(QUICK, recipient_limit=10_000)
STEPS = 60
MACHINE = (
    "I thought about you the whole way home from the market today",
    "What would you do with a free weekend and nobody watching us",
    "You always know how to make an ordinary evening feel special",
)
OWN = ("lol yes", "on my way to the gym, back at nine", "happy birthday to your brother!", "no idea, ask me tomorrow")


def _settled(session: Any, attempt_id: str, report: Report) -> None:
    settle(session, SqlRateGate(), QUICKEST, attempt_id, report, watched=lambda _: False)


class Walk:
    """`yes` holds what was approved by who may: (message, text)."""

    def __init__(self, desk: ApprovalHouse, seed: int, url: str) -> None:
        self.desk, self.random, self.url = desk, Random(seed), url
        self.chats = desk.house.of_one_account()[:2]
        self.creator_id = self.chats[0].creator_id
        self.rule = "machine_unedited"
        self.yes: set[tuple[str, str]] = set()
        self.ids: list[str] = []
        self.left: list[str] = []
        for text in MACHINE:
            desk.machine.add(text)

    async def run(self) -> None:
        actions: list[Callable[[], Any]] = [
            self.write, self.write, self.use, self.use, self.edit, self.edit, self.take_back, self.decide, self.decide,
            self.change_policy, self.send, self.send, self.send, self.time_passes, self.automation, self.restart,
        ]  # fmt: skip
        for _ in range(STEPS):
            with contextlib.suppress(AppError):
                await self.random.choice(actions)()
        await self.send()

    def _who(self) -> Any:
        return self.random.choice([self.desk.chatter, self.desk.chatter, self.desk.chatter, self.desk.manager])

    async def _take_in(self, text: str, suggestion: str | None) -> None:
        who, send_at = self._who(), None
        if self.random.random() < 0.3:
            send_at = datetime.now(UTC) + timedelta(hours=1)
        chat = self.random.choice(self.chats)
        message = await self.desk.write(chat, text, who=who, suggestion=suggestion, send_at=send_at)
        self.ids.append(message.id)
        if who is self.desk.manager:
            self.yes.add((message.id, text))

    async def write(self) -> None:
        await self._take_in(self.random.choice(OWN), None)

    async def use(self) -> None:
        """With and without saying so."""
        id_, made = self.random.choice(list(self.desk.machine.texts.items()))
        text = self.random.choice([made.text, made.text.upper(), made.text + " x"])
        await self._take_in(text, self.random.choice([id_, None]))

    async def automation(self) -> None:
        key, made = new_id(), self.random.choice(list(self.desk.machine.texts.values()))
        ai = Provenance(provider=made.provider, model=made.model, ai_share=1.0, edited=False)
        await self.desk.house.db.write(
            lambda session: accepting.queue(
                session,
                compliance=COMPLIANCE,
                agency_id=self.desk.owner.agency_id,
                conversation_id=self.chats[0].id,
                key=key,
                text=made.text,
                lane=Lane.AUTOMATION,
                ai=ai,
            )
        )
        self.ids.append(key)

    async def edit(self) -> None:
        if not self.ids:
            return
        id_, who = self.random.choice(self.ids), self._who()
        text = self.random.choice([*OWN, *MACHINE, *(made + "!" for made in MACHINE)])
        message = await self.desk.edit(id_, text, who=who)
        if who is self.desk.manager and message.state != "waiting_approval":
            self.yes.add((id_, text))

    async def take_back(self) -> None:
        if self.ids:
            await self.desk.sending.cancel(self.desk.owner, self.random.choice(self.ids))

    async def decide(self) -> None:
        for shown in await self.desk.queue():
            choice = self.random.random()
            if choice < 0.3:
                continue
            text = self.random.choice([None, None, "as the manager put it"])
            asked = decision(shown, "reject") if choice < 0.4 else decision(shown, text=text)
            if self.random.random() < 0.2:
                await self.edit()
            (result,) = await self.desk.decide(asked)
            if result.done and asked.verdict == "approve":
                self.yes.add((shown.message.id, text or shown.message.text))

    async def change_policy(self) -> None:
        self.rule = self.random.choice(["always", "machine_unedited", "machine_unedited", "never"])
        await self.desk.set_policy(self.creator_id, self.rule)

    async def time_passes(self) -> None:
        at = datetime.now(UTC) - timedelta(seconds=1)

        def forward(session: Any) -> None:
            session.execute(update(MessageRow).where(MessageRow.state == "scheduled").values(not_before=at))
            some = self.random.random()
            session.execute(update(ApprovalRow).where(ApprovalRow.outcome.is_(None)).values(send_at=at))
            if some < 0.2:
                session.execute(update(ApprovalRow).where(ApprovalRow.outcome.is_(None)).values(expires_at=at))
            session.flush()
            expire(session)
            release_due(session, QUICKEST.timing)

        await self.desk.house.db.write(forward)

    async def restart(self) -> None:
        """Nothing but the database outlives a process."""
        house = self.desk.house
        if not house.db.embedded:
            return
        machine = self.desk.machine
        await house.db.close()
        house.db = Database.open(self.url, key=DATABASE_KEY)
        anew = ApprovalHouse(house, QUICKEST)
        anew.machine.texts = machine.texts
        anew.chatter, anew.manager = self.desk.chatter, self.desk.manager
        self.desk = anew

    async def send(self) -> None:
        for _ in range(4):
            made = await self.desk.house.db.write(
                lambda session: claim(
                    session,
                    SqlRateGate(),
                    QUICKEST,
                    self.creator_id,
                    compliance=COMPLIANCE,
                    seen=EveryChatWasRead(),
                    watched=lambda _: False,
                )
            )
            if made.opened is None:
                return
            self.judge(made.opened.client_key, made.opened.text)
            report = Report("sent", platform_id=f"p{new_id()}", created_at=datetime.now(UTC))
            attempt_id = made.opened.attempt_id
            settled = partial(_settled, attempt_id=attempt_id, report=report)
            await self.desk.house.db.write(settled)
            self.left.append(made.opened.text)

    def judge(self, id_: str, text: str) -> None:
        plain = text.lower().removesuffix(" x").rstrip("!")
        machine = plain in {made.lower() for made in MACHINE}
        asked = self.rule == "always" or (self.rule == "machine_unedited" and machine)
        assert not asked or (id_, text) in self.yes, f"{text!r} leaves under {self.rule} and nobody said yes"


async def walk(house: Any, seed: int, url: str) -> Walk:
    await house.set_creator(send_limit=10_000, window_s=2.0)
    made = Walk(ApprovalHouse(house, QUICKEST), seed, url)
    await made.run()
    return made


@pytest.mark.parametrize("seed", range(4))
async def test_no_machine_s_text_leaves_without_the_yes_that_is_asked_for(
    still_house: Any, request: pytest.FixtureRequest, seed: int
) -> None:
    url = request.getfixturevalue("sqlite_url") if still_house.db.embedded else ""
    done = await walk(still_house, seed, url)
    assert done.left, "nothing left at all: the walk proves nothing"
    records, faults = await done.desk.house.db.read(check_stored)
    assert faults == []
    assert records > len(done.left)


@pytest.mark.parametrize("door", ["accept", "edit"])
async def test_a_door_left_open_is_noticed(
    still_house: Any, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, door: str
) -> None:
    """The first attempt asks again, so it has to be blind as well."""
    url = request.getfixturevalue("sqlite_url") if still_house.db.embedded else ""
    monkeypatch.setattr("huntaze_backend.areas.messages.claims.hold_if_asked", lambda *_: False)
    if door == "accept":
        monkeypatch.setattr(accepting, "asks", lambda *_: False)
    else:
        monkeypatch.setattr(holding, "needs_yes", lambda *_: None)
    assert decisions.holding is holding
    with pytest.raises(AssertionError, match="nobody said yes"):
        for seed in range(20):
            await walk(still_house, seed, url)
