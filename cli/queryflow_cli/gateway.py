"""One origin for the whole system: sends each request to the service that answers it, and speaks for the whole."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import httpx2
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from queryflow.runtime.routes import ROUTES, service_for
from queryflow_cli.openapi import combine

Ready = Callable[[], Awaitable[bool]]
DESCRIBED = sorted({route.service for route in ROUTES})
"""The services that have routes here."""


class Gateway:
    """An ASGI application in front of the services' own (in this process, or proxies of those in others)."""

    def __init__(self, services: Mapping[str, ASGIApp], ready: Mapping[str, Ready], metrics: ASGIApp | None) -> None:
        self._services = services
        self._ready = ready
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] == "lifespan":
            await _live(receive, send)
        elif scope["type"] == "http":
            await self._answer(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = str(scope["path"])
        service = service_for(str(scope["method"]), path)
        if service is not None:
            await self._services[service](scope, receive, send)
        elif path == "/metrics" and self._metrics is not None:
            await self._metrics(scope, receive, send)
        else:
            await (await self._own(path, scope))(scope, receive, send)

    async def _own(self, path: str, scope: Scope) -> Response:
        if path == "/health/live":
            return JSONResponse({"status": "live"})
        if path == "/health/ready":
            return await self._readiness()
        if path == "/openapi.json":
            return await self._description(scope)
        message = f"There is nothing at {path}; the API begins at /api and is described at /openapi.json."
        return JSONResponse({"error": "NOT_FOUND", "message": message, "details": {}}, status_code=404)

    async def _readiness(self) -> Response:
        found = await asyncio.gather(*(ready() for ready in self._ready.values()))
        checks = dict(zip(self._ready, found, strict=True))
        status = 200 if all(found) else 503
        return JSONResponse({"status": "ready" if all(found) else "not ready", "checks": checks}, status_code=status)

    async def _description(self, scope: Scope) -> Response:
        """What all services offer; if one of them refuses to say it, its refusal."""
        answers = [await _described(self._services[name], scope) for name in DESCRIBED]
        for answer in answers:
            if not answer.is_success:
                return Response(answer.content, answer.status_code, headers=dict(answer.headers))
        return JSONResponse(combine(answer.json() for answer in answers))


async def _described(service: ASGIApp, scope: Scope) -> httpx2.Response:
    """The service's own description, asked for as its caller asked for the whole: its checks are the whole's."""
    transport = httpx2.ASGITransport(app=service)
    async with httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        return await client.get("/openapi.json", headers=scope["headers"])


async def _live(receive: Receive, send: Send) -> None:
    """Answer the server's lifespan messages; the services have their own lives."""
    while True:
        message: Mapping[str, Any] = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
