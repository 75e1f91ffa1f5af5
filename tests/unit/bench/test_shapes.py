"""The graphs that are measured are the ones the documentation tells of."""

import pytest

from bench.shapes import Shape, chain, diamonds, document, fan, layers
from bench.workloads import WORKLOADS, Timing


@pytest.mark.parametrize(
    ("shape", "nodes", "edges", "roots", "most_parents"),
    [
        (chain(40), 40, 39, 1, 1),
        (fan(100), 102, 200, 1, 100),
        (layers(10, 100, 3), 1000, 2700, 100, 3),
        (diamonds(), 10, 16, 1, 4),
    ],
)
def test_a_shape_has_its_nodes_and_edges(shape: Shape, nodes: int, edges: int, roots: int, most_parents: int) -> None:
    assert (shape.nodes, len(shape.edges)) == (nodes, edges)
    assert len(set(shape.edges)) == edges, "no two edges join the same nodes"
    assert all(parent < child for parent, child in shape.edges)
    assert (shape.parents().count(0), max(shape.parents())) == (roots, most_parents)
    assert sum(map(len, shape.children())) == edges


def test_every_parent_of_a_layer_is_in_the_layer_before() -> None:
    assert all(child // 100 - parent // 100 == 1 for parent, child in layers(10, 100, 3).edges)
    assert fan(3).edges == ((0, 1), (0, 2), (0, 3), (1, 4), (2, 4), (3, 4))


def test_the_document_is_the_shape() -> None:
    found = document("W4", diamonds())
    assert len(found["nodes"]) == 10
    assert [(each["from"], each["to"]) for each in found["connections"]][:2] == [("n0", "n1"), ("n0", "n2")]
    assert found["connection"] == "echo"


@pytest.mark.parametrize(
    ("name", "nodes", "figure"), [("W1", 40, 50), ("W2", 102, 2), ("W3", 1000, 500), ("W4", 500, 250), ("W5", 20, 7)]
)
def test_a_workload_is_quoted_by_its_figure(name: str, nodes: int, figure: float) -> None:
    workload = WORKLOADS[name]
    assert workload.nodes == nodes
    assert workload.figure(Timing(2.0, [0.005, 0.007, 0.9])) == pytest.approx(figure)
