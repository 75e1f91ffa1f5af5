"""Templates on a system, and files checked with them."""

import json
from pathlib import Path

import typer
from rich.syntax import Syntax
from rich.text import Text

from queryflow.domain.errors import Problem
from queryflow.domain.flow.places import located
from queryflow.domain.flow.template import Template
from queryflow.domain.flow.template_file import template_from_document, template_to_document, write_template
from queryflow.domain.ids import TemplateId
from queryflow_cli.client.client import Document, RefusedByServer, problem_of
from queryflow_cli.system.home import LOCK, home_directory
from queryflow_cli.terminal.console import open_console, print_json, show
from queryflow_cli.terminal.files import read_template_file, write_file
from queryflow_cli.terminal.listing import print_list
from queryflow_cli.terminal.problems import print_problems
from queryflow_cli.terminal.report import new_table
from queryflow_cli.terminal.run_options import SessionOptions
from queryflow_cli.usecases.judging import problems_in, unknown_templates
from queryflow_cli.usecases.session import open_session

STORED = frozenset({"id", "created_at", "updated_at", "problems"})
"""What the API adds to a template."""


async def import_templates(paths: list[Path], options: SessionOptions) -> bool:
    """Save template files, new or as new versions, and say what is still wrong with them."""
    files = {path: read_template_file(path) for path in paths}
    async with open_session(options) as session:
        for file in files.values():
            try:
                saved = await session.client.save_template(file.document)
            except RefusedByServer as refused:
                refused.problems = located(file.text, refused.problems)
                raise
            print_problems(located(file.text, map(problem_of, saved.get("problems") or ())))
            typer.echo(f"Saved {saved['template_id']}, version {saved['version']}.")
    return True


async def list_templates(options: SessionOptions, *, as_json: bool) -> bool:
    """Show what templates there are."""
    async with open_session(options) as session:
        templates = await session.client.templates()
    if as_json:
        print_json({"templates": templates})
    else:
        names = ("template_id", "version", "dialect", "name")
        rows = [[each[name] for name in names] for each in templates]
        print_list("template", ("template", "version", "dialect", "name"), rows, prose=("name",))
    return True


async def show_template(template_id: str, options: SessionOptions, *, as_yaml: bool) -> bool:
    """Show a template: its parameters, its columns and its SQL; or write it as a template file."""
    async with open_session(options) as session:
        template = _template(await session.client.template(template_id))
    if as_yaml:
        write_file(write_template(template), None)
    else:
        _print(template)
    return True


async def judge(path: Path, options: SessionOptions) -> list[Problem]:
    """Everything wrong with a file, with the saved templates where it names one that is neither in it nor shipped."""
    unknown = unknown_templates(path)
    there = options.server is not None or (home_directory(options.home) / LOCK).exists()
    if not (unknown and there):
        return problems_in(path)
    async with open_session(options) as session:
        known = await session.client.template_ids() & unknown
        saved = [_template(await session.client.template(each)) for each in sorted(known)]
    return problems_in(path, {TemplateId(each.template_id): each for each in saved})


def _template(document: Document) -> Template:
    return template_from_document({key: value for key, value in document.items() if key not in STORED})


def _print(template: Template) -> None:
    console = open_console()
    head = template_to_document(template)
    show(console, Text(f"{template.template_id}, version {template.version}: {template.name}", style="bold"))
    if template.description:
        show(console, Text(template.description))
    parameters = new_table("\nparameters", "name", "type", "required", "default", "label")
    for each in template.parameters:
        default = "" if each.default is None else json.dumps(each.default, ensure_ascii=False)
        words = (each.name, each.type.value, "yes" if each.required else "no", default, each.label or "")
        parameters.add_row(*map(Text, words))
    outputs = new_table("columns", "name", "type")
    for column in template.outputs:
        outputs.add_row(Text(column.name), Text(column.type or "unknown until it has run"))
    show(console, *([parameters] if template.parameters else []), *([outputs] if template.outputs else []))
    show(console, Syntax(str(head["sql"]).rstrip(), "sql", word_wrap=True, background_color="default"))
