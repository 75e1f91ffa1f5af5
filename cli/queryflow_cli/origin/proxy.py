"""Passes requests on to a service in a process of its own, and its answers back.

On httpcore2, the layer under httpx2: an origin that adds little must do little for each request.
"""

from collections import deque
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

import httpcore2
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from queryflow.domain.errors import Refused
from queryflow.http.errors import response_to
from queryflow.http.guard import read_body

Headers = list[tuple[bytes, bytes]]
HOP_BY_HOP = frozenset({b"connection", b"keep-alive", b"transfer-encoding", b"te", b"trailer", b"upgrade"})
NO_ANSWER = (httpcore2.NetworkError, httpcore2.ProtocolError, httpcore2.TimeoutException)
KEPT_SECONDS = 2.0
"""Less than the services keep a silent connection: a request must not meet its end."""
READY_SECONDS = 5.0


class Connections:
    """Connections to one service; the one used last is taken first.

    httpcore2's own pool looks at every connection for every request.
    """

    def __init__(self, port: int) -> None:
        self._origin = httpcore2.Origin(b"http", b"127.0.0.1", port)
        self._idle: deque[httpcore2.AsyncHTTPConnection] = deque()

    async def take(self) -> httpcore2.AsyncHTTPConnection:
        """A connection for one request; the caller gives it back."""
        while self._idle:
            connection = self._idle.pop()
            if not connection.has_expired():
                return connection
            await connection.aclose()
        return httpcore2.AsyncHTTPConnection(self._origin, keepalive_expiry=KEPT_SECONDS)

    async def give_back(self, connection: httpcore2.AsyncHTTPConnection) -> None:
        """Keep the connection if it can be used again, and let go of the one that was used longest ago if it is old."""
        if connection.is_idle():
            self._idle.append(connection)
        else:
            await connection.aclose()
        if self._idle and self._idle[0].has_expired():
            await self._idle.popleft().aclose()

    async def close(self) -> None:
        """Close what is kept."""
        while self._idle:
            await self._idle.pop().aclose()


class Proxy:
    """An ASGI application that stands for the one at 127.0.0.1:`port`; 503 while nobody answers there.

    The service sees the Host that the caller used, and refuses names that only pretend to be local.
    """

    def __init__(self, port: int) -> None:
        self._port = port
        self._connections = Connections(port)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request as the service answers it."""
        try:
            asked = await self._asked(Request(scope, receive))
        except Refused as error:
            await response_to(error)(scope, receive, send)
            return
        connection = await self._connections.take()
        try:
            response = await _answer(connection, asked)
            await response(scope, receive, send)
        finally:
            await self._connections.give_back(connection)

    async def ready(self) -> bool:
        """Whether the service says that it is ready."""
        url = f"http://127.0.0.1:{self._port}/health/ready"
        limits = {"timeout": dict.fromkeys(("connect", "read", "write", "pool"), READY_SECONDS)}
        headers = [(b"host", b"127.0.0.1")]
        connection = await self._connections.take()
        try:
            asked = httpcore2.Request("GET", url, headers=headers, extensions=limits)
            return bool((await _whole(await connection.handle_async_request(asked))).status_code == 200)
        except NO_ANSWER:
            return False
        finally:
            await self._connections.give_back(connection)

    async def close(self) -> None:
        """Close the connections."""
        await self._connections.close()

    async def _asked(self, request: Request) -> httpcore2.Request:
        scope = request.scope
        target = scope["raw_path"] + (b"?" + scope["query_string"] if scope["query_string"] else b"")
        body = await read_body(request.headers, request.receive)
        headers = _kept(request.headers.raw)
        if body and "content-length" not in request.headers:
            headers.append((b"content-length", str(len(body)).encode()))
        url = httpcore2.URL(scheme=b"http", host=b"127.0.0.1", port=self._port, target=target)
        return httpcore2.Request(request.method, url, headers=headers, content=body)


@asynccontextmanager
async def proxy_of(port: int) -> AsyncIterator[Proxy]:
    """A proxy of the service at that port, while the block runs."""
    proxy = Proxy(port)
    try:
        yield proxy
    finally:
        await proxy.close()


async def _answer(connection: httpcore2.AsyncHTTPConnection, asked: httpcore2.Request) -> Response:
    """The answer, whole where its length is known, else piece by piece."""
    try:
        answer = await connection.handle_async_request(asked)
        if any(name.lower() == b"content-length" for name, _ in answer.headers):
            return await _whole(answer)
    except NO_ANSWER:
        message = "The service does not answer; try again in a moment."
        body = {"error": "TRY_AGAIN", "message": message, "details": {}}
        return JSONResponse(body, status_code=503, headers={"Retry-After": "1"})
    response = StreamingResponse(_pieces(answer), status_code=answer.status)
    response.raw_headers = _kept(answer.headers)
    return response


async def _whole(answer: httpcore2.Response) -> Response:
    try:
        response = Response(await answer.aread(), status_code=answer.status)
    finally:
        await answer.aclose()
    response.raw_headers = _kept(answer.headers)
    return response


async def _pieces(answer: httpcore2.Response) -> AsyncIterator[bytes]:
    try:
        async for piece in answer.aiter_stream():
            yield piece
    finally:
        await answer.aclose()


def _kept(headers: Iterable[tuple[bytes, bytes]]) -> Headers:
    return [(name, value) for name, value in headers if name.lower() not in HOP_BY_HOP]
