"""Folds events into the projection: each batch in one transaction, in an order of locks that all writers share."""

from collections.abc import Sequence
from uuid import UUID

from queryflow.access.actor import SYSTEM
from queryflow.messages.composition import CompositionChanged
from queryflow.messages.event import Event
from queryflow.messages.execution import ExecutionProgressed
from queryflow.process.failpoints import failpoint
from status.process.status import Status
from status.repository import projection as repository
from status.repository.activity import insert_activity
from status.repository.rebuilding import forget_removed
from status.rules.projection import facts_of, fold, latest

MOST_FORGOTTEN = 500


async def project_progress(status: Status, events: Sequence[ExecutionProgressed]) -> None:
    """Keep the newest fact of each node, and note every fact in the timeline."""
    facts = facts_of(events)
    if facts:
        failpoint("status.before_facts")
        async with status.writer(SYSTEM) as writer:
            await repository.write_facts(writer.connection, facts, latest(facts))
        failpoint("status.after_facts")


async def project_executions(status: Status, events: Sequence[Event]) -> None:
    """Fold events about executions as a whole into their summaries."""
    told = [(_execution_of(event), event) for event in events]
    async with status.writer(SYSTEM) as writer, writer.connection.transaction():
        connection = writer.connection
        summaries = await repository.lock_summaries(connection, sorted({execution for execution, _ in told}))
        for execution, event in told:
            summaries[execution] = fold(summaries[execution], event)
        await repository.write_summaries(connection, list(summaries.values()))
        failpoint("status.before_summaries_commit")


async def note_activity(status: Status, event: CompositionChanged) -> None:
    """Note what somebody did to a composition."""
    async with status.writer(SYSTEM) as writer:
        await insert_activity(writer.connection, event)


async def forget(status: Status) -> None:
    """Remove executions whose rows retention removed, in short transactions."""
    async with status.writer(SYSTEM) as writer:
        forgotten = MOST_FORGOTTEN
        while forgotten == MOST_FORGOTTEN:
            async with writer.connection.transaction():
                forgotten = await forget_removed(writer.connection, MOST_FORGOTTEN)


def _execution_of(event: Event) -> UUID:
    found = event.correlation_id
    if found is None:
        raise ValueError(f"{event.type} is about no execution")
    return found
