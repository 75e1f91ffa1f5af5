"""Whether the counts of an execution agree with its nodes. Pure: rows in, corrections out."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from queryflow.domain.execution.plan import ExecutionPlan
from queryflow.domain.execution.progress import Ended, EndedParent, ended
from queryflow.domain.ids import NodeId
from queryflow.domain.states import NodeState, RootReason


@dataclass(frozen=True, slots=True)
class SeenNode:
    """A node's row as one snapshot has it."""

    id: UUID
    node_id: NodeId
    state: NodeState
    root: RootReason | None
    advanced: bool
    remaining: int
    failed: int
    skipped: int


@dataclass(frozen=True, slots=True)
class Correction:
    """What a pending node's counts should be: as if all its parents that were told had just ended."""

    node: SeenNode
    sources: int
    truth: Ended


def corrections(plan: ExecutionPlan, seen: Mapping[NodeId, SeenNode]) -> list[Correction]:
    """The pending nodes whose counts differ from what their parents' rows say."""
    found = []
    for node in seen.values():
        if node.state is not NodeState.PENDING:
            continue
        truth = truth_of(plan, seen, node.node_id)
        sources = len(plan.nodes[node.node_id].sources)
        if (node.remaining, node.failed, node.skipped) != (sources - truth.total, truth.failed, truth.skipped) or (
            node.remaining == 0
        ):
            found.append(Correction(node, sources, truth))
    return found


def truth_of(plan: ExecutionPlan, seen: Mapping[NodeId, SeenNode], node_id: NodeId) -> Ended:
    """The parents of a node that have told their children, counted."""
    return ended(
        EndedParent(seen[source.node_id].state, source.required, seen[source.node_id].root)
        for source in plan.nodes[node_id].sources
        if seen[source.node_id].advanced
    )


def open_sinks(plan: ExecutionPlan, seen: Mapping[NodeId, SeenNode]) -> int:
    """How many sinks have not ended."""
    return sum(not seen[node_id].state.final for node_id in plan.sinks)
