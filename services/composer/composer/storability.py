"""What the tables cannot hold, so that saving is refused; whatever else is wrong with a flow is only listed. Pure."""

from collections.abc import Collection, Iterator, Sequence

from queryflow.domain.errors import Problem
from queryflow.domain.flow import Flow
from queryflow.domain.graph import duplicate_problems, reference_problems
from queryflow.domain.ids import TemplateId
from queryflow.domain.template import Template

LONGEST_TAG = 100
LONGEST_NAME = 100
"""Characters that the columns for names of categories, parameters and engine connections have."""
LONGEST_LABEL = 255


def flow_storage_problems(flow: Flow, known: Collection[TemplateId]) -> list[Problem]:
    """Why the head's tables cannot hold the flow; `known` are the templates that exist."""
    return [
        *reference_problems(flow),
        *_unknown_templates(flow, known),
        *_long_tags(flow.tags),
        *_too_long("connection", flow.connection, LONGEST_NAME),
    ]


def template_storage_problems(template: Template) -> list[Problem]:
    """Why the templates' tables cannot hold the template."""
    names = [parameter.name for parameter in template.parameters]
    return [
        *duplicate_problems("parameters", "DUPLICATE_PARAMETER", names),
        *duplicate_problems("charts", "DUPLICATE_CHART", [chart.name for chart in template.charts]),
        *_long_tags(template.tags),
        *_too_long("category", template.category, LONGEST_NAME),
        *(problem for name in names for problem in _too_long(f"parameters.{name}", name, LONGEST_NAME)),
        *(
            problem
            for each in template.parameters
            for problem in _too_long(f"parameters.{each.name}.label", each.label, LONGEST_LABEL)
        ),
        *(problem for chart in template.charts for problem in _too_long("charts", chart.name, LONGEST_LABEL)),
    ]


def _unknown_templates(flow: Flow, known: Collection[TemplateId]) -> Iterator[Problem]:
    for node in flow.nodes:
        if node.template not in known:
            message = f"There is no template {node.template}; save it first, or put it into the document's templates."
            yield Problem("UNKNOWN_TEMPLATE", f"nodes.{node.node_id}.template", message)


def _long_tags(tags: Sequence[str]) -> Iterator[Problem]:
    for tag in tags:
        yield from _too_long("tags", tag, LONGEST_TAG)


def _too_long(path: str, text: str | None, longest: int) -> Iterator[Problem]:
    if text is not None and len(text) > longest:
        yield Problem("TOO_LONG", path, f"At most {longest} characters; this has {len(text)}.")
