"""One request or one message is one transaction: rows and what they say to others are committed together."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from queryflow.bus.port import Envelope
from queryflow.db.outbox import Outbox, envelope
from queryflow.db.repeating import repeated
from queryflow.messages.event import Event
from queryflow.process.failpoints import failpoint
from queryflow.process.transient_errors import is_collision

T = TypeVar("T")
_NOW = select(func.now())


class Transaction:
    """An open transaction, its moment, and the events that are said if it commits."""

    def __init__(self, connection: AsyncConnection, now: datetime) -> None:
        self.connection = connection
        self.now = now
        """The database's `now()`: the same for the whole transaction."""
        self.envelopes: list[Envelope] = []

    def emit(self, event: Event, *, message_id: UUID | None = None) -> None:
        """Say the event once the transaction has committed; an id is given where a repeat must collide."""
        self.envelopes.append(envelope(event, now=self.now, message_id=message_id))


async def committed(engine: AsyncEngine, outbox: Outbox, work: Callable[[Transaction], Awaitable[T]]) -> T:
    """What the work answers, in one transaction that committed; done again where another transaction got in its way."""

    async def once() -> T:
        async with transaction(engine, outbox) as opened:
            return await work(opened)

    return await repeated(once, after=is_collision)


@asynccontextmanager
async def transaction(engine: AsyncEngine, outbox: Outbox) -> AsyncIterator[Transaction]:
    """A transaction that commits with its emitted events when the block ends, and rolls back when it raises."""
    async with engine.begin() as connection:
        now = (await connection.execute(_NOW)).scalar_one()
        work = Transaction(connection, now)
        yield work
        await outbox.add_core(connection, work.envelopes)
        failpoint(f"{outbox.service}.before_commit")
    failpoint(f"{outbox.service}.after_commit")
    outbox.hand_over(work.envelopes)
