"""What became of due times, and what follows for their schedule."""

import structlog

from queryflow.domain.ids import ScheduleId
from queryflow.domain.states import ExecutionState
from queryflow.messages.flow_execution import FlowExecutionFinished
from queryflow.runtime.transaction import Transaction
from scheduler.repository.runs import end_runs
from scheduler.repository.timers import count_failure, forget_failures

log = structlog.get_logger()

SUCCESSES = frozenset({ExecutionState.SUCCEEDED, ExecutionState.PARTIALLY_SUCCEEDED})


async def record_end(
    transaction: Transaction, schedule: ScheduleId, event: FlowExecutionFinished, failures_limit: int
) -> None:
    """Note how an execution of a schedule ended; failures in a row pause the schedule, a success ends the row.

    A cancelled execution says nothing about the flow. A repeat finds the due time ended and counts nothing.
    """
    if not await end_runs(transaction.connection, schedule, event):
        return
    if event.state in SUCCESSES:
        await forget_failures(transaction.connection, schedule)
    elif event.state is ExecutionState.FAILED and await count_failure(transaction.connection, schedule, failures_limit):
        log.warning("A schedule was paused", action="schedule.paused", schedule_id=str(schedule))
