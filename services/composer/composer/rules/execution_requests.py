"""What somebody asks an execution to be, and what that means for a version of the flow. Pure."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, JsonValue

from composer.rules.freezing import set_detached
from composer.rules.open_parameters import open_problems
from queryflow.domain.errors import NotAvailable, Problem
from queryflow.domain.flow.flow import Flow, FlowReference, Node
from queryflow.domain.flow.values import json_value, resolve_flow_values, resolve_values
from queryflow.domain.flow.version import Version
from queryflow.domain.flow.windows import ResolvedWindow, resolve_window
from queryflow.domain.ids import NodeId, ParameterName
from queryflow.domain.values.parameters import Values

NodeValues = Mapping[NodeId, Mapping[ParameterName, JsonValue]]


def _only_text(value: object) -> object:
    if value is not None and not isinstance(value, str):
        raise ValueError("write a date as text, such as 2026-11-22")
    return value


LogicalDate = Annotated[date | None, BeforeValidator(_only_text)]
"""The day an execution stands for; else the last day the engine connection's data covers, else today."""


class ExecutionRequest(BaseModel):
    """How to execute a composition; everything has a default."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    version: str = Field(default="auto", pattern="^(auto|published|head|draft|[0-9a-f]{64})$")
    """auto (the published version, else the head), published, head, draft, or the hash of a version."""
    parameters: dict[str, JsonValue] = Field(default_factory=dict)
    """Values of flow parameters."""
    node_parameters: dict[str, dict[str, JsonValue]] = Field(default_factory=dict)
    """Values of nodes' parameters; `{"value": …, "detach": true}` where a connection feeds the parameter."""
    connection: str | None = None
    """The engine connection to use in place of the flow's."""
    logical_date: LogicalDate = None
    only: JsonValue = None
    upto: JsonValue = None
    from_: JsonValue = Field(default=None, alias="from")
    force: list[JsonValue] = Field(default_factory=list)

    def document(self) -> dict[str, Any]:
        """The request as JSON, by which a repeated request is recognised."""
        return self.model_dump(mode="json", by_alias=True)


@dataclass(frozen=True, slots=True)
class Override:
    """A value for a node's parameter; `detach` puts it in the place of what a connection brings."""

    value: JsonValue
    detach: bool = False


@dataclass(frozen=True, slots=True)
class Prepared:
    """What the execution's row says beside its version."""

    parameters: Values
    node_parameters: NodeValues
    logical_date: date
    window: ResolvedWindow
    node_windows: Mapping[NodeId, ResolvedWindow]

    def columns(self) -> dict[str, Any]:
        """The columns of the master record, as JSON where they are JSON."""
        return {
            "parameters": {name: json_value(value) for name, value in self.parameters.items()},
            "node_parameters": self.node_parameters,
            "logical_date": self.logical_date,
            "window": self.window.model_dump(mode="json"),
            "node_windows": {node: window.model_dump(mode="json") for node, window in self.node_windows.items()},
        }


def refuse_unavailable(request: ExecutionRequest) -> None:
    """Raise NotAvailable for what the request can name and nothing stands behind yet."""
    asked = {"only": request.only, "upto": request.upto, "from": request.from_, "force": request.force or None}
    names = [name for name, value in asked.items() if value is not None]
    if request.version == "draft":
        names.append("version")
    if names:
        problems = [Problem("NOT_AVAILABLE", name, "This part is not available yet; leave it out.") for name in names]
        raise NotAvailable(f"Not available yet: {', '.join(names)}.", problems)


def refuse_conditions(flow: Flow) -> None:
    """Raise NotAvailable if a node has a condition."""
    message = "Conditions are kept but cannot be executed yet; remove `when` to run the flow."
    problems = [
        Problem("CONDITIONS_NOT_AVAILABLE", f"nodes.{node.node_id}.when", message)
        for node in flow.nodes
        if node.when is not None
    ]
    if problems:
        raise NotAvailable(message, problems, code="CONDITIONS_NOT_AVAILABLE")


def adapt(flow: Flow, request: ExecutionRequest) -> Flow:
    """The flow that really runs: on another engine connection, and without the bindings that were detached."""
    detached = {
        node: {name: override.value for name, override in values.items() if override.detach}
        for node, values in overrides_of(request).items()
    }
    adapted = set_detached(flow, {node: values for node, values in detached.items() if values})
    return adapted if request.connection is None else adapted.model_copy(update={"connection": request.connection})


def overrides_of(request: ExecutionRequest) -> dict[NodeId, dict[ParameterName, Override]]:
    """The values the request gives to nodes, each with whether it takes the place of a connection."""
    return {
        NodeId(node): {ParameterName(name): _override(value) for name, value in values.items()}
        for node, values in request.node_parameters.items()
    }


def prepare(version: Version, request: ExecutionRequest, logical_date: date) -> tuple[Prepared, list[Problem]]:
    """Values and windows of an execution of the version, and everything that is wrong with the values."""
    flow = version.flow
    values, problems = resolve_flow_values(flow, request.parameters, "parameters")
    overrides = {
        node: {name: override.value for name, override in given.items()}
        for node, given in overrides_of(request).items()
    }
    wrong = {problem.path.split(".")[1] for problem in problems}
    settled = {name: value for name, value in values.items() if name not in wrong}
    problems += open_problems(version, settled, _set_elsewhere(flow, overrides))
    problems += _unknown_nodes(flow, overrides)
    problems += _value_problems(version, overrides, values)
    prepared = Prepared(
        parameters=values,
        node_parameters=overrides,
        logical_date=logical_date,
        window=resolve_window(flow.window, logical_date),
        node_windows={
            node.node_id: resolve_window(node.window, logical_date) for node in flow.nodes if node.window is not None
        },
    )
    return prepared, problems


def _override(value: JsonValue) -> Override:
    if isinstance(value, dict) and value.keys() == {"value", "detach"}:
        return Override(value["value"], detach=value["detach"] is True)
    return Override(value)


def _unknown_nodes(flow: Flow, overrides: NodeValues) -> Iterator[Problem]:
    known = {node.node_id for node in flow.nodes}
    for node in overrides:
        if node not in known:
            yield Problem("UNKNOWN_NODE", f"node_parameters.{node}", f"The flow has no node {node}.")


def _value_problems(version: Version, overrides: NodeValues, values: Values) -> Iterator[Problem]:
    """What is wrong with the values of every node, apart from those that connections will bring."""
    bound = _bound(version.flow)
    for node in version.flow.nodes:
        given = overrides.get(node.node_id, {})
        fed = bound[node.node_id]
        yield from (_overridden(node, name) for name in given if name in fed)
        template = version.template_of(node)
        free = template.model_copy(
            update={"parameters": tuple(each for each in template.parameters if each.name not in fed)}
        )
        _, problems = resolve_values(
            free,
            bound={},
            overrides={name: value for name, value in given.items() if name not in fed},
            node_values={name: value for name, value in node.parameters.items() if name not in fed},
            flow_values=values,
        )
        for problem in problems:
            if not (problem.code == "MISSING_VALUE" and _is_open(node, problem.path, values)):
                yield replace(problem, path=_value_path(node, problem.path, given))


def _set_elsewhere(flow: Flow, overrides: NodeValues) -> dict[NodeId, set[ParameterName]]:
    """By node, the parameters that a connection or the execution sets, whatever the node says."""
    found = _bound(flow)
    for node, values in overrides.items():
        found[node] |= {name for name, value in values.items() if value is not None}
    return found


def _is_open(node: Node, name: str, values: Values) -> bool:
    """Whether the node takes that value from a flow parameter that is open, which is reported once for all nodes."""
    value = node.parameters.get(ParameterName(name))
    return isinstance(value, FlowReference) and value.flow in values


def _bound(flow: Flow) -> defaultdict[NodeId, set[ParameterName]]:
    found: defaultdict[NodeId, set[ParameterName]] = defaultdict(set)
    for connection in flow.connections:
        found[connection.target].update(connection.map)
    return found


def _overridden(node: Node, name: ParameterName) -> Problem:
    message = (
        f'A connection feeds {name} of {node.node_id}; write {{"value": …, "detach": true}} '
        "to set it for this execution instead."
    )
    return Problem("OVERRIDE_OF_BOUND", f"node_parameters.{node.node_id}.{name}", message)


def _value_path(node: Node, path: str, given: Collection[str]) -> str:
    if path.split(".", maxsplit=1)[0] in given:
        return f"node_parameters.{node.node_id}.{path}"
    return f"nodes.{node.node_id}.parameters.{path}"
