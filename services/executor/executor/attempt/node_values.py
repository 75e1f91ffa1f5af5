"""The values of a node, and the work an engine is given."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from pydantic import JsonValue

from executor.attempt.resolving import FIRST_ITEMS, INLINE_ITEMS
from executor.engines.port import ConnectionSettings, EngineFailure, Work
from executor.model.attempt import Attempt, Trace
from executor.model.runnable import RunningExecution
from executor.process.executor import Executor
from queryflow.domain.errors import Problem
from queryflow.domain.flow.flow import Connection
from queryflow.domain.flow.template import Template
from queryflow.domain.flow.values import Winner, json_value, resolve_flow_values, resolve_values, winners
from queryflow.domain.flow.windows import ResolvedWindow
from queryflow.domain.ids import NodeId, ParameterName
from queryflow.domain.states import ErrorKind
from queryflow.domain.values.parameters import Values
from queryflow.sql.writing.lists import RegisteredList, WrittenList


@dataclass(frozen=True, slots=True)
class Inputs:
    """What a node's bindings yielded: values by parameter, and the files of lists too long to write out."""

    bound: Values = field(default_factory=dict)
    lists: Mapping[str, Path] = field(default_factory=dict)
    firsts: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    """The first items of such lists, by parameter."""
    elements: Mapping[str, str] = field(default_factory=dict)
    """The type of each item of a list of numbers, by parameter."""


@dataclass(frozen=True, slots=True)
class NodeValues:
    """The checked values of a node's parameters, and what is kept of them with its row."""

    values: Values
    trace: Trace


def bindings_of(execution: RunningExecution, node_id: NodeId) -> tuple[Connection, ...]:
    """The node's incoming connections that feed a parameter."""
    return tuple(each for each in execution.runnable.into[node_id] if each.map)


def flow_values_of(execution: RunningExecution) -> Values:
    """The values of the flow's parameters, checked; EngineFailure if what was stored is not valid any more."""
    values, problems = resolve_flow_values(execution.runnable.version.flow, execution.parameters, "parameters")
    refuse(problems)
    return values


def node_values(execution: RunningExecution, node_id: NodeId, inputs: Inputs) -> NodeValues:
    """The value of every parameter of the node, by precedence; EngineFailure if one is missing or wrong."""
    node, template = execution.runnable.nodes[node_id], template_of(execution, node_id)
    if not template.parameters:
        return NodeValues({}, Trace())
    given: dict[str, Any] = {
        "bound": inputs.bound,
        "overrides": execution.node_parameters.get(node_id, {}),
        "node_values": node.parameters,
        "flow_values": flow_values_of(execution),
    }
    values, problems = resolve_values(template, **given)
    refuse(problems)
    won = {name: winner.value for name, winner in winners(template, **given).items()}
    return NodeValues(
        values, Trace(parameters=kept(values, inputs.firsts), mappings=_mappings(execution, node_id, won))
    )


def kept(values: Values, firsts: Mapping[str, Sequence[Any]]) -> dict[str, Any]:
    """The values as they are kept with the row: a long list as its count and its first items."""
    return {name: _shortened(value, firsts.get(name, ())) for name, value in values.items()}


def typed(values: Values, elements: Mapping[str, str]) -> Values:
    """The values, with the type of its source for each list of numbers that is written out."""
    return {
        name: WrittenList(value, elements[name]) if name in elements and isinstance(value, list) else value
        for name, value in values.items()
    }


def template_of(execution: RunningExecution, node_id: NodeId) -> Template:
    """The frozen template the node uses."""
    return execution.runnable.version.template_of(execution.runnable.nodes[node_id])


def refuse(problems: Iterable[Problem]) -> None:
    """Raise EngineFailure with every problem's sentence, if there is one."""
    if sentences := [f"{problem.path}: {problem.message}" for problem in problems]:
        raise EngineFailure(ErrorKind.VALIDATION, " ".join(sentences))


def instant_work(executor: Executor, execution: RunningExecution, node_id: NodeId, number: int) -> Work | None:
    """The work of an attempt of an instant engine; None if the node needs inputs or its values are not right."""
    if bindings_of(execution, node_id):
        return None
    try:
        found = node_values(execution, node_id, Inputs())
    except EngineFailure:
        return None
    planned = execution.runnable.plan.nodes[node_id]
    return Work(
        execution_id=execution.id,
        node_id=node_id,
        attempt=number,
        fence=0,
        template=template_of(execution, node_id),
        values=found.values,
        window=window_of(execution, node_id),
        connection=ConnectionSettings(planned.engine_connection, planned.engine),
        directory=executor.attempts,
        timeout=timedelta(seconds=executor.settings.node_timeout_seconds),
    )


def window_of(execution: RunningExecution, node_id: NodeId) -> ResolvedWindow:
    """The node's own window, else the flow's."""
    return execution.node_windows.get(node_id, execution.window)


def timeout_of(executor: Executor, execution: RunningExecution, attempt: Attempt) -> timedelta:
    """The longest one attempt of the node may take."""
    own = execution.runnable.nodes[attempt.node_id].timeout
    return own or timedelta(seconds=executor.settings.node_timeout_seconds)


def _mappings(execution: RunningExecution, node_id: NodeId, won: Mapping[ParameterName, str]) -> dict[str, Any]:
    """By parameter who set its value, and for a binding from which node and column."""
    sources = {
        parameter: {"source_node": connection.source, "source_field": binding.column}
        for connection in execution.runnable.into[node_id]
        for parameter, binding in connection.map.items()
    }
    return {
        name: {"winner": winner, **sources[name]} if winner == Winner.BINDING else {"winner": winner}
        for name, winner in won.items()
    }


def _shortened(value: Any, first: Sequence[Any]) -> JsonValue:
    if isinstance(value, RegisteredList):
        return {"count": value.items, "first": json_value(first[:FIRST_ITEMS])}
    if isinstance(value, list) and len(value) > INLINE_ITEMS:
        return {"count": len(value), "first": json_value(value[:FIRST_ITEMS])}
    return json_value(value)
