"""Turns an existing combination of templates, an ordered list with shared parameters, into a composition. Pure."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count, pairwise

from pydantic import JsonValue

from queryflow.domain.flow.flow import Connection, Flow, FlowParameter, FlowReference, Layout, Node
from queryflow.domain.flow.template import Template
from queryflow.domain.ids import CompositionId, ConnectionId, NodeId, ParameterName, TemplateId

COLUMN_WIDTH = 420.0


@dataclass(frozen=True, slots=True)
class Combination:
    """Templates that were run one after the other with the same values, as they were kept before compositions."""

    composition_id: CompositionId
    name: str
    templates: Sequence[Template]
    """In the order in which they ran; one may come twice."""
    shared_parameters: Mapping[ParameterName, JsonValue] = field(default_factory=dict)
    """The values that every template took which declares a parameter of that name."""


def composition_of(combination: Combination) -> Flow:
    """A flow that runs the templates in the same order with the same values.

    Each shared parameter becomes a flow parameter with its value as the default, and every node whose template declares
    it refers to it; what no template declares meant nothing and is left out. The connections keep the order only.
    """
    node_ids = _node_ids(template.template_id for template in combination.templates)
    shared = combination.shared_parameters
    return Flow(
        composition_id=combination.composition_id,
        name=combination.name,
        parameters=tuple(_flow_parameters(combination)),
        nodes=tuple(
            Node(node_id=node_id, template=template.template_id, parameters=_references(template, shared))
            for node_id, template in zip(node_ids, combination.templates, strict=True)
        ),
        connections=tuple(
            Connection(id=ConnectionId(f"order_{number}"), source=before, target=after)
            for number, (before, after) in enumerate(pairwise(node_ids), start=1)
        ),
        layout=Layout(positions={node_id: (at * COLUMN_WIDTH, 0.0) for at, node_id in enumerate(node_ids)}),
    )


def _node_ids(templates: Iterable[TemplateId]) -> list[NodeId]:
    """A valid node id for each use of a template: its own id, with a number from the second use on."""
    taken: list[NodeId] = []
    for template in templates:
        base = re.sub("^[^a-z]", r"node_\g<0>", template)[:90]
        numbered = (base if number == 1 else f"{base}_{number}" for number in count(1))
        taken.append(NodeId(next(each for each in numbered if each not in taken)))
    return taken


def _flow_parameters(combination: Combination) -> Iterable[FlowParameter]:
    for name, value in combination.shared_parameters.items():
        declared = (template.parameter(name) for template in combination.templates)
        first = next((parameter for parameter in declared if parameter is not None), None)
        if first is not None:
            yield FlowParameter(name=name, type=first.type, default=value, label=first.label)


def _references(template: Template, shared: Mapping[ParameterName, JsonValue]) -> dict[ParameterName, FlowReference]:
    return {each.name: FlowReference(flow=each.name) for each in template.parameters if each.name in shared}
