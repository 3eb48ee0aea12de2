"""The composition root: builds every object of the service once, and the application that serves them.

Nothing here is global: a process, or a test, builds as many services as it likes. The adapters are named here alone, so
that a deployment or a test swaps them in one place.
"""

import asyncio
import contextlib
import functools
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from importlib.metadata import version
from typing import Any, Protocol, Self

import structlog
from fastapi import FastAPI, Request
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session
from starlette.routing import BaseRoute

from huntaze_backend import jobs
from huntaze_backend.areas.accounts import auth_routes
from huntaze_backend.areas.accounts import routes as account_routes
from huntaze_backend.areas.accounts import service as accounts
from huntaze_backend.areas.accounts import sync_kinds as account_kinds
from huntaze_backend.areas.accounts.connecting import Connector
from huntaze_backend.areas.accounts.passwords import Passwords
from huntaze_backend.areas.accounts.sign_in import Authenticator
from huntaze_backend.areas.accounts.throttle import SignInThrottle
from huntaze_backend.areas.accounts.tokens import AccessTokens
from huntaze_backend.areas.assistant import prefetch
from huntaze_backend.areas.assistant import routes as assistant_routes
from huntaze_backend.areas.assistant.knowledge import KnowledgeMemory
from huntaze_backend.areas.assistant.rules import AssistantPolicy
from huntaze_backend.areas.assistant.service import Assistant
from huntaze_backend.areas.assistant.store import SuggestedTexts
from huntaze_backend.areas.costs import routes as cost_routes
from huntaze_backend.areas.costs.live import LiveTotals
from huntaze_backend.areas.fans import routes as fan_routes
from huntaze_backend.areas.fans import sync_kinds as fan_kinds
from huntaze_backend.areas.messages import (
    approval_routes,
    compliance_routes,
    send_routes,
    team_routes,
    unsending,
    webhook_routes,
)
from huntaze_backend.areas.messages import routes as conversation_routes
from huntaze_backend.areas.messages import sync_kinds as message_kinds
from huntaze_backend.areas.messages.approving import Approvals
from huntaze_backend.areas.messages.backfill import Backfills
from huntaze_backend.areas.messages.feed import PlatformFeed
from huntaze_backend.areas.messages.inquiry import Inquiries
from huntaze_backend.areas.messages.poller import Poller
from huntaze_backend.areas.messages.readers import Readers
from huntaze_backend.areas.messages.rules import SendPolicy
from huntaze_backend.areas.messages.sending import Sending
from huntaze_backend.areas.messages.webhook_routes import WebhookReceiver
from huntaze_backend.core import evidence_routes, flag_routes, http
from huntaze_backend.core.clock import Clock
from huntaze_backend.core.db import Database
from huntaze_backend.core.description import describe
from huntaze_backend.core.errors import NotFoundError
from huntaze_backend.core.exclusive import is_held
from huntaze_backend.core.flags import Flags
from huntaze_backend.core.installation import InstallationSecrets
from huntaze_backend.core.secrets import SecretBox
from huntaze_backend.engines.ai import routes as ai_routes
from huntaze_backend.engines.ai.adapters.configured import providers_of, routing_of
from huntaze_backend.engines.ai.adapters.local import LocalProvider
from huntaze_backend.engines.ai.orchestrator import HybridOrchestrator
from huntaze_backend.engines.ai.provider import Provider
from huntaze_backend.engines.ai.routing import LOCAL, RoutingTable
from huntaze_backend.engines.compliance.checking import Compliance
from huntaze_backend.engines.gateways.adapters.vendor_http import VendorGateways
from huntaze_backend.engines.gateways.factory import PlatformAccess, ReaderFactory
from huntaze_backend.engines.gateways.sending import SenderFactory
from huntaze_backend.engines.ledger.adapters.sql_ledger import SqlLedger
from huntaze_backend.engines.ledger.prices import PriceTable
from huntaze_backend.engines.limits.adapters.sql_log import SqlRateGate
from huntaze_backend.engines.limits.port import RateGate
from huntaze_backend.engines.queue import routes as job_routes
from huntaze_backend.engines.queue.handlers import Registry
from huntaze_backend.engines.sync import routes as sync_routes
from huntaze_backend.engines.sync.hub import Hub
from huntaze_backend.engines.sync.kinds import SyncRegistry
from huntaze_backend.events import EventBus
from huntaze_backend.settings import Settings
from huntaze_contract.wire import API_VERSION, Health

__all__ = ["WORKER_LOCK", "Adapters", "Services", "assemble", "build", "openapi"]

WORKER_LOCK = 1
"""Of PostgreSQL's advisory locks, the one that the installation's only worker holds."""
_CLOSING_S = 3.0
log = structlog.get_logger(__name__)


class Gateways(ReaderFactory, SenderFactory, Protocol):
    """Makes both ends of a platform connection."""


@dataclass(frozen=True, slots=True)
class Adapters:
    """What stands behind the ports. A test passes others."""

    gateways: Gateways = field(default_factory=VendorGateways)
    rate_gate: RateGate = field(default_factory=SqlRateGate)
    policy: SendPolicy = field(default_factory=SendPolicy)
    prices: PriceTable = field(default_factory=PriceTable.shipped)
    ai_providers: Mapping[str, Provider] = field(default_factory=dict)
    """By the routing table's names."""
    ai_routing: RoutingTable = field(default_factory=RoutingTable.shipped)
    assistant: AssistantPolicy = field(default_factory=AssistantPolicy)

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """What a deployment's settings choose. Raises: ProviderSettingsError, RoutingTableError, PriceFileError."""
        prices = PriceTable.shipped(settings.ai_prices)
        ahead = AssistantPolicy(prefetch_nano_usd_a_day=round(settings.ai_prefetch_usd_per_day * 1_000_000_000))
        providers, routing = providers_of(settings), routing_of(settings)
        return cls(ai_providers=providers, ai_routing=routing, prices=prices, assistant=ahead)


@dataclass(slots=True)
class Services:
    """Everything that was built, for the application and the worker."""

    db: Database
    clock: Clock
    bus: EventBus
    hub: Hub
    sync: SyncRegistry
    box: SecretBox
    gateways: Gateways
    rate_gate: RateGate
    policy: SendPolicy
    compliance: Compliance
    readers: Readers
    feed: PlatformFeed
    jobs: Registry
    """Who does which kind of job."""
    ledger: SqlLedger
    live_costs: LiveTotals
    flags: Flags
    ai: HybridOrchestrator
    assistant: Assistant
    own_url: str | None = None
    """Where platforms reach this service; known when it listens."""
    worker_runs: bool = False
    """Whether the worker's loops run in this process."""

    async def close(self) -> None:
        """Let what was announced and what was spent be noted, as far as that is quick."""
        await self.bus.close()
        await self.assistant.close()
        try:
            async with asyncio.timeout(_CLOSING_S):
                await self.ai.close()
                await self.ledger.drain()
        except TimeoutError:
            log.warning("ledger.not_drained")  # each lease that ends books its bound


def build(
    database: Database, secrets: InstallationSecrets, *, adapters: Adapters | None = None
) -> tuple[FastAPI, Services]:
    """The application over a migrated database, and what it is made of."""
    services = assemble(database, secrets, adapters=adapters)
    hub, box, readers = services.hub, services.box, services.readers
    app = _make_application()
    passwords = Passwords()
    authenticator = Authenticator(database, AccessTokens(secrets.jwt_secret), passwords, SignInThrottle(database.clock))
    app.state.services = services
    app.state.db = database
    app.state.clock = database.clock
    app.state.hub = hub
    app.state.prices = services.ledger.prices
    app.state.sync = services.sync
    app.state.access = authenticator
    app.state.authenticator = authenticator
    app.state.passwords = passwords
    app.state.connector = Connector(database, services.gateways, box)
    app.state.webhooks = WebhookReceiver(database, readers, box, hub)
    app.state.inquiries = Inquiries(database, readers)
    app.state.sending = Sending(database, services.rate_gate, services.policy, services.compliance, SuggestedTexts())
    app.state.approvals = Approvals(database, services.compliance)
    app.state.compliance = services.compliance
    app.state.ai = services.ai
    app.state.assistant = services.assistant
    return app, services


def assemble(database: Database, secrets: InstallationSecrets, *, adapters: Adapters | None = None) -> Services:
    """What the application and the worker are made of: a worker in a process of its own needs no more."""
    used = adapters or Adapters()
    bus, hub, box = EventBus(database), Hub(database), secrets.box()
    ledger, flags = SqlLedger(database, used.prices), Flags(database)
    registry = SyncRegistry()
    for kinds in (account_kinds, fan_kinds, message_kinds):
        kinds.register(registry)
    handlers = Registry()
    jobs.register(handlers)
    readers = Readers(database, used.gateways, lambda session, id_: _access(session, id_, box))
    unsending.register(handlers, readers)
    backfills = Backfills(database, readers)
    poller = Poller(database, readers)
    feed = PlatformFeed(database, bus, readers, backfills, poller, box, lambda: services.own_url)
    # The floor needs no key; whoever passes a local provider of their own has theirs.
    providers = {LOCAL: LocalProvider(KnowledgeMemory(database))} | dict(used.ai_providers)
    ai = HybridOrchestrator(used.ai_routing, providers, ledger, flags, database.clock)
    assistant = Assistant(database, ai, used.assistant)
    prefetch.register(handlers, assistant)
    services = Services(
        database,
        database.clock,
        bus,
        hub,
        registry,
        box,
        used.gateways,
        used.rate_gate,
        used.policy,
        Compliance(),
        readers,
        feed,
        handlers,
        ledger,
        LiveTotals(database, hub, bus),
        flags,
        ai,
        assistant,
    )
    return services


def openapi() -> dict[str, Any]:
    """The API's description; the same on every machine."""
    return describe(_make_application())


def _make_application() -> FastAPI:
    app = FastAPI(
        title="Huntaze",
        version=API_VERSION,
        description="The API of the Huntaze backend. Errors are RFC 9457 problems with a stable `code`. Changes are "
        "announced on the WebSocket `/api/v2/events`, whose frames are the schema of `wire.Frame`.",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        lifespan=_lifespan,
    )
    http.install(app)
    app.router.routes.extend(_routes())
    return app


@functools.cache
def _routes() -> tuple[BaseRoute, ...]:
    """What all applications of a process serve. FastAPI works a route out at its first request: 0.1 s for all, once."""
    template = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    for module in (auth_routes, account_routes, fan_routes, conversation_routes, send_routes, team_routes, sync_routes):
        template.include_router(module.router)
    template.include_router(approval_routes.router)
    template.include_router(compliance_routes.router)
    template.include_router(ai_routes.router)
    template.include_router(assistant_routes.router)
    template.include_router(evidence_routes.router)
    template.include_router(flag_routes.router)
    template.include_router(job_routes.router)
    template.include_router(cost_routes.router)
    template.include_router(webhook_routes.router)
    template.add_api_route("/health", _health, methods=["GET"], response_model=Health, tags=["service"])
    return tuple(template.routes)


@contextlib.asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    services: Services = app.state.services
    watching = [
        asyncio.create_task(work) for work in (services.hub.watch(), services.live_costs.run(), services.ai.warm())
    ]
    try:
        yield
    finally:
        for task in watching:
            task.cancel()
        await asyncio.gather(*watching, return_exceptions=True)
        await services.close()


async def _health(request: Request) -> Health:
    """Whether the service, its database and its worker are well. Readable without signing in."""
    services: Services = request.app.state.services
    database, works = "ok", services.worker_runs
    try:
        if services.db.embedded:
            await services.db.read(_one)
        else:
            # Another process may be the worker: the lock tells that one lives.
            works = await services.db.read(partial(is_held, key=WORKER_LOCK))
    except (OSError, SQLAlchemyError):
        database = "failed"
    well = database == "ok" and works
    return Health.model_validate(
        {
            "status": "ok" if well else "degraded",
            "version": version("huntaze"),
            "database": database,
            "worker": "running" if works else "stopped",
            "server_time": services.clock.now(),
        }
    )


def _one(session: Session) -> None:
    session.execute(text("SELECT 1"))


def _access(session: Session, connection_id: str, box: SecretBox) -> PlatformAccess | None:
    try:
        return accounts.platform_access(accounts.connection(session, connection_id), box)
    except NotFoundError:
        return None
