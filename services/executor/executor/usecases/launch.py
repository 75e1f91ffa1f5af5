"""Launch requested executions: a row per node, the roots ready, everything or nothing."""

from collections.abc import Iterable, Sequence

import asyncpg

from executor.executor import Executor
from executor.repository import executions, nodes
from executor.repository.executions import Closing
from executor.unit import Unit
from executor.usecases.closing import close, end
from executor.versions import BadVersion, Frozen
from queryflow.domain.ids import ExecutionId, NodeId, node_ready_id
from queryflow.domain.states import ExecutionState, NodeState
from queryflow.messages.execution import NodeCancelled
from queryflow.messages.flow_execution import FlowExecutionStarted
from queryflow.messages.node import NodeReady
from queryflow.runtime.crashpoints import crashpoint


async def launch(executor: Executor, ids: Sequence[ExecutionId]) -> None:
    """Launch those of the executions that are requested; a repeat finds them launched and changes nothing.

    One whose end was asked for already gets all its nodes cancelled and ends; one whose version cannot be run fails.
    """
    launched = await executor.desk.commit(lambda unit: _launch(unit, executor, ids))
    executor.admission.launched(launched)
    crashpoint("executor.after_launch_commit")


async def admit(executor: Executor, ids: Iterable[ExecutionId]) -> None:
    """Launch what there is room for now; the rest waits for the end of others, in a fair order."""
    if executor.admission.has_room:
        await launch(executor, list(ids))


async def _launch(unit: Unit, executor: Executor, ids: Sequence[ExecutionId]) -> int:
    """Launch them; how many nodes that opened."""
    opened = 0
    rows = await executions.lock_requested(unit.connection, ids)
    bad: list[Closing] = []
    groups: dict[tuple[str, bool], list[asyncpg.Record]] = {}
    for row in rows:
        unit.now = row["now"]
        groups.setdefault((row["version"], row["cancelled"]), []).append(row)
    for (version, cancelled), group in groups.items():
        launched = [ExecutionId(row["id"]) for row in group]
        try:
            frozen = await executor.versions.frozen(unit.connection, version)
            executor.demand_engines(frozen)
        except BadVersion as problem:
            bad.extend(Closing(each, ExecutionState.FAILED, str(problem), {}) for each in launched)
            continue
        if cancelled:
            await _launch_cancelled(unit, launched, frozen)
        else:
            await _launch_group(unit, group, frozen)
            opened += len(group) * len(frozen.plan.nodes)
    if bad:
        await end(unit, bad)
    crashpoint("executor.after_launch_insert")
    return opened


async def _launch_group(unit: Unit, group: Sequence[asyncpg.Record], frozen: Frozen) -> None:
    ids = [ExecutionId(row["id"]) for row in group]
    await nodes.insert(unit.connection, ids, frozen, NodeState.PENDING)
    await executions.start(unit.connection, ids, len(frozen.plan.sinks))
    for row in group:
        _say_started(unit, row, frozen)


def _say_started(unit: Unit, row: asyncpg.Record, frozen: Frozen) -> None:
    execution_id = ExecutionId(row["id"])
    composition, count = frozen.version.flow.composition_id, len(frozen.plan.nodes)
    unit.emit(FlowExecutionStarted(execution_id=execution_id, composition_id=composition, nodes=count, at=row["now"]))
    for root in frozen.plan.roots:
        unit.emit(_first_try(execution_id, root, frozen), node_ready_id(execution_id, root, 1))


def _first_try(execution_id: ExecutionId, node_id: NodeId, frozen: Frozen) -> NodeReady:
    engine = frozen.plan.nodes[node_id].engine
    return NodeReady(execution_id=execution_id, node_id=node_id, attempt=1, engine=engine)


async def _launch_cancelled(unit: Unit, ids: Sequence[ExecutionId], frozen: Frozen) -> None:
    await nodes.insert(unit.connection, ids, frozen, NodeState.CANCELLED)
    if unit.now is None:
        raise AssertionError("the executions were locked by a statement that said when")
    for execution_id in ids:
        for node_id in frozen.plan.nodes:
            unit.progressed(execution_id, NodeCancelled(node_id=node_id, attempt=1, sequence=1, at=unit.now))
    await close(unit, ids)
