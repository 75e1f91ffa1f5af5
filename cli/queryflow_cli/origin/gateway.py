"""One origin for the whole system: sends each request to the service that answers it, and speaks for the whole."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import httpx2
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from queryflow.http.routes import ROUTES, service_for
from queryflow_cli.origin import metrics, openapi

Ready = Callable[[], Awaitable[bool]]
DESCRIBED = sorted({route.service for route in ROUTES})
"""The services that have routes here."""
AWAY = 503
SEEDED = "seeded"
"""The check that says whether what the system was told to load is there: engine connections, samples, the library."""


class Gateway:
    """An ASGI application in front of the services' own (in this process, or proxies of those in others)."""

    def __init__(
        self, services: Mapping[str, ASGIApp], ready: Mapping[str, Ready], counting: Mapping[str, ASGIApp]
    ) -> None:
        """`counting`: by the name of each process an application in it that shows the process's counters."""
        self._services = services
        self._ready = ready
        self._counting = counting

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] == "lifespan":
            await _live(receive, send)
        elif scope["type"] == "http":
            await self._answer(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        service = service_for(str(scope["method"]), str(scope["path"]))
        if service is not None:
            await self._services[service](scope, receive, send)
        else:
            await (await self._own(scope))(scope, receive, send)

    async def _own(self, scope: Scope) -> Response:
        path = str(scope["path"])
        if path == "/health/live":
            return JSONResponse({"status": "live"})
        if path == "/health/ready":
            return await self._readiness()
        if path == "/openapi.json":
            return await self._description(scope)
        if path == "/metrics":
            return await self._metrics(scope)
        message = f"There is nothing at {path}; the API begins at /api and is described at /openapi.json."
        return JSONResponse({"error": "NOT_FOUND", "message": message, "details": {}}, status_code=404)

    async def _readiness(self) -> Response:
        found = await asyncio.gather(*(ready() for ready in self._ready.values()))
        checks = dict(zip(self._ready, found, strict=True))
        status = 200 if all(found) else 503
        return JSONResponse({"status": "ready" if all(found) else "not ready", "checks": checks}, status_code=status)

    async def _description(self, scope: Scope) -> Response:
        """What all services offer."""
        answers = await _ask({name: self._services[name] for name in DESCRIBED}, scope)
        return _refusal(answers) or JSONResponse(openapi.combine(answer.json() for answer in answers.values()))

    async def _metrics(self, scope: Scope) -> Response:
        """What all processes count; those that are away are left out, for now the others are the more looked at."""
        asked = await _ask(self._counting, scope)
        answers = {name: answer for name, answer in asked.items() if answer.status_code != AWAY}
        texts = {name: answer.text for name, answer in answers.items()}
        return _refusal(answers) or Response(metrics.combine(texts), media_type=metrics.MEDIA_TYPE)


async def _ask(services: Mapping[str, ASGIApp], scope: Scope) -> dict[str, httpx2.Response]:
    """What each service answers to its caller at this path: its checks are the whole's."""
    answers = {}
    for name, service in services.items():
        transport = httpx2.ASGITransport(app=service)
        async with httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            answers[name] = await client.get(scope["path"], headers=scope["headers"])
    return answers


def _refusal(answers: Mapping[str, httpx2.Response]) -> Response | None:
    """The first answer that is a refusal, to be passed on."""
    for answer in answers.values():
        if not answer.is_success:
            return Response(answer.content, answer.status_code, headers=dict(answer.headers))
    return None


async def _live(receive: Receive, send: Send) -> None:
    """Answer the server's lifespan messages; the services have their own lives."""
    while True:
        message: Mapping[str, Any] = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
