"""Looking a flow over: its templates and engine connections, and everything that is wrong with it."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace

from composer.access.transaction import Transaction
from composer.repository.engine_connections import EngineConnectionRecord, read_engine_connections
from composer.repository.learnt_outputs import read_learnt
from composer.repository.templates import newest_versions, read_versions
from composer.rules.execution_requests import ExecutionRequest
from composer.rules.freezing import Frozen, freeze
from composer.rules.pinning import Pin, pin_problems, pins_of
from queryflow.domain.errors import Invalid, Problem, Severity
from queryflow.domain.flow.flow import Flow
from queryflow.domain.flow.learning import is_open, with_learnt
from queryflow.domain.flow.semantics import NEWEST, Semantics
from queryflow.domain.flow.template import Template
from queryflow.domain.flow.validation import Surroundings
from queryflow.domain.ids import TemplateId
from queryflow.engines.catalogue import dialects
from queryflow.sql.checks.flow_problems import flow_problems


@dataclass(frozen=True, slots=True)
class Texts:
    """The templates of a flow, and every version of them that its nodes name and that exists."""

    templates: Mapping[TemplateId, Template]
    known: frozenset[Pin]


@dataclass(frozen=True, slots=True)
class Examined:
    """A flow with what it stands on, and its problems."""

    flow: Flow
    templates: Mapping[TemplateId, Template]
    connections: Mapping[str, EngineConnectionRecord]
    problems: list[Problem]
    semantics: Semantics = NEWEST

    def freeze(self) -> Frozen:
        """The flow as a version that can run; Invalid with every problem if it cannot."""
        refuse_errors(f"The flow {self.flow.composition_id} cannot run yet.", self.problems)
        engines = {name: each.frozen for name, each in self.connections.items()}
        return freeze(self.flow, self.templates, engines, self.semantics)


async def examine(transaction: Transaction, flow: Flow) -> Examined:
    """Look the flow over."""
    texts = await read_texts(transaction, flow)
    examined = await examine_with(transaction, flow, texts.templates)
    examined.problems[:0] = pin_problems(flow, texts.known)
    return examined


async def examine_with(
    transaction: Transaction, flow: Flow, templates: Mapping[TemplateId, Template], semantics: Semantics = NEWEST
) -> Examined:
    """Look the flow over with these texts of its templates; in a thread, for a large one takes a second."""
    connections = await read_engine_connections(transaction.connection)
    engines = {name: record.frozen for name, record in connections.items()}
    around = Surroundings(templates, engines, dialects(), semantics)
    problems = await asyncio.to_thread(flow_problems, flow, around)
    told = await _learnt(transaction, templates)
    if told is not templates:
        known = await asyncio.to_thread(flow_problems, flow, replace(around, templates=told))
        problems = _as_warnings(known, problems)
    return Examined(flow, templates, connections, problems, semantics)


async def _learnt(transaction: Transaction, templates: Mapping[TemplateId, Template]) -> Mapping[TemplateId, Template]:
    """The templates with the outputs that runs told; as they are given where none told any."""
    pins = [(each.template_id, each.version) for each in templates.values() if is_open(each)]
    learnt = await read_learnt(transaction.connection, pins) if pins else {}
    if not learnt:
        return templates
    return {name: with_learnt(template, learnt) for name, template in templates.items()}


def _as_warnings(known: list[Problem], plain: list[Problem]) -> list[Problem]:
    """The problems by what runs told: a warning where only they say so, for on other data a run may tell otherwise."""
    certain = {(each.code, each.path) for each in plain}
    return [
        each if (each.code, each.path) in certain else replace(each, severity=Severity.WARNING, fixes=())
        for each in known
    ]


async def read_texts(transaction: Transaction, flow: Flow) -> Texts:
    """The texts the flow's nodes name; for a version that does not exist the newest stands in."""
    newest = await newest_versions(transaction.connection, {node.template for node in flow.nodes})
    named = pins_of(flow)
    found = await read_versions(transaction.connection, named | set(newest.items()))
    templates = {template: found[template, version] for template, version in newest.items()}
    templates |= {template: found[template, version] for template, version in named if (template, version) in found}
    return Texts(templates, frozenset(found))


def supplied(examined: Examined, request: ExecutionRequest) -> Examined:
    """What was examined, without the problems of required values that the execution itself gives."""
    given = {
        f"nodes.{node}.parameters.{name}"
        for node, values in request.node_parameters.items()
        for name, value in values.items()
        if value is not None
    }
    problems = [each for each in examined.problems if each.code != "MISSING_VALUE" or each.path not in given]
    return replace(examined, problems=problems)


def refuse_errors(message: str, problems: list[Problem]) -> None:
    """Raise Invalid with all problems if one of them forbids running."""
    if any(problem.severity is Severity.ERROR for problem in problems):
        raise Invalid(message, problems)
