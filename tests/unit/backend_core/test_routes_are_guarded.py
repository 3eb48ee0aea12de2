"""No route is public by accident."""

from collections.abc import Iterator

from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute, WebSocketRoute

from huntaze_backend.app import _make_application, openapi
from huntaze_backend.core.auth import current_principal

PUBLIC = {
    "/health",
    "/api/v2/auth/sign-in",
    "/api/v2/auth/refresh",
    "/api/webhooks/platform/{connection_id}",  # the signature is its key
}
CHECKS_BY_ITSELF = {"/api/v2/events"}  # a WebSocket has no problem+json; its handshake is tested in test_event_stream


def routes() -> Iterator[BaseRoute]:
    found = list(_make_application().router.routes)
    while found:
        route = found.pop()
        inner = getattr(route, "original_router", None)
        if inner is not None:
            found.extend(inner.routes)
        else:
            yield route


def calls(dependant: Dependant) -> Iterator[object]:
    yield dependant.call
    for inner in dependant.dependencies:
        yield from calls(inner)


def test_every_route_asks_who_is_there_or_is_on_the_list():
    guarded, unguarded = set(), set()
    for route in routes():
        if isinstance(route, APIRoute):
            (guarded if current_principal in calls(route.dependant) else unguarded).add(route.path_format)
        else:
            assert isinstance(route, WebSocketRoute) or hasattr(route, "path")
            unguarded.add(getattr(route, "path", ""))

    assert unguarded == PUBLIC | CHECKS_BY_ITSELF
    assert guarded | PUBLIC == set(openapi()["paths"])


def test_the_description_says_of_every_operation_how_it_fails():
    description = openapi()

    for path, operations in description["paths"].items():
        for operation in operations.values():
            assert "application/problem+json" in operation["responses"]["default"]["content"], path
            assert bool(operation.get("security")) == (path not in PUBLIC), path
    assert "HTTPValidationError" not in description["components"]["schemas"]
