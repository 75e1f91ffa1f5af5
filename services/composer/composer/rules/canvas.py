"""The canvas of a flow as React Flow reads it, derived at save; viewport, notes and open places are its own."""

from collections.abc import Mapping
from typing import Any

from queryflow.domain.flow.flow import Connection, Flow, Layout, Viewport
from queryflow.domain.ids import NodeId

COLUMN_WIDTH = 420
ROW_HEIGHT = 160


def canvas_state(flow: Flow, positions: Mapping[NodeId, tuple[float, float]]) -> dict[str, Any]:
    """The JSON of `canvas_state`; `positions` has a place for every node, chosen by the author or not.

    `unplaced` names the nodes whose place the author left open, so that the document that is read back is the one
    that was written.
    """
    viewport = flow.layout.viewport
    return {
        "viewport": {"x": viewport.x, "y": viewport.y},
        "zoom": viewport.zoom,
        "nodes": [_node(node.node_id, node.template, positions[node.node_id]) for node in flow.nodes],
        "edges": [edge for connection in flow.connections for edge in _edges(connection)],
        "notes": list(flow.layout.notes),
        "unplaced": [node.node_id for node in flow.nodes if node.node_id not in flow.layout.positions],
    }


def layout_of(canvas: Mapping[str, Any], positions: Mapping[NodeId, tuple[float, float]]) -> Layout:
    """The layout a canvas state stands for, with the places its author chose."""
    unplaced = frozenset(canvas["unplaced"])
    return Layout(
        viewport=Viewport(**canvas["viewport"], zoom=canvas["zoom"]),
        positions={node: place for node, place in positions.items() if node not in unplaced},
        notes=tuple(canvas["notes"]),
    )


def place_nodes(flow: Flow, levels: Mapping[NodeId, int]) -> dict[NodeId, tuple[float, float]]:
    """A place for every node: the author's, else a column per level and a row per node of that level."""
    filled: dict[int, int] = {}
    places: dict[NodeId, tuple[float, float]] = {}
    for node in flow.nodes:
        level = levels.get(node.node_id, 0)
        row = filled.get(level, 0)
        filled[level] = row + 1
        places[node.node_id] = flow.layout.positions.get(node.node_id, (level * COLUMN_WIDTH, row * ROW_HEIGHT))
    return places


def _node(node_id: NodeId, template: str, place: tuple[float, float]) -> dict[str, Any]:
    position = {"x": place[0], "y": place[1]}
    return {"id": node_id, "type": "template", "position": position, "data": {"template_id": template}}


def _edges(connection: Connection) -> list[dict[str, Any]]:
    """An edge per mapped parameter; one without handles where the connection only gives an order."""
    ends = {"source": connection.source, "target": connection.target}
    if not connection.map:
        return [{"id": connection.id, **ends}]
    return [
        {"id": f"{connection.id}:{name}", **ends, "sourceHandle": binding.column, "targetHandle": name}
        for name, binding in connection.map.items()
    ]
