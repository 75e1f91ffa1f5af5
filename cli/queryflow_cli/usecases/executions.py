"""Following executions, ending them, and looking at their rows."""

from dataclasses import dataclass
from pathlib import Path

import typer

from queryflow.domain.errors import Refused
from queryflow_cli.terminal.console import open_console, print_json
from queryflow_cli.terminal.report import ROWS_SHOWN, print_result, result_document
from queryflow_cli.terminal.run_options import SessionOptions, Shown
from queryflow_cli.usecases.rows import no_rows, write_csv
from queryflow_cli.usecases.running import watch
from queryflow_cli.usecases.session import Session, open_session


@dataclass(frozen=True, slots=True)
class RowsRequest:
    """Which rows to show, and how."""

    execution_id: str
    node_id: str | None = None
    """None: the last node of the flow that has no other after it."""
    as_csv: bool = False
    as_json: bool = False
    out: Path | None = None
    """The file for CSV; else standard output."""


async def watch_execution(execution_id: str, options: SessionOptions, shown: Shown) -> bool:
    """Follow an execution to its end and show it; whether it succeeded."""
    async with open_session(options) as session:
        return await watch(session, execution_id, shown)


async def cancel_execution(execution_id: str, options: SessionOptions) -> bool:
    """Ask an execution to end."""
    async with open_session(options) as session:
        await session.client.cancel(execution_id)
        typer.echo(f"Execution {execution_id} was asked to end; {session.command} watch {execution_id} shows how.")
    return True


async def show_rows(rows: RowsRequest, options: SessionOptions) -> bool:
    """Show the rows of a node: the first as a table, or all of them as CSV or JSON."""
    async with open_session(options) as session:
        node_id = rows.node_id or await _last_sink(session, rows.execution_id)
        if rows.as_csv or rows.out is not None:
            await write_csv(session, rows.execution_id, node_id, rows.out)
            return True
        found = await session.client.results(rows.execution_id, node_id, None if rows.as_json else ROWS_SHOWN)
        if found is None:
            raise await no_rows(session, rows.execution_id, node_id)
        result = {"node_id": node_id, **found}
        if rows.as_json:
            print_json(result_document(result))
        else:
            print_result(open_console(), result)
            if found["total"] > ROWS_SHOWN:
                name = f"{session.command} results {rows.execution_id} {node_id} --csv{session.words}"
                typer.echo(f"All rows: {name}", err=True)
    return True


async def _last_sink(session: Session, execution_id: str) -> str:
    execution = await session.client.execution(execution_id)
    sinks = [str(node["node_id"]) for node in execution["nodes"] if node["is_sink"]]
    if not sinks:
        raise Refused(f"The execution {execution_id} has no nodes yet.", code="NO_RESULT")
    return sinks[-1]
