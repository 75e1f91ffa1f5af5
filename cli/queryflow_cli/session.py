"""How a command finds a system: the one that runs in the home, else one of its own for as long as the command takes."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import typer

from queryflow_cli.client import Client, open_client
from queryflow_cli.home import RunningSystem, home_directory, reading, running_in, throw_away_home
from queryflow_cli.system import SystemWish, embedded_parts, open_system
from queryflow_cli.waiting import Waiting
from queryflow_cli.wishes import DATA, SessionWish


@asynccontextmanager
async def open_session(wish: SessionWish) -> AsyncIterator[Client]:
    """A client of a ready system."""
    async with AsyncExitStack() as stack:
        home = stack.enter_context(throw_away_home()) if wish.ephemeral else home_directory(wish.home)
        found = running_in(home)
        if found is not None and wish.data is not None:
            stack.enter_context(reading(home, wish.data))
            await _connect(wish.data, found.database_url)
        system = found or await _start(stack, SystemWish(home, data=wish.data))
        yield await stack.enter_async_context(open_client(system.url))


async def _connect(data: Path, database_url: str) -> None:
    from queryflow_cli.furnishing import connect_folder

    await connect_folder(DATA, data, database_url)


async def _start(stack: AsyncExitStack, wish: SystemWish) -> RunningSystem:
    """A system of the command's own, until the stack ends; it says where it lives and what it brings."""
    system, _ = await stack.enter_async_context(open_system(wish, Waiting()))
    typer.echo(f"QueryFlow in {wish.home}, embedded: {', '.join(embedded_parts()) or 'nothing'}.", err=True)
    return system
