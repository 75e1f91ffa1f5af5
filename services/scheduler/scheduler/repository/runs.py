"""The history of a schedule: each due time once, fired or skipped, with the execution that answered it."""

from collections.abc import Mapping, Sequence
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


async def insert_runs(connection: AsyncConnection, schedule: ScheduleId, times: Sequence[DueTime]) -> set[datetime]:
    """Note what became of the due times; those that were not there before come back."""
    if not times:
        return set()
    rows = [
        {
            "schedule_id": schedule,
            "fire_time": time.at,
            "decision": "skipped" if time.skipped else "fired",
            "reason": time.skipped,
        }
        for time in times
    ]
    statement = insert(schedule_runs).values(rows).on_conflict_do_nothing()
    return set((await connection.execute(statement.returning(schedule_runs.c.fire_time))).scalars())


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
