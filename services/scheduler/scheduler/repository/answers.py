"""What became of due times that were said: the executions that answer them, and the messages that nobody could answer.

The composer writes both; here they are only read.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from queryflow.domain.ids import ExecutionId, due_time_key, schedule_fired_id
from queryflow.domain.states import FINAL_EXECUTION_STATES
from queryflow.messages.flow_execution import FlowExecutionFinished
from queryflow.schema.executions import execution_requests, query_flow_executions
from queryflow.schema.messaging import composer_dead_letters, scheduler_dead_letters
from queryflow.schema.people import LOCAL_PERSON
from scheduler.repository.runs import OpenRun


@dataclass(frozen=True, slots=True)
class Answers:
    """The due times that executions answer, and the ends of those executions that have ended."""

    answered: Collection[OpenRun]
    overlapped: Mapping[OpenRun, ExecutionId]
    """Those that found the execution of an earlier due time still open, and started none."""
    ends: Sequence[FlowExecutionFinished]


async def find_answers(connection: AsyncConnection, runs: Sequence[OpenRun]) -> Answers:
    """Which of the due times executions answer, and what was said of those that have ended, the oldest first.

    Schedulers that note the same ends at the same time wait for each other, as they go in the same order.
    """
    keys = {due_time_key(run.schedule_id, run.fire_time): run for run in runs}
    request, execution = execution_requests.c, query_flow_executions.c
    columns = (
        request.key,
        request.overlapped,
        execution.id,
        execution.composition_key,
        execution.schedule_id,
        execution.state,
        execution.counts,
        execution.finished_at,
    )
    joined = execution_requests.join(query_flow_executions, execution.id == request.execution_id)
    query = select(*columns).select_from(joined).order_by(execution.id)
    rows = (await connection.execute(query.where(request.requested_by == LOCAL_PERSON, request.key.in_(keys)))).all()
    ended = {row.id: row for row in rows if row.state in FINAL_EXECUTION_STATES}
    ends = [
        FlowExecutionFinished(
            execution_id=row.id,
            composition_id=row.composition_key,
            schedule_id=row.schedule_id,
            state=row.state,
            counts=row.counts or {},
            at=row.finished_at,
        )
        for row in ended.values()
    ]
    overlapped = {keys[row.key]: ExecutionId(row.id) for row in rows if row.overlapped}
    return Answers({keys[row.key] for row in rows}, overlapped, ends)


async def find_refusals(connection: AsyncConnection, runs: Sequence[OpenRun]) -> Mapping[OpenRun, str]:
    """Which of the due times nobody could answer, and why: their messages are dead letters."""
    said = {schedule_fired_id(run.schedule_id, run.fire_time): run for run in runs}
    found: dict[OpenRun, str] = {}
    for letters in (composer_dead_letters, scheduler_dead_letters):
        query = select(letters.c.message_id, letters.c.code, letters.c.reason)
        for row in await connection.execute(query.where(letters.c.message_id.in_(said))):
            found[said[row.message_id]] = f"{row.code}: {row.reason}"
    return found
