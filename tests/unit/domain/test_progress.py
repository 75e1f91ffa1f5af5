"""`advance` in any order, batching and repetition ends every node as a plain sequential model does."""

from dataclasses import dataclass, field, replace
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from queryflow.domain.execution.plan import ExecutionPlan, plan_execution
from queryflow.domain.execution.progress import Child, Ended, EndedParent, advance, ended
from queryflow.domain.flow.graph import levels
from queryflow.domain.ids import NodeId
from queryflow.domain.states import JoinRule, NodeState, RootReason, SkipReason
from tests.unit.domain.flows import flow_of, random_flows, version_of

End = tuple[NodeState, SkipReason | None, RootReason | None]
OWN_ENDS: tuple[End, ...] = (
    (NodeState.SUCCEEDED, None, None),
    (NodeState.REUSED, None, None),
    (NodeState.FAILED, None, None),
    (NodeState.TIMED_OUT, None, None),
    (NodeState.CANCELLED, None, None),
    (NodeState.SKIPPED, SkipReason.CONDITION_FALSE, RootReason.CONDITION_FALSE),
    (NodeState.SKIPPED, SkipReason.EMPTY_INPUT, RootReason.EMPTY_INPUT),
)
"""How a node that may run can end by itself."""
FAILED = (NodeState.FAILED, NodeState.TIMED_OUT, NodeState.CANCELLED)
"""What counts as failed, as docs/states.md has it."""


@dataclass(frozen=True)
class Story:
    """A flow, how each node would end if it ran, and which were asked to be cancelled while pending."""

    plan: ExecutionPlan
    levels: dict[NodeId, int]
    ends: dict[NodeId, End]
    cancelled: frozenset[NodeId]


@st.composite
def stories(draw: st.DrawFn) -> Story:
    flow = draw(random_flows())
    plan = plan_execution(version_of(flow))
    nodes = {name: replace(node, join=draw(st.sampled_from(JoinRule))) for name, node in plan.nodes.items()}
    ends = {name: draw(st.sampled_from(OWN_ENDS)) for name in nodes}
    cancelled = frozenset(draw(st.sets(st.sampled_from(sorted(nodes)), max_size=2)))
    return Story(ExecutionPlan(nodes), levels(flow) or {}, ends, cancelled)


def told_in_order(story: Story) -> dict[NodeId, End]:
    """The model: one node after the other, each judged by its sources as the words of the documentation have it."""
    told: dict[NodeId, End] = {}
    for node in sorted(story.plan.nodes.values(), key=lambda node: story.levels[node.node_id]):
        required = [told[source.node_id] for source in node.sources if source.required]
        failed = [end for end in required if end[0] in FAILED]
        skipped = [end for end in required if end[0] is NodeState.SKIPPED]
        roots = [RootReason(end[0].value) for end in failed] + [end[2] for end in skipped if end[2]]
        worst = next((root for root in RootReason if root in roots), None)
        if node.sources and node.node_id in story.cancelled:
            told[node.node_id] = (NodeState.CANCELLED, None, None)
        elif failed and node.join is not JoinRule.ANY_FINISHED:
            told[node.node_id] = (NodeState.SKIPPED, SkipReason.UPSTREAM_FAILED, worst)
        elif skipped and node.join is JoinRule.ALL_SUCCEEDED:
            told[node.node_id] = (NodeState.SKIPPED, SkipReason.UPSTREAM_SKIPPED, worst)
        else:
            told[node.node_id] = story.ends[node.node_id]
    return told


def test_what_was_decided_waits_for_no_source_any_more() -> None:
    source = EndedParent(NodeState.SUCCEEDED, required=True)
    for rule in JoinRule:
        for cancelled in (False, True):
            child = Child(NodeId("b"), remaining=1, failed=0, skipped=0, rule=rule, cancel_requested=cancelled)
            step = advance(child, ended([source]))
            assert (step.remaining, step.becomes) == (0, NodeState.CANCELLED if cancelled else NodeState.READY)


@dataclass
class Run:
    """An executor in small: rows that are advanced in batches, whose messages come in any order and more than once."""

    story: Story
    random: Random
    rows: dict[NodeId, Child] = field(default_factory=dict)
    ready: list[NodeId] = field(default_factory=list)
    results: dict[NodeId, End] = field(default_factory=dict)
    advanced: set[NodeId] = field(default_factory=set)
    decisions: int = 0

    def to_its_end(self) -> dict[NodeId, End]:
        plan = self.story.plan
        self.ready = list(plan.roots)
        for node in plan.nodes.values():
            asked = node.node_id in self.story.cancelled
            self.rows[node.node_id] = Child(node.node_id, len(node.sources), 0, 0, node.join, asked)
        while self.ready or self.results.keys() - self.advanced:
            if self.ready and self.random.random() < 0.6:
                name = self.ready.pop(self.random.randrange(len(self.ready)))
                self.results[name] = self.story.ends[name]
            else:
                known = sorted(self.results)
                self.tell(self.random.sample(known, self.random.randint(1, len(known)) if known else 0))
        return self.results

    def tell(self, batch: list[NodeId]) -> None:
        """Count down the children of nodes that ended; those that were told before are told in vain."""
        fresh = [name for name in batch if name not in self.advanced]
        self.advanced.update(fresh)
        nodes = self.story.plan.nodes
        for child in {target.node_id for name in fresh for target in nodes[name].targets}:
            required = {source.node_id: source.required for source in nodes[child].sources}
            parents = [
                EndedParent(self.results[name][0], required[name], self.results[name][2])
                for name in fresh
                if name in required
            ]
            self.decide(child, ended(parents))

    def decide(self, name: NodeId, batch: Ended) -> None:
        row = self.rows[name]
        step = advance(row, batch)
        self.rows[name] = Child(
            name, step.remaining, step.failed, step.skipped, row.rule, row.cancel_requested, step.root
        )
        self.decisions += step.becomes is not NodeState.PENDING
        if step.becomes is NodeState.READY:
            assert step.root is None
            self.ready.append(name)
        elif step.becomes is not NodeState.PENDING:
            self.results[name] = (step.becomes, step.reason, step.root)


@settings(max_examples=300, deadline=None)
@given(stories(), st.integers(0, 2**32))
def test_any_order_batching_and_repetition_ends_as_the_model(story: Story, seed: int) -> None:
    run = Run(story, Random(seed))
    assert run.to_its_end() == told_in_order(story)
    assert run.decisions == len(story.plan.nodes) - len(story.plan.roots), "each child is decided exactly once"


@pytest.mark.parametrize(
    ("parents", "becomes", "reason", "root"),
    [
        ([(NodeState.SUCCEEDED, True, None)], NodeState.READY, None, None),
        ([(NodeState.FAILED, False, None)], NodeState.READY, None, None),
        ([(NodeState.TIMED_OUT, True, None)], NodeState.SKIPPED, SkipReason.UPSTREAM_FAILED, RootReason.TIMED_OUT),
        (
            [(NodeState.SKIPPED, True, RootReason.EMPTY_INPUT), (NodeState.SKIPPED, True, RootReason.FAILED)],
            NodeState.SKIPPED,
            SkipReason.UPSTREAM_SKIPPED,
            RootReason.FAILED,
        ),
        ([(NodeState.SKIPPED, True, None)], NodeState.SKIPPED, SkipReason.UPSTREAM_SKIPPED, RootReason.FAILED),
    ],
)
def test_a_child_after_its_last_source(
    parents: list[tuple[NodeState, bool, RootReason | None]],
    becomes: NodeState,
    reason: SkipReason | None,
    root: RootReason | None,
) -> None:
    child = Child(NodeId("b"), len(parents), 0, 0, JoinRule.ALL_SUCCEEDED)
    step = advance(child, ended(EndedParent(*parent) for parent in parents))
    assert (step.becomes, step.reason, step.root) == (becomes, reason, root)


def test_a_cancelled_child_waits_for_its_last_source() -> None:
    child = Child(NodeId("b"), 2, 0, 0, JoinRule.ALL_SUCCEEDED, cancel_requested=True)
    assert advance(child, Ended(1)).becomes is NodeState.PENDING
    assert advance(child, Ended(2)).becomes is NodeState.CANCELLED


def test_a_source_counted_twice_is_a_bug() -> None:
    with pytest.raises(ValueError, match="2 sources ended where 1 remained"):
        advance(Child(NodeId("b"), 1, 0, 0, JoinRule.ALL_SUCCEEDED), Ended(2))


def test_a_chain_passes_its_root_on() -> None:
    flow = flow_of("a>b b>c c>d")
    story = Story(
        plan_execution(version_of(flow)),
        levels(flow) or {},
        {NodeId(name): OWN_ENDS[2 if name == "a" else 0] for name in "abcd"},
        frozenset(),
    )
    results = Run(story, Random(1)).to_its_end()
    assert results[NodeId("b")] == (NodeState.SKIPPED, SkipReason.UPSTREAM_FAILED, RootReason.FAILED)
    assert results[NodeId("d")] == (NodeState.SKIPPED, SkipReason.UPSTREAM_SKIPPED, RootReason.FAILED)
