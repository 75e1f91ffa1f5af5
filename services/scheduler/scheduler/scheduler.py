"""What a running scheduler has at hand."""

from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncEngine

from queryflow.runtime.outbox import Outbox
from queryflow.runtime.transaction import Transaction, transaction
from scheduler.settings import SchedulerSettings


@dataclass(frozen=True, slots=True)
class Scheduler:
    """The database, the way out for what is said, and the settings."""

    engine: AsyncEngine
    outbox: Outbox
    settings: SchedulerSettings

    def transaction(self) -> AbstractAsyncContextManager[Transaction]:
        """A transaction that commits with what it said when the block ends, and rolls back when it raises."""
        return transaction(self.engine, self.outbox)
