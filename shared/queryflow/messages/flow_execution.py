"""What happens to an execution as a whole."""

from uuid import UUID

from queryflow.domain.states import ExecutionState
from queryflow.messages.event import Event, Instant, Name, Number, SmallNumber


class FlowExecutionRequested(Event):
    """An execution was accepted and waits for its launch."""

    type = "flow_execution.requested"
    execution_id: UUID
    composition_id: Name


class FlowExecutionCancelRequested(Event):
    """Somebody asked for the execution to end."""

    type = "flow_execution.cancel_requested"
    execution_id: UUID
    composition_id: Name


class FlowExecutionRetryRequested(Event):
    """Somebody asked for what failed in the execution to be run again."""

    type = "flow_execution.retry_requested"
    execution_id: UUID
    composition_id: Name


class FlowExecutionStarted(Event):
    """The execution was launched; its roots are ready."""

    type = "flow_execution.started"
    execution_id: UUID
    composition_id: Name
    nodes: SmallNumber
    at: Instant


class FlowExecutionFinished(Event):
    """The execution reached its final state."""

    type = "flow_execution.finished"
    execution_id: UUID
    composition_id: Name
    schedule_id: UUID | None = None
    state: ExecutionState
    counts: dict[Name, Number]
    at: Instant
