"""What a running composer has at hand."""

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import TypeVar

from sqlalchemy.ext.asyncio import AsyncEngine

from composer.access.folders import OfferedFolders
from composer.process.version_cache import VersionCache
from queryflow.db.outbox import Outbox
from queryflow.db.transaction import Transaction, committed, transaction

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Composer:
    """The database, the way out for what is said, the heads that were frozen before, and the folders offered."""

    engine: AsyncEngine
    outbox: Outbox
    version_cache: VersionCache
    offered: OfferedFolders

    def transaction(self) -> AbstractAsyncContextManager[Transaction]:
        """A transaction that commits with what it said when the block ends, and rolls back when it raises."""
        return transaction(self.engine, self.outbox)

    async def commit(self, work: Callable[[Transaction], Awaitable[T]]) -> T:
        """What the work answers, in one transaction; done again where another transaction got in its way."""
        return await committed(self.engine, self.outbox, work)
