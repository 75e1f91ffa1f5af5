"""What every request must pass before a route sees it.

On loopback nobody signs up, so a page of another origin must not be able to speak for the person who has a browser
open: Host and Origin are checked (DNS rebinding), and bodies have a content type that browsers never send across
origins unasked. Beyond loopback a token is demanded.
"""

import asyncio
import hmac
import time
from collections.abc import Awaitable, Callable

from fastapi import Request
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from queryflow.domain.errors import Refused
from queryflow.domain.storable import MOST_BYTES
from queryflow.http.errors import BodyTooLarge, BodyTooSlow, WrongContentType, response_to
from queryflow.http.origin import SAFE_METHODS, check_origin
from queryflow.http.strict_json import judge_json
from queryflow.process.metrics import HTTP_REQUESTS, HTTP_SECONDS
from queryflow.process.settings import ServiceSettings
from queryflow.process.telemetry import valid_traceparent, working_for

BODY_TYPES = frozenset({"application/json", "application/merge-patch+json", "application/yaml"})
"""None of them is one that a browser sends to another origin without asking first."""
BODY_SECONDS = 30.0
LARGE_BYTES = 65_536
JUDGED = "queryflow.judged"
"""Where the scope keeps a JSON body as it was read (`strict_json.Judged`)."""


def token_demand(settings: ServiceSettings) -> Callable[[Request], Awaitable[None]]:
    """A dependency that refuses requests without the token; where none is set, everybody passes."""
    expected = settings.token.get_secret_value().encode() if settings.token else None

    async def demand(request: Request) -> None:
        if expected is None:
            return
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not hmac.compare_digest(given.strip().encode(), expected):
            raise HTTPException(401, "Send the token of this installation: Authorization: Bearer …",
                                headers={"WWW-Authenticate": "Bearer"})  # fmt: skip

    return demand


class Guard:
    """ASGI middleware: checks the request, counts and times the answer, and shapes what a route let escape."""

    def __init__(self, app: ASGIApp, *, service: str, on_loopback: bool) -> None:
        self._app = app
        self._service = service
        self._on_loopback = on_loopback

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if scope["method"] == "HEAD":  # as GET; the server leaves the body out
            scope = {**scope, "method": "GET"}
        answer = _Answer(send)
        started_at = time.perf_counter()
        try:
            await self._serve(scope, receive, answer.send)
        except Exception as error:
            if answer.status:
                raise
            await response_to(error)(scope, receive, answer.send)
        self._count(scope, answer.status, time.perf_counter() - started_at)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = Headers(scope=scope)
        _refuse_null(scope)
        if self._on_loopback:
            check_origin(headers, scope["method"])
        if scope["method"] not in SAFE_METHODS:
            receive = await _checked_body(scope, headers, receive)
        with working_for(valid_traceparent(headers.get("traceparent"))):
            await self._app(scope, receive, send)

    def _count(self, scope: Scope, status: int | None, seconds: float) -> None:
        # The route's own pattern, never the path: ids would make a series each.
        route = getattr(scope.get("route"), "path", "unknown")
        HTTP_REQUESTS.labels(self._service, scope["method"], route, status).inc()
        HTTP_SECONDS.labels(self._service, route).observe(seconds)


def _refuse_null(scope: Scope) -> None:
    if "\x00" in scope["path"] or b"%00" in scope["query_string"]:
        raise Refused("The address holds a NUL character.", code="INVALID_TEXT")


async def _checked_body(scope: Scope, headers: Headers, receive: Receive) -> Receive:
    """Read and check the body; what is returned gives it to the app once more, and JSON is in the scope as it was read.

    A large one is read in a thread, so that others are answered meanwhile.
    """
    body = await read_body(headers, receive)
    if body:
        kind = headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind not in BODY_TYPES:
            raise WrongContentType("Send the body as application/json.")
        if kind.endswith("json"):
            is_large = len(body) >= LARGE_BYTES
            scope[JUDGED] = await asyncio.to_thread(judge_json, body) if is_large else judge_json(body)
    given = False

    async def replay() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replay


async def read_body(headers: Headers, receive: Receive) -> bytes:
    """The whole body; BodyTooLarge as soon as it is known to be, Refused if the caller leaves in the middle of it.

    BodyTooSlow if it takes the caller longer than a slow line does.
    """
    try:
        async with asyncio.timeout(BODY_SECONDS):
            return await _read_body(headers, receive)
    except TimeoutError as error:
        raise BodyTooSlow(f"The body did not come within {BODY_SECONDS:.0f} seconds.") from error


async def _read_body(headers: Headers, receive: Receive) -> bytes:
    declared = headers.get("content-length", "0")
    if declared.isdigit() and int(declared) > MOST_BYTES:
        raise BodyTooLarge("A body may have 2 MiB.")
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":  # what came so far could mean something else than the whole
            raise Refused("The body broke off.", code="BODY_BROKEN_OFF")
        body += message.get("body", b"")
        if len(body) > MOST_BYTES:
            raise BodyTooLarge("A body may have 2 MiB.")
        if not message.get("more_body", False):
            return bytes(body)


class _Answer:
    """Passes an answer on and remembers its status."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.status: int | None = None

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
        await self._send(message)
