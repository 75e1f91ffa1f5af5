"""Flows and versions for tests, small ones from a line of text and random ones from hypothesis."""

from collections.abc import Iterable
from typing import Any

from hypothesis import strategies as st

from queryflow.domain.flow.flow import Connection, Flow, Node
from queryflow.domain.flow.template import Template
from queryflow.domain.flow.version import EngineConnection, Version
from queryflow.domain.ids import NodeId

ECHO = EngineConnection(name="none", engine="echo")
NOTHING = Template.model_validate({"template_id": "nothing", "name": "Nothing", "dialect": "duckdb", "sql": "SELECT 1"})


def flow_of(edges: str, nodes: str = "", **more: Any) -> Flow:
    """A flow of edges like `a>b b?c` (`?` is a connection that is not required), and of nodes without edges."""
    pairs = [(edge[0], edge[1] == ">", edge[2:]) for edge in edges.split()]
    names = dict.fromkeys([*nodes.split(), *(name for source, _, target in pairs for name in (source, target))])
    connections = [
        Connection.model_validate({"id": f"c{place}", "from": source, "to": target, "required": required})
        for place, (source, required, target) in enumerate(pairs)
    ]
    return flow_with(names, connections, **more)


def flow_with(names: Iterable[str], connections: Iterable[Connection], **more: Any) -> Flow:
    found = tuple(Node(node_id=NodeId(name), template=NOTHING.template_id, **more) for name in names)
    return Flow(composition_id="comp_test", name="Test", connection="none", nodes=found, connections=tuple(connections))


def version_of(flow: Flow) -> Version:
    return Version(flow=flow, templates={NOTHING.template_id: NOTHING}, connections={"none": ECHO})


@st.composite
def random_flows(draw: st.DrawFn, most: int = 8) -> Flow:
    """A graph without cycles in which two nodes may be joined twice, each time required or not."""
    size = draw(st.integers(1, most))
    names = [f"n{place}" for place in range(size)]
    order = draw(st.permutations(names))
    pairs = [(one, other) for place, one in enumerate(names) for other in names[place + 1 :]]
    drawn = draw(st.lists(st.tuples(st.sampled_from(pairs), st.booleans()), max_size=2 * size)) if pairs else []
    connections = [
        Connection.model_validate({"id": f"c{place}", "from": one, "to": other, "required": required})
        for place, ((one, other), required) in enumerate(drawn)
    ]
    return flow_with(order, connections)
