"""The history of a schedule: each due time once, fired or skipped, with the execution that answered it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from queryflow.domain.ids import ExecutionId, ScheduleId, due_time_key
from queryflow.messages.flow_execution import FlowExecutionFinished
from queryflow.schema.executions import execution_requests, query_flow_executions
from queryflow.schema.schedules import schedule_runs
from scheduler.timing import DueTime

MOST_OPEN = 1_000
MOST_ROWS = 5_000
"""In one statement, which takes at most 32,767 values."""


@dataclass(frozen=True, slots=True)
class Run:
    """A due time of a schedule, and what became of it."""

    schedule_id: ScheduleId
    time: DueTime


async def insert_runs(connection: AsyncConnection, runs: Sequence[Run]) -> set[tuple[ScheduleId, datetime]]:
    """Note what became of due times; those that were not there before come back."""
    fresh: set[tuple[ScheduleId, datetime]] = set()
    for begin in range(0, len(runs), MOST_ROWS):
        rows = [_row(run) for run in runs[begin : begin + MOST_ROWS]]
        statement = insert(schedule_runs).values(rows).on_conflict_do_nothing()
        found = await connection.execute(statement.returning(schedule_runs.c.schedule_id, schedule_runs.c.fire_time))
        fresh |= {(row.schedule_id, row.fire_time) for row in found}
    return fresh


def _row(run: Run) -> dict[str, object]:
    return {
        "schedule_id": run.schedule_id,
        "fire_time": run.time.at,
        "decision": "skipped" if run.time.skipped else "fired",
        "reason": run.time.skipped,
    }


async def end_runs(connection: AsyncConnection, schedule: ScheduleId, event: FlowExecutionFinished) -> int:
    """Note how the due times ended that this execution answered; how many there were that had not ended before."""
    execution = ExecutionId(event.execution_id)
    answered = await _answered_by(connection, execution, await _open_runs(connection, schedule))
    table = schedule_runs.c
    statement = update(schedule_runs).where(
        table.schedule_id == schedule, table.fire_time.in_(answered), table.execution_state.is_(None)
    )
    values = {"execution_id": execution, "execution_state": event.state.value, "finished_at": event.at}
    return (await connection.execute(statement.values(values))).rowcount


async def _open_runs(connection: AsyncConnection, schedule: ScheduleId) -> Mapping[str, datetime]:
    """The due times that fired and have not ended, by the key under which the composer answers them."""
    table = schedule_runs.c
    query = select(table.fire_time).where(
        table.schedule_id == schedule, table.decision == "fired", table.execution_state.is_(None)
    )
    times = (await connection.execute(query.order_by(table.fire_time.desc()).limit(MOST_OPEN))).scalars()
    return {due_time_key(schedule, at): at for at in times}


async def _answered_by(
    connection: AsyncConnection, execution: ExecutionId, runs: Mapping[str, datetime]
) -> list[datetime]:
    request, started = execution_requests.c, query_flow_executions.c
    person = select(started.requested_by).where(started.id == execution).scalar_subquery()
    query = select(request.key).where(
        request.requested_by == person, request.key.in_(runs), request.execution_id == execution
    )
    return [runs[key] for key in (await connection.execute(query)).scalars()]
