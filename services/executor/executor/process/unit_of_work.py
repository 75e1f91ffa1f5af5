"""The executor's unit of work: one transaction, what it says afterwards, and the repeat after a deadlock."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from queryflow.bus.port import Envelope
from queryflow.db.outbox import Outbox, envelope
from queryflow.db.pool import Connection, Pool
from queryflow.db.repeating import repeated
from queryflow.domain.errors import TryAgain
from queryflow.domain.ids import ExecutionId
from queryflow.messages.event import Event
from queryflow.messages.execution import Fact
from queryflow.messages.splitting import split_facts
from queryflow.process.failpoints import failpoint
from queryflow.process.transient_errors import is_transient

T = TypeVar("T")


@dataclass(slots=True)
class UnitOfWork:
    """A transaction in progress and what it will say once it is committed."""

    connection: Connection
    now: datetime | None = None
    """The transaction's time, as the first statement that wrote something returned it."""
    said: list[Envelope] = field(default_factory=list)
    """The messages that are in the outbox already, to be handed over after the commit."""
    _events: list[tuple[Event, UUID | None]] = field(default_factory=list)
    _facts: dict[ExecutionId, list[Fact]] = field(default_factory=dict)

    def emit(self, event: Event, message_id: UUID | None = None) -> None:
        """Say the event after the commit; without an id it gets a new one."""
        self._events.append((event, message_id))

    def progressed(self, execution_id: ExecutionId, fact: Fact) -> None:
        """Add a fact to the one message that says how this execution progressed in this commit."""
        self._facts.setdefault(execution_id, []).append(fact)

    def take_said(self) -> list[Envelope]:
        """What was said since the last call, facts gathered by execution; the caller inserts it into the outbox."""
        if not self._events and not self._facts:
            return []
        if self.now is None:
            raise RuntimeError("a unit that says something has written something, and knows when")
        now = self.now
        said = [envelope(event, now=now, message_id=message_id) for event, message_id in self._events]
        for execution_id, facts in self._facts.items():
            said.extend(envelope(event, now=now) for event in split_facts(execution_id, facts))
        self._events.clear()
        self._facts.clear()
        self.said.extend(said)
        return said


@dataclass(frozen=True, slots=True)
class Transactions:
    """Where units are opened: the pool and the outbox of this process."""

    pool: Pool
    outbox: Outbox

    async def commit(self, work: Callable[[UnitOfWork], Awaitable[T]]) -> T:
        """Do the work in one transaction and hand over what it says; the whole is repeated after a deadlock.

        A lost connection leaves open whether it was committed: guards and derived message ids make the repeat change
        nothing then. Raises TryAgain when it did not go through after five times.
        """
        try:
            answer, envelopes = await repeated(lambda: self._once(work), after=is_transient)
        except Exception as problem:
            if not is_transient(problem):
                raise
            raise TryAgain(f"the database did not take the transaction: {type(problem).__name__}") from problem
        self._hand_over(envelopes)
        return answer

    async def _once(self, work: Callable[[UnitOfWork], Awaitable[T]]) -> tuple[T, Sequence[Envelope]]:
        async with self.pool.acquire() as connection, connection.transaction():
            unit = UnitOfWork(connection)
            answer = await work(unit)
            await self.outbox.add(connection, unit.take_said())
            failpoint("executor.before_commit")
        failpoint("executor.after_commit")
        return answer, unit.said

    def _hand_over(self, envelopes: Sequence[Envelope]) -> None:
        if envelopes:
            self.outbox.hand_over(envelopes)
        failpoint("executor.after_handover")
