"""What running status has at hand."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncEngine

from queryflow.access.actor import Actor
from queryflow.bus.port import Bus
from queryflow.db.pool import Pool
from queryflow.objects.port import ObjectStore
from queryflow.sandbox.sandbox import Sandbox
from status.access.connections import Reader, Writer
from status.process.settings import StatusSettings


@dataclass(frozen=True, slots=True)
class Status:
    """The database (a pool to write the projection, an engine to read), results and their reader, the bus."""

    pool: Pool
    engine: AsyncEngine
    objects: ObjectStore
    sandbox: Sandbox
    bus: Bus
    settings: StatusSettings

    @asynccontextmanager
    async def reader(self, actor: Actor) -> AsyncIterator[Reader]:
        """What somebody reads by, until the block ends."""
        async with self.engine.connect() as connection:
            yield Reader(connection, actor)

    @asynccontextmanager
    async def writer(self, actor: Actor) -> AsyncIterator[Writer]:
        """What somebody writes by, until the block ends; a statement commits by itself, or with a transaction."""
        async with self.pool.acquire() as connection:
            yield Writer(connection, actor)
