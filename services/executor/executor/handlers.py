"""What the executor listens to."""

from collections.abc import Iterable, Sequence

from executor.attempt import cancel as cancelling
from executor.attempt.claim import claim
from executor.attempt.instant import run_instant
from executor.catalogue.catalogue import begin_catalogue
from executor.launch.launch import admit
from executor.process.executor import Executor
from queryflow.bus.port import AnyHandler, BatchHandler, Handler
from queryflow.bus.topology import node_key, node_queue
from queryflow.domain.ids import ExecutionId
from queryflow.engines.kind import EngineKind
from queryflow.messages.engine_connection import EngineConnectionCatalogueRequested
from queryflow.messages.flow_execution import FlowExecutionCancelRequested, FlowExecutionRequested
from queryflow.messages.node import NodeReady

MOST_LAUNCHED_TOGETHER = 50
MOST_CLAIMED_TOGETHER = 200


async def on_requested(events: Sequence[FlowExecutionRequested], executor: Executor) -> None:
    """Launch requested executions if there is room; a repeat finds their rows there and changes nothing."""
    await admit(executor, [ExecutionId(event.execution_id) for event in events])


async def on_cancel_requested(event: FlowExecutionCancelRequested, executor: Executor) -> None:
    """Cancel an execution; a repeat finds nothing open and changes nothing."""
    await cancelling.cancel(executor, ExecutionId(event.execution_id))


async def on_catalogue_requested(event: EngineConnectionCatalogueRequested, executor: Executor) -> None:
    """Look at an engine connection's tables, after the message is answered: its row says whether that is wanted."""
    begin_catalogue(executor, event.connection)


async def on_node_ready(events: Sequence[NodeReady], executor: Executor) -> None:
    """Claim attempts and begin to run them; what is not ready any more is left alone."""
    await claim(executor, events)


async def on_instant_node_ready(events: Sequence[NodeReady], executor: Executor) -> None:
    """Claim, run and finish attempts of an engine that is done at once."""
    await run_instant(executor, events)


HANDLERS: tuple[AnyHandler, ...] = (
    BatchHandler(
        queue="executor.launch",
        keys=("flow_execution.requested",),
        event=FlowExecutionRequested,
        call=on_requested,
        most=MOST_LAUNCHED_TOGETHER,
    ),
    Handler(
        queue="executor.cancel",
        keys=("flow_execution.cancel_requested",),
        event=FlowExecutionCancelRequested,
        call=on_cancel_requested,
    ),
    Handler(
        queue="executor.catalogue",
        keys=("engine_connection.catalogue_requested",),
        event=EngineConnectionCatalogueRequested,
        call=on_catalogue_requested,
    ),
)


def node_handlers(kinds: Iterable[EngineKind]) -> tuple[BatchHandler, ...]:
    """A queue per engine."""
    return tuple(
        BatchHandler(
            queue=node_queue(kind.name),
            keys=(node_key(kind.name),),
            event=NodeReady,
            call=on_instant_node_ready if kind.instant else on_node_ready,
            most=MOST_CLAIMED_TOGETHER,
        )
        for kind in kinds
    )
