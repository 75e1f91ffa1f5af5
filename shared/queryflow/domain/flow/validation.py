"""All that is wrong with a flow as far as no SQL need be read; `sql/checks/flow_problems.py` adds the rest."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from queryflow.domain.errors import Fix, Problem
from queryflow.domain.flow.bindings import Feed, binding_problems
from queryflow.domain.flow.flow import Connection, Flow, FlowReference, Node
from queryflow.domain.flow.flow_file import connection_to_document
from queryflow.domain.flow.graph import graph_problems
from queryflow.domain.flow.kinds import PARAMETER_KINDS, fits
from queryflow.domain.flow.semantics import NEWEST, Semantics
from queryflow.domain.flow.template import Dialect, Template
from queryflow.domain.flow.values import check_value, missing, parameter_problems
from queryflow.domain.flow.version import EngineConnection
from queryflow.domain.flow.windows import window_problems
from queryflow.domain.ids import NodeId, ParameterName, TemplateId
from queryflow.domain.suggestions import did_you_mean
from queryflow.domain.values.parameters import Parameter, ParameterType
from queryflow.domain.wording import with_article

MOST_TO_PATCH = 200
"""A fix repeats all connections with their mappings, as a merge patch must; larger flows get fixes by title only."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a flow is judged against: templates and engine connections by name, and what the engines run."""

    templates: Mapping[TemplateId, Template]
    connections: Mapping[str, EngineConnection]
    dialects: Mapping[str, Collection[Dialect]]
    """By engine, the dialects it runs."""
    semantics: Semantics = NEWEST
    """What the flow's bindings mean."""
    one_row: Collection[TemplateId] = frozenset()
    """The templates that yield one row, as far as their SQL was read."""


def flow_problems(flow: Flow, around: Surroundings) -> list[Problem]:
    """Every problem of the flow that needs no SQL: graph, templates, values, windows, bindings, engine connections.

    Paths are those of the flow document.
    """
    return [
        *_empty_flow(flow),
        *graph_problems(flow),
        *_flow_parameter_problems(flow),
        *(window_problems(flow.window, "window") if flow.window else ()),
        *_flow_connection_problems(flow, around),
        *(problem for node in flow.nodes for problem in _node_problems(flow, node, around)),
        *_value_problems(flow, around),
        *_binding_problems(flow, around),
    ]


def declaration_problems(template: Template) -> list[Problem]:
    """What is wrong with a template's declarations, its SQL apart: names given twice, rules, defaults."""
    return [
        *_duplicate_names("parameters", (parameter.name for parameter in template.parameters)),
        *_duplicate_names("outputs", (output.name for output in template.outputs)),
        *(
            problem
            for parameter in template.parameters
            for problem in parameter_problems(parameter, f"parameters.{parameter.name}")
        ),
    ]


def _empty_flow(flow: Flow) -> Iterator[Problem]:
    if not flow.nodes:
        yield Problem("EMPTY_FLOW", "nodes", "The flow has no nodes; add one to run it.")


def _flow_parameter_problems(flow: Flow) -> Iterator[Problem]:
    for declared in flow.parameters:
        if declared.default is not None:
            parameter = Parameter(name=declared.name, type=declared.type)
            yield from check_value(parameter, declared.default, f"parameters.{declared.name}.default")[1]
    yield from _duplicate_names("parameters", (declared.name for declared in flow.parameters))


def _duplicate_names(room: str, names: Iterable[str]) -> Iterator[Problem]:
    for name, count in Counter(names).items():
        if count > 1:
            yield Problem("DUPLICATE_NAME", f"{room}.{name}", f"{name} is declared {count} times; keep one.")


def _node_problems(flow: Flow, node: Node, around: Surroundings) -> Iterator[Problem]:
    path, template = f"nodes.{node.node_id}", around.templates.get(node.template)
    if template is None:
        message = f"There is no template {node.template}{_meant(node.template, around.templates)}"
        yield Problem("UNKNOWN_TEMPLATE", f"{path}.template", message)
    if node.window:
        yield from window_problems(node.window, f"{path}.window")
    yield from _engine_problems(flow, node, around)


def _flow_connection_problems(flow: Flow, around: Surroundings) -> Iterator[Problem]:
    is_used = any(node.connection is None for node in flow.nodes)
    if is_used and flow.connection is not None and flow.connection not in around.connections:
        yield _unknown_connection(flow.connection, "connection", around)


def _engine_problems(flow: Flow, node: Node, around: Surroundings) -> Iterator[Problem]:
    name, path = node.connection or flow.connection, f"nodes.{node.node_id}.connection"
    template, connection = around.templates.get(node.template), around.connections.get(name or "")
    if name is None:
        yield Problem("NO_CONNECTION", path, "Neither the node nor the flow names an engine connection.")
    elif connection is None:
        if node.connection:  # the flow's own is said once
            yield _unknown_connection(name, path, around)
    elif connection.engine not in around.dialects:
        yield Problem("UNKNOWN_ENGINE", path, f"The engine {connection.engine} of {name} is not one that runs here.")
    elif template is not None and template.dialect not in around.dialects[connection.engine]:
        message = f"{template.template_id} is written for {template.dialect}; {name} runs {connection.engine}."
        yield Problem("WRONG_ENGINE", path, message)


def _unknown_connection(name: str, path: str, around: Surroundings) -> Problem:
    meant = _meant(name, around.connections, "; make it, or name another for this node, the flow or this run.")
    return Problem("UNKNOWN_CONNECTION", path, f"There is no engine connection {name}{meant}")


def _value_problems(flow: Flow, around: Surroundings) -> Iterator[Problem]:
    fed: dict[NodeId, set[ParameterName]] = {node.node_id: set() for node in flow.nodes}
    for connection in flow.connections:
        fed.get(connection.target, set()).update(connection.map)
    types = {declared.name: declared.type for declared in flow.parameters}
    for node in flow.nodes:
        if template := around.templates.get(node.template):
            yield from _set_problems(node, template, types)
            yield from _missing_problems(node, template, fed[node.node_id])


def _set_problems(node: Node, template: Template, types: Mapping[ParameterName, ParameterType]) -> Iterator[Problem]:
    """What is wrong with the values set on the node."""
    declared = {parameter.name: parameter for parameter in template.parameters}
    for name, value in node.parameters.items():
        path = f"nodes.{node.node_id}.parameters.{name}"
        if name not in declared:
            yield _unknown_parameter(template, name, path)
        elif isinstance(value, FlowReference):
            yield from _reference_problems(declared[name], value, types, path)
        elif value is not None:
            yield from check_value(declared[name], value, path)[1]


def _reference_problems(
    parameter: Parameter, reference: FlowReference, types: Mapping[ParameterName, ParameterType], path: str
) -> Iterator[Problem]:
    given = types.get(reference.flow)
    if given is None:
        message = (
            f"The flow has no parameter {reference.flow}{_meant(reference.flow, types, '; declare it or set a value.')}"
        )
        yield Problem("UNKNOWN_FLOW_PARAMETER", path, message)
    elif not _takes(parameter.type, given):
        takes = f"{parameter.name} takes {with_article(parameter.type)}"
        message = f"The flow parameter {reference.flow} is {with_article(given)}; {takes}."
        yield Problem("TYPE_MISMATCH", path, message)


def _takes(wanted: ParameterType, given: ParameterType) -> bool:
    """Whether a parameter takes the value of a flow parameter of that type."""
    one, other = PARAMETER_KINDS[given], PARAMETER_KINDS[wanted]
    if one is None or other is None or given is ParameterType.PATTERN:
        return given is wanted
    return fits(one, other) and given.is_list == wanted.is_list


def _missing_problems(node: Node, template: Template, fed: Collection[ParameterName]) -> Iterator[Problem]:
    for parameter in template.parameters:
        is_set = node.parameters.get(parameter.name) is not None or parameter.default is not None
        if parameter.required and not is_set and parameter.name not in fed:
            yield missing(parameter, f"nodes.{node.node_id}.parameters.{parameter.name}")


def _binding_problems(flow: Flow, around: Surroundings) -> Iterator[Problem]:
    used = {node.node_id: around.templates.get(node.template) for node in flow.nodes}
    is_small = sum(1 + len(each.map) for each in flow.connections) <= MOST_TO_PATCH
    for connection in flow.connections:
        source, target = used.get(connection.source), used.get(connection.target)
        for name, binding in connection.map.items():
            path = f"connections.{connection.id}.map.{name}"
            parameter = target.parameter(name) if target else None
            if target and not parameter:
                yield _unknown_parameter(target, name, path)
            elif parameter and source:
                feed = Feed(binding, parameter, source, source.template_id in around.one_row, around.semantics)
                problems = binding_problems(feed, path)
                patch = partial(_whole_patch, flow, connection, name) if is_small else _no_patch
                yield from (
                    replace(problem, fixes=tuple(Fix(fix.title, patch(fix)) for fix in problem.fixes))
                    for problem in problems
                )


def _no_patch(_: Fix) -> dict[str, Any]:
    return {}


def _whole_patch(flow: Flow, patched: Connection, name: ParameterName, fix: Fix) -> dict[str, Any]:
    """The fix's patch of a binding as a patch of the flow's document."""
    documents = []
    for connection in flow.connections:
        document = connection_to_document(connection)
        if connection is patched:
            binding = patched.map[name].model_dump(mode="json", exclude_defaults=True)
            changed = {key: value for key, value in {**binding, **fix.patch}.items() if value is not None}
            document["map"] = {**document["map"], name: changed}
        documents.append(document)
    return {"connections": documents}


def _unknown_parameter(template: Template, name: str, path: str) -> Problem:
    names = [parameter.name for parameter in template.parameters]
    message = f"{template.template_id} declares no parameter {name}{_meant(name, names)}"
    return Problem("UNKNOWN_PARAMETER", path, message)


def _meant(name: str, known: Collection[str], else_said: str = ".") -> str:
    """The end of a sentence about a name that is not known: what comes near, or what else one may do."""
    near = did_you_mean(name, known)
    return f"; {near}?" if near else else_said
