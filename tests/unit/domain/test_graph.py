from itertools import pairwise

import pytest
from hypothesis import given, settings

from queryflow.domain.flow.flow import Binding, Connection, Flow
from queryflow.domain.flow.graph import graph_problems, levels
from queryflow.domain.ids import ConnectionId, NodeId, ParameterName
from tests.unit.domain.flows import flow_of, flow_with, random_flows


def found(flow: Flow) -> set[tuple[str, str]]:
    return {(problem.code, problem.path) for problem in graph_problems(flow)}


@settings(max_examples=50, deadline=None)
@given(random_flows())
def test_a_graph_without_cycles_has_levels_and_no_problems(flow: Flow) -> None:
    level = levels(flow)
    assert level is not None
    assert all(level[each.source] < level[each.target] for each in flow.connections)
    assert not graph_problems(flow)


def test_every_problem_is_listed_at_once() -> None:
    flow = flow_of("a>b b>a c>c d>nowhere", "a b c d")
    nodes = (*(node for node in flow.nodes if node.node_id != "nowhere"), flow.nodes[0])
    broken = flow.model_copy(update={"nodes": nodes, "connections": (*flow.connections, flow.connections[0])})
    assert levels(broken) is None
    assert found(broken) == {
        ("DUPLICATE_NODE", "nodes.a"),
        ("DUPLICATE_CONNECTION", "connections.c0"),
        ("UNKNOWN_NODE", "connections.c3.to"),
        ("SELF_CONNECTION", "connections.c2"),
        ("CYCLE", "nodes.a"),
    }


@pytest.mark.parametrize(
    ("edges", "ways"),
    [
        ("a>b b>c c>a", ["a → b → c → a"]),
        ("a>b b>c c>d d>b c>b", ["b → c → b"]),
        ("a>b b>a x>y y>x b>x", ["a → b → a", "x → y → x"]),
    ],
)
def test_each_knot_of_cycles_is_named_by_a_shortest_way_round(edges: str, ways: list[str]) -> None:
    messages = [problem.message for problem in graph_problems(flow_of(edges))]
    assert [message.partition(" form a cycle")[0] for message in messages] == ways


def test_two_bindings_of_one_parameter_are_refused() -> None:
    binding = {ParameterName("p"): Binding(column="x")}
    connections = [
        Connection(id=ConnectionId(name), source=NodeId(name), target=NodeId("c"), map=binding) for name in ("a", "b")
    ]
    flow = flow_with("abc", connections)
    assert found(flow) == {("TWO_SOURCES", "connections.b.map.p")}


def test_large_cycles_and_too_large_flows_are_told_without_recursion() -> None:
    names = [f"n{place}" for place in range(10_001)]
    ring = [
        Connection.model_validate({"id": f"c{one}", "from": one, "to": other})
        for one, other in pairwise([*names, "n0"])
    ]
    problems = graph_problems(flow_with(names, ring * 5))
    assert {problem.code for problem in problems} == {
        "TOO_MANY_NODES",
        "TOO_MANY_CONNECTIONS",
        "DUPLICATE_CONNECTION",
        "CYCLE",
    }
    cycle = next(problem for problem in problems if problem.code == "CYCLE")
    assert "(10001 nodes)" in cycle.message
    assert len(cycle.message) < 400
