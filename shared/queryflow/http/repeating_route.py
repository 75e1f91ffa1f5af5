"""Requests whose transaction met another one are served again, from the beginning."""

from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute

from queryflow.db.repeating import repeated
from queryflow.http.guard import JUDGED
from queryflow.process.transient_errors import is_collision

STACK = "fastapi_function_astack"
"""Where FastAPI keeps what ends with the route's function: the transaction, which commits there."""


class _JudgedRequest(Request):
    """A request whose JSON was parsed before, when it was judged."""

    async def json(self) -> Any:
        """The body as it was judged."""
        judged = self.scope.get(JUDGED)
        return await super().json() if judged is None else judged.document


class RepeatingRoute(APIRoute):
    """A route that is served again, a few times, if its transaction was rolled back because of another one.

    A request leaves nothing but its transaction, so nothing happens twice.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The route's own handler, repeated where it has to be."""
        handle = super().get_route_handler()

        async def serve(request: Request) -> Response:
            judged = _JudgedRequest(request.scope, request.receive)  # one for all tries: its body is received once

            async def once() -> Response:
                async with AsyncExitStack() as request.scope[STACK]:
                    return await handle(judged)

            return await repeated(once, after=is_collision)

        return serve
