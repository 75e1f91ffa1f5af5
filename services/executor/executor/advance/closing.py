"""The end of executions: from how their nodes ended, once the last sink has."""

from collections.abc import Sequence

from executor.process.unit_of_work import UnitOfWork
from executor.repository import executions
from executor.repository.executions import Closing, Counts
from queryflow.domain.execution.outcome import final_reason, final_state
from queryflow.domain.ids import ExecutionId
from queryflow.domain.states import ExecutionState
from queryflow.messages.flow_execution import FlowExecutionFinished


async def close(unit: UnitOfWork, ids: Sequence[ExecutionId]) -> None:
    """End executions whose nodes have all ended, and say so; one that has ended already is left alone."""
    counted = await executions.count_nodes(unit.connection, ids)
    await end(unit, [closing(execution_id, counted[execution_id]) for execution_id in sorted(ids)])


async def end(unit: UnitOfWork, closings: Sequence[Closing]) -> None:
    """Write final states and say them."""
    for row in await executions.close(unit.connection, closings):
        unit.now = row["now"]
        unit.emit(
            FlowExecutionFinished(
                execution_id=row["id"],
                composition_id=row["composition_key"],
                schedule_id=row["schedule_id"],
                state=ExecutionState(row["state"]),
                counts=row["counts"],
                at=row["now"],
            )
        )


def closing(execution_id: ExecutionId, counts: Counts) -> Closing:
    """The final state that follows from the counts."""
    by_state: dict[str, int] = {}
    for (state, _, _), nodes in counts.items():
        by_state[state.value] = by_state.get(state.value, 0) + nodes
    return Closing(execution_id, final_state(counts), final_reason(counts), by_state)
