"""What a running composer has at hand."""

from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncEngine

from queryflow.runtime.outbox import Outbox
from queryflow.runtime.transaction import Transaction, transaction


@dataclass(frozen=True, slots=True)
class Composer:
    """The database, and the way out for what is said."""

    engine: AsyncEngine
    outbox: Outbox

    def transaction(self) -> AbstractAsyncContextManager[Transaction]:
        """A transaction that commits with what it said when the block ends, and rolls back when it raises."""
        return transaction(self.engine, self.outbox)
