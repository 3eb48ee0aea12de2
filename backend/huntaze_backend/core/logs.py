"""JSON logs on stderr, each line with the trace it belongs to and without secrets."""

import logging
import re
import sys
from contextvars import ContextVar
from typing import Any

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

__all__ = ["configure", "trace_id"]

trace_id: ContextVar[str] = ContextVar("trace_id", default="")
"""The trace of the request or job under way: 32 hex digits, as in the header `traceparent`."""

_SECRET = re.compile(r"password|secret|token|authorization|api_key|database_key|signature|cookie", re.IGNORECASE)
_HIDDEN = "[hidden]"


def configure(level: str = "INFO") -> None:
    """Send structlog and the standard library's logging through one JSON renderer. Safe to call again."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _add_trace,
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,
        _hide_secrets,
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(ensure_ascii=False),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    # One line per statement or per call to a platform is for a debugger, and httpx2 logs whole addresses.
    for chatty in ("httpx2", "httpcore2", "openai", "sqlalchemy.engine", "asyncio", "alembic"):
        logging.getLogger(chatty).setLevel(max(logging.WARNING, logging.getLevelName(level)))


def _add_trace(_logger: WrappedLogger, _name: str, event: EventDict) -> EventDict:
    trace = trace_id.get()
    if trace:
        event.setdefault("trace_id", trace)
    return event


def _hide_secrets(_logger: WrappedLogger, _name: str, event: EventDict) -> EventDict:
    return {key: _without_secrets(key, value) for key, value in event.items()}


def _without_secrets(key: str, value: Any) -> Any:
    if _SECRET.search(key):
        return _HIDDEN
    if isinstance(value, dict):
        return {inner: _without_secrets(str(inner), held) for inner, held in value.items()}
    return value
