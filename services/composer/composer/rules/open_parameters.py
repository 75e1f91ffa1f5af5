"""Flow parameters that an execution leaves open: no value is given, and there is no default. Pure."""

from collections.abc import Container, Iterator, Mapping
from functools import lru_cache

from queryflow.domain.errors import Problem
from queryflow.domain.flow.flow import Flow, FlowReference, Node
from queryflow.domain.flow.template import Dialect
from queryflow.domain.flow.version import Version
from queryflow.domain.ids import NodeId, ParameterName
from queryflow.domain.values.parameters import Values
from queryflow.sql.reading.placeholders import placeholders_of
from queryflow.sql.reading.tokens import tokenize


def open_problems(
    version: Version, values: Values, set_elsewhere: Mapping[NodeId, Container[ParameterName]]
) -> Iterator[Problem]:
    """The open flow parameters that something of the version needs, each once.

    `set_elsewhere` names the parameters of nodes that the execution or a connection sets.
    A node whose template's parameter may be left out takes a null, as if the node said nothing. It never takes the
    template's default: `{flow: …}` asks for another value.
    """
    if None not in values.values():
        return
    named = {name for name, value in values.items() if value is None}
    needed = {
        **dict(_by_filters(version.flow)),
        **{name: user for node in version.flow.nodes for name, user in _by_node(version, node, set_elsewhere)},
    }
    for name in sorted(named & needed.keys()):
        message = f"{name} has no value and no default, and {needed[name]} needs it; give it a value for this run."
        yield Problem("MISSING_VALUE", f"parameters.{name}", message)


def _by_node(
    version: Version, node: Node, set_elsewhere: Mapping[NodeId, Container[ParameterName]]
) -> Iterator[tuple[str, str]]:
    template, elsewhere = version.template_of(node), set_elsewhere.get(node.node_id, ())
    for name, value in node.parameters.items():
        parameter = template.parameter(name)
        if parameter is None or not isinstance(value, FlowReference) or name in elsewhere:
            continue
        if parameter.required or parameter.default is not None:
            yield value.flow, f"{name} of the node {node.node_id}"


def _by_filters(flow: Flow) -> Iterator[tuple[str, str]]:
    for connection in flow.connections:
        for binding in connection.map.values():
            for name in _named_in(binding.where or ""):
                yield name, f"where of the connection {connection.id}"


@lru_cache(maxsize=1_024)
def _named_in(where: str) -> tuple[str, ...]:
    tokens = tokenize(where, Dialect.DUCKDB)
    return tuple(each.name for each in placeholders_of(tokens, Dialect.DUCKDB))
