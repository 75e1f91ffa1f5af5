"""The exchanges and queues, all of them, on one page; docs/messages.md and docs/asyncapi.yaml are drawn from it.

Every name here is without the installation's prefix. A queue that is bound to no key is addressed by its own name.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from queryflow.bus.port import AnyHandler
from queryflow.engines.catalogue import ENGINES
from queryflow.messages.composition import CompositionDeleted, CompositionPublished, CompositionSaved
from queryflow.messages.engine_connection import EngineConnectionCatalogueRequested
from queryflow.messages.event import Event
from queryflow.messages.execution import ExecutionProgressed
from queryflow.messages.flow_execution import (
    FlowExecutionCancelRequested,
    FlowExecutionFinished,
    FlowExecutionRequested,
    FlowExecutionRetryRequested,
    FlowExecutionStarted,
)
from queryflow.messages.node import NodeReady
from queryflow.messages.schedule import ScheduleFired
from queryflow.messages.trigger import FlowTrigger

EVENTS_EXCHANGE = "queryflow.events"
"""Topic; everything the services say goes through it."""
DEAD_EXCHANGE = "queryflow.dead"
"""Topic; what no consumer answered, by the name of the queue it died in."""
DEAD_QUEUE = "queryflow.dead"


@dataclass(frozen=True, slots=True)
class WorkQueue:
    """A queue, the routing keys bound to it, and the event its bodies are."""

    keys: tuple[str, ...]
    event: type[Event]


SPEAKERS: Mapping[type[Event], str] = {
    FlowExecutionRequested: "composer",
    FlowExecutionCancelRequested: "composer",
    EngineConnectionCatalogueRequested: "composer",
    CompositionSaved: "composer",
    CompositionPublished: "composer",
    CompositionDeleted: "composer",
    FlowExecutionStarted: "executor",
    NodeReady: "executor",
    ExecutionProgressed: "executor",
    FlowExecutionFinished: "executor",
    ScheduleFired: "scheduler",
    FlowTrigger: "other systems",
}
"""Who says each event."""

NOT_SAID_YET: tuple[type[Event], ...] = (FlowExecutionRetryRequested,)
"""Events whose form is agreed on while nobody says them or listens: an event that reaches no queue cannot be sent."""


def node_queue(engine: str) -> str:
    """The queue of the engine's nodes that are ready."""
    return f"executor.node-ready.{engine}"


def node_key(engine: str) -> str:
    """The routing key that leads there."""
    return f"node.ready.{engine}"


def work_queues() -> Mapping[str, WorkQueue]:
    """Every queue that a service answers, one for each engine of the catalogue among them."""
    return {
        "executor.launch": WorkQueue(("flow_execution.requested",), FlowExecutionRequested),
        "executor.cancel": WorkQueue(("flow_execution.cancel_requested",), FlowExecutionCancelRequested),
        **{node_queue(engine): WorkQueue((node_key(engine),), NodeReady) for engine in ENGINES},
        "executor.catalogue": WorkQueue(("engine_connection.catalogue_requested",), EngineConnectionCatalogueRequested),
        "composer.schedule-fired": WorkQueue(("schedule.fired",), ScheduleFired),
        "composer.flow-finished": WorkQueue(("flow_execution.finished",), FlowExecutionFinished),
        "composer.flow-trigger": WorkQueue((), FlowTrigger),
        "scheduler.flow-finished": WorkQueue(("flow_execution.finished",), FlowExecutionFinished),
        "status.progress": WorkQueue(("execution.progressed",), ExecutionProgressed),
        "status.flow-requested": WorkQueue(("flow_execution.requested",), FlowExecutionRequested),
        "status.flow-started": WorkQueue(("flow_execution.started",), FlowExecutionStarted),
        "status.flow-cancel-requested": WorkQueue(("flow_execution.cancel_requested",), FlowExecutionCancelRequested),
        "status.flow-finished": WorkQueue(("flow_execution.finished",), FlowExecutionFinished),
        "status.composition-saved": WorkQueue(("composition.saved",), CompositionSaved),
        "status.composition-published": WorkQueue(("composition.published",), CompositionPublished),
        "status.composition-deleted": WorkQueue(("composition.deleted",), CompositionDeleted),
    }


def keys_of(handler: AnyHandler) -> tuple[str, ...]:
    """The keys a handler's queue is bound to; its own name if it has none."""
    return handler.keys or (handler.queue,)


def check_keys(handlers: Sequence[AnyHandler]) -> None:
    """Refuse patterns: every event has its listeners by name, and both adapters must mean the same."""
    for handler in handlers:
        if any(mark in key for key in handler.keys for mark in "*#"):
            raise ValueError(f"{handler.queue}: a queue is bound to whole routing keys, not to patterns")
