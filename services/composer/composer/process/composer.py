"""What a running composer has at hand."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TypeVar

from sqlalchemy.ext.asyncio import AsyncEngine

from composer.access.folders import OfferedFolders
from composer.access.transaction import Transaction
from composer.process.version_cache import VersionCache
from queryflow.access.actor import Actor
from queryflow.db import transaction
from queryflow.db.outbox import Outbox

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Composer:
    """The database, the way out for what is said, the heads that were frozen before, and the folders offered."""

    engine: AsyncEngine
    outbox: Outbox
    version_cache: VersionCache
    offered: OfferedFolders

    @asynccontextmanager
    async def transaction(self, actor: Actor) -> AsyncIterator[Transaction]:
        """A transaction that commits with what it said when the block ends, and rolls back when it raises."""
        async with transaction.transaction(self.engine, self.outbox) as opened:
            yield Transaction(opened, actor)

    async def commit(self, actor: Actor, work: Callable[[Transaction], Awaitable[T]]) -> T:
        """What the work answers, in one transaction; done again where another transaction got in its way."""
        return await transaction.committed(self.engine, self.outbox, lambda opened: work(Transaction(opened, actor)))
