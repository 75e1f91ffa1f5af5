"""What routes are given: status itself, and a connection to read by."""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.routing import APIRoute
from sqlalchemy.ext.asyncio import AsyncConnection

from status.status import Status


def new_router(prefix: str, tag: str) -> APIRouter:
    """A router whose operations are named in OpenAPI as their functions are here."""
    return APIRouter(prefix=prefix, tags=[tag], generate_unique_id_function=_function_name)


def _function_name(route: APIRoute) -> str:
    return route.name


async def _current_status(request: Request) -> Status:
    found: Status = request.app.state.status
    return found


async def _open_connection(status: "CurrentStatus") -> AsyncIterator[AsyncConnection]:
    async with status.engine.connect() as connection:
        yield connection


CurrentStatus = Annotated[Status, Depends(_current_status)]
Connection = Annotated[AsyncConnection, Depends(_open_connection, scope="function")]
"""Given back before the answer is sent."""
