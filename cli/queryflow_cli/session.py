"""How a command finds a system: the one that runs in the home, else one of its own for as long as the command takes."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import typer

from queryflow.domain.errors import Refused
from queryflow_cli.client import Client, open_client
from queryflow_cli.home import RunningSystem, home_directory, running_in, throw_away_home
from queryflow_cli.naming import command_name, in_home, own_name
from queryflow_cli.system import SystemWish, embedded_parts, open_system
from queryflow_cli.waiting import Waiting
from queryflow_cli.wishes import SessionWish


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
async def open_session(wish: SessionWish) -> AsyncIterator[Session]:
    """A ready system and a client of it."""
    if wish.server is not None:
        _refuse_a_home(wish)
        async with open_client(wish.server) as client:
            yield Session(client, words=f" --server {wish.server}", command=command_name())
        return
    async with AsyncExitStack() as stack:
        home = stack.enter_context(throw_away_home()) if wish.ephemeral else home_directory(wish.home)
        found = running_in(home)
        system = found or await _start(stack, SystemWish(home))
        data = None if wish.data is None else await connect_own(wish.data, system.database_url)
        client = await stack.enter_async_context(open_client(system.url))
        own, database = found is None, system.database_url
        yield Session(client, own, wish.ephemeral, in_home(home), command_name(), database, data)


def _refuse_a_home(wish: SessionWish) -> None:
    server = str(wish.server)
    if not server.startswith(("http://", "https://")):
        raise Refused(f"--server takes a URL, such as http://127.0.0.1:8700, not {server}.", code="NO_URL")
    if wish.ephemeral or wish.data is not None or wish.home is not None:
        message = "--server names a system elsewhere; --home, --ephemeral and --data are for one of this machine."
        raise Refused(message, code="SERVER_AND_HOME")


async def connect_own(folder: Path, database_url: str) -> str:
    """The name of the folder's own engine connection, which is made or made again."""
    from queryflow_cli.furnishing import connect_folder

    name = own_name(folder)
    await connect_folder(name, folder, database_url)
    return name


async def _start(stack: AsyncExitStack, wish: SystemWish) -> RunningSystem:
    """A system of the command's own, until the stack ends; it says where it lives and what it brings."""
    system, _ = await stack.enter_async_context(open_system(wish, Waiting()))
    typer.echo(f"QueryFlow in {wish.home}, embedded: {', '.join(embedded_parts()) or 'nothing'}.", err=True)
    return system
