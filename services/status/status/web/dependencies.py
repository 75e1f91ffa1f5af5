"""What routes are given: status itself, and a connection to read by."""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import Depends, Request
from sqlalchemy.ext.asyncio import AsyncConnection

from status.process.status import Status


async def _current_status(request: Request) -> Status:
    found: Status = request.app.state.status
    return found


async def _open_connection(status: "CurrentStatus") -> AsyncIterator[AsyncConnection]:
    async with status.engine.connect() as connection:
        yield connection


CurrentStatus = Annotated[Status, Depends(_current_status)]
Connection = Annotated[AsyncConnection, Depends(_open_connection, scope="function")]
"""Given back before the answer is sent."""
