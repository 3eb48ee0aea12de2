"""A whole agency in virtual time: clients, backend, platform, everything between them broken, and a person who reads.

What the judge compares: what persons wrote (in their order), what the platform executed, what the backend and the
clients believe at the end.
"""

import asyncio
import contextlib
import json
import random
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest.mock import patch

import httpx2
from pwdlib.hashers.argon2 import Argon2Hasher
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from huntaze_backend import migrations
from huntaze_backend.areas.accounts import service as accounts
from huntaze_backend.areas.accounts.members import NewOwner, create_owner
from huntaze_backend.areas.accounts.tables import AccessRow, ConnectionRow, CreatorRow, MemberRow, SessionRow
from huntaze_backend.areas.fans.intake import Source
from huntaze_backend.areas.messages import dispatch, scheduled, search
from huntaze_backend.areas.messages.chats import put_chats
from huntaze_backend.areas.messages.tables import ConversationRow, MessageRow
from huntaze_backend.core import changes
from huntaze_backend.engines.gateways.reading import PlatformAccount, PlatformChat, PlatformFan
from huntaze_contract.ids import Id, new_id
from huntaze_contract.outgoing import State
from huntaze_contract.wire import Role, Tokens
from huntaze_desktop.cache import apply
from tests.faults.sim.hosts import BackendHost, ClientHost, Line, LineFaults
from tests.faults.sim.platform import NOON, Verdicts, executions
from tests.faults.sim.vendor import Vendor, VendorFaults
from tests.helpers.house import PASSWORD, SECRETS

__all__ = ["Stack", "StackShape"]

# At its cheapest: members of a world that fails sign in again and again.
PASSWORD_HASH = Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)

_REPEATED = ("hey", "thank you!", "miss you", "how are you?", "good night")
_LOOK_EVERY_S = 20.0
_MUST_SETTLE_IN_S = 3 * 3600.0
_NAP_S = 5.0


@dataclass(frozen=True, slots=True)
class StackShape:
    """How much, and how bad. Times are means, in seconds of virtual time."""

    sends: int = 150
    clients: int = 3
    accounts_each: int = 5
    chats_each: int = 2
    per_minute: float = 7.0
    """Messages written per account; the platform takes 10."""
    backend_lives: float = 120.0
    client_lives: float = 150.0
    partition_every: float = 300.0
    outage_every: float = 400.0
    clock_jumps_every: float = 300.0
    repeats: float = 0.2


@dataclass(slots=True)
class Talk:
    """What a person wrote in a conversation, in order."""

    conversation_id: Id
    chat_id: str
    client: ClientHost
    written: list[tuple[Id, str]] = field(default_factory=list)


class Stack:
    """One seed: `play` runs it to the end, `verdicts` is what the judge found."""

    def __init__(self, seed: int, shape: StackShape, folder: Path) -> None:
        self.chance = random.Random(seed)
        self.shape = shape
        self.folder = folder
        self.verdicts = Verdicts()
        self.complaints: list[str] = []
        self.asked = self.reviews = self.most_in_a_minute = 0
        self.clients: list[ClientHost] = []
        self.talks: list[Talk] = []
        self.backend: BackendHost
        self.vendor: Vendor
        self.ended_at = 0.0

    async def play(self) -> None:
        """From the first start to the verdicts."""
        # With little to do in a virtual second, looking every second whether there is anything would be all the work.
        with contextlib.ExitStack() as naps:
            for module in (dispatch, scheduled, search):
                naps.enter_context(patch.object(module, "_LONGEST_NAP_S", _NAP_S))
            await self._play()

    async def _play(self) -> None:
        shape = self.shape
        names = [f"acct{n}" for n in range(shape.clients * shape.accounts_each)]
        self.vendor = Vendor(names, shape.chats_each, self.chance, VendorFaults())
        self.backend = BackendHost(self.folder / "backend.db", self.vendor)
        await self.backend.db.write(migrations.upgrade)
        of_member = await self.backend.db.write(self._plant)
        self.backend.start()
        for number, talks in enumerate(of_member):
            line = Line(self.backend, self.chance, LineFaults())
            client = ClientHost(f"client{number}", _email(number), self.folder, line)
            self.clients.append(client)
            self.talks += [Talk(conversation_id, chat_id, client) for conversation_id, chat_id in talks]
            await client.start()
        loop = asyncio.get_running_loop()
        troubles = [loop.create_task(trouble) for trouble in self._troubles()]
        await asyncio.gather(*(self._write(client) for client in self.clients))
        await self._until_settled()
        for trouble in troubles:
            trouble.cancel()
        ended = await asyncio.gather(*troubles, return_exceptions=True)
        for error in ended:
            if isinstance(error, Exception):
                raise error
        await self._heal()
        await self._judge()
        self.ended_at = loop.time()
        for client in self.clients:
            await client.kill()
        await self.backend.kill()
        await self.backend.db.close()

    # --- the beginning --------------------------------------------------------------------------------------------

    def _plant(self, session: Session) -> list[list[tuple[Id, str]]]:
        """An agency with a platform connection; by client, the conversations that its member may see."""
        owner_id = create_owner(session, NewOwner("Northlight", "Ann", _email(None), PASSWORD_HASH))
        agency_id = session.get_one(MemberRow, owner_id).agency_id
        box = SECRETS.box()
        connection = ConnectionRow(
            id=new_id(),
            agency_id=agency_id,
            platform="sandbox",
            base_url="http://platform",
            api_key_sealed=box.seal("key", accounts.API_KEY),
            webhook_secret_sealed=box.seal("signed", accounts.WEBHOOK_SECRET),
            created_at=NOON,
        )
        session.add(connection)
        session.flush()
        found = [PlatformAccount(name, f"u-{name}", name, name, "UTC", True) for name in self.vendor.accounts]
        creators = accounts.import_creators(session, connection, found)
        session.flush()
        for creator in creators:
            self._plant_chats(session, creator)
        members: list[list[tuple[Id, str]]] = []
        for number in range(self.shape.clients):
            member = MemberRow(
                id=new_id(),
                agency_id=agency_id,
                name=f"Member {number}",
                email=_email(number),
                password_hash=PASSWORD_HASH,
                role=Role.CHATTER,
                created_at=NOON,
            )
            session.add(member)
            session.flush()
            changes.record(session, agency_id=agency_id, entity="member", entity_id=member.id, creator_id=None)
            mine = creators[number :: self.shape.clients]
            session.add_all(AccessRow(member_id=member.id, creator_id=creator.id) for creator in mine)
            rows = select(ConversationRow.id, ConversationRow.platform_id).where(
                ConversationRow.creator_id.in_([creator.id for creator in mine])
            )
            members.append([(row.id, row.platform_id) for row in session.execute(rows)])
        return members

    def _plant_chats(self, session: Session, creator: CreatorRow) -> None:
        source = Source(creator.id, creator.agency_id, creator.platform_account_id)
        chats = [chat for chat in self.vendor.chats.values() if chat.account == creator.platform_account_id]
        put_chats(
            session,
            source,
            [
                PlatformChat(chat.id, PlatformFan(chat.id, f"Fan {chat.id}", chat.id), True, None, 0, None)
                for chat in chats
            ],
        )

    # --- persons --------------------------------------------------------------------------------------------------

    async def _write(self, client: ClientHost) -> None:
        """A chatter who answers all day, whatever the status bar says."""
        shape, chance = self.shape, self.chance
        mine = [talk for talk in self.talks if talk.client is client]
        share = shape.sends // shape.clients
        pause = 60.0 / (shape.per_minute * shape.accounts_each)
        await self._first_sync(client, mine)
        for number in range(share):
            await asyncio.sleep(chance.expovariate(1 / pause))
            talk = chance.choice(mine)
            words = chance.choice(_REPEATED) if chance.random() < shape.repeats else f"{client.name} says {number}"
            talk.written.append((await client.send(talk.conversation_id, words), words))

    @staticmethod
    async def _first_sync(client: ClientHost, mine: list[Talk]) -> None:
        count = text("SELECT count(*) FROM conversations")
        while True:
            known = await client.do(lambda core: core.store.read(lambda c: c.execute(count).scalar_one()))
            if known >= len(mine):
                return
            await asyncio.sleep(1.0)

    async def _decide(self) -> None:
        """A manager who reads the platform, and a chatter who reads what was overtaken."""
        known: set[Id] = set()
        while True:
            await asyncio.sleep(_LOOK_EVERY_S)
            for row in await self.backend.db.read(_undecided):
                if row.id not in known:
                    known.add(row.id)
                    self.asked += 1
                verdict = await self._read_the_chat(row)
                await self._resolve(row.id, verdict)
            for client in self.clients:
                for id_ in await client.do(lambda core: core.store.read(_overtaken)):
                    self.reviews += 1
                    await client.do(lambda core, id_=id_: core.actions.retry(id_))

    async def _read_the_chat(self, row: MessageRow) -> dict[str, Any]:
        chat = await self.backend.db.read(lambda session: session.get_one(ConversationRow, row.conversation_id))
        bound = await self.backend.db.read(
            lambda session: set(
                session.scalars(
                    select(MessageRow.platform_id).where(
                        MessageRow.conversation_id == row.conversation_id, MessageRow.client_key.is_not(None)
                    )
                )
            )
        )
        for message in reversed(self.vendor.chats[chat.platform_id].visible(asyncio.get_running_loop().time())):
            if message.from_us and message.text == row.text and message.id not in bound:
                return {"verdict": "sent", "platform_id": message.id}
        return {"verdict": "not_sent_send_again"}

    async def _resolve(self, message_id: Id, verdict: dict[str, Any]) -> None:
        form = {"email": _email(None), "password": PASSWORD, "device_id": new_id()}
        try:
            signed = await self._ask("/api/v2/auth/sign-in", form, None)
            tokens = Tokens.model_validate_json(signed.content)
            await self._ask(f"/api/v2/messages/{message_id}/resolve", verdict, tokens.access_token)
        except httpx2.HTTPError:
            return  # the service is away; the message is still there at the next look

    async def _ask(self, path: str, body: dict[str, Any], token: str | None) -> httpx2.Response:
        headers = {"Content-Type": "application/json"}
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        request = httpx2.Request("POST", f"http://backend{path}", content=json.dumps(body), headers=headers)
        return await self.backend.call(request)

    # --- troubles -------------------------------------------------------------------------------------------------

    def _troubles(self) -> list[Any]:
        return [
            self._decide(),
            self._backend_dies(),
            self._platform_is_away(),
            *(self._client_dies(client) for client in self.clients),
            *(self._line_is_cut(client) for client in self.clients),
            *(self._clock_jumps(client) for client in self.clients),
        ]

    async def _after(self, mean: float) -> None:
        await asyncio.sleep(self.chance.expovariate(1 / mean))

    async def _backend_dies(self) -> None:
        while True:
            await self._after(self.shape.backend_lives)
            await self.backend.kill()
            await asyncio.sleep(self.chance.uniform(0.5, 20))
            self.backend.start()

    async def _client_dies(self, client: ClientHost) -> None:
        while True:
            await self._after(self.shape.client_lives)
            await client.kill()
            await asyncio.sleep(self.chance.uniform(0.5, 60))
            await client.start()

    async def _line_is_cut(self, client: ClientHost) -> None:
        while True:
            await self._after(self.shape.partition_every)
            client.line.cut = True
            await asyncio.sleep(self.chance.uniform(20, 120))
            client.line.cut = False

    async def _platform_is_away(self) -> None:
        while True:
            await self._after(self.shape.outage_every)
            self.vendor.cut = True
            await asyncio.sleep(self.chance.uniform(30, 90))
            self.vendor.cut = False

    async def _clock_jumps(self, client: ClientHost) -> None:
        while True:
            await self._after(self.shape.clock_jumps_every)
            client.skew = self.chance.uniform(-600, 600)

    # --- the end --------------------------------------------------------------------------------------------------

    async def _until_settled(self) -> None:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + _MUST_SETTLE_IN_S
        expected = sum(len(talk.written) for talk in self.talks)
        while loop.time() < deadline:
            if await self.backend.db.read(_sent) >= expected:
                return
            await asyncio.sleep(_LOOK_EVERY_S)

    async def _heal(self) -> None:
        """Everybody is up and reached, and has ten minutes to believe the same."""
        self.vendor.faults, self.vendor.cut = None, False
        if not self.backend.up:
            self.backend.start()
        for client in self.clients:
            client.line.faults, client.line.cut = None, False
            if not client.up:
                await client.start()
        for _ in range(10):
            await asyncio.sleep(60.0)
            rows = {row.id: row for row in await self.backend.db.read(_ours)}
            if not [difference for client in self.clients for difference in await self._compare(client, rows)]:
                return

    async def _judge(self) -> None:
        verdicts = self.verdicts
        rows = {row.id: row for row in await self.backend.db.read(_ours)}
        counted = executions(self.vendor.chats.values())
        times: dict[str, list[float]] = defaultdict(list)
        for chat in self.vendor.chats.values():
            times[chat.account] += [post.executed_at for post in chat.posts if post.whose is not None]
        for account, executed in times.items():
            most = verdicts.judge_pace(account, executed, 10, 60.0)
            self.most_in_a_minute = max(self.most_in_a_minute, most)
        written = 0
        for talk in self.talks:
            order = {id_: number for number, (id_, _) in enumerate(talk.written)}
            written += len(order)
            for id_, words in talk.written:
                state = rows[id_].state if id_ in rows else "only in the outbox"
                verdicts.judge_message(f"'{words}' ({id_})", str(state), counted[id_])
            firsts = dict.fromkeys(post.whose for post in self.vendor.chats[talk.chat_id].posts if post.whose)
            verdicts.judge_order(talk.chat_id, [order[str(id_)] for id_ in firsts])
        if len(rows) != written:
            self.complaints.append(f"{written} messages were written, and the backend has {len(rows)}")
        if ended := await self.backend.db.read(_ended_sign_ins):
            self.complaints.append(f"{ended} sign-ins were ended as stolen, and nobody stole one")
        for client in self.clients:
            self.complaints += await self._compare(client, rows)

    async def _compare(self, client: ClientHost, rows: dict[Id, MessageRow]) -> list[str]:
        """I6 and I1 of one client: it believes what the backend believes, and holds nothing back."""
        differences: list[str] = []
        query = text("SELECT id, state FROM messages WHERE direction = 'out'")
        mine = {talk.conversation_id for talk in self.talks if talk.client is client}
        here = await client.do(lambda core: core.store.read(lambda c: {row.id: row.state for row in c.execute(query)}))
        there = {row.id: row.state for row in rows.values() if row.conversation_id in mine}
        if here != there:
            different = sorted(id_ for id_ in here.keys() | there.keys() if here.get(id_) != there.get(id_))
            shown = ", ".join(f"{id_} is {here.get(id_)} here, {there.get(id_)} there" for id_ in different[:3])
            differences.append(
                f"{client.name} and the backend differ about {len(different)} messages ({shown});"
                f" {await self._standing(client)}"
            )
        waiting = text("SELECT count(*) FROM outbox")
        left = await client.do(lambda core: core.store.read(lambda c: c.execute(waiting).scalar_one()))
        if left:
            differences.append(f"{client.name} still holds {left} messages in its outbox")
        return differences

    async def _standing(self, client: ClientHost) -> str:
        """What a client believes of its connection, and how far behind it is: why it may know less than the backend."""
        connection = client.core.link.connection
        state = await client.do(lambda core: core.store.read(apply.sync_state))
        last = await self.backend.db.read(lambda session: session.scalar(select(changes.CounterRow.last_seq)))
        return f"it is {connection.state.name} ({connection.detail}), at change {state.seq} of {last}"


def _email(number: int | None) -> str:
    return "owner@north.example" if number is None else f"member{number}@north.example"


def _undecided(session: Session) -> list[MessageRow]:
    return list(session.scalars(select(MessageRow).where(MessageRow.state == State.NEEDS_HUMAN.value)))


def _overtaken(connection: Any) -> list[Id]:
    rows = connection.execute(text("SELECT id FROM outbox WHERE state = 'needs_review' AND NOT confirmed"))
    return [str(id_) for id_ in rows.scalars()]


def _ended_sign_ins(session: Session) -> int:
    ended = select(func.count()).select_from(SessionRow).where(SessionRow.revoked_at.is_not(None))
    return session.scalars(ended).one()


def _sent(session: Session) -> int:
    count = select(func.count()).select_from(MessageRow).where(MessageRow.state == State.SENT.value)
    return int(session.scalar(count.where(MessageRow.client_key.is_not(None))) or 0)


def _ours(session: Session) -> list[MessageRow]:
    return list(session.scalars(select(MessageRow).where(MessageRow.client_key.is_not(None))))
