"""Cancel executions: each open node learns of it; what has not started ends now, what runs is broken off."""

from executor.advance.finish import go_on, place_of
from executor.launch.launch import launch
from executor.process.executor import Executor
from executor.process.held_attempts import Ending
from executor.process.unit_of_work import UnitOfWork
from executor.repository import cancels
from queryflow.domain.ids import ExecutionId
from queryflow.domain.states import ExecutionState
from queryflow.messages.execution import NodeCancelled
from queryflow.process.failpoints import failpoint


async def cancel(executor: Executor, execution_id: ExecutionId) -> None:
    """End an execution whose end was asked for; any other stays as it is.

    Its node rows are committed together with its state `running`, so no lock on the execution is needed: whoever
    readies a child later reads the request under that child's own lock.
    """
    async with executor.transactions.pool.acquire() as connection:
        state = await cancels.state_if_asked(connection, execution_id)
    if state is ExecutionState.REQUESTED:
        await launch(executor, [execution_id])
    elif state is ExecutionState.RUNNING:
        await executor.transactions.commit(lambda unit: _cancel(unit, execution_id))
        failpoint("executor.after_cancel_commit")
        await break_off_cancelled(executor)
        await go_on(executor, execution_id)


async def break_off_cancelled(executor: Executor) -> None:
    """Break off the attempts held here whose cancel was asked for."""
    rows = [held.attempt.id for held in executor.held_attempts.held]
    if not rows:
        return
    async with executor.transactions.pool.acquire() as connection:
        for row in await cancels.asked_for(connection, rows):
            if held := executor.held_attempts.get(row):
                held.break_off(Ending.CANCELLED)


async def _cancel(unit: UnitOfWork, execution_id: ExecutionId) -> None:
    """Mark every open node, and end those that are ready or wait."""
    await cancels.mark(unit.connection, execution_id)
    for row in await cancels.end_unstarted(unit.connection, execution_id):
        unit.now = row["now"]
        unit.progressed(execution_id, NodeCancelled(**place_of(row)))
    failpoint("executor.before_cancel_commit")
