"""The history of a schedule: each due time once, fired or skipped, with the execution that answered it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, func, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from queryflow.domain.ids import ExecutionId, ScheduleId, due_time_key
from queryflow.messages.flow_execution import FlowExecutionFinished
from queryflow.schema.executions import execution_requests, query_flow_executions
from queryflow.schema.schedules import schedule_runs
from scheduler.rules.timing import DueTime

MOST_OPEN = 1_000
"""So many due times that have not ended are looked at together."""
MOST_ROWS = 5_000
"""In one statement, which takes at most 32,767 values."""
LONGEST_SILENCE = timedelta(hours=1)
"""What stays unanswered is said again less and less often, but never less often than this."""


@dataclass(frozen=True, slots=True)
class Run:
    """A due time of a schedule, and what became of it."""

    schedule_id: ScheduleId
    time: DueTime


@dataclass(frozen=True, slots=True)
class OpenRun:
    """A due time that was said and has not ended."""

    schedule_id: ScheduleId
    fire_time: datetime
    said_at: datetime


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


async def open_runs(connection: AsyncConnection, age: timedelta, after: OpenRun | None) -> list[OpenRun]:
    """The next page of the due times that were said so long ago and have not ended, after one of them."""
    table = schedule_runs.c
    query = select(table.schedule_id, table.fire_time, table.created_at)
    query = query.where(_is_open(), table.created_at < func.now() - age)
    if after is not None:
        query = query.where(tuple_(table.schedule_id, table.fire_time) > tuple_(after.schedule_id, after.fire_time))
    rows = await connection.execute(query.order_by(table.schedule_id, table.fire_time).limit(MOST_OPEN))
    return [OpenRun(ScheduleId(row.schedule_id), row.fire_time, row.created_at) for row in rows]


async def skip_run(connection: AsyncConnection, run: OpenRun, reason: str) -> bool:
    """Note why a due time that was said started nothing; whether it was open still."""
    return await _close(connection, run, "skipped", reason)


async def overlap_run(connection: AsyncConnection, run: OpenRun, reason: str) -> bool:
    """Note that a due time came while an earlier one's execution was open; whether the due time was open still."""
    return await _close(connection, run, "overlapped", reason)


async def take_silent(connection: AsyncConnection, runs: Sequence[OpenRun], age: timedelta) -> list[OpenRun]:
    """Those of the due times that were said so long ago that they are to be said again; from now on they are.

    The pause doubles from time to time, so that a composer that is away for long does not find each of them a
    thousand times.
    """
    table = schedule_runs.c
    place = tuple_(table.schedule_id, table.fire_time)
    said_last = func.coalesce(table.said_at, table.created_at)
    patience = func.greatest(age, func.least(said_last - table.created_at, LONGEST_SILENCE))
    silent = select(table.schedule_id, table.fire_time).where(
        place.in_([(run.schedule_id, run.fire_time) for run in runs]), _is_open(), said_last <= func.now() - patience
    )
    taken = silent.order_by(table.schedule_id, table.fire_time).with_for_update(skip_locked=True)
    statement = update(schedule_runs).where(place.in_(taken)).values(said_at=func.now())
    rows = await connection.execute(statement.returning(table.schedule_id, table.fire_time, table.created_at))
    return [OpenRun(ScheduleId(row.schedule_id), row.fire_time, row.created_at) for row in rows]


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


async def _close(connection: AsyncConnection, run: OpenRun, decision: str, reason: str) -> bool:
    table = schedule_runs.c
    statement = update(schedule_runs).where(
        table.schedule_id == run.schedule_id, table.fire_time == run.fire_time, _is_open()
    )
    values = {"decision": decision, "reason": reason, "finished_at": func.now()}
    return (await connection.execute(statement.values(values))).rowcount == 1


def _is_open() -> ColumnElement[bool]:
    """As the index of open due times has it."""
    return and_(schedule_runs.c.decision == "fired", schedule_runs.c.execution_state.is_(None))


async def _open_runs(connection: AsyncConnection, schedule: ScheduleId) -> Mapping[str, datetime]:
    """The due times that fired and have not ended, by the key under which the composer answers them."""
    table = schedule_runs.c
    query = select(table.fire_time).where(table.schedule_id == schedule, _is_open())
    times = (await connection.execute(query.order_by(table.fire_time.desc()).limit(MOST_OPEN))).scalars()
    return {due_time_key(schedule, at): at for at in times}


async def _answered_by(
    connection: AsyncConnection, execution: ExecutionId, runs: Mapping[str, datetime]
) -> list[datetime]:
    request, started = execution_requests.c, query_flow_executions.c
    person = select(started.requested_by).where(started.id == execution).scalar_subquery()
    query = select(request.key).where(
        request.requested_by == person,
        request.key.in_(runs),
        request.execution_id == execution,
        ~request.overlapped,
    )
    return [runs[key] for key in (await connection.execute(query)).scalars()]
