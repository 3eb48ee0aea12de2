"""The API's OpenAPI description, corrected where FastAPI's own would lie: every error is an RFC 9457 problem."""

from typing import Any

from fastapi import FastAPI

from huntaze_contract.wire import Problem

__all__ = ["describe"]

_REF = "#/components/schemas/{model}"
_UNUSED = ("HTTPValidationError", "ValidationError")
_PROBLEM = {
    "description": "A problem; `code` says which.",
    "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
}


def describe(app: FastAPI) -> dict[str, Any]:
    """The description as JSON-ready data, the same on every machine."""
    description = app.openapi()
    schemas = description["components"]["schemas"]
    for name in _UNUSED:
        schemas.pop(name, None)
    own = Problem.model_json_schema(ref_template=_REF, mode="serialization")
    schemas.update(own.pop("$defs", {}))
    schemas["Problem"] = own
    for path in description["paths"].values():
        for operation in path.values():
            responses = operation["responses"]
            for status, response in responses.items():
                if int(status) >= 400:
                    response["content"] = _PROBLEM["content"]
            responses.pop("422", None)
            responses["default"] = _PROBLEM
    return description
