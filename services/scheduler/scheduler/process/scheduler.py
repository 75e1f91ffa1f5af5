"""What a running scheduler has at hand."""

from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncEngine

from queryflow.db.outbox import Outbox
from queryflow.db.transaction import Transaction, transaction
from scheduler.process.settings import SchedulerSettings


@dataclass(frozen=True, slots=True)
class Scheduler:
    """The database, the way out for what is said, and the settings."""

    engine: AsyncEngine
    outbox: Outbox
    settings: SchedulerSettings

    def transaction(self) -> AbstractAsyncContextManager[Transaction]:
        """A transaction that commits with what it said when the block ends, and rolls back when it raises."""
        return transaction(self.engine, self.outbox)
