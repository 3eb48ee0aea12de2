"""What every request gets: a trace, a log line, a limit to its size, and a problem for whatever goes wrong.

Plain ASGI: a stack of `BaseHTTPMiddleware` costs more than accepting a message.
"""

import re
import secrets
import time

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from sqlalchemy.exc import DBAPIError
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from huntaze_backend.core.errors import AppError, BadRequestError, NotFoundError, ValidationProblem
from huntaze_backend.core.logs import trace_id
from huntaze_contract.wire import FieldError, Problem, ProblemCode

__all__ = ["RequestGuard", "install", "problem_of"]

log = structlog.get_logger(__name__)

LARGEST_BODY = 1_000_000
_TRACEPARENT = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}")
_NUL_IN_TEXT = "22021"  # PostgreSQL's invalid byte sequence


class _TooLargeError(AppError):
    status = 413
    code = ProblemCode.TOO_LARGE
    title = "The request is too large"
    action = f"Send at most {LARGEST_BODY} bytes."


class _MethodNotAllowedError(AppError):
    status = 405
    code = ProblemCode.METHOD_NOT_ALLOWED
    title = "This cannot be done here"
    action = "Use another method."


class RequestGuard:
    """Outermost of the application's own layers."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        token = trace_id.set(_trace_of(scope))
        try:
            if scope["type"] == "http":
                await self._http(scope, receive, send)
            else:
                await self._app(scope, receive, send)
        finally:
            trace_id.reset(token)

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = time.perf_counter()
        status = 0

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message.get("headers", ()), (b"x-trace-id", trace_id.get().encode())]
            await send(message)

        try:
            await self._app(scope, _limited(receive), answer)
        except Exception:
            log.exception("a request failed", method=scope["method"], path=scope["path"])
            if status != 0:
                raise
            await problem_response(AppError())(scope, receive, answer)
        finally:
            log.info(
                "request",
                method=scope["method"],
                path=scope["path"],
                status=status,
                ms=round((time.perf_counter() - started) * 1000, 1),
            )


def install(app: FastAPI) -> None:
    """Give an application the guard and the problems."""
    app.add_middleware(RequestGuard)
    app.add_exception_handler(AppError, _answer)
    app.add_exception_handler(RequestValidationError, _answer)
    app.add_exception_handler(HTTPException, _answer)
    app.add_exception_handler(DBAPIError, _answer)


def problem_of(error: AppError) -> Problem:
    """The error on the wire, in this request's trace."""
    return Problem(
        title=error.title,
        status=error.status,
        detail=error.detail,
        code=error.code,
        action=error.action,
        trace_id=trace_id.get(),
        errors=error.errors,
        retry_after_s=error.retry_after_s,
        collision=error.collision,
        lease=error.lease,
        findings=error.findings,
    )


def problem_response(error: AppError) -> Response:
    """The error as `application/problem+json`."""
    headers = {}
    if error.retry_after_s is not None:
        headers["Retry-After"] = str(max(1, round(error.retry_after_s)))
    if error.status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return Response(problem_of(error).model_dump_json(), error.status, headers, "application/problem+json")


async def _answer(_request: Request, error: Exception) -> Response:
    answered = problem_response(_as_app_error(error))
    if isinstance(error, HTTPException) and error.headers:
        answered.headers.update(error.headers)
    return answered


def _as_app_error(error: Exception) -> AppError:
    if isinstance(error, AppError):
        return error
    if isinstance(error, RequestValidationError):
        return _validation(error)
    if isinstance(error, HTTPException):
        if error.status_code == 404:
            return NotFoundError("There is nothing at this address.", action="Check the address.")
        if error.status_code == 405:
            return _MethodNotAllowedError()
        if error.status_code == 413:
            return _TooLargeError()
        return BadRequestError(str(error.detail))
    if isinstance(error, DBAPIError) and getattr(error.orig, "sqlstate", None) == _NUL_IN_TEXT:
        return ValidationProblem("A text cannot contain a NUL character.")
    raise error


def _validation(error: RequestValidationError | ValidationError) -> AppError:
    found = error.errors()
    if any(item["type"] == "json_invalid" for item in found):
        return BadRequestError(
            "The body is not valid JSON.", code=ProblemCode.MALFORMED_JSON, action="Send valid JSON."
        )
    problem = ValidationProblem("Some fields are not valid.")
    # The input itself is left out: it may be a password.
    problem.errors = [
        FieldError(field=".".join(str(part) for part in item["loc"]), message=str(item["msg"])) for item in found
    ]
    return problem


def _limited(receive: Receive) -> Receive:
    received = 0

    async def limited() -> Message:
        nonlocal received
        message = await receive()
        received += len(message.get("body", b""))
        if received > LARGEST_BODY:
            # Starlette's own kind of error: FastAPI would call any other a body that cannot be parsed.
            raise HTTPException(413)
        return message

    return limited


def _trace_of(scope: Scope) -> str:
    for name, value in scope["headers"]:
        if name == b"traceparent":
            found = _TRACEPARENT.fullmatch(value.decode("latin-1"))
            if found and found.group(1).strip("0"):
                return found.group(1)
    return secrets.token_hex(16)
