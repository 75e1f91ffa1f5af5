"""One shape for every error: `{"error": "CODE", "message", "details"}`, with all problems where there are several."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.routing import Match

from queryflow.domain.errors import (
    Conflict,
    Invalid,
    NotAllowed,
    NotFound,
    PreconditionRequired,
    Problem,
    Refused,
    Stale,
)
from queryflow.process.transient_errors import is_transient

log = structlog.get_logger()


class BodyTooLarge(Refused):
    """The body is larger than is taken here."""

    code = "BODY_TOO_LARGE"


class WrongContentType(Refused):
    """The body is not declared as what is taken here."""

    code = "WRONG_CONTENT_TYPE"


class BodyTooSlow(Refused):
    """The body took longer to come than is waited for."""

    code = "BODY_TOO_SLOW"


STATUS_OF: Mapping[type[Refused], int] = {
    Invalid: 422,
    NotFound: 404,
    NotAllowed: 403,
    Conflict: 409,
    Stale: 412,
    PreconditionRequired: 428,
    BodyTooLarge: 413,
    BodyTooSlow: 408,
    WrongContentType: 415,
    Refused: 400,
}
METHODS = ("DELETE", "GET", "PATCH", "POST", "PUT")
CODE_OF_STATUS: Mapping[int, str] = {401: "TOKEN_REQUIRED", 404: "NOT_FOUND", 405: "METHOD_NOT_ALLOWED"}


class ErrorBody(BaseModel):
    """What every refused request is answered with."""

    error: str = Field(description="A stable code in capitals")
    message: str
    details: dict[str, Any] = Field(description="`problems` has everything that is wrong, each with code and path")


def error_response(
    status: int,
    code: str,
    message: str,
    details: Mapping[str, Any] | None = None,
    headers: Mapping[str, str] | None = None,
) -> JSONResponse:
    """An error in the one shape."""
    content = {"error": code, "message": message, "details": dict(details or {})}
    return JSONResponse(content, status_code=status, headers=headers)


def response_to(error: Exception) -> JSONResponse:
    """The answer to whatever a route raised; a bug is logged and tells the caller nothing but its code."""
    if isinstance(error, Refused):
        return _refused(error)
    if isinstance(error, RequestValidationError):
        return _refused(Invalid("The request does not have the expected form.", _problems(error)))
    if isinstance(error, HTTPException):
        code = CODE_OF_STATUS.get(error.status_code, "REFUSED")
        return error_response(error.status_code, code, str(error.detail), headers=error.headers)
    if is_transient(error):
        log.warning("A request could not be served now", action="http.try_again", error=type(error).__name__)
        message = "Not possible at this moment; try again in a moment."
        return error_response(503, "TRY_AGAIN", message, headers={"Retry-After": "1"})
    log.error("A request met a bug", action="http.bug", exc_info=error)
    return error_response(500, "INTERNAL", "This should not have happened; the log of the service has the reason.")


def install_error_shapes(app: FastAPI) -> None:
    """Answer everything that is raised on purpose in the one shape; what is left reaches the guard."""

    async def answer(request: Request, error: Exception) -> JSONResponse:
        return response_to(error)

    async def answer_wrong_method(request: Request, error: Exception) -> JSONResponse:
        answer = response_to(error)
        answer.headers["Allow"] = ", ".join(method for method in METHODS if _is_routed(app, request, method))
        return answer

    for kind in (Refused, RequestValidationError, HTTPException):
        app.add_exception_handler(kind, answer)
    app.add_exception_handler(405, answer_wrong_method)


def _is_routed(app: FastAPI, request: Request, method: str) -> bool:
    """Whether the address takes the method; each of its methods is a route of its own."""
    return any(route.matches({**request.scope, "method": method})[0] is Match.FULL for route in app.routes)


def _refused(error: Refused) -> JSONResponse:
    status = next(STATUS_OF[kind] for kind in type(error).__mro__ if kind in STATUS_OF)
    details = dict(error.details)
    if isinstance(error, Invalid):
        details["problems"] = [asdict(problem) for problem in error.problems]
    return error_response(status, error.error_code, error.message, details)


def _problems(error: RequestValidationError) -> list[Problem]:
    return [
        Problem(code="INVALID_VALUE", path=_path(problem["loc"]), message=str(problem["msg"]))
        for problem in error.errors()
    ]


def _path(location: tuple[Any, ...]) -> str:
    """The place as a dotted path; where the part of the request is the body it is not named."""
    parts = location[1:] if location and location[0] == "body" else location
    return ".".join(map(str, parts))
