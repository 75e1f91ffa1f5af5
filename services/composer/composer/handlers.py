"""What the composer listens to."""

from composer.composer import Composer
from composer.orders import message_order
from composer.references import read_reference
from composer.usecases.executions import request_execution
from composer.usecases.schedules import answer_due_time
from queryflow.messages.schedule import ScheduleFired
from queryflow.messages.trigger import FlowTrigger
from queryflow.runtime.bus.port import Handler
from queryflow.schema.people import LOCAL_PERSON


async def on_schedule_fired(event: ScheduleFired, composer: Composer) -> None:
    """Execute what a schedule's due time asks for; a repeat finds it answered."""
    await composer.commit(lambda transaction: answer_due_time(transaction, composer.heads, LOCAL_PERSON, event))


async def on_flow_trigger(event: FlowTrigger, composer: Composer) -> None:
    """Start an execution for another system just as the API does; a repeat with the same key starts nothing.

    What the API would refuse is refused here too, and the message is kept as a dead letter with the reason.
    """
    order, reference = message_order(LOCAL_PERSON, event), read_reference(event.composition_id)
    await composer.commit(lambda transaction: request_execution(transaction, composer.heads, reference, order))


HANDLERS = (
    Handler(queue="composer.schedule-fired", keys=("schedule.fired",), event=ScheduleFired, call=on_schedule_fired),
    Handler(queue="composer.flow-trigger", keys=(), event=FlowTrigger, call=on_flow_trigger),
)
