"""A small scripted backend on a real port: answers as the contract says, and misbehaves where a test asks it to.

It keeps everything in memory. `Wire` stands between it and the client and can cut the line at the worst moment: after
the request was carried out and before its answer arrives.
"""

import asyncio
import contextlib
import json
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from huntaze_contract import wire
from huntaze_contract.ids import Id, new_id
from tests.helpers.agency import Agency, changed
from tests.helpers.peer_ai import Assistant
from tests.helpers.peer_desk import Desk
from tests.helpers.peer_ops import Ops


def problem(status: int, code: str, detail: str = "No.", **more: Any) -> Response:
    body = {"title": code, "status": status, "detail": detail, "code": code, "trace_id": "trace-1", **more}
    return JSONResponse(body, status, media_type="application/problem+json")


def answer(row: wire.WireModel, status: int = 200) -> Response:
    return Response(row.model_dump_json(), status, media_type="application/json")


@dataclass
class Peer:
    """The backend's state, and the switches of a test."""

    agency: Agency
    api: str = wire.API_VERSION
    rows: dict[tuple[str, Id], wire.Change] = field(default_factory=dict)
    log: list[wire.Change] = field(default_factory=list)
    """Every change in commit order; `sync` gives the newest of each entity."""
    posts: list[tuple[Id, dict[str, Any]]] = field(default_factory=list)
    """Every POST of a message that arrived, with its key."""
    accepted: dict[Id, wire.Message] = field(default_factory=dict)
    instead: deque[Response] = field(default_factory=deque)
    """Answers to the next requests of the member's own routes, in place of what would happen."""
    instead_of_posts: deque[Response] = field(default_factory=deque)
    instead_of_edits: deque[Response] = field(default_factory=deque)
    access: set[str] = field(default_factory=set)
    refreshes: int = 0
    refresh_token: str = "refresh-0"
    slow_refresh: float = 0.0
    """Seconds between the spending of a refresh token and the answer with the new one."""
    expired_cursors: bool = False
    epoch: int = 1
    """Of the database: another one after a backup was restored."""
    silent_events: bool = False
    no_pulls: bool = False
    """Answer no pull, so that only events can bring something."""
    page_size: int = 500
    requests: list[str] = field(default_factory=list)
    snapshot_pages: list[str | None] = field(default_factory=list)
    snapshot_pages_until_hang: int | None = None
    """After so many pages of a snapshot, the next one is never answered."""
    presence: list[tuple[Id, str]] = field(default_factory=list)
    sockets: set[WebSocket] = field(default_factory=set)
    skew: timedelta = timedelta(0)
    budget: int = 10
    instead_of_ops: deque[Response] = field(default_factory=deque)
    leases: dict[Id, wire.Lease] = field(default_factory=dict)
    lease_requests: list[tuple[str, Id]] = field(default_factory=list)
    slow_leases: float = 0.0
    """Seconds before a lease is taken or given back."""
    digests: int = 0
    hidden: set[Id] = field(default_factory=set)
    """Rows that sync never gives, although the digest counts them."""
    drafts: list[wire.Draft] = field(default_factory=list)
    evidence: wire.Evidence | None = None
    assistant: Assistant = field(default_factory=Assistant)
    desk: Desk = field(default_factory=Desk)
    ops: Ops = field(init=False)

    def __post_init__(self) -> None:
        self.ops = Ops(self.agency, self.rows, self.record, self.put)
        self.put(self.agency.me, self.agency.creator)

    @property
    def me(self) -> wire.Me:
        return wire.Me(
            member=self.agency.me,
            email="iris@example.com",
            agency_id=self.agency.creator.id,
            agency_name="Northlight",
        )

    # --- state ----------------------------------------------------------------------------------------------------

    def put(self, *rows: Any) -> None:
        """Take in rows as they are, in order; `ver` is their place in the log."""
        for row in rows:
            self.record(changed(row))

    def record(self, change: wire.Change) -> None:
        self.rows[change.entity, change.id] = change
        self.log.append(change)

    @property
    def seq(self) -> int:
        return max((change.seq for change in self.log), default=0)

    def talk(self, name: str = "Daniel Reyes", messages: int = 0, **more: Any) -> wire.Conversation:
        fan = self.agency.fan(name)
        conversation = self.agency.conversation(fan, **more)
        self.put(fan, conversation, *(self.agency.message(conversation, f"line {i}") for i in range(messages)))
        return conversation

    async def publish(self, *rows: Any) -> None:
        """Put rows and tell the streams, unless events are silent."""
        before = self.seq
        self.put(*rows)
        if not self.silent_events:
            await self.tell([changed(row) for row in rows], before)

    async def tell(self, changes: list[wire.Change], prev: int) -> None:
        frame = wire.ChangesFrame(cs=1, prev=prev, seq=self.seq, cursor=f"{self.seq}", changes=changes)
        await self.frame(frame)

    async def frame(self, frame: wire.WireModel) -> None:
        for socket in list(self.sockets):
            with contextlib.suppress(WebSocketDisconnect, RuntimeError):
                await socket.send_text(frame.model_dump_json())

    def restore_from_backup(self, *rows: Any) -> None:
        """Begin anew with these rows; cursors of the time before are no longer known."""
        self.rows.clear()
        self.log.clear()
        self.put(self.agency.me, self.agency.creator, *rows)
        self.expired_cursors = True
        self.epoch += 1
        self.accepted = {key: row for key, row in self.accepted.items() if ("message", row.id) in self.rows}

    def now(self) -> datetime:
        return datetime.now(UTC) + self.skew

    # --- routes ---------------------------------------------------------------------------------------------------

    def app(self) -> Starlette:
        member = [
            Route("/api/v2/me", self._me),
            Route("/api/v2/sync", self._sync),
            Route("/api/v2/sync/snapshot", self._snapshot),
            Route("/api/v2/sync/digest", self._digest),
            Route("/api/v2/messages", self._post, methods=["POST"]),
            Route("/api/v2/messages/{id}", self._message),
            Route("/api/v2/messages/{id}", self._edit, methods=["PUT"]),
            Route("/api/v2/messages/{id}/evidence", self._evidence),
            Route("/api/v2/messages/{id}/{what}", self._decide, methods=["POST"]),
            Route("/api/v2/conversations/{id}/presence", self._presence, methods=["PUT"]),
            Route("/api/v2/creators/{id}/send-budget", self._budget),
            Route("/api/v2/drafts", self._drafts),
            Route("/api/v2/ops", self._take_ops, methods=["POST"]),
            Route("/api/v2/conversations/{id}/lease", self._lease, methods=["PUT", "DELETE"]),
            Route("/api/v2/auth/sign-out", self._sign_out, methods=["POST"]),
            *self.assistant.routes(),
            *self.desk.routes(),
        ]
        for route in member:
            route.app = self._signed(route.app)
        return Starlette(
            routes=[
                Route("/health", self._health),
                Route("/api/v2/auth/sign-in", self._sign_in, methods=["POST"]),
                Route("/api/v2/auth/refresh", self._refresh, methods=["POST"]),
                *member,
                WebSocketRoute("/api/v2/events", self._events),
            ]
        )

    def _signed(self, app: Any) -> Any:
        async def checked(scope: Any, receive: Any, send: Any) -> None:
            request = Request(scope, receive)
            self.requests.append(f"{request.method} {request.url.path}")
            token = request.headers.get("authorization", "").removeprefix("Bearer ")
            response: Response | None = None
            if token not in self.access:
                response = problem(401, "TOKEN_EXPIRED")
            elif self.instead:
                response = self.instead.popleft()
            await (response or app)(scope, receive, send)

        return checked

    async def _health(self, _request: Request) -> Response:
        return answer(
            wire.Health(status="ok", version="1", api=self.api, database="ok", worker="running", server_time=self.now())
        )

    async def _sign_in(self, request: Request) -> Response:
        form = await request.json()
        if form["password"] != "correct horse":
            return problem(401, "WRONG_CREDENTIALS", "The e-mail address or the password is wrong.")
        return self._tokens()

    async def _refresh(self, request: Request) -> Response:
        form = await request.json()
        if form["refresh_token"] != self.refresh_token:
            return problem(401, "TOKEN_REUSED")
        self.refreshes += 1
        answer = self._tokens()
        await asyncio.sleep(self.slow_refresh)
        return answer

    def _tokens(self) -> Response:
        token = f"access-{len(self.access)}-{self.refreshes}"
        self.access.add(token)
        self.refresh_token = f"refresh-{self.refreshes + 1}-{len(self.access)}"
        soon = self.now() + timedelta(minutes=15)
        return JSONResponse(
            {
                "access_token": token,
                "access_expires_at": soon.isoformat(),
                "refresh_token": self.refresh_token,
                "refresh_expires_at": soon.isoformat(),
                "me": json.loads(self.me.model_dump_json()),
            }
        )

    async def _sign_out(self, _request: Request) -> Response:
        self.access.clear()
        return Response(status_code=204)

    async def _me(self, _request: Request) -> Response:
        return answer(self.me)

    async def _sync(self, request: Request) -> Response:
        if self.no_pulls:
            return problem(503, "UNAVAILABLE")
        if self.expired_cursors:
            return problem(410, "CURSOR_EXPIRED")
        after, limit = int(request.query_params["cursor"]), int(request.query_params["limit"])
        newer = sorted((c for c in self.rows.values() if c.seq > after), key=lambda c: c.seq)
        newer = [change for change in newer if change.id not in self.hidden]
        page, more = newer[:limit], len(newer) > limit
        seq = page[-1].seq if more else max(self.seq, after)
        return answer(wire.SyncPage(changes=page, cursor=str(seq), seq=seq, has_more=more, server_time=self.now()))

    async def _snapshot(self, request: Request) -> Response:
        self.expired_cursors = False
        self.snapshot_pages.append(request.query_params.get("page"))
        if len(self.snapshot_pages) - 1 == self.snapshot_pages_until_hang:
            await asyncio.Event().wait()
        start, seq = map(int, request.query_params.get("page", f"0.{self.seq}").split("."))
        rows = [change for change in self.rows.values() if change.op == "U" and change.id not in self.hidden]
        part = rows[start : start + self.page_size]
        end = start + len(part)
        return answer(
            wire.SnapshotPage(
                changes=part,
                cursor=str(seq),
                seq=seq,
                next_page=f"{end}.{seq}" if end < len(rows) else None,
                done=end,
                total=len(rows),
                epoch=str(self.epoch),
                server_time=self.now(),
            )
        )

    async def _post(self, request: Request) -> Response:
        key, body = request.headers["idempotency-key"], await request.json()
        self.posts.append((key, body))
        if self.instead_of_posts:
            return self.instead_of_posts.popleft()
        replayed = key in self.accepted
        if not replayed:
            if body["epoch"] is not None and body["epoch"] != str(self.epoch):
                return problem(409, "RESTORED")
            collision = self._collision(body)
            if collision is not None:
                return problem(409, "COLLISION", collision=json.loads(collision.model_dump_json()))
            if body["prev_id"] is not None and body["prev_id"] not in self.accepted:
                return problem(409, "OUT_OF_ORDER")
            conversation = self.rows["conversation", body["conversation_id"]].row
            assert isinstance(conversation, wire.Conversation)
            before = self.seq
            message = self.agency.message(
                conversation,
                body["text"],
                id=key,
                direction="out",
                state="ready",
                author_id=self.agency.me.id,
                author_name=self.agency.me.name,
            )
            self.accepted[key] = message
            self.put(message)
            if not self.silent_events:
                await self.tell([changed(message)], before)
        return self._send_answer(key, 200 if replayed else 201)

    def _collision(self, body: dict[str, Any]) -> wire.Collision | None:
        """What a colleague answered since the writer looked, by the conversation's `reply_rev`."""
        conversation = self.rows["conversation", body["conversation_id"]].row
        assert isinstance(conversation, wire.Conversation)
        if body["override"] or body["base_rev"] is None or body["base_rev"] >= conversation.reply_rev:
            return None
        mine = self.agency.me.id
        missed = [
            change.row
            for change in self.log
            if isinstance(change.row, wire.Message)
            and (change.row.conversation_id, change.row.direction) == (conversation.id, "out")
            and change.row.author_id != mine
        ]
        return wire.Collision(reason="colleague_replied", missed=missed[-20:], reply_rev=conversation.reply_rev)

    async def colleague_replies(self, conversation_id: Id, text: str) -> wire.Message:
        """Ana answers: her message and the conversation's counter change together."""
        talk = self.rows["conversation", conversation_id].row
        assert isinstance(talk, wire.Conversation)
        told = self.agency.message(
            talk, text, direction="out", state="sent", author_id=new_id(), author_name="Ana", at=self.now()
        )
        counted = talk.model_copy(update={"reply_rev": talk.reply_rev + 1, "ver": self.agency.next_seq()})
        await self.publish(told, counted)
        return told

    def _send_answer(self, key: Id, status: int = 200) -> Response:
        return answer(wire.SendAnswer(message=self.accepted[key], server_time=self.now()), status)

    async def _message(self, request: Request) -> Response:
        key = request.path_params["id"]
        return self._send_answer(key) if key in self.accepted else problem(404, "NOT_FOUND")

    async def _evidence(self, _request: Request) -> Response:
        return answer(self.evidence) if self.evidence is not None else problem(409, "ILLEGAL_STATE")

    async def _decide(self, request: Request) -> Response:
        key = request.path_params["id"]
        what: dict[str, Any] = {
            "cancel": {"state": wire.MessageState.CANCELLED},
            "retry": {"state": wire.MessageState.READY},
            "unsend": {"unsend": wire.Unsend.REQUESTED},
            "resolve": {"state": wire.MessageState.SENT},
        }[request.path_params["what"]]
        if key not in self.accepted:
            return problem(404, "NOT_FOUND")
        self.accepted[key] = self.accepted[key].model_copy(update={**what, "ver": self.agency.next_seq()})
        self.put(self.accepted[key])
        return self._send_answer(key)

    async def _edit(self, request: Request) -> Response:
        key, body = request.path_params["id"], await request.json()
        if self.instead_of_edits:
            return self.instead_of_edits.popleft()
        found = self.accepted.get(key)
        if found is None:
            return problem(404, "NOT_FOUND")
        if body["base_ver"] != found.ver:
            return problem(409, "CONFLICT")
        self.accepted[key] = found.model_copy(
            update={"text": body["text"], "edited_at": self.now(), "ver": self.agency.next_seq()}
        )
        self.put(self.accepted[key])
        return self._send_answer(key)

    async def _presence(self, request: Request) -> Response:
        self.presence.append((request.path_params["id"], (await request.json())["kind"]))
        return Response(status_code=204)

    async def _budget(self, request: Request) -> Response:
        return answer(
            wire.SendBudget(
                creator_id=request.path_params["id"], limit=10, remaining=self.budget, server_time=self.now()
            )
        )

    async def _take_ops(self, request: Request) -> Response:
        batch = (await request.json())["ops"]
        if self.instead_of_ops:
            return self.instead_of_ops.popleft()
        before = self.seq
        results = self.ops.take(batch)
        if not self.silent_events and self.seq > before:
            await self.tell([change for change in self.log if change.seq > before], before)
        return answer(wire.OpResults(results=results, server_time=self.now()))

    async def _drafts(self, _request: Request) -> Response:
        return JSONResponse([json.loads(draft.model_dump_json()) for draft in self.drafts])

    async def _lease(self, request: Request) -> Response:
        of = request.path_params["id"]
        self.lease_requests.append((request.method, of))
        await asyncio.sleep(self.slow_leases)
        held = self.leases.get(of)
        if request.method == "DELETE":
            self.leases.pop(of, None)
            return Response(status_code=204)
        mine = held is not None and held.member_id == self.agency.me.id
        if held is not None and not mine and not (await request.json())["take_over"]:
            return problem(409, "LEASE_HELD", lease=json.loads(held.model_dump_json()))
        epoch = (held.epoch + (not mine)) if held is not None else 1
        lease = wire.Lease(
            conversation_id=of,
            member_id=self.agency.me.id,
            member_name=self.agency.me.name,
            epoch=epoch,
            expires_at=self.now() + timedelta(seconds=45),
        )
        self.leases[of] = lease
        return answer(lease)

    async def _digest(self, request: Request) -> Response:
        if self.seq != int(request.query_params["seq"]):
            return problem(409, "CONFLICT")
        vers: dict[str, list[int]] = {}
        for (entity, _), change in self.rows.items():
            if change.op == "U":
                vers.setdefault(entity, []).append(change.seq)
        kinds = {
            entity: wire.KindDigest(count=len(of), sum=sum(of), squares=sum(ver * ver % 1000003 for ver in of))
            for entity, of in vers.items()
        }
        self.digests += 1
        return answer(wire.SyncDigest(seq=self.seq, kinds=kinds))

    async def _events(self, socket: WebSocket) -> None:
        if socket.headers.get("authorization", "").removeprefix("Bearer ") not in self.access:
            await socket.accept()
            await socket.close(4401)
            return
        await socket.accept()
        self.sockets.add(socket)
        try:
            hello = wire.HelloFrame(cs=0, seq=self.seq, api=self.api, server_time=self.now())
            await socket.send_text(hello.model_dump_json())
            while True:
                await socket.receive_text()
        except WebSocketDisconnect:
            pass
        finally:
            self.sockets.discard(socket)


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Any:  # signals belong to pytest
        yield


@contextlib.asynccontextmanager
async def serving(app: Any) -> AsyncIterator[int]:
    """Serve an application on a free loopback port while the block runs."""
    config = uvicorn.Config(
        app, host="127.0.0.1", port=0, log_level="critical", lifespan="off", timeout_graceful_shutdown=1
    )
    server = _Server(config)
    task = asyncio.create_task(server.serve())
    try:
        while not server.started:
            await asyncio.sleep(0.005)
            if task.done():
                task.result()
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        await task


class Wire:
    """A line to a port that can be cut: `up`, or down for everybody, or without the next answers."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._server: asyncio.Server | None = None
        self._lines: set[asyncio.Task[None]] = set()
        self._writers: set[asyncio.StreamWriter] = set()
        self.port = 0
        self.cut_answers = 0
        """How many answers to POSTs of messages are still to be cut off."""
        self.answers_cut = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def up(self) -> None:
        if self._server is None:
            self._server = await asyncio.start_server(self._carry, "127.0.0.1", self.port)
            self.port = self._server.sockets[0].getsockname()[1]

    async def down(self) -> None:
        server, self._server = self._server, None
        if server is not None:
            server.close()
        for writer in list(self._writers):
            writer.close()
        for line in list(self._lines):
            line.cancel()
        await asyncio.gather(*self._lines, return_exceptions=True)
        if server is not None:
            await server.wait_closed()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # Python 3.11 logs a handler that was cancelled as an error; a line that is cut ends like any other.
        with contextlib.suppress(asyncio.CancelledError):
            await self._accept(reader, writer)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._lines.add(task)
        task.add_done_callback(self._lines.discard)
        near = _Line(writer)
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._target)
        except OSError:
            writer.close()
            return
        self._writers |= {writer, far_writer}
        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(self._there(reader, far_writer, near))
                both.create_task(self._back(far_reader, near))
        except* (OSError, ConnectionError):
            pass
        finally:
            for one in (writer, far_writer):
                self._writers.discard(one)
                one.close()
                with contextlib.suppress(OSError, asyncio.CancelledError):
                    await one.wait_closed()

    async def _there(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, near: "_Line") -> None:
        while data := await reader.read(65536):
            near.sends = near.sends or data.startswith(b"POST /api/v2/messages ")
            writer.write(data)
            await writer.drain()
        writer.close()

    async def _back(self, reader: asyncio.StreamReader, near: "_Line") -> None:
        while data := await reader.read(65536):
            if near.sends and self.cut_answers:
                self.cut_answers -= 1
                self.answers_cut += 1
                break
            near.sends = False
            near.writer.write(data)
            await near.writer.drain()
        near.writer.close()


@dataclass
class _Line:
    writer: asyncio.StreamWriter
    sends: bool = False
