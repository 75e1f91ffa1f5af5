"""Reads from the rows of the others what the projection should have heard long ago: messages can get lost."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

from queryflow.runtime.database import Connection
from status.repository.activity import retell_activity
from status.repository.comparing import (
    Look,
    find_behind,
    find_differing,
    find_ended,
    find_unheard,
    mark_compared,
)
from status.repository.rebuilding import rebuild
from status.status import Status

MOST_REBUILT = 100
LOOK_BACK = timedelta(days=1)
EVER = datetime(1970, 1, 1, tzinfo=UTC)


class Mending:
    """Looks again and again; the first look of a process goes back to the beginning, each later one over a day."""

    def __init__(self, status: Status) -> None:
        self._status = status
        self._looked_once = False

    async def turn(self) -> None:
        """One look over everything, in short transactions."""
        async with self._status.pool.acquire() as connection:
            look = await self._look(connection)
            await retell_activity(connection, look)
            for find in (find_unheard, find_behind):
                await _mend(connection, look, find)
            await _compare_ended(connection, look)
        self._looked_once = True

    async def _look(self, connection: Connection) -> Look:
        since = await connection.fetchval("SELECT now() - $1::interval", LOOK_BACK) if self._looked_once else EVER
        return Look(since, self._status.settings.outbox_age, MOST_REBUILT)


async def _mend(connection: Connection, look: Look, find: Callable[[Connection, Look], Awaitable[list[UUID]]]) -> None:
    """Rebuild what is found; one that rows cannot mend is found again at the next look."""
    mended: set[UUID] = set()
    while found := [each for each in await find(connection, look) if each not in mended]:
        await _rebuild(connection, found)
        mended.update(found)


async def _compare_ended(connection: Connection, look: Look) -> None:
    while ended := await find_ended(connection, look):
        async with connection.transaction():
            await rebuild(connection, await find_differing(connection, ended))
            await mark_compared(connection, ended)


async def _rebuild(connection: Connection, executions: Sequence[UUID]) -> None:
    async with connection.transaction():
        await rebuild(connection, executions)
