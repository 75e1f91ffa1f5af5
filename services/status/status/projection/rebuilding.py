"""Reads from the rows of the others what the projection should have heard long ago: messages can get lost."""

from collections.abc import Awaitable, Callable, Collection
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from uuid import UUID

from queryflow.db.pool import Connection
from queryflow.process.apart import each_page, try_each
from status.process.status import Status
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

MOST_REBUILT = 100
LOOK_BACK = timedelta(days=1)
EVER = datetime(1970, 1, 1, tzinfo=UTC)


class Mending:
    """Looks again and again; the first look of a process goes back to the beginning, each later one over a day."""

    def __init__(self, status: Status) -> None:
        self._status = status
        self._looked_once = False

    async def turn(self) -> None:
        """One look over everything, in short transactions; what cannot be mended keeps nothing else from it."""
        async with self._status.pool.acquire() as connection:
            look = await self._look(connection)
            steps = (
                partial(retell_activity, connection, look),
                partial(_mend, connection, look, find_unheard),
                partial(_mend, connection, look, find_behind),
                partial(_compare_ended, connection, look),
            )
            await try_each(steps, lambda step: step())
        self._looked_once = True

    async def _look(self, connection: Connection) -> Look:
        since = await connection.fetchval("SELECT now() - $1::interval", LOOK_BACK) if self._looked_once else EVER
        return Look(since, self._status.settings.outbox_age, MOST_REBUILT)


Find = Callable[[Connection, Look], Awaitable[list[UUID]]]


async def _mend(connection: Connection, look: Look, find: Find) -> None:
    """Rebuild what is found; one that rows cannot mend is found again at the next look."""
    await each_page(Pages(connection, look, find).turn, partial(_rebuild, connection))


async def _compare_ended(connection: Connection, look: Look) -> None:
    """Rebuild those of the ended executions that differ; one that is compared is not looked at again."""
    await each_page(Pages(connection, look, find_ended).turn, partial(_compare, connection))


class Pages:
    """Pages of what one look finds, each execution once: those that could not be mended are found over and over."""

    def __init__(self, connection: Connection, look: Look, find: Find) -> None:
        self._connection = connection
        self._look = look
        self._find = find
        self._given: set[UUID] = set()

    async def turn(self) -> list[UUID]:
        """The next page; empty when nothing is found that was not given before."""
        most = self._look.most
        while True:
            found = await self._find(self._connection, replace(self._look, most=most))
            page = [each for each in found if each not in self._given][: self._look.most]
            if page or len(found) < most:
                self._given.update(page)
                return page
            most += self._look.most


async def _rebuild(connection: Connection, executions: Collection[UUID]) -> None:
    async with connection.transaction():
        await rebuild(connection, list(executions))


async def _compare(connection: Connection, ended: Collection[UUID]) -> None:
    async with connection.transaction():
        await rebuild(connection, await find_differing(connection, list(ended)))
        await mark_compared(connection, list(ended))
