"""Record how attempts ended and advance their runs, all that ended meanwhile in one transaction."""

from collections.abc import Awaitable, Callable, Sequence

import asyncpg

from executor.advance.advance import tell_children
from executor.advance.waiting import ready_waiting
from executor.model import facts
from executor.model.attempt import Attempt, EndedNode
from executor.model.facts import Place
from executor.model.outcome import Cancelled, FinalOutcome, Finished, Retried
from executor.process.executor import Executor
from executor.process.unit_of_work import UnitOfWork
from executor.repository import children, outcomes, slots
from queryflow.domain.ids import ExecutionId, NodeId
from queryflow.domain.states import NodeState, RootReason
from queryflow.process.failpoints import failpoint

MOST_UNTOLD = 500


async def finish(executor: Executor, finished: Sequence[Finished]) -> None:
    """Record the outcomes whose attempts still hold their fence, and what follows; a repeat changes nothing.

    The places and the room that they leave go to nodes that wait.
    """
    await _commit(executor, lambda unit: _finish(unit, executor, finished, giving=True))


async def finish_alone(executor: Executor, finished: Finished) -> None:
    """Record one outcome and what follows from it, and nothing else: what it leaves the poller gives away."""
    await _commit(executor, lambda unit: _finish(unit, executor, [finished], giving=False))


async def _commit(executor: Executor, work: Callable[[UnitOfWork], Awaitable[set[ExecutionId]]]) -> None:
    unfinished = await executor.transactions.commit(work)
    executor.admission.ended()
    for execution_id in unfinished:
        await go_on(executor, execution_id)


async def go_on(executor: Executor, execution_id: ExecutionId) -> None:
    """Carry an interrupted cascade to its end, a bounded transaction after the other."""
    while await executor.transactions.commit(lambda unit: tell_untold(unit, executor, execution_id)):
        failpoint("executor.between_cascades")


async def tell_untold(unit: UnitOfWork, executor: Executor, execution_id: ExecutionId) -> bool:
    """Tell the children of nodes that ended without telling them; whether there is more of it."""
    rows = await children.take_untold(unit.connection, execution_id, MOST_UNTOLD)
    if not rows:
        return False
    unit.now = rows[0]["now"]
    running = await executor.versions.executions(unit.connection, [execution_id])
    wave = [
        _ended(row, NodeState(row["state"]), RootReason(row["root_reason"]) if row["root_reason"] else None)
        for row in rows
    ]
    unfinished = await tell_children(unit, wave, running)
    return bool(unfinished) or len(rows) == MOST_UNTOLD


async def _finish(
    unit: UnitOfWork, executor: Executor, finished: Sequence[Finished], *, giving: bool
) -> set[ExecutionId]:
    executions = {each.attempt.execution_id for each in finished}
    running = await executor.versions.executions(unit.connection, executions)
    retried = [(each.attempt, each.outcome) for each in finished if isinstance(each.outcome, Retried)]
    final = [(each.attempt, each.outcome) for each in finished if not isinstance(each.outcome, Retried)]
    final += await _retry(unit, executor, retried)
    wave = await _write(unit, executor, final) if final else []
    await _free_places(unit, finished)
    if giving:
        freed = executor.held_attempts.freed(each.attempt for each in finished)
        await ready_waiting(unit, {each.attempt.engine_connection for each in finished}, freed)
    failpoint("executor.before_finish_commit")
    return await tell_children(unit, wave, running)


async def _write(
    unit: UnitOfWork, executor: Executor, final: Sequence[tuple[Attempt, FinalOutcome]]
) -> list[EndedNode]:
    """Write final outcomes; returns the nodes that really ended."""
    by_row = {attempt.id: outcome for attempt, outcome in final}
    rows = await outcomes.finish(unit.connection, final, executor.settings.instance)
    return [say_ended(unit, row, by_row[row["id"]]) for row in rows]


def say_ended(unit: UnitOfWork, row: asyncpg.Record, outcome: FinalOutcome) -> EndedNode:
    """Add the fact that an attempt ended; the node whose children are to be told."""
    unit.now = row["now"]
    unit.progressed(row["execution_id"], facts.ended(place_of(row), outcome))
    return _ended(row, outcome.state, outcome.root)


async def _retry(
    unit: UnitOfWork, executor: Executor, retried: Sequence[tuple[Attempt, Retried]]
) -> list[tuple[Attempt, Cancelled]]:
    """Let attempts wait for the next try; returns those whose execution was cancelled meanwhile."""
    if not retried:
        return []
    rows = await outcomes.retry(unit.connection, retried, executor.settings.instance)
    by_row = {attempt.id: outcome for attempt, outcome in retried}
    for row in rows:
        unit.now = row["now"]
        unit.progressed(row["execution_id"], facts.retried(place_of(row), by_row[row["id"]].failure))
    done = {row["id"] for row in rows}
    return [(attempt, Cancelled(seconds=outcome.seconds)) for attempt, outcome in retried if attempt.id not in done]


async def _free_places(unit: UnitOfWork, finished: Sequence[Finished]) -> None:
    held = [each.attempt.id for each in finished if each.attempt.holds_place]
    if held:
        await slots.release(unit.connection, held)


def place_of(row: asyncpg.Record) -> Place:
    """The place of the fact that a row's change is."""
    return Place(node_id=row["node_id"], attempt=row["attempt"], sequence=row["sequence"], at=row["now"])


def _ended(row: asyncpg.Record, state: NodeState, root: RootReason | None) -> EndedNode:
    return EndedNode(
        id=row["id"],
        execution_id=ExecutionId(row["execution_id"]),
        node_id=NodeId(row["node_id"]),
        state=state,
        root=root,
        number=row["attempt"],
        sequence=row["sequence"],
        at=row["now"],
    )
