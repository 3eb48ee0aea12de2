"""Refusals in the vendor's shape: `{error, message, description, errors?}` with a status and headers."""

from typing import Any


class ApiError(Exception):
    """An answer that is not a success. `code` is the vendor's word for it; `fields` names what was wrong."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        description: str = "",
        fields: dict[str, list[str]] | None = None,
        headers: dict[str, str] | None = None,
        extra: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.description = description
        self.fields = fields
        self.headers = headers or {}
        self.extra = extra or {}

    def body(self) -> dict[str, Any]:
        body: dict[str, Any] = {"error": self.code, "message": self.message, "description": self.description}
        if self.fields:
            body["errors"] = self.fields
        return body | self.extra


def invalid(**fields: str) -> ApiError:
    """The body or query breaks a rule; each named field says which."""
    return ApiError(
        422,
        "VALIDATION_ERROR",
        "The given data was invalid.",
        description="Correct the named fields and send the request again.",
        fields={name: [why] for name, why in fields.items()},
    )


def missing(what: str) -> ApiError:
    return ApiError(404, "NOT_FOUND", f"This {what} does not exist.", description="Check the id in the address.")
