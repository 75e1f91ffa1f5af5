"""How a command finds a system: the one that runs in the home, else one of its own for as long as the command takes."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from queryflow_cli.client import Client, open_client
from queryflow_cli.furnishing import connect_folder
from queryflow_cli.home import home_directory, running_in, throw_away_home
from queryflow_cli.system import SystemWish, open_system


@dataclass(frozen=True, slots=True)
class SessionWish:
    """Where to look for a system, and what it should have."""

    home: Path | None = None
    ephemeral: bool = False
    data: Path | None = None


@asynccontextmanager
async def open_session(wish: SessionWish) -> AsyncIterator[Client]:
    """A client of a ready system."""
    async with AsyncExitStack() as stack:
        home = stack.enter_context(throw_away_home()) if wish.ephemeral else home_directory(wish.home)
        system = running_in(home)
        if system is None:
            system, _ = await stack.enter_async_context(open_system(SystemWish(home, data=wish.data)))
        elif wish.data is not None:
            await connect_folder("data", wish.data, system.database_url)
        yield await stack.enter_async_context(open_client(system.url))
