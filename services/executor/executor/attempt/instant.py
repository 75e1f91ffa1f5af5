"""Instant engines: claim, finish and advance in one transaction, acknowledged together."""

from collections.abc import Sequence

from executor.advance.advance import Executions, tell_children
from executor.advance.finish import go_on, say_ended
from executor.attempt.claim import claim
from executor.attempt.node_values import instant_work
from executor.engines.port import EngineFailure
from executor.model.outcome import Succeeded
from executor.model.runnable import RunningExecution
from executor.process.executor import Executor
from executor.process.unit_of_work import UnitOfWork
from executor.repository import outcomes
from queryflow.domain.ids import ExecutionId, NodeId
from queryflow.messages.node import NodeReady
from queryflow.process.failpoints import failpoint

Done = dict[tuple[ExecutionId, NodeId, int], Succeeded]
"""By attempt, how it ends if it is ready."""


async def run_instant(executor: Executor, events: Sequence[NodeReady]) -> None:
    """Run attempts of an instant engine and record them; what is not ready any more changes nothing.

    Such an engine does nothing outside this process, so running before the claim is safe. What needs inputs, or fails,
    goes the long way: claimed, run, finished.
    """
    running = await _running(executor, {ExecutionId(each.execution_id) for each in events})
    known = [event for event in events if _is_known(event, running)]
    done: Done = {}
    rest = [event for event in known if not await _run(executor, running[ExecutionId(event.execution_id)], event, done)]
    if done:
        await _finish(executor, done, running)
    if rest:
        await claim(executor, rest)


def _is_known(event: NodeReady, running: Executions) -> bool:
    execution = running.get(ExecutionId(event.execution_id))
    return execution is not None and event.node_id in execution.runnable.nodes


async def _running(executor: Executor, ids: set[ExecutionId]) -> Executions:
    """What the executions run; a connection is taken only for those that must be read."""
    known = executor.versions.known(ids)
    if len(known) == len(ids):
        return known
    async with executor.transactions.pool.acquire() as connection:
        return await executor.versions.executions(connection, ids)


async def _run(executor: Executor, execution: RunningExecution, event: NodeReady, done: Done) -> bool:
    """Run one attempt if it can be run at once; whether it could and went well."""
    node_id = NodeId(event.node_id)
    work = instant_work(executor, execution, node_id, event.attempt)
    if work is None:
        return False
    engine = executor.equipment.engines[work.connection.engine]
    if not engine.kind.instant:
        return False
    try:
        produced = await engine.run(work)
    except EngineFailure:
        return False
    done[execution.id, node_id, event.attempt] = Succeeded(rows=produced.rows)
    return True


async def _finish(executor: Executor, done: Done, running: Executions) -> None:
    unfinished = await executor.transactions.commit(lambda unit: _record(unit, executor, done, running))
    executor.admission.ended()
    for execution_id in unfinished:
        await go_on(executor, execution_id)


async def _record(unit: UnitOfWork, executor: Executor, done: Done, running: Executions) -> set[ExecutionId]:
    following = {
        (execution_id, target.node_id)
        for execution_id, node_id, _ in done
        for target in running[execution_id].runnable.plan.nodes[node_id].targets
    }
    rows, locked = await outcomes.finish_at_once(unit.connection, done, following, executor.settings.instance)
    wave = [say_ended(unit, row, done[row["execution_id"], row["node_id"], row["attempt"]]) for row in rows]
    failpoint("executor.before_finish_commit")
    return await tell_children(unit, wave, running, locked)
