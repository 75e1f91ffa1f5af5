"""Everything that is wrong with a flow file or a template file, judged here with the templates that are at hand."""

from collections.abc import Mapping
from pathlib import Path

from queryflow.domain.errors import Invalid, Problem
from queryflow.domain.flow.flow import Flow
from queryflow.domain.flow.places import located
from queryflow.domain.flow.template import Template
from queryflow.domain.flow.template_file import read_template
from queryflow.domain.flow.validation import Surroundings
from queryflow.domain.flow.version import EngineConnection
from queryflow.domain.ids import TemplateId
from queryflow_cli.system.library import template_texts
from queryflow_cli.terminal.files import FlowFile, read_any_file

Templates = Mapping[TemplateId, Template]


def problems_in(file: Path, saved: Templates | None = None) -> list[Problem]:
    """Everything wrong with a file, by its own templates, the saved ones and the shipped ones, with its place in it."""
    try:
        found = read_any_file(file)
    except Invalid as error:
        return list(error.problems)
    from queryflow.sql.checks.flow_problems import template_problems

    if isinstance(found, FlowFile):
        return list(found.located(_problems_of(found.flow, saved or {})))
    return list(located(found.text, template_problems(found.template)))


def unknown_templates(file: Path) -> set[TemplateId]:
    """The templates that the flow in the file names and neither it nor the library has; none of what cannot be read."""
    try:
        found = read_any_file(file)
    except Invalid:
        return set()
    if not isinstance(found, FlowFile):
        return set()
    return {node.template for node in found.flow.nodes} - set(found.flow.templates) - set(_shipped())


def _problems_of(flow: Flow, saved: Templates) -> list[Problem]:
    from queryflow.engines.catalogue import dialects
    from queryflow.engines.duckdb.kind import DUCKDB
    from queryflow.sql.checks.flow_problems import flow_problems

    names = {flow.connection, *(node.connection for node in flow.nodes)} - {None}
    connections = {str(name): EngineConnection(name=str(name), engine=DUCKDB.name) for name in names}
    templates = {**_shipped(), **saved, **flow.templates}
    return flow_problems(flow, Surroundings(templates, connections, dialects()))


def _shipped() -> Templates:
    return {each.template_id: each for each in map(read_template, template_texts())}
