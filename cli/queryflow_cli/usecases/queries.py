"""Single queries: a SQL text, a template, or a saved query."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import typer

from queryflow.domain.errors import Refused
from queryflow_cli.client.client import Client, Document, problem_of
from queryflow_cli.terminal.console import next_steps, print_json
from queryflow_cli.terminal.listing import print_list
from queryflow_cli.terminal.problems import print_problems
from queryflow_cli.terminal.run_options import SessionOptions, Shown
from queryflow_cli.terminal.typed import parameter_types, parameters_of, read_assignments, said_types
from queryflow_cli.usecases.running import watch
from queryflow_cli.usecases.session import Session, open_session


@dataclass(frozen=True, slots=True)
class QueryRequest:
    """What is to be run, on what, with which values."""

    subject: str
    """A SQL text, a template's id, or the id of a saved query."""
    connection: str | None = None
    assignments: tuple[str, ...] = ()
    dialect: str = "duckdb"
    shown: Shown = field(default_factory=lambda: Shown(rows_only=True))


async def run_query(query: QueryRequest, options: SessionOptions) -> bool:
    """Run a SQL text and show its rows; whether it succeeded."""
    parameters = said_types(read_assignments(query.assignments))
    async with open_session(options) as session:
        document: Document = {"sql": query.subject, "dialect": query.dialect, "parameters": parameters}
        accepted = await session.client.run_query(document | {"connection": await _connection(session, query)})
        return await watch(session, str(accepted["execution_id"]), query.shown)


async def run_template(query: QueryRequest, options: SessionOptions) -> bool:
    """Run a template and show its rows; whether it succeeded."""
    typed = read_assignments(query.assignments)
    async with open_session(options) as session:
        parameters = parameters_of(typed, parameter_types(await session.client.template(query.subject)))
        asked = {"parameters": parameters, "connection": await _connection(session, query)}
        accepted = await session.client.run_template(query.subject, asked)
        return await watch(session, str(accepted["execution_id"]), query.shown)


async def run_workflow(query: QueryRequest, options: SessionOptions) -> bool:
    """Run a saved query and show its rows; whether it succeeded."""
    typed = read_assignments(query.assignments)
    async with open_session(options) as session:
        workflow = await session.client.workflow(query.subject)
        asked: Document = {"parameters": await values_of(session.client, workflow, typed)}
        asked |= {} if (named := query.connection or session.data) is None else {"connection": named}
        accepted = await session.client.run_workflow(query.subject, asked)
        return await watch(session, str(accepted["execution_id"]), query.shown)


async def add_workflow(document: Document, assignments: tuple[str, ...], options: SessionOptions) -> bool:
    """Save a query to run it by its id, and say what is still wrong with it."""
    typed = read_assignments(assignments)
    async with open_session(options) as session:
        parameters = await values_of(session.client, document, typed)
        saved = await session.client.create_workflow(document | {"parameters": parameters})
        print_problems(map(problem_of, saved.get("problems") or ()))
        typer.echo(f"Saved {saved['name']} as {saved['id']}.")
        next_steps({f"{session.command} workflows run {saved['id']}{session.words}": "runs it"})
    return True


async def list_workflows(options: SessionOptions, *, as_json: bool) -> bool:
    """Show which queries are saved."""
    async with open_session(options) as session:
        workflows = await session.client.workflows()
    if as_json:
        print_json({"workflows": workflows})
    else:
        rows = [(each["id"], each["name"], _subject(each), each.get("connection") or "") for each in workflows]
        print_list("saved query", ("workflow", "name", "runs", "connection"), rows, prose=("name", "runs"))
    return True


def _subject(workflow: Document) -> str:
    """What it runs, on one line."""
    return workflow.get("template_id") or " ".join(str(workflow.get("sql") or "").split())


async def remove_workflow(workflow_id: str, options: SessionOptions) -> bool:
    """Remove a saved query; what it ran stays."""
    async with open_session(options) as session:
        await session.client.remove_workflow(workflow_id)
    typer.echo(f"The saved query {workflow_id} is gone; what it ran stays.")
    return True


async def values_of(client: Client, query: Document, typed: Mapping[str, str]) -> Document:
    """Typed values as the API takes them for a saved query: by its template's types, or as they say themselves."""
    template = query.get("template_id")
    return parameters_of(typed, parameter_types(await client.template(template))) if template else said_types(typed)


async def _connection(session: Session, query: QueryRequest) -> str:
    """The engine connection to run on: the named one, the folder's, or the only one there can be meant."""
    named = query.connection or session.data
    if named is not None:
        return named
    names = ", ".join(str(each["name"]) for each in await session.client.connections())
    message = f"Say where to run it: --connection NAME (there are: {names or 'none yet'}), or --data FOLDER."
    raise Refused(message, code="NO_CONNECTION")
