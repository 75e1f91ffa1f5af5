"""connections: people's own folders, by the names that flows use."""

import os
import re
from pathlib import Path
from typing import Annotated

import typer

from queryflow_cli.commands.options import Home, Json, Server, named_database
from queryflow_cli.terminal.exit_codes import run_async
from queryflow_cli.terminal.run_options import SessionOptions

connections = typer.Typer(help="Give folders names, so that flows run on them.", no_args_is_help=True)

NAME = re.compile(r"[a-z][a-z0-9_]{0,99}")
Name = Annotated[str, typer.Argument(help="The engine connection's name, as flows say it.")]
Folder = Annotated[Path, typer.Argument(help="A folder with a table per file, as the executors see it.")]


@connections.command("add")
def add_connection(
    name: Name,
    folder: Folder,
    replace: Annotated[bool, typer.Option("--replace", help="Let an existing name read this folder.")] = False,
    home: Home = None,
    server: Server = None,
) -> None:
    """Let flows run on a folder: a table per CSV, Parquet or JSON file, or per subfolder of such files."""
    from queryflow_cli.usecases.connections import FolderRequest, add_connection

    _refuse_a_wrong_name(name)
    if server is None:
        _refuse_no_folder(folder)
        folder = folder.absolute()
    if os.environ.get("QUERYFLOW_DATABASE_URL") and server is None:
        run_async(_write(name, folder, named_database()))
    run_async(add_connection(FolderRequest(name, folder, replace), SessionOptions(home, server=server)))


@connections.command("list")
def list_connections(as_json: Json = False, home: Home = None, server: Server = None) -> None:
    """List the engine connections."""
    from queryflow_cli.usecases import connections as usecases

    run_async(usecases.list_connections(SessionOptions(home, server=server), as_json=as_json))


@connections.command("show")
def show_connection(
    name: Name,
    table: Annotated[str | None, typer.Argument(metavar="TABLE", help="Only its first rows.")] = None,
    as_json: Json = False,
    home: Home = None,
    server: Server = None,
) -> None:
    """Show the tables of an engine connection, their columns and first rows."""
    from queryflow_cli.usecases import connections as usecases

    run_async(usecases.show_connection(name, table, SessionOptions(home, server=server), as_json=as_json))


@connections.command("remove")
def remove_connection(name: Name, home: Home = None, server: Server = None) -> None:
    """Remove an engine connection that nothing uses; the folder stays as it is."""
    from queryflow_cli.usecases import connections as usecases

    run_async(usecases.remove_connection(name, SessionOptions(home, server=server)))


def connect_data(name: Name, folder: Folder) -> None:
    """Let the flows of the database in QUERYFLOW_DATABASE_URL run on a folder; now: connections add."""
    _refuse_a_wrong_name(name)
    _refuse_no_folder(folder)
    run_async(_write(name, folder.absolute(), named_database()))


def _refuse_a_wrong_name(name: str) -> None:
    if not NAME.fullmatch(name):
        raise typer.BadParameter("small letters, digits and _, a letter first", param_hint="name")


def _refuse_no_folder(folder: Path) -> None:
    if not folder.is_dir():
        raise typer.BadParameter(f"there is no folder {folder}", param_hint="folder")


async def _write(name: str, folder: Path, database_url: str) -> bool:
    """Into the database of a deployed system, whose services need not run now."""
    from queryflow_cli.system.seeding import connect_folder
    from queryflow_cli.system.services import usable_database

    with usable_database():
        await connect_folder(name, folder, database_url)
    typer.echo(f"The engine connection {name} reads {folder}.")
    return True
