"""Whether counts agree with parents: proved against counts made by advancing, then spoiled."""

from uuid import uuid4

from hypothesis import given, settings
from hypothesis import strategies as st

from executor.model.audit import SeenNode, corrections, open_sinks, truth_of
from queryflow.domain.execution.plan import ExecutionPlan, PlannedNode, Source, Target
from queryflow.domain.ids import NodeId
from queryflow.domain.states import FINAL_NODE_STATES, JoinRule, NodeState, RootReason

ENDS = sorted(FINAL_NODE_STATES)


def plan_of(parents: list[bool]) -> ExecutionPlan:
    """One child behind parents that it requires or not."""
    child = NodeId("child")
    sources = tuple(Source(NodeId(f"p{place}"), required) for place, required in enumerate(parents))
    nodes = {
        source.node_id: PlannedNode(
            source.node_id, (), (Target(child, source.required),), False, False, JoinRule.ALL_SUCCEEDED, "echo", "echo"
        )
        for source in sources
    }
    nodes[child] = PlannedNode(child, sources, (), True, False, JoinRule.ALL_SUCCEEDED, "echo", "echo")
    return ExecutionPlan(nodes)


def seen(node: str, state: NodeState, **counts: int | bool) -> SeenNode:
    root = RootReason.FAILED if state is NodeState.SKIPPED else None
    values = {"advanced": state.final, "remaining": 0, "failed": 0, "skipped": 0, **counts}
    return SeenNode(uuid4(), NodeId(node), state, root, **values)  # type: ignore[arg-type]  # counts and a flag by name


@settings(max_examples=60, deadline=None)
@given(
    parents=st.lists(st.tuples(st.booleans(), st.sampled_from([NodeState.RUNNING, *ENDS])), min_size=1, max_size=6),
    spoiled=st.sampled_from(["remaining", "failed", "skipped"]),
)
def test_true_counts_need_no_correction_and_spoiled_ones_do(
    parents: list[tuple[bool, NodeState]], spoiled: str
) -> None:
    plan = plan_of([required for required, _ in parents])
    rows = {NodeId(f"p{place}"): seen(f"p{place}", state) for place, (_, state) in enumerate(parents)}
    child = NodeId("child")
    rows[child] = seen("child", NodeState.PENDING)
    truth = truth_of(plan, rows, child)
    counts = {"remaining": len(parents) - truth.total, "failed": truth.failed, "skipped": truth.skipped}
    rows[child] = seen("child", NodeState.PENDING, **counts)
    undecided = counts["remaining"] == 0
    assert bool(corrections(plan, rows)) is undecided
    rows[child] = seen("child", NodeState.PENDING, **{**counts, spoiled: counts[spoiled] + 1})
    [correction] = corrections(plan, rows)
    assert correction.truth == truth
    assert open_sinks(plan, rows) == 1


def test_a_parent_that_has_not_told_its_children_is_not_counted() -> None:
    plan = plan_of([True])
    rows = {NodeId("p0"): seen("p0", NodeState.FAILED, advanced=False)}
    assert truth_of(plan, rows, NodeId("child")).total == 0
