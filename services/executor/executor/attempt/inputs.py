"""The inputs of a node: its bindings over its parents' results."""

from datetime import timedelta
from pathlib import Path

from executor.attempt.node_values import Inputs, bindings_of, flow_values_of, template_of
from executor.attempt.resolving import BindingRequest, BoundInput, Resolved, resolve_inputs
from executor.engines.port import EngineFailure
from executor.model.outcome import Skipped
from executor.model.runnable import RunningExecution
from executor.model.stored_result import StoredResult
from executor.process.executor import Executor
from executor.repository import results
from queryflow.domain.flow.bindings import EmptyAction
from queryflow.domain.ids import NodeId, ParameterName
from queryflow.domain.states import ErrorKind
from queryflow.domain.values.parameters import Parameter

DEADLINE = timedelta(minutes=10)
"""How long resolving all bindings of a node may take."""


async def inputs_of(
    executor: Executor, execution: RunningExecution, node_id: NodeId, directory: Path
) -> Inputs | Skipped:
    """What the node's bindings yield, or that the node is skipped because one yields nothing.

    Raises EngineFailure if one cannot be had, or yields nothing and says fail.
    """
    connections = bindings_of(execution, node_id)
    if not connections:
        return Inputs()
    async with executor.transactions.pool.acquire() as connection:
        found = await results.of_nodes(connection, execution.id, [each.source for each in connections])
    request = BindingRequest(
        inputs=_bound(execution, node_id, found),
        flow_values=flow_values_of(execution),
        directory=directory,
        deadline=DEADLINE,
        semantics=execution.runnable.version.semantics,
        inline_items=executor.equipment.engines[execution.runnable.plan.nodes[node_id].engine].kind.written_items,
    )
    return _decided(await resolve_inputs(executor.equipment.sandbox, executor.equipment.objects, request))


def _decided(resolved: Resolved) -> Inputs | Skipped:
    """The inputs, with what stands in for the empty ones, unless the node is skipped for them."""
    emptied = resolved.emptied
    if emptied.action is EmptyAction.SKIP:
        return Skipped()
    if emptied.action is EmptyAction.FAIL:
        names = ", ".join(emptied.parameters)
        raise EngineFailure(ErrorKind.EMPTY_UPSTREAM, f"The nodes before it brought nothing for {names}.")
    return Inputs({**resolved.values, **emptied.values}, resolved.lists, resolved.firsts, resolved.elements)


def _bound(execution: RunningExecution, node_id: NodeId, found: dict[NodeId, StoredResult]) -> tuple[BoundInput, ...]:
    return tuple(
        BoundInput(_parameter(execution, node_id, name), binding, found.get(connection.source))
        for connection in bindings_of(execution, node_id)
        for name, binding in connection.map.items()
    )


def _parameter(execution: RunningExecution, node_id: NodeId, name: ParameterName) -> Parameter:
    parameter = template_of(execution, node_id).parameter(name)
    if parameter is None:
        raise EngineFailure(ErrorKind.VALIDATION, f"The template has no parameter {name}.")
    return parameter
