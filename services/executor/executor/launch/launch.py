"""Launch requested executions: a row per node, the roots ready, everything or nothing."""

from collections.abc import Sequence
from math import ceil

import asyncpg

from executor.advance.closing import close, end
from executor.model.runnable import BadVersion, RunnableVersion
from executor.process.executor import Executor
from executor.process.unit_of_work import UnitOfWork
from executor.repository import executions, nodes
from executor.repository.executions import Closing
from executor.repository.nodes import Launched
from queryflow.domain.ids import ExecutionId, NodeId, node_ready_id
from queryflow.domain.states import ExecutionState
from queryflow.messages.execution import NodeCancelled
from queryflow.messages.flow_execution import FlowExecutionStarted
from queryflow.messages.node import NodeReady
from queryflow.process.failpoints import failpoint

NOT_LAUNCHED = "An internal error kept it from being launched; the log of the executor has the reason."


async def launch(executor: Executor, ids: Sequence[ExecutionId]) -> None:
    """Launch those of the executions that are requested and find room; a repeat finds them launched.

    One whose end was asked for already gets all its nodes cancelled and ends; one whose version cannot be run fails.
    """
    opened = await executor.transactions.commit(lambda unit: _launch(unit, executor, ids))
    executor.admission.launched(opened)
    failpoint("executor.after_launch_commit")


async def admit(executor: Executor, ids: Sequence[ExecutionId]) -> None:
    """Launch what there is room for now; the rest waits for the end of others, in a fair order."""
    if executor.admission.has_room:
        await launch(executor, ids)


async def fail_launch(unit: UnitOfWork, execution_id: ExecutionId) -> None:
    """End an execution that cannot be launched for a reason nobody foresaw."""
    if await executions.lock_requested(unit.connection, [execution_id]):
        await end(unit, [Closing(execution_id, ExecutionState.FAILED, NOT_LAUNCHED, {})])


async def _launch(unit: UnitOfWork, executor: Executor, ids: Sequence[ExecutionId]) -> int:
    """Launch them; how many nodes that opened."""
    opened = 0
    groups: dict[tuple[str, bool], list[asyncpg.Record]] = {}
    for row in await executions.lock_requested(unit.connection, ids):
        unit.now = row["now"]
        groups.setdefault((row["version"], row["cancelled"]), []).append(row)
    for (version, cancelled), group in groups.items():
        try:
            runnable = await executor.versions.runnable(unit.connection, version)
            executor.demand_engines(runnable)
        except BadVersion as problem:
            await end(unit, [Closing(ExecutionId(row["id"]), ExecutionState.FAILED, str(problem), {}) for row in group])
            continue
        if cancelled:
            await _launch_cancelled(unit, group, runnable)
        else:
            fitting = _fitting(group, runnable, executor.admission.room - opened)
            executor.versions.remember(fitting, runnable)
            opened += await _launch_group(unit, fitting, runnable)
    failpoint("executor.after_launch_insert")
    return opened


def _fitting(group: Sequence[asyncpg.Record], runnable: RunnableVersion, room: int) -> Sequence[asyncpg.Record]:
    """The first of the executions, until their nodes fill the room."""
    return group[: ceil(max(0, room) / len(runnable.plan.nodes))]


async def _launch_group(unit: UnitOfWork, group: Sequence[asyncpg.Record], runnable: RunnableVersion) -> int:
    if not group:
        return 0
    for row in group:
        _say_started(unit, row, runnable)
    await nodes.launch(unit.connection, Launched(group, runnable), unit.take_said())
    return len(group) * len(runnable.plan.nodes)


def _say_started(unit: UnitOfWork, row: asyncpg.Record, runnable: RunnableVersion) -> None:
    execution_id = ExecutionId(row["id"])
    composition, count = runnable.version.flow.composition_id, len(runnable.plan.nodes)
    unit.emit(FlowExecutionStarted(execution_id=execution_id, composition_id=composition, nodes=count, at=row["now"]))
    for root in runnable.plan.roots:
        unit.emit(_first_try(execution_id, root, runnable), node_ready_id(execution_id, root, 1))


def _first_try(execution_id: ExecutionId, node_id: NodeId, runnable: RunnableVersion) -> NodeReady:
    engine = runnable.plan.nodes[node_id].engine
    return NodeReady(execution_id=execution_id, node_id=node_id, attempt=1, engine=engine)


async def _launch_cancelled(unit: UnitOfWork, group: Sequence[asyncpg.Record], runnable: RunnableVersion) -> None:
    for row in group:
        for node_id in runnable.plan.nodes:
            fact = NodeCancelled(node_id=node_id, attempt=1, sequence=1, at=row["now"])
            unit.progressed(ExecutionId(row["id"]), fact)
    launched = Launched(group, runnable, cancelled=True)
    await nodes.launch(unit.connection, launched, unit.take_said())
    await close(unit, launched.ids)
