"""Flow files and template files as a person hands them to the command line."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import typer

from queryflow.domain.errors import Invalid, Problem, Refused
from queryflow.domain.flow.flow import Flow
from queryflow.domain.flow.flow_file import flow_to_document, read_flow
from queryflow.domain.flow.places import located
from queryflow.domain.flow.template import Template
from queryflow.domain.flow.template_file import read_template, template_to_document
from queryflow.domain.flow.yaml_reader import read_yaml
from queryflow.domain.storable import MOST_BYTES

TEMPLATE = "template"


@dataclass(frozen=True, slots=True)
class FlowFile:
    """A flow file that could be read."""

    text: str
    flow: Flow

    @property
    def document(self) -> dict[str, Any]:
        """The flow as the API takes it."""
        return flow_to_document(self.flow)

    def located(self, problems: Iterable[Problem]) -> tuple[Problem, ...]:
        """The problems a server found, with their places in this file: those of inline templates in their SQL."""
        return located(self.text, (self._in_file(problem) for problem in problems))

    def _in_file(self, problem: Problem) -> Problem:
        room, _, rest = problem.path.partition(".")
        node, _, field = rest.partition(".")
        if room != "nodes" or field != "template" or problem.line is None:
            return problem
        template = next((str(each.template) for each in self.flow.nodes if each.node_id == node), "")
        return replace(problem, path=f"templates.{template}.sql") if template in self.flow.templates else problem


@dataclass(frozen=True, slots=True)
class TemplateFile:
    """A template file that could be read."""

    text: str
    template: Template

    @property
    def document(self) -> dict[str, Any]:
        """The template as the API takes it."""
        return template_to_document(self.template)


def read_flow_file(path: Path) -> FlowFile:
    """The flow in the file; Invalid lists what is wrong with it, Refused says why it cannot be read."""
    text = read_text(path)
    with _named(path):
        return FlowFile(text, read_flow(text))


def read_template_file(path: Path) -> TemplateFile:
    """The template in the file; Invalid lists what is wrong with it, Refused says why it cannot be read."""
    text = read_text(path)
    with _named(path):
        return TemplateFile(text, read_template(text))


def read_any_file(path: Path) -> FlowFile | TemplateFile:
    """The flow or the template in the file, by what it says that it is."""
    return read_template_file(path) if is_template(read_text(path)) else read_flow_file(path)


def is_template(text: str) -> bool:
    """Whether the text says that it is a template; what cannot be read does not."""
    try:
        document = read_yaml(text)
    except Invalid:
        return False
    return isinstance(document, Mapping) and document.get("kind") == TEMPLATE


def read_text(path: Path) -> str:
    """The text of a file of a person's; Refused says why it cannot be read."""
    try:
        with path.open(encoding="utf-8") as file:
            return file.read(MOST_BYTES + 1)  # a longer one is refused, however long it is
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        hint = " A saved flow's id begins with comp_." if isinstance(error, FileNotFoundError) else ""
        message = f"The file {path} cannot be read: {reason}.{hint}"
        raise Refused(message, code="FILE_NOT_READABLE") from error


def write_file(text: str, path: Path | None) -> None:
    """Write the text to the file, or to standard output; Refused says why it cannot be written."""
    if path is None:
        typer.echo(text, nl=False)
        return
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise Refused(f"{path} cannot be written: {error.strerror}.", code="FILE_NOT_WRITABLE") from error


@contextmanager
def _named(path: Path) -> Iterator[None]:
    """A block whose Invalid says which file it is about."""
    try:
        yield
    except Invalid as error:
        raise Invalid(f"{path}: {error.message}", error.problems, code=error.error_code) from None
