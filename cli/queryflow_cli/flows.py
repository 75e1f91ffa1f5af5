"""Flow files as a person hands them to the command line."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Never

import typer

from queryflow.domain.errors import Invalid, Problem, Refused
from queryflow.domain.flow import Flow
from queryflow.domain.flow_file import read_flow
from queryflow.domain.ids import TemplateId
from queryflow.domain.parameters import ParameterType
from queryflow.domain.storable import MOST_BYTES
from queryflow.domain.template import Template
from queryflow.domain.template_file import read_template
from queryflow.domain.version import EngineConnection
from queryflow_cli.library import template_texts


def read_flow_file(path: Path) -> Flow:
    """The flow in the file; Invalid lists what is wrong with it, Refused says why it cannot be read."""
    try:
        with path.open(encoding="utf-8") as file:
            text = file.read(MOST_BYTES + 1)  # a longer one is refused, however long it is
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        hint = " A saved flow's id begins with comp_." if isinstance(error, FileNotFoundError) else ""
        message = f"The flow file {path} cannot be read: {reason}.{hint}"
        raise Refused(message, code="FILE_NOT_READABLE") from error
    return read_flow(text)


def write_flow_file(text: str, path: Path | None) -> None:
    """Write the text to the file, or to standard output; Refused says why it cannot be written."""
    if path is None:
        typer.echo(text, nl=False)
        return
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise Refused(f"{path} cannot be written: {error.strerror}.", code="FILE_NOT_WRITABLE") from error


def problems_in(file: Path) -> list[Problem]:
    """Everything wrong with a flow file, judged without a server: by its own templates and the shipped ones."""
    try:
        return _problems_of(read_flow_file(file))
    except Invalid as error:
        return list(error.problems)


def _problems_of(flow: Flow) -> list[Problem]:
    from queryflow.sql.flow_problems import flow_problems

    shipped = (read_template(text) for text in template_texts())
    templates: dict[TemplateId, Template] = {each.template_id: each for each in shipped} | flow.templates
    names = {flow.connection, *(node.connection for node in flow.nodes)} - {None}
    connections = {str(name): EngineConnection(name=str(name), engine="duckdb") for name in names}
    return flow_problems(flow, templates, connections)


def read_assignments(assignments: Iterable[str]) -> dict[str, str]:
    """What was typed as `name=value`, by name; Refused if it has another form."""
    found: dict[str, str] = {}
    for assignment in assignments:
        name, separator, value = assignment.partition("=")
        if not separator or not name:
            raise Refused(f"--param takes name=value, not {assignment!r}.", code="PARAMETER_FORM")
        if name in found:
            raise Refused(f"--param {name} is given twice; a list is written a,b,c.", code="PARAMETER_TWICE")
        found[name] = value
    return found


def parameters_of(typed: Mapping[str, str], types: Mapping[str, ParameterType]) -> dict[str, Any]:
    """Typed values as the API takes them: text for texts, JSON for everything that is not text."""
    return {name: _value(value, types.get(name)) for name, value in typed.items()}


def _value(text: str, kind: ParameterType | None) -> Any:
    """A list may be JSON or words between commas; `007` stays text where the parameter is text."""
    if kind is not None and kind.is_list and not text.lstrip().startswith("["):
        return [_value(each.strip(), _ITEMS.get(kind)) for each in text.split(",") if each.strip()]
    if kind in _TEXTS:
        return text
    try:
        return json.loads(text, parse_constant=_no_number)
    except ValueError:
        return text


def _no_number(word: str) -> Never:
    raise ValueError(f"{word} is no JSON")


_TEXTS = {ParameterType.STRING, ParameterType.ENUM, ParameterType.DATE, ParameterType.TIMESTAMP}
_ITEMS = {
    ParameterType.STRING_LIST: ParameterType.STRING,
    ParameterType.CAMPAIGN_LIST: ParameterType.STRING,
    ParameterType.ASIN_LIST: ParameterType.STRING,
    ParameterType.DATE_LIST: ParameterType.DATE,
    ParameterType.INTEGER_LIST: ParameterType.INTEGER,
    ParameterType.NUMBER_LIST: ParameterType.NUMBER,
}
