"""What became of due times, and what follows for their schedule."""

from collections.abc import Sequence

import structlog

from queryflow.db.transaction import Transaction
from queryflow.domain.ids import ScheduleId
from queryflow.domain.states import ExecutionState
from queryflow.messages.flow_execution import FlowExecutionFinished
from queryflow.schema.executions import REQUESTS_KEPT
from scheduler.due.timers import say_fired
from scheduler.process.settings import SchedulerSettings
from scheduler.repository.answers import find_answers, find_refusals
from scheduler.repository.definitions import active_definitions
from scheduler.repository.runs import MOST_OPEN, OpenRun, end_runs, open_runs, overlap_run, skip_run, take_silent
from scheduler.repository.timers import count_failure, forget_failures

log = structlog.get_logger()

UNWANTED = "the schedule was switched off or removed before this due time was answered"
OVERLAPPED = "the execution of an earlier due time was still open: {execution}"
UNHEARD = f"nothing was heard of what it started, if anything, for {REQUESTS_KEPT.days} days"
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
    elif event.state is ExecutionState.FAILED:
        await _count_failure(transaction, schedule, failures_limit)


async def settle(transaction: Transaction, settings: SchedulerSettings, after: OpenRun | None = None) -> OpenRun | None:
    """End due times by what rows say of them where no message did; the last one looked at if there may be more.

    The end of an execution may not have been heard, and a due time may have found the execution of an earlier one open.
    What nobody answered is judged by itself.
    """
    connection = transaction.connection
    runs = await open_runs(connection, settings.outbox_age, after)
    answers = await find_answers(connection, runs)
    for event in answers.ends:
        if event.schedule_id is not None:
            await record_end(transaction, ScheduleId(event.schedule_id), event, settings.failures_limit)
    for run, execution in answers.overlapped.items():
        await overlap_run(connection, run, OVERLAPPED.format(execution=execution))
    await _settle_unanswered(transaction, settings, [run for run in runs if run not in answers.answered])
    return runs[-1] if len(runs) == MOST_OPEN else None


async def _settle_unanswered(transaction: Transaction, settings: SchedulerSettings, runs: Sequence[OpenRun]) -> None:
    """Skip what was refused, is not wanted any more, or can never be answered; say the rest again.

    A refusal counts as a failure. A message may have been lost on its way to the composer: the row is what knows of it.
    """
    connection = transaction.connection
    refusals = await find_refusals(connection, runs)
    wanted = await active_definitions(connection, {run.schedule_id for run in runs})
    unheard: list[OpenRun] = []
    for run in runs:
        if run in refusals:
            if await skip_run(connection, run, refusals[run]):
                await _count_failure(transaction, run.schedule_id, settings.failures_limit)
        elif run.schedule_id not in wanted:
            await skip_run(connection, run, UNWANTED)
        elif run.said_at < transaction.now - REQUESTS_KEPT:
            await skip_run(connection, run, UNHEARD)
        else:
            unheard.append(run)
    for run in await take_silent(connection, unheard, settings.outbox_age):
        say_fired(transaction, wanted[run.schedule_id], run.fire_time)


async def _count_failure(transaction: Transaction, schedule: ScheduleId, limit: int) -> None:
    if await count_failure(transaction.connection, schedule, limit):
        log.warning("A schedule was paused", action="schedule.paused", schedule_id=str(schedule))
