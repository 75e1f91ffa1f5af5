"""The shape of a flow: its levels, and everything that is wrong with its nodes and connections as a graph."""

from collections import Counter, deque
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from queryflow.domain.errors import Problem
from queryflow.domain.flow.flow import Connection, Flow
from queryflow.domain.ids import NodeId

if TYPE_CHECKING:
    import networkx

MOST_NODES = 10_000
MOST_CONNECTIONS = 50_000
NAMED_IN_CYCLE = 20
"""A longer cycle is named by its first nodes."""


def levels(flow: Flow) -> dict[NodeId, int] | None:
    """The level of every node (0 without sources, else one more than the highest source); None while there is a cycle.

    Connections to nodes that do not exist are left out: `graph_problems` names them.
    """
    targets: dict[NodeId, list[NodeId]] = {node.node_id: [] for node in flow.nodes}
    waiting = dict.fromkeys(targets, 0)
    for connection in _between_known(flow):
        targets[connection.source].append(connection.target)
        waiting[connection.target] += 1
    level = dict.fromkeys(targets, 0)
    free = deque(node for node, sources in waiting.items() if not sources)
    done = 0
    while free:
        node = free.popleft()
        done += 1
        for target in targets[node]:
            level[target] = max(level[target], level[node] + 1)
            waiting[target] -= 1
            if not waiting[target]:
                free.append(target)
    return level if done == len(level) else None


def graph_problems(flow: Flow) -> list[Problem]:
    """Everything that is wrong with the flow as a graph, all at once.

    Codes: TOO_MANY_NODES, TOO_MANY_CONNECTIONS, DUPLICATE_NODE, DUPLICATE_CONNECTION, UNKNOWN_NODE, SELF_CONNECTION,
    CYCLE (one problem per knot of cycles, a shortest way round named), TWO_SOURCES (two bindings feed one parameter).
    """
    return [
        *_size_problems(flow),
        *reference_problems(flow),
        *_self_connections(flow),
        *_two_source_problems(flow),
        *_cycle_problems(flow),
    ]


def reference_problems(flow: Flow) -> list[Problem]:
    """Ids that do not say which node or connection is meant: DUPLICATE_NODE, DUPLICATE_CONNECTION, UNKNOWN_NODE."""
    return [
        *duplicate_problems("nodes", "DUPLICATE_NODE", [node.node_id for node in flow.nodes]),
        *duplicate_problems("connections", "DUPLICATE_CONNECTION", [each.id for each in flow.connections]),
        *_unknown_ends(flow),
    ]


def duplicate_problems(room: str, code: str, names: Sequence[str]) -> Iterator[Problem]:
    """A problem for each name that several members of the room share."""
    for name, count in Counter(names).items():
        if count > 1:
            yield Problem(code, f"{room}.{name}", f"{name} names {count} {room}; give each its own.")


def _size_problems(flow: Flow) -> Iterator[Problem]:
    if len(flow.nodes) > MOST_NODES:
        message = (
            f"A flow has at most {MOST_NODES:,} nodes, this one {len(flow.nodes):,}; divide it into several flows."
        )
        yield Problem("TOO_MANY_NODES", "nodes", message)
    if len(flow.connections) > MOST_CONNECTIONS:
        message = f"A flow has at most {MOST_CONNECTIONS:,} connections, this one {len(flow.connections):,}."
        yield Problem("TOO_MANY_CONNECTIONS", "connections", message)


def _unknown_ends(flow: Flow) -> Iterator[Problem]:
    known = {node.node_id for node in flow.nodes}
    for connection in flow.connections:
        for word, node in (("from", connection.source), ("to", connection.target)):
            if node not in known:
                message = f"The flow has no node {node}; add it, or change where the connection {connection.id} leads."
                yield Problem("UNKNOWN_NODE", f"connections.{connection.id}.{word}", message)


def _self_connections(flow: Flow) -> Iterator[Problem]:
    for connection in flow.connections:
        if connection.source == connection.target:
            message = f"The connection {connection.id} leads from {connection.source} to itself; remove it."
            yield Problem("SELF_CONNECTION", f"connections.{connection.id}", message)


def _two_source_problems(flow: Flow) -> Iterator[Problem]:
    first: dict[tuple[NodeId, str], Connection] = {}
    for connection in flow.connections:
        for parameter in connection.map:
            earlier = first.setdefault((connection.target, parameter), connection)
            if earlier is not connection:
                message = (
                    f"The connections {earlier.id} and {connection.id} both feed {parameter} of {connection.target}; "
                    "keep one of the two mappings."
                )
                yield Problem("TWO_SOURCES", f"connections.{connection.id}.map.{parameter}", message)


def _cycle_problems(flow: Flow) -> Iterator[Problem]:
    if levels(flow) is not None:
        return
    import networkx  # noqa: PLC0415 - half a second to import, and only a flow with a cycle needs it

    graph: networkx.DiGraph[NodeId] = networkx.DiGraph()
    graph.add_edges_from((each.source, each.target) for each in _between_known(flow) if each.source != each.target)
    order = {name: place for place, name in enumerate(dict.fromkeys(node.node_id for node in flow.nodes))}
    knots = [knot for knot in networkx.strongly_connected_components(graph) if len(knot) > 1]
    for knot in sorted(knots, key=lambda nodes: min(map(order.__getitem__, nodes))):
        way = _way_round(graph.subgraph(knot), min(knot, key=order.__getitem__))
        message = f"{_named(way)} form a cycle, so none of them could ever start; remove one of these connections."
        yield Problem("CYCLE", f"nodes.{way[0]}", message)


def _way_round(knot: "networkx.DiGraph[NodeId]", start: NodeId) -> list[NodeId]:
    """A shortest cycle through `start`, which begins and ends with it."""
    import networkx  # noqa: PLC0415 - see above

    before = min(
        knot.predecessors(start),
        key=networkx.single_source_shortest_path_length(knot, start).__getitem__,
    )
    return [*networkx.shortest_path(knot, start, before), start]


def _named(way: Sequence[NodeId]) -> str:
    if len(way) <= NAMED_IN_CYCLE:
        return " → ".join(way)
    return f"{' → '.join(way[: NAMED_IN_CYCLE - 1])} → … → {way[-1]} ({len(way) - 1} nodes)"


def _between_known(flow: Flow) -> Iterator[Connection]:
    known = {node.node_id for node in flow.nodes}
    return (each for each in flow.connections if each.source in known and each.target in known)
