"""Engine connections on a system: people's folders, by name."""

import asyncio
from dataclasses import dataclass
from pathlib import Path

import typer

from queryflow.domain.errors import Conflict, TryAgain
from queryflow.domain.states import ExecutionState
from queryflow.sql.literals import quote_name
from queryflow_cli.client.client import Document, RefusedByServer
from queryflow_cli.terminal.console import next_steps, open_console, print_json
from queryflow_cli.terminal.listing import print_list
from queryflow_cli.terminal.report import print_result
from queryflow_cli.terminal.run_options import SessionOptions
from queryflow_cli.terminal.waiting import waiting
from queryflow_cli.usecases.catalogue import print_tables
from queryflow_cli.usecases.session import Session, open_session

LOOKED_WITHIN_SECONDS = 120.0
LOOK_SECONDS = 0.2
ROWS_EACH = 5
TABLES_WITH_ROWS = 5
"""Of at most this many tables the first rows are shown unasked."""


@dataclass(frozen=True, slots=True)
class FolderRequest:
    """Which folder an engine connection is to read."""

    name: str
    folder: Path
    """On the machine where executors run."""
    replace: bool = False


async def add_connection(request: FolderRequest, options: SessionOptions) -> bool:
    """Make an engine connection to a folder, and show the tables it has."""
    async with open_session(options) as session:
        await _refuse_another(session, request)
        if session.database_url is None:
            await session.client.save_connection(_document(request))
        else:  # who may use the home may read what its owner may read
            from queryflow_cli.system.seeding import connect_folder

            await connect_folder(request.name, request.folder, session.database_url)
        typer.echo(f"The engine connection {request.name} reads {request.folder}.")
        catalogue = await _looked_at(session, request.name)
        print_tables(catalogue)
        tables = catalogue["tables"]
        if tables:
            begin, end = session.command, session.words
            sql = _first_rows_of(str(tables[0]["name"]))
            steps = {f"{begin} query '{sql}' --connection {request.name}{end}": "runs one query"}
            next_steps(steps | {f"{begin} connections show {request.name}{end}": "tables, columns and first rows"})
    return bool(catalogue["state"] == "ready")


async def list_connections(options: SessionOptions, *, as_json: bool) -> bool:
    """Show which engine connections there are, and what they read."""
    async with open_session(options) as session:
        names = [str(each["name"]) for each in await session.client.connections()]
        found = await asyncio.gather(*(session.client.connection(name) for name in names))
    if as_json:
        print_json({"connections": found})
    else:
        rows = [(each["name"], each["engine"], _folder(each) or "", each.get("as_of") or "") for each in found]
        print_list("engine connection", ("connection", "engine", "folder", "data up to"), rows)
    return True


async def show_connection(name: str, table: str | None, options: SessionOptions, *, as_json: bool) -> bool:
    """Show the tables of an engine connection with their columns and first rows."""
    async with open_session(options) as session:
        catalogue = await _looked_at(session, name)
        if as_json:
            print_json(catalogue)
            return bool(catalogue["state"] == "ready")
        print_tables(catalogue, columns=True)
        readable = [each["name"] for each in catalogue["tables"] if not each.get("error")]
        chosen = [table] if table is not None else readable[:TABLES_WITH_ROWS]
        totals = {each["name"]: each["rows"] for each in catalogue["tables"]}
        for each in await asyncio.gather(*(_first_rows(session, name, each) for each in chosen)):
            if isinstance(each, str):
                typer.echo(each)
            else:  # the query's own total ends at its limit
                total = {"total": totals.get(each["node_id"]) or each["total"]}
                print_result(open_console(), each | total)
        if table is None and len(readable) > TABLES_WITH_ROWS:
            typer.echo(f"First rows of another: {session.command} connections show {name} TABLE{session.words}")
    return bool(catalogue["state"] == "ready")


async def remove_connection(name: str, options: SessionOptions) -> bool:
    """Remove an engine connection that nothing uses; the folder stays as it is."""
    async with open_session(options) as session:
        await session.client.remove_connection(name)
    typer.echo(f"The engine connection {name} is gone; its folder stays as it is.")
    return True


def _folder(connection: Document) -> str | None:
    """The folder it reads; None for one that reads none."""
    return (connection.get("settings") or {}).get("folder")


def _document(request: FolderRequest) -> Document:
    return {"name": request.name, "settings": {"folder": str(request.folder)}}


async def _refuse_another(session: Session, request: FolderRequest) -> None:
    """Conflict if the name stands for another folder: flows that name it would silently read other data."""
    try:
        present = await session.client.connection(request.name)
    except RefusedByServer:
        return
    folder = _folder(present)
    if folder != str(request.folder) and not request.replace:
        message = f"The engine connection {request.name} reads {folder}; name another, or replace it with --replace."
        raise Conflict(message, code="CONNECTION_EXISTS")


async def _looked_at(session: Session, name: str) -> Document:
    """The tables as they are now."""
    with waiting() as line:
        line.say(f"Looking at the tables of {name}")
        catalogue = await session.client.look_again(name)
        deadline = asyncio.get_running_loop().time() + LOOKED_WITHIN_SECONDS
        while catalogue["state"] == "pending":
            if asyncio.get_running_loop().time() > deadline:
                raise TryAgain(f"Nobody has looked at the tables of {name} yet; does an executor run?")
            await asyncio.sleep(LOOK_SECONDS)
            catalogue = await session.client.catalogue(name)
    return catalogue


async def _first_rows(session: Session, connection: str, table: str) -> Document | str:
    """The first rows of the table, as a node's result has them, or a sentence why there are none."""
    options: Document = {"sql": _first_rows_of(table), "connection": connection}
    execution_id = str((await session.client.run_query(options))["execution_id"])
    execution = [each async for each in session.client.follow(execution_id)][-1]
    node = execution["nodes"][0]
    if execution["state"] != ExecutionState.SUCCEEDED:
        return f"{table}: {(node.get('error') or {}).get('message', execution['state'])}"
    found = await session.client.results(execution_id, node["node_id"], ROWS_EACH)
    return f"{table}: its rows are gone." if found is None else {"node_id": table, **found}


def _first_rows_of(table: str) -> str:
    return f"FROM {quote_name(table)} LIMIT {ROWS_EACH}"
