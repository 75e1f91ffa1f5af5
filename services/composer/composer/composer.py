"""What a running composer has at hand."""

from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncEngine

from composer.folders import OfferedFolders
from composer.frozen_heads import FrozenHeads
from queryflow.runtime.outbox import Outbox
from queryflow.runtime.transaction import Transaction, transaction


@dataclass(frozen=True, slots=True)
class Composer:
    """The database, the way out for what is said, the heads that were frozen before, and the folders offered."""

    engine: AsyncEngine
    outbox: Outbox
    heads: FrozenHeads
    offered: OfferedFolders

    def transaction(self) -> AbstractAsyncContextManager[Transaction]:
        """A transaction that commits with what it said when the block ends, and rolls back when it raises."""
        return transaction(self.engine, self.outbox)
