"""The graphs of the workloads: which node follows which. Node bodies do nothing (engine `echo`)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

TEMPLATE_ID = "bench_echo"

TEMPLATE: Mapping[str, Any] = {
    "queryflow": 1,
    "kind": "template",
    "template_id": TEMPLATE_ID,
    "name": "Nothing",
    "dialect": "duckdb",
    "sql": "SELECT 1 AS one",
    "parameters": {},
    "outputs": {"one": {"type": "INTEGER", "nullable": False}},
}


@dataclass(frozen=True, slots=True)
class Shape:
    """A graph: the number of nodes, and the edges as (parent, child), 0-based."""

    nodes: int
    edges: tuple[tuple[int, int], ...]

    def children(self) -> list[list[int]]:
        """The children of each node."""
        found: list[list[int]] = [[] for _ in range(self.nodes)]
        for parent, child in self.edges:
            found[parent].append(child)
        return found

    def parents(self) -> list[int]:
        """The number of parents of each node."""
        counts = [0] * self.nodes
        for _, child in self.edges:
            counts[child] += 1
        return counts


def chain(length: int) -> Shape:
    """One after the other."""
    return Shape(length, tuple((node, node + 1) for node in range(length - 1)))


def fan(width: int) -> Shape:
    """One, then `width` at once, then one."""
    out = tuple((0, 1 + node) for node in range(width))
    into = tuple((1 + node, width + 1) for node in range(width))
    return Shape(width + 2, out + into)


def layers(depth: int, width: int, parents: int) -> Shape:
    """`depth` layers of `width` nodes, each with `parents` parents in the layer before."""
    edges = tuple(
        ((layer - 1) * width + (node + offset * 7) % width, layer * width + node)
        for layer in range(1, depth)
        for node in range(width)
        for offset in range(parents)
    )
    return Shape(depth * width, edges)


def diamonds() -> Shape:
    """Ten nodes: one, four, four crossing, one."""
    first = tuple((0, 1 + node) for node in range(4))
    crossing = tuple((1 + node, 5 + (node + offset) % 4) for node in range(4) for offset in range(2))
    last = tuple((5 + node, 9) for node in range(4))
    return Shape(10, first + crossing + last)


def document(name: str, shape: Shape) -> dict[str, Any]:
    """The shape as a flow document."""
    return {
        "queryflow": 1,
        "kind": "composition",
        "composition_id": f"comp_bench_{name.lower()}",
        "name": f"Workload {name}",
        "connection": "echo",
        "nodes": {f"n{node}": {"template": TEMPLATE_ID} for node in range(shape.nodes)},
        "connections": [
            {"id": f"e{number}", "from": f"n{parent}", "to": f"n{child}"}
            for number, (parent, child) in enumerate(shape.edges)
        ],
    }
