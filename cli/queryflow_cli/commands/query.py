"""query: runs one SQL text. workflows: saved queries."""

from typing import Annotated
from uuid import UUID

import typer

from queryflow_cli.commands.options import Csv, Data, Ephemeral, Home, Json, Parameters, Queries, Server
from queryflow_cli.terminal.exit_codes import run_async
from queryflow_cli.terminal.run_options import SessionOptions, Shown

workflows = typer.Typer(help="Save single queries and run them by their ids.", no_args_is_help=True)

Connection = Annotated[str | None, typer.Option(help="The engine connection to run on.")]
Dialect = Annotated[str, typer.Option(help="duckdb or amc.")]
WorkflowId = Annotated[UUID, typer.Argument(metavar="WORKFLOW_ID", help="As `workflows list` shows it.")]


def query(
    sql: Annotated[str, typer.Argument(metavar="SQL", help="One SELECT; {{name}} stands for a parameter.")],
    connection: Connection = None,
    data: Data = None,
    param: Annotated[
        list[str] | None, typer.Option(help="name=value, or name:type=value as in day:date=2026-11-22. Repeatable.")
    ] = None,
    dialect: Dialect = "duckdb",
    as_json: Json = False,
    as_csv: Csv = False,
    home: Home = None,
    ephemeral: Ephemeral = False,
    server: Server = None,
) -> None:
    """Run one query and show its rows."""
    from queryflow_cli.usecases.queries import QueryRequest, run_query

    request = QueryRequest(sql, connection, tuple(param or ()), dialect, _shown(as_json, as_csv))
    run_async(run_query(request, SessionOptions(home, ephemeral, data, server)))


def run_template(
    template_id: Annotated[str, typer.Argument(metavar="TEMPLATE_ID")],
    connection: Connection = None,
    data: Data = None,
    param: Parameters = None,
    as_json: Json = False,
    as_csv: Csv = False,
    home: Home = None,
    server: Server = None,
) -> None:
    """Run a template by itself and show its rows."""
    from queryflow_cli.usecases import queries

    request = queries.QueryRequest(template_id, connection, tuple(param or ()), shown=_shown(as_json, as_csv))
    run_async(queries.run_template(request, SessionOptions(home, data=data, server=server)))


@workflows.command("list")
def list_workflows(as_json: Json = False, home: Home = None, server: Server = None) -> None:
    """List the saved queries."""
    from queryflow_cli.usecases import queries

    run_async(queries.list_workflows(SessionOptions(home, server=server), as_json=as_json))


@workflows.command("add")
def add_workflow(
    name: Annotated[str, typer.Argument(help="What people call it.")],
    connection: Annotated[str, typer.Option(help="The engine connection to run on.")],
    template: Annotated[str | None, typer.Option(help="The template it runs.")] = None,
    sql: Annotated[str | None, typer.Option(help="The SQL it runs.")] = None,
    dialect: Dialect = "duckdb",
    param: Parameters = None,
    home: Home = None,
    server: Server = None,
) -> None:
    """Save a query: a template, or a SQL text, with its values."""
    from queryflow_cli.usecases import queries

    if (template is None) is (sql is None):
        raise typer.BadParameter("name one of --template and --sql", param_hint="--template")
    subject = {"template_id": template} if sql is None else {"sql": sql, "dialect": dialect}
    document = {"name": name, "connection": connection, **subject}
    run_async(queries.add_workflow(document, tuple(param or ()), SessionOptions(home, server=server)))


@workflows.command("run")
def run_workflow(
    workflow_id: WorkflowId,
    param: Parameters = None,
    connection: Connection = None,
    as_json: Json = False,
    as_csv: Csv = False,
    sql: Queries = False,
    home: Home = None,
    server: Server = None,
) -> None:
    """Run a saved query and show its rows."""
    from queryflow_cli.usecases import queries

    shown = Shown(as_json, sql, rows_only=not sql, as_csv=as_csv)
    request = queries.QueryRequest(str(workflow_id), connection, tuple(param or ()), shown=shown)
    run_async(queries.run_workflow(request, SessionOptions(home, server=server)))


@workflows.command("remove")
def remove_workflow(workflow_id: WorkflowId, home: Home = None, server: Server = None) -> None:
    """Remove a saved query; what it ran stays."""
    from queryflow_cli.usecases import queries

    run_async(queries.remove_workflow(str(workflow_id), SessionOptions(home, server=server)))


def _shown(as_json: bool, as_csv: bool) -> Shown:
    if as_json and as_csv:
        raise typer.BadParameter("choose --json or --csv", param_hint="--json")
    return Shown(as_json, rows_only=True, as_csv=as_csv)
