"""What the composer listens to."""

from collections.abc import Sequence

from composer.executions.usecases import request_execution
from composer.process.composer import Composer
from composer.rules.references import read_reference
from composer.rules.triggers import message_trigger
from composer.schedules.usecases import answer_due_time
from composer.templates.learning import learn_outputs
from queryflow.access.actor import LOCAL_MESSAGE, LOCAL_SCHEDULE, SYSTEM
from queryflow.bus.port import BatchHandler, Handler
from queryflow.domain.states import ExecutionState
from queryflow.messages.flow_execution import FlowExecutionFinished
from queryflow.messages.schedule import ScheduleFired
from queryflow.messages.trigger import FlowTrigger

LINGER_SECONDS = 0.1
TELLING = frozenset({ExecutionState.SUCCEEDED, ExecutionState.PARTIALLY_SUCCEEDED, ExecutionState.FAILED})
"""Of one that failed, some nodes may have ended well."""


async def on_schedule_fired(event: ScheduleFired, composer: Composer) -> None:
    """Execute what a schedule's due time asks for; a repeat finds it answered."""
    await composer.commit(
        LOCAL_SCHEDULE, lambda transaction: answer_due_time(transaction, composer.version_cache, event)
    )


async def on_flow_trigger(event: FlowTrigger, composer: Composer) -> None:
    """Start an execution for another system just as the API does; a repeat with the same key starts nothing.

    What the API would refuse is refused here too, and the message is kept as a dead letter with the reason.
    """
    trigger, reference = message_trigger(event), read_reference(event.composition_id)
    await composer.commit(
        LOCAL_MESSAGE,
        lambda transaction: request_execution(transaction, composer.version_cache, reference, trigger),
    )


async def on_flow_finished(events: Sequence[FlowExecutionFinished], composer: Composer) -> None:
    """Learn what runs tell of the columns of templates; a repeat finds it learnt."""
    ended = [event.execution_id for event in events if event.state in TELLING]
    if ended:
        async with composer.transaction(SYSTEM) as transaction:
            await learn_outputs(transaction, ended)


HANDLERS = (
    BatchHandler(
        queue="composer.flow-finished",
        keys=("flow_execution.finished",),
        event=FlowExecutionFinished,
        call=on_flow_finished,
        linger_seconds=LINGER_SECONDS,
    ),
    Handler(queue="composer.schedule-fired", keys=("schedule.fired",), event=ScheduleFired, call=on_schedule_fired),
    Handler(queue="composer.flow-trigger", keys=(), event=FlowTrigger, call=on_flow_trigger),
)
