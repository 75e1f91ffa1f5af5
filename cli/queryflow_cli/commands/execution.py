"""watch, cancel, results: what one does with executions."""

from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer

from queryflow_cli.commands.options import Csv, Home, Json, Queries, Server
from queryflow_cli.terminal.exit_codes import run_async
from queryflow_cli.terminal.run_options import SessionOptions, Shown

ExecutionId = Annotated[UUID, typer.Argument(metavar="EXECUTION_ID", help="As `run` and the API give it.")]


def watch_execution(
    execution_id: ExecutionId, home: Home = None, as_json: Json = False, sql: Queries = False, server: Server = None
) -> None:
    """Follow an execution until it ends."""
    from queryflow_cli.usecases import executions

    options = SessionOptions(home, server=server)
    run_async(executions.watch_execution(str(execution_id), options, Shown(as_json, sql)))


def cancel_execution(execution_id: ExecutionId, home: Home = None, server: Server = None) -> None:
    """Ask an execution to end."""
    from queryflow_cli.usecases import executions

    run_async(executions.cancel_execution(str(execution_id), SessionOptions(home, server=server)))


def show_results(
    execution_id: ExecutionId,
    node: Annotated[str | None, typer.Argument(metavar="NODE", help="A node's id; else the last one.")] = None,
    as_csv: Csv = False,
    as_json: Json = False,
    out: Annotated[
        Path | None, typer.Option(help="The file for the CSV; else standard output.", dir_okay=False)
    ] = None,
    home: Home = None,
    server: Server = None,
) -> None:
    """Show the rows of a node: the first ones as a table, or all of them as CSV or JSON."""
    from queryflow_cli.usecases.executions import RowsRequest, show_rows

    if as_json and (as_csv or out):
        raise typer.BadParameter("choose --json or --csv", param_hint="--json")
    rows = RowsRequest(str(execution_id), node, as_csv, as_json, out)
    run_async(show_rows(rows, SessionOptions(home, server=server)))
