"""How a command finds a system: the one that runs in the home, else one of its own for as long as the command takes."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import typer

from queryflow.domain.errors import Refused
from queryflow_cli.client.client import Client, open_client
from queryflow_cli.system.home import RunningSystem, home_directory, running_in, throw_away_home
from queryflow_cli.system.system import SystemOptions, embedded_parts, open_system
from queryflow_cli.terminal.naming import command_name, in_home, own_name
from queryflow_cli.terminal.run_options import SessionOptions
from queryflow_cli.terminal.waiting import Waiting


@dataclass(frozen=True, slots=True)
class Session:
    """A system that a command talks to."""

    client: Client
    own: bool = False
    """It ends with the command."""
    ephemeral: bool = False
    """Its home is gone afterwards."""
    words: str = ""
    """What to add to another command so that it finds the same system."""
    command: str = "queryflow"
    """How the person starts a command here."""
    database_url: str | None = None
    """Of a system on this machine."""
    data: str | None = None
    """The engine connection to the folder the command was given."""


@asynccontextmanager
async def open_session(options: SessionOptions) -> AsyncIterator[Session]:
    """A ready system and a client of it."""
    if options.server is not None:
        _refuse_a_home(options)
        async with open_client(options.server) as client:
            yield Session(client, words=f" --server {options.server}", command=command_name())
        return
    async with AsyncExitStack() as stack:
        home = stack.enter_context(throw_away_home()) if options.ephemeral else home_directory(options.home)
        found = running_in(home)
        system = found or await _start(stack, SystemOptions(home))
        data = None if options.data is None else await connect_own(options.data, system.database_url)
        client = await stack.enter_async_context(open_client(system.url))
        own, database = found is None, system.database_url
        yield Session(client, own, options.ephemeral, in_home(home), command_name(), database, data)


def _refuse_a_home(options: SessionOptions) -> None:
    server = str(options.server)
    if not server.startswith(("http://", "https://")):
        raise Refused(f"--server takes a URL, such as http://127.0.0.1:8700, not {server}.", code="NO_URL")
    if options.ephemeral or options.data is not None or options.home is not None:
        message = "--server names a system elsewhere; --home, --ephemeral and --data are for one of this machine."
        raise Refused(message, code="SERVER_AND_HOME")


async def connect_own(folder: Path, database_url: str) -> str:
    """The name of the folder's own engine connection, which is made or made again."""
    from queryflow_cli.system.seeding import connect_folder

    name = own_name(folder)
    await connect_folder(name, folder, database_url)
    return name


async def _start(stack: AsyncExitStack, options: SystemOptions) -> RunningSystem:
    """A system of the command's own, until the stack ends; it says where it lives and what it brings."""
    system, _ = await stack.enter_async_context(open_system(options, Waiting()))
    typer.echo(f"QueryFlow in {options.home}, embedded: {', '.join(embedded_parts()) or 'nothing'}.", err=True)
    return system
