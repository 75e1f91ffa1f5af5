"""What status listens to: everything that is said about executions and compositions."""

from collections.abc import Sequence

from queryflow.bus.port import AnyHandler, BatchHandler, Handler
from queryflow.messages.composition import (
    CompositionChanged,
    CompositionDeleted,
    CompositionPublished,
    CompositionSaved,
)
from queryflow.messages.event import Event
from queryflow.messages.execution import ExecutionProgressed
from queryflow.messages.flow_execution import (
    FlowExecutionCancelRequested,
    FlowExecutionFinished,
    FlowExecutionRequested,
    FlowExecutionStarted,
)
from status.process.status import Status
from status.projection.projecting import note_activity, project_executions, project_progress

LINGER_SECONDS = 0.1
"""The projection may be so far behind: following a run node by node would cost as much as running it."""


async def on_progress(events: Sequence[ExecutionProgressed], status: Status) -> None:
    """Fold what nodes did into the projection; a repeat changes nothing."""
    await project_progress(status, events)


async def on_execution(events: Sequence[Event], status: Status) -> None:
    """Fold what happened to executions as a whole; a repeat changes nothing."""
    await project_executions(status, events)


async def on_composition(event: CompositionChanged, status: Status) -> None:
    """Note what somebody did to a composition; a repeat finds it noted."""
    await note_activity(status, event)


def _executions(queue: str, event: type[Event]) -> BatchHandler:
    return BatchHandler(queue, (event.type,), event, on_execution, linger_seconds=LINGER_SECONDS)


def _compositions(queue: str, event: type[Event]) -> Handler:
    return Handler(queue=queue, keys=(event.type,), event=event, call=on_composition)


HANDLERS: tuple[AnyHandler, ...] = (
    BatchHandler(
        queue="status.progress",
        keys=("execution.progressed",),
        event=ExecutionProgressed,
        call=on_progress,
        linger_seconds=LINGER_SECONDS,
    ),
    _executions("status.flow-requested", FlowExecutionRequested),
    _executions("status.flow-started", FlowExecutionStarted),
    _executions("status.flow-cancel-requested", FlowExecutionCancelRequested),
    _executions("status.flow-finished", FlowExecutionFinished),
    _compositions("status.composition-saved", CompositionSaved),
    _compositions("status.composition-published", CompositionPublished),
    _compositions("status.composition-deleted", CompositionDeleted),
)
