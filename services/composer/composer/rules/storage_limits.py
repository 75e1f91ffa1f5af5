"""What the tables cannot hold, so that saving is refused; whatever else is wrong with a flow is only listed. Pure."""

from collections.abc import Collection, Iterator

from composer.rules.bounds import (
    LONGEST_COLUMN,
    LONGEST_DESCRIPTION,
    LONGEST_EXPRESSION,
    LONGEST_LABEL,
    LONGEST_NAME,
    MOST_CHARTS,
    MOST_KEYS,
    MOST_NOTES,
    MOST_OUTPUTS,
    MOST_PARAMETERS,
    tag_problems,
    too_long,
    too_many,
)
from queryflow.domain.errors import Problem
from queryflow.domain.flow.flow import Connection, Flow, FlowParameter, Node
from queryflow.domain.flow.graph import duplicate_problems, reference_problems
from queryflow.domain.flow.template import Output, Template
from queryflow.domain.ids import TemplateId
from queryflow.domain.values.parameters import Parameter


def flow_storage_problems(flow: Flow, known: Collection[TemplateId]) -> list[Problem]:
    """Why the head's tables cannot hold the flow; `known` are the templates that exist."""
    return [
        *reference_problems(flow),
        *_unknown_templates(flow, known),
        *tag_problems(flow.tags),
        *too_long("description", flow.description, LONGEST_DESCRIPTION),
        *too_long("connection", flow.connection, LONGEST_NAME),
        *too_many("layout.notes", flow.layout.notes, MOST_NOTES),
        *too_many("parameters", flow.parameters, MOST_PARAMETERS),
        *(problem for each in flow.parameters for problem in _parameter_lengths(each, f"parameters.{each.name}")),
        *(problem for node in flow.nodes for problem in _node_lengths(node, f"nodes.{node.node_id}")),
        *(problem for each in flow.connections for problem in _connection_lengths(each)),
    ]


def template_storage_problems(template: Template) -> list[Problem]:
    """Why the templates' tables cannot hold the template."""
    names = [parameter.name for parameter in template.parameters]
    return [
        *duplicate_problems("parameters", "DUPLICATE_PARAMETER", names),
        *duplicate_problems("charts", "DUPLICATE_CHART", [chart.name for chart in template.charts]),
        *tag_problems(template.tags),
        *too_long("description", template.description, LONGEST_DESCRIPTION),
        *too_long("category", template.category, LONGEST_NAME),
        *too_many("charts", template.charts, MOST_CHARTS),
        *too_many("outputs", template.outputs, MOST_OUTPUTS),
        *(problem for each in template.outputs for problem in _output_lengths(each)),
        *(problem for each in template.parameters for problem in _parameter_lengths(each, f"parameters.{each.name}")),
        *(
            problem
            for each in template.parameters
            for problem in too_long(f"parameters.{each.name}.help", each.help, LONGEST_DESCRIPTION)
        ),
        *(problem for chart in template.charts for problem in too_long("charts", chart.name, LONGEST_LABEL)),
    ]


def _parameter_lengths(parameter: Parameter | FlowParameter, path: str) -> Iterator[Problem]:
    yield from too_long(path, parameter.name, LONGEST_NAME)
    yield from too_long(f"{path}.label", parameter.label, LONGEST_LABEL)


def _output_lengths(output: Output) -> Iterator[Problem]:
    yield from too_long("outputs", output.name, LONGEST_COLUMN)
    yield from too_long(f"outputs.{output.name}", output.type, LONGEST_EXPRESSION)


def _node_lengths(node: Node, path: str) -> Iterator[Problem]:
    yield from too_long(f"{path}.connection", node.connection, LONGEST_NAME)
    yield from too_long(f"{path}.when", node.when, LONGEST_EXPRESSION)


def _connection_lengths(connection: Connection) -> Iterator[Problem]:
    for name, binding in connection.map.items():
        path = f"connections.{connection.id}.map.{name}"
        yield from too_long(path, name, LONGEST_NAME)
        yield from too_long(f"{path}.column", binding.column, LONGEST_COLUMN)
        yield from too_long(f"{path}.where", binding.where, LONGEST_EXPRESSION)
        yield from too_many(f"{path}.order_by", binding.order_by, MOST_KEYS)
        for key in binding.order_by[:MOST_KEYS]:
            yield from too_long(f"{path}.order_by", key, LONGEST_COLUMN + len(" desc"))


def _unknown_templates(flow: Flow, known: Collection[TemplateId]) -> Iterator[Problem]:
    for node in flow.nodes:
        if node.template not in known:
            message = f"There is no template {node.template}; save it first, or put it into the document's templates."
            yield Problem("UNKNOWN_TEMPLATE", f"nodes.{node.node_id}.template", message)
