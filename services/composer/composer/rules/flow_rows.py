"""The head of a composition: a flow as rows of its tables, and the flow those rows stand for. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from composer.rules.canvas import canvas_state, layout_of, place_nodes
from queryflow.domain.flow.flow import Binding, Connection, Flow, FlowParameter, Node
from queryflow.domain.flow.graph import levels
from queryflow.domain.ids import NodeId

Row = Mapping[Any, Any]

CONFIGURED = {"join", "retry", "timeout_seconds", "connection", "window"}
"""What a node keeps in `node_config` beside `template_version`."""


@dataclass(frozen=True, slots=True)
class FlowRows:
    """The columns of a composition that its document decides, its nodes and its connections."""

    composition: dict[str, Any]
    nodes: list[dict[str, Any]]
    connections: list[dict[str, Any]]


def rows_of(flow: Flow) -> FlowRows:
    """The rows that hold the flow. Inline templates are not part of the head: they are saved as templates."""
    ranks = levels(flow)
    places = place_nodes(flow, ranks or {})
    mappings = _mappings(flow.connections)
    return FlowRows(
        composition=_composition(flow, places),
        nodes=[
            {
                **_node(node),
                "position": {"x": places[node.node_id][0], "y": places[node.node_id][1]},
                "parameter_mappings": mappings.get(node.node_id),
                "execution_order": None if ranks is None else ranks[node.node_id],
                "ordinal": ordinal,
            }
            for ordinal, node in enumerate(flow.nodes)
        ],
        connections=[{**_connection(each), "ordinal": ordinal} for ordinal, each in enumerate(flow.connections)],
    )


def flow_of(composition: Row, nodes: Sequence[Row], connections: Sequence[Row]) -> Flow:
    """The flow that rows hold, nodes and connections given in the ranks of their ordinals."""
    places = {NodeId(row["node_id"]): (row["position"]["x"], row["position"]["y"]) for row in nodes}
    return Flow.model_validate(
        {
            "composition_id": composition["composition_id"],
            "name": composition["name"],
            "description": composition["description"],
            "tags": tuple(composition["tags"] or ()),
            "connection": composition["default_connection"],
            "window": composition["default_window"],
            "parameters": _parameters_of(composition["global_parameters"] or {}),
            "nodes": tuple(_node_of(row) for row in nodes),
            "connections": tuple(_connection_of(row) for row in connections),
            "layout": layout_of(composition["canvas_state"], places),
        }
    )


def _composition(flow: Flow, places: Mapping[NodeId, tuple[float, float]]) -> dict[str, Any]:
    return {
        "name": flow.name,
        "description": flow.description,
        "canvas_state": canvas_state(flow, places),
        "global_parameters": {each.name: _parameter(each, at) for at, each in enumerate(flow.parameters)},
        "tags": list(flow.tags),
        "default_window": None if flow.window is None else flow.window.model_dump(mode="json", exclude_defaults=True),
        "default_connection": flow.connection,
    }


def _parameter(parameter: FlowParameter, ordinal: int) -> dict[str, Any]:
    """`ordinal` keeps the author's ranks, which JSONB would lose."""
    return parameter.model_dump(mode="json", exclude={"name"}) | {"ordinal": ordinal}


def _parameters_of(stored: Mapping[str, Row]) -> tuple[FlowParameter, ...]:
    ordered = sorted(stored.items(), key=lambda item: item[1]["ordinal"])
    return tuple(
        FlowParameter(name=name, type=each["type"], default=each["default"], label=each["label"])
        for name, each in ordered
    )


def _node(node: Node) -> dict[str, Any]:
    written = node.model_dump(mode="json", exclude_defaults=True, include=CONFIGURED)
    return {
        "node_id": node.node_id,
        "template_id": node.template,
        "node_config": {"template_version": node.template_version, **written},
        "parameter_overrides": node.model_dump(mode="json", include={"parameters"})["parameters"],
        "is_conditional": node.when is not None,
        "condition_expression": node.when,
    }


def _node_of(row: Row) -> Node:
    return Node(
        node_id=row["node_id"],
        template=row["template_id"],
        parameters=row["parameter_overrides"] or {},
        when=row["condition_expression"],
        **row["node_config"],
    )


def _connection(connection: Connection) -> dict[str, Any]:
    rules = {
        name: binding.model_dump(mode="json", exclude_defaults=True, exclude={"column"})
        for name, binding in connection.map.items()
    }
    return {
        "connection_id": connection.id,
        "source_node_id": connection.source,
        "target_node_id": connection.target,
        "field_mappings": {name: binding.column for name, binding in connection.map.items()},
        "transformation_rules": {name: options for name, options in rules.items() if options},
        "is_required": connection.required,
    }


def _connection_of(row: Row) -> Connection:
    rules = row["transformation_rules"] or {}
    return Connection(
        id=row["connection_id"],
        source=row["source_node_id"],
        target=row["target_node_id"],
        required=row["is_required"],
        map={name: Binding(column=column, **rules.get(name, {})) for name, column in row["field_mappings"].items()},
    )


def _mappings(connections: Sequence[Connection]) -> dict[NodeId, dict[str, dict[str, str]]]:
    """Each target's `parameter_mappings`: where its mapped parameters come from."""
    found: dict[NodeId, dict[str, dict[str, str]]] = {}
    for connection in connections:
        mapped = found.setdefault(connection.target, {})
        for name, binding in connection.map.items():
            mapped[name] = {"source_node": connection.source, "source_field": binding.column}
    return found
