"""Passes requests on to a service in a process of its own, and its answers back.

On httpcore2, the layer under httpx2: an origin that adds little must do little for each request.
"""

from collections.abc import AsyncIterator, Iterable

import httpcore2
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.types import Receive, Scope, Send

Headers = list[tuple[bytes, bytes]]
HOP_BY_HOP = frozenset({b"connection", b"keep-alive", b"transfer-encoding", b"te", b"trailer", b"upgrade"})
MOST_CONNECTIONS = 200
KEPT_SECONDS = 2.0
"""Less than the services keep a silent connection: a request must not meet its end."""


def connections() -> httpcore2.AsyncConnectionPool:
    """Connections to all services; to be closed."""
    return httpcore2.AsyncConnectionPool(max_connections=MOST_CONNECTIONS, keepalive_expiry=KEPT_SECONDS)


class Proxy:
    """An ASGI application that stands for the one at 127.0.0.1:`port`; 503 while nobody answers there.

    The service sees the Host that the caller used, and refuses names that only pretend to be local.
    """

    def __init__(self, pool: httpcore2.AsyncConnectionPool, port: int) -> None:
        self._pool = pool
        self._port = port

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request as the service answers it."""
        asked = await self._asked(Request(scope, receive))
        try:
            answer = await self._pool.handle_async_request(asked)
            response = await _response(answer)
        except (httpcore2.NetworkError, httpcore2.ProtocolError, httpcore2.TimeoutException):
            body = {
                "error": "TRY_AGAIN",
                "message": "The service does not answer; try again in a moment.",
                "details": {},
            }
            response = JSONResponse(body, status_code=503)
        await response(scope, receive, send)

    async def ready(self) -> bool:
        """Whether the service says that it is ready."""
        limits = {"timeout": {"connect": 5.0, "read": 5.0, "write": 5.0, "pool": 5.0}}
        url = f"http://127.0.0.1:{self._port}/health/ready"
        try:
            answer = await self._pool.request("GET", url, extensions=limits)
        except (httpcore2.NetworkError, httpcore2.ProtocolError, httpcore2.TimeoutException):
            return False
        return bool(answer.status == 200)

    async def _asked(self, request: Request) -> httpcore2.Request:
        scope = request.scope
        target = scope["raw_path"] + (b"?" + scope["query_string"] if scope["query_string"] else b"")
        body = await request.body()
        headers = _kept(request.headers.raw)
        if body and "content-length" not in request.headers:
            headers.append((b"content-length", str(len(body)).encode()))
        url = httpcore2.URL(scheme=b"http", host=b"127.0.0.1", port=self._port, target=target)
        return httpcore2.Request(request.method, url, headers=headers, content=body)


async def _response(answer: httpcore2.Response) -> Response:
    """The answer, whole where its length is known, else piece by piece."""
    headers = _kept(answer.headers)
    if any(name.lower() == b"content-length" for name, _ in headers):
        response = Response(await answer.aread(), status_code=answer.status)
        await answer.aclose()
    else:
        response = StreamingResponse(_content(answer), status_code=answer.status)
    response.raw_headers = headers
    return response


async def _content(answer: httpcore2.Response) -> AsyncIterator[bytes]:
    try:
        async for piece in answer.aiter_stream():
            yield piece
    finally:
        await answer.aclose()


def _kept(headers: Iterable[tuple[bytes, bytes]]) -> Headers:
    return [(name, value) for name, value in headers if name.lower() not in HOP_BY_HOP]
