"""The shapes of workflows that science runs: Montage, Epigenomics, 1000Genome, Blast and others, of 22 to 1,976 nodes.

`workflows.json` has, by name, for each node the places of the nodes before it, in an order that can be run. The shapes
were made once with the recipes of WfCommons (https://wfcommons.org), each with seed 7.
"""

import json
from pathlib import Path

Graph = list[list[int]]
"""For each node its parents, which all stand before it."""

GRAPHS: dict[str, Graph] = json.loads(Path(__file__).with_suffix(".json").read_text())


def edges(graph: Graph) -> list[tuple[str, str]]:
    """The graph's edges from parent to child, by the nodes' names."""
    return [(name(parent), name(node)) for node, parents in enumerate(graph) for parent in parents]


def name(node: int) -> str:
    """What the node is called in a flow."""
    return f"n{node}"
