"""What a version runs: per node its sources, targets, engine, and whether a failure of it is tolerated."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from queryflow.domain.errors import Invalid, Problem
from queryflow.domain.flow.flow import Flow, Node
from queryflow.domain.flow.graph import levels
from queryflow.domain.flow.version import EngineConnection, Version
from queryflow.domain.ids import NodeId
from queryflow.domain.states import JoinRule


@dataclass(frozen=True, slots=True)
class Source:
    """A node another one waits for; required if any connection between the two is."""

    node_id: NodeId
    required: bool


@dataclass(frozen=True, slots=True)
class Target:
    """A node that waits for another one; `required` if any connection between the two is."""

    node_id: NodeId
    required: bool


@dataclass(frozen=True, slots=True)
class PlannedNode:
    """A node as the executor needs it."""

    node_id: NodeId
    sources: tuple[Source, ...]
    """Distinct, in the order of the connections; their number is `remaining_parents` at launch."""
    targets: tuple[Target, ...]
    """Distinct, in the order of the connections."""
    is_sink: bool
    tolerated: bool
    """Every path from here to a sink crosses a connection that is not required; never true of a sink."""
    join: JoinRule
    engine: str
    engine_connection: str


@dataclass(frozen=True)
class ExecutionPlan:
    """The nodes of a version in the author's order, by id."""

    nodes: dict[NodeId, PlannedNode]

    @cached_property
    def roots(self) -> tuple[NodeId, ...]:
        """The nodes that are ready at launch."""
        return tuple(node.node_id for node in self.nodes.values() if not node.sources)

    @cached_property
    def sinks(self) -> tuple[NodeId, ...]:
        """The nodes whose end ends the execution."""
        return tuple(node.node_id for node in self.nodes.values() if node.is_sink)


Pairs = Mapping[NodeId, Mapping[NodeId, bool]]
"""By node, its neighbours in order, and whether any connection between the two is required."""


def plan_execution(version: Version) -> ExecutionPlan:
    """The plan of a version, in time linear in its nodes and connections.

    Raises Invalid for a version that cannot run: a cycle, a connection to no node, a node without engine.
    """
    sources, targets = _pairs(version.flow)
    level = levels(version.flow)
    if level is None:
        raise Invalid("The flow has a cycle.", [Problem("CYCLE", "connections", "The connections form a cycle.")])
    tolerated = _tolerated(targets, level)
    nodes: dict[NodeId, PlannedNode] = {}
    for node in version.flow.nodes:
        name, connection = node.node_id, _engine(version, node)
        nodes[name] = PlannedNode(
            node_id=name,
            sources=tuple(Source(source, required) for source, required in sources[name].items()),
            targets=tuple(Target(target, required) for target, required in targets[name].items()),
            is_sink=not targets[name],
            tolerated=tolerated[name],
            join=node.join,
            engine=connection.engine,
            engine_connection=connection.name,
        )
    return ExecutionPlan(nodes)


def _pairs(flow: Flow) -> tuple[Pairs, Pairs]:
    sources: dict[NodeId, dict[NodeId, bool]] = {node.node_id: {} for node in flow.nodes}
    targets: dict[NodeId, dict[NodeId, bool]] = {node.node_id: {} for node in flow.nodes}
    for connection in flow.connections:
        source, target = connection.source, connection.target
        if source not in targets or target not in sources:
            message = f"The connection {connection.id} joins a node that the flow does not have."
            raise Invalid(message, [Problem("UNKNOWN_NODE", f"connections.{connection.id}", message)])
        required = connection.required or sources[target].get(source, False)
        sources[target][source] = targets[source][target] = required
    return sources, targets


def _tolerated(targets: Pairs, level: Mapping[NodeId, int]) -> dict[NodeId, bool]:
    """Decide from the sinks backwards: a node needs each of its targets to be tolerated or not to require it."""
    tolerated: dict[NodeId, bool] = {}
    for node in sorted(targets, key=level.__getitem__, reverse=True):
        below = targets[node].items()
        tolerated[node] = bool(below) and all(not required or tolerated[target] for target, required in below)
    return tolerated


def _engine(version: Version, node: Node) -> EngineConnection:
    try:
        return version.connection_of(node)
    except KeyError:
        message = f"The node {node.node_id} has no engine connection; name one on the node or on the flow."
        raise Invalid(message, [Problem("NO_CONNECTION", f"nodes.{node.node_id}.connection", message)]) from None
