"""A whole system in a home: the database, the services in the shape the environment asks for, the first furniture."""

import asyncio
import importlib
import os
import socket
from collections.abc import AsyncIterator, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import httpx2

from queryflow.domain.errors import Conflict, Refused, TryAgain
from queryflow.runtime.logs import configure_logs
from queryflow.runtime.postgres import EmbeddedPostgres
from queryflow.runtime.postgres_binaries import EmbeddedPostgresError
from queryflow.schema.migrate import migrate
from queryflow_cli.client import open_client
from queryflow_cli.deployed import deployed, free_port
from queryflow_cli.furnishing import DATA, connect_folder, connect_sample, load_library
from queryflow_cli.home import LOG, RunningSystem, announce, owned
from queryflow_cli.waiting import Waiting

READY_WITHIN_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class SystemWish:
    """Where a system lives and what it should have."""

    home: Path
    port: int = 0
    """0 takes a free one."""
    data: Path | None = None
    """A folder that the engine connection `data` reads."""


def embedded_parts() -> tuple[str, ...]:
    """What this process brings itself, because the environment names nothing else."""
    parts = {
        "PostgreSQL": "QUERYFLOW_DATABASE_URL",
        "the message bus": "QUERYFLOW_AMQP_URL",
        "a folder as object store": "QUERYFLOW_OBJECTS_URL",
    }
    return tuple(part for part, name in parts.items() if not os.environ.get(name))


@asynccontextmanager
async def open_system(wish: SystemWish, waiting: Waiting) -> AsyncIterator[tuple[RunningSystem, "asyncio.Task[None]"]]:
    """A system that is ready, and its running; it drains and ends with the block.

    Conflict if the home or the port is in use; Refused if a server it was told to use does not answer.
    """
    async with AsyncExitStack() as stack:
        stack.enter_context(owned(wish.home))
        stack.callback(waiting.over)
        configure_logs(file=wish.home / LOG)
        port = _free(wish.port)
        await stack.enter_async_context(_meanwhile(asyncio.to_thread(_import_services)))
        waiting.say("Starting the database")
        database_url = await stack.enter_async_context(_database(wish.home))
        await migrate_named(database_url)
        furnishing = await stack.enter_async_context(_meanwhile(_connect(wish, database_url)))
        waiting.say("Starting the services")
        running = await stack.enter_async_context(_services(wish.home, database_url, port))
        system = RunningSystem(f"http://127.0.0.1:{port}", database_url, os.getpid())
        await _ready(system.url, running)
        waiting.say("Making the sample data")
        await furnishing
        async with open_client(system.url) as client:
            await load_library(client)
        announce(wish.home, system)
        waiting.over()
        yield system, running


def _free(port: int) -> int:
    """The port, if nobody listens there; a free one for 0."""
    if port == 0:
        return free_port()
    try:
        socket.create_server(("127.0.0.1", port)).close()
    except OSError as error:
        message = f"Port {port} cannot be used: {error.strerror}. Stop what listens there, or name another with --port."
        raise Conflict(message, code="PORT_IN_USE") from error
    return port


async def migrate_named(database_url: str) -> None:
    """Bring the database to this version's schema; Refused if it does not let us in."""
    try:
        await migrate(database_url)
    except (OSError, asyncpg.PostgresError) as error:
        message = f"The database that QUERYFLOW_DATABASE_URL names does not let us in: {error or type(error).__name__}"
        raise Refused(message, code="DATABASE_NOT_USABLE") from error


@asynccontextmanager
async def _meanwhile(work: Coroutine[Any, Any, None]) -> AsyncIterator["asyncio.Task[None]"]:
    """Let the work go on beside the block; what the block did not wait for is given up at its end."""
    task = asyncio.create_task(work)
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def _import_services() -> None:
    """Import what the embedded services need, which takes as long as the database's start."""
    if not os.environ.get("QUERYFLOW_AMQP_URL"):
        importlib.import_module("queryflow_cli.embedded")


async def _connect(wish: SystemWish, database_url: str) -> None:
    await connect_sample(wish.home, database_url)
    if wish.data is not None:
        await connect_folder(DATA, wish.data, database_url)


@asynccontextmanager
async def _database(home: Path) -> AsyncIterator[str]:
    named = os.environ.get("QUERYFLOW_DATABASE_URL")
    if named:
        yield named
        return
    server = EmbeddedPostgres(home / "postgres")
    try:
        yield await asyncio.to_thread(server.start)
    except EmbeddedPostgresError as error:
        raise Refused(str(error), code="DATABASE_NOT_STARTED") from error
    finally:
        await asyncio.to_thread(server.stop)


@asynccontextmanager
async def _services(home: Path, database_url: str, port: int) -> AsyncIterator["asyncio.Task[None]"]:
    if os.environ.get("QUERYFLOW_AMQP_URL"):
        environment = {"QUERYFLOW_DATABASE_URL": database_url, "QUERYFLOW_HOME": str(home)}
        async with deployed(environment, home, port) as running:
            yield running
        return
    from queryflow_cli.embedded import embedded

    async with embedded({"database_url": database_url, "home": home}, port) as running:
        yield running


async def _ready(url: str, running: "asyncio.Task[None]") -> None:
    deadline = asyncio.get_running_loop().time() + READY_WITHIN_SECONDS
    async with httpx2.AsyncClient(base_url=url, timeout=5) as client:
        while asyncio.get_running_loop().time() < deadline:
            if running.done():
                running.result()
                raise TryAgain("The services ended while they started.")
            if await _answers(client):
                return
            await asyncio.sleep(0.02)
    raise TryAgain(f"The services were not ready within {READY_WITHIN_SECONDS:.0f} seconds.")


async def _answers(client: httpx2.AsyncClient) -> bool:
    try:
        return (await client.get("/health/ready")).is_success
    except httpx2.TransportError:
        return False
