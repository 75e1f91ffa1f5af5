"""What the scheduler listens to."""

from queryflow.messages.flow_execution import FlowExecutionFinished
from queryflow.runtime.bus.port import Handler
from scheduler.scheduler import Scheduler
from scheduler.usecases.history import record_end


async def on_flow_finished(event: FlowExecutionFinished, scheduler: Scheduler) -> None:
    """Note how a schedule's execution ended; a repeat changes nothing."""
    async with scheduler.transaction() as transaction:
        await record_end(transaction, event, scheduler.settings.failures_limit)


HANDLERS = (
    Handler(
        queue="scheduler.flow-finished",
        keys=("flow_execution.finished",),
        event=FlowExecutionFinished,
        call=on_flow_finished,
    ),
)
