from itertools import pairwise

import pytest
from hypothesis import given, settings

from queryflow.domain.errors import Invalid
from queryflow.domain.execution.plan import Source, Target, plan_execution
from queryflow.domain.flow.flow import Connection, Flow
from queryflow.domain.ids import NodeId
from tests.unit.domain.flows import flow_of, flow_with, random_flows, version_of


def paths_to_sinks(flow: Flow, node: NodeId) -> list[list[bool]]:
    """For every path from the node to a sink, whether each step is required; a step is if any of its connections is."""
    targets = {each.target for each in flow.connections if each.source == node}
    if not targets:
        return [[]]
    required = {
        target: any(each.required for each in flow.connections if (each.source, each.target) == (node, target))
        for target in targets
    }
    return [[required[target], *path] for target in targets for path in paths_to_sinks(flow, target)]


@settings(max_examples=200, deadline=None)
@given(random_flows())
def test_tolerated_means_that_every_path_crosses_a_connection_that_is_not_required(flow: Flow) -> None:
    for node in plan_execution(version_of(flow)).nodes.values():
        paths = paths_to_sinks(flow, node.node_id)
        assert node.tolerated == all(False in path for path in paths)
        assert node.is_sink == (paths == [[]])


def test_sources_are_distinct_and_required_if_any_connection_is() -> None:
    plan = plan_execution(version_of(flow_of("a?c a>c b?c b?c")))
    node = plan.nodes[NodeId("c")]
    assert node.sources == (Source(NodeId("a"), True), Source(NodeId("b"), False))
    assert plan.nodes[NodeId("a")].targets == (Target(NodeId("c"), True),)
    assert (plan.roots, plan.sinks) == ((NodeId("a"), NodeId("b")), (NodeId("c"),))


@pytest.mark.parametrize("edges", ["a>b b>a", "a>a"])
def test_a_cycle_cannot_be_planned(edges: str) -> None:
    with pytest.raises(Invalid) as refused:
        plan_execution(version_of(flow_of(edges)))
    assert [problem.code for problem in refused.value.problems] == ["CYCLE"]


def test_what_a_version_does_not_have_cannot_be_planned() -> None:
    stray = Connection.model_validate({"id": "c", "from": "a", "to": "nowhere"})
    with pytest.raises(Invalid, match="joins a node that the flow does not have"):
        plan_execution(version_of(flow_with("a", [stray])))
    with pytest.raises(Invalid, match="no engine connection"):
        plan_execution(version_of(flow_with("a", []).model_copy(update={"connection": None})))


def test_ten_thousand_nodes_in_a_chain_are_planned_without_recursion() -> None:
    names = [f"n{place}" for place in range(10_000)]
    joined = [Connection.model_validate({"id": one, "from": one, "to": other}) for one, other in pairwise(names)]
    version = version_of(flow_with(names, joined))
    plan = plan_execution(version)
    assert (plan.roots, plan.sinks) == ((NodeId("n0"),), (NodeId("n9999"),))
