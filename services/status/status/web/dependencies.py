"""What routes are given: status itself, and what whoever sent the request reads by."""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import Depends, Request

from queryflow.http.actor import CurrentActor
from status.access.connections import Reader
from status.process.status import Status


async def _current_status(request: Request) -> Status:
    found: Status = request.app.state.status
    return found


async def _open_reader(status: "CurrentStatus", actor: CurrentActor) -> AsyncIterator[Reader]:
    async with status.reader(actor) as reader:
        yield reader


CurrentStatus = Annotated[Status, Depends(_current_status)]
Reading = Annotated[Reader, Depends(_open_reader, scope="function")]
"""Of whoever sent the request; given back before the answer is sent."""
