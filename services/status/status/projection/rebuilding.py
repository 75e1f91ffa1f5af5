"""Reads from the rows of the others what the projection should have heard long ago: messages can get lost."""

from collections.abc import Awaitable, Callable, Collection
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from uuid import UUID

from queryflow.access.actor import SYSTEM
from queryflow.db.pool import Connection
from queryflow.process.apart import each_page, try_each
from status.access.connections import Writer
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
        async with self._status.writer(SYSTEM) as writer:
            look = await self._look(writer)
            steps = (
                partial(retell_activity, writer.connection, look),
                partial(_mend, writer, look, find_unheard),
                partial(_mend, writer, look, find_behind),
                partial(_compare_ended, writer, look),
            )
            await try_each(steps, lambda step: step())
        self._looked_once = True

    async def _look(self, writer: Writer) -> Look:
        fetch = writer.connection.fetchval
        since = await fetch("SELECT now() - $1::interval", LOOK_BACK) if self._looked_once else EVER
        return Look(since, self._status.settings.outbox_age, MOST_REBUILT)


Find = Callable[[Connection, Look], Awaitable[list[UUID]]]


async def _mend(writer: Writer, look: Look, find: Find) -> None:
    """Rebuild what is found; one that rows cannot mend is found again at the next look."""
    await each_page(Pages(writer, look, find).turn, partial(_rebuild, writer))


async def _compare_ended(writer: Writer, look: Look) -> None:
    """Rebuild those of the ended executions that differ; one that is compared is not looked at again."""
    await each_page(Pages(writer, look, find_ended).turn, partial(_compare, writer))


class Pages:
    """Pages of what one look finds, each execution once: those that could not be mended are found over and over."""

    def __init__(self, writer: Writer, look: Look, find: Find) -> None:
        self._writer = writer
        self._look = look
        self._find = find
        self._given: set[UUID] = set()

    async def turn(self) -> list[UUID]:
        """The next page; empty when nothing is found that was not given before."""
        most = self._look.most
        while True:
            found = await self._find(self._writer.connection, replace(self._look, most=most))
            page = [each for each in found if each not in self._given][: self._look.most]
            if page or len(found) < most:
                self._given.update(page)
                return page
            most += self._look.most


async def _rebuild(writer: Writer, executions: Collection[UUID]) -> None:
    async with writer.connection.transaction():
        await rebuild(writer.connection, list(executions))


async def _compare(writer: Writer, ended: Collection[UUID]) -> None:
    connection = writer.connection
    async with connection.transaction():
        await rebuild(connection, await find_differing(connection, list(ended)))
        await mark_compared(connection, list(ended))
