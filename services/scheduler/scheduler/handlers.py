"""What the scheduler listens to."""

from collections.abc import Sequence

from queryflow.bus.port import BatchHandler
from queryflow.domain.ids import ScheduleId
from queryflow.messages.flow_execution import FlowExecutionFinished
from scheduler.history.history import record_end
from scheduler.process.scheduler import Scheduler

LINGER_SECONDS = 0.1


async def on_flow_finished(events: Sequence[FlowExecutionFinished], scheduler: Scheduler) -> None:
    """Note how executions of schedules ended, each in a transaction of its own; a repeat changes nothing."""
    for event in events:
        if event.schedule_id is not None:
            async with scheduler.transaction() as transaction:
                schedule = ScheduleId(event.schedule_id)
                await record_end(transaction, schedule, event, scheduler.settings.failures_limit)


HANDLERS = (
    BatchHandler(
        queue="scheduler.flow-finished",
        keys=("flow_execution.finished",),
        event=FlowExecutionFinished,
        call=on_flow_finished,
        linger_seconds=LINGER_SECONDS,
    ),
)
