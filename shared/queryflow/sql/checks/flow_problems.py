"""All that is wrong with a flow: what `domain.validation` finds, and what reading the SQL adds."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache

from queryflow.domain.errors import Problem, Severity
from queryflow.domain.flow import validation
from queryflow.domain.flow.flow import Binding, Connection, Flow, OnEmpty
from queryflow.domain.flow.kinds import Kind, column_kind
from queryflow.domain.flow.template import Template
from queryflow.domain.flow.validation import Surroundings
from queryflow.domain.ids import NodeId, ParameterName, TemplateId
from queryflow.domain.values.parameters import ParameterType
from queryflow.sql.checks.outputs import yields_one_row
from queryflow.sql.checks.template_facts import TemplateFacts, template_facts
from queryflow.sql.checks.template_problems import template_problems
from queryflow.sql.writing.binding_query import order_problems
from queryflow.sql.writing.predicate import where_problems

__all__ = ["flow_problems", "template_problems"]

NO_FACTS = TemplateFacts(frozenset(), frozenset())


@dataclass(frozen=True, slots=True)
class Understood:
    """What reading a template's SQL told: what keeps it from running, and else its facts."""

    template: Template
    errors: tuple[Problem, ...] = ()
    facts: TemplateFacts = field(default=NO_FACTS)
    one_row: bool = False


def flow_problems(flow: Flow, around: Surroundings) -> list[Problem]:
    """Every problem of the flow, errors and warnings, at the paths of the flow document; none means that it can run."""
    templates = around.templates
    used = {node.template: templates[node.template] for node in flow.nodes if node.template in templates}
    understood = {template_id: understand(template) for template_id, template in used.items()}
    one_row = [template_id for template_id, each in understood.items() if each.one_row]
    by_node = {node.node_id: understood[node.template] for node in flow.nodes if node.template in understood}
    declared = {str(each.name): each.type for each in flow.parameters}
    return [
        *validation.flow_problems(flow, replace(around, one_row=one_row)),
        *_template_errors(flow, understood),
        *(problem for each in flow.connections for problem in _connection_problems(each, by_node, declared)),
    ]


def understand(template: Template) -> Understood:
    """What reading the template's SQL tells; remembered, for flows are judged at every save and every start."""
    return _understood(template.model_dump_json())


@lru_cache(maxsize=1_024)
def _understood(document: str) -> Understood:
    template = Template.model_validate_json(document)
    errors = tuple(each for each in template_problems(template) if each.severity is Severity.ERROR)
    if errors:
        return Understood(template, errors)
    return Understood(template, facts=template_facts(template), one_row=yields_one_row(template))


def _template_errors(flow: Flow, understood: Mapping[TemplateId, Understood]) -> Iterator[Problem]:
    """What keeps a template from running, once, at the first node that uses it."""
    said: set[TemplateId] = set()
    for node in flow.nodes:
        if node.template in understood and node.template not in said:
            said.add(node.template)
            for problem in understood[node.template].errors:
                message = f"The template {node.template}: {problem.message}"
                inline = node.template in flow.templates
                path = f"templates.{node.template}.{problem.path}" if inline else f"nodes.{node.node_id}.template"
                yield replace(problem, path=path, message=message, fixes=())


def _connection_problems(
    connection: Connection, by_node: Mapping[NodeId, Understood], declared: Mapping[str, ParameterType]
) -> Iterator[Problem]:
    reads, feeds = by_node.get(connection.source), by_node.get(connection.target)
    outputs = reads.template.outputs if reads else ()
    columns = {each.name: column_kind(each.type) for each in outputs} or None
    for name, binding in connection.map.items():
        path = f"connections.{connection.id}.map.{name}"
        yield from _text_problems(binding, columns, declared, path)
        if feeds is not None:
            yield from _empty_problems(binding, name, feeds, path)


def _text_problems(
    binding: Binding, columns: Mapping[str, Kind] | None, declared: Mapping[str, ParameterType], path: str
) -> Iterator[Problem]:
    if binding.where is not None:
        yield from where_problems(binding.where, columns, declared, f"{path}.where")
    yield from order_problems(binding.order_by, None if columns is None else list(columns), f"{path}.order_by")


def _empty_problems(binding: Binding, name: ParameterName, feeds: Understood, path: str) -> Iterator[Problem]:
    facts, where = feeds.facts, f"{path}.on_empty"
    everything = name in facts.empty_means_everything
    if binding.on_empty is OnEmpty.MATCH_NOTHING and everything:
        message = f"In {feeds.template.template_id} an empty {name} means everything; choose skip, fail or match_all."
        yield Problem("EMPTY_MEANS_EVERYTHING", where, message)
    if binding.on_empty is OnEmpty.MATCH_NOTHING and name in facts.negated:
        message = (
            f"{feeds.template.template_id} negates {name}, so an empty list leaves nothing out; choose skip or fail."
        )
        yield Problem("EMPTY_NEGATED", where, message)
    if binding.on_empty is OnEmpty.MATCH_ALL and not everything and not feeds.errors:
        message = f"An empty {name} does not mean everything in {feeds.template.template_id}; choose skip or fail."
        yield Problem("EMPTY_MEANS_NOTHING", where, message)
