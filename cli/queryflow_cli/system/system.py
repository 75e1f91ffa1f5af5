"""A whole system in a home: its database, then the services on it. Light to import: the services come when needed."""

import asyncio
import importlib
import os
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from queryflow.domain.errors import Conflict, Refused
from queryflow.process.logs import configure_logs
from queryflow.process.loops import forever
from queryflow.service.listener import open_listener
from queryflow_cli.servers.postgres import EmbeddedPostgres
from queryflow_cli.servers.postgres_binaries import EmbeddedPostgresError
from queryflow_cli.system.home import LOG, RunningSystem, announce, owned
from queryflow_cli.terminal.background_task import background_task
from queryflow_cli.terminal.waiting import Waiting

REVIVE_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class SystemOptions:
    """Where a system lives and what it should have."""

    home: Path
    port: int = 0
    """0 takes a free one."""


def embedded_parts() -> tuple[str, ...]:
    """What this process brings itself, because the environment names nothing else."""
    parts = {
        "PostgreSQL": "QUERYFLOW_DATABASE_URL",
        "the message bus": "QUERYFLOW_AMQP_URL",
        "a folder as object store": "QUERYFLOW_OBJECTS_URL",
    }
    return tuple(part for part, name in parts.items() if not os.environ.get(name))


@asynccontextmanager
async def open_system(
    options: SystemOptions, waiting: Waiting
) -> AsyncIterator[tuple[RunningSystem, "asyncio.Task[None]"]]:
    """A system that is ready, and its running; it drains and ends with the block.

    Conflict if the home or the port is in use; Refused if a server it was told to use does not answer.
    """
    async with AsyncExitStack() as stack:
        stack.enter_context(owned(options.home))
        stack.callback(waiting.over)
        configure_logs(file=options.home / LOG)
        listener = stack.enter_context(hold_port(options.port))
        importing = await stack.enter_async_context(background_task(asyncio.to_thread(_import_services)))
        waiting.say("Starting the database")
        database_url = await stack.enter_async_context(database(options.home))
        await importing  # two threads in one import may each be shown the other's half-made module
        from queryflow_cli.system.services import Place, open_services

        place = Place(options.home, database_url, listener)
        running = await stack.enter_async_context(open_services(place, waiting))
        system = RunningSystem(place.url, database_url, os.getpid())
        announce(options.home, system)
        waiting.over()
        yield system, running


def hold_port(port: int) -> socket.socket:
    """The listener at the port, a free one for 0. Conflict if the port is taken."""
    try:
        return open_listener("127.0.0.1", port)
    except OSError as error:
        reason = os.strerror(error.errno or 0)
        message = f"Port {port} cannot be used: {reason}. Stop what listens there, or name another with --port."
        raise Conflict(message, code="PORT_IN_USE") from error


def _import_services() -> None:
    """Import the services beside the start of the database: both take about as long."""
    importlib.import_module("queryflow_cli.system.services")
    if not os.environ.get("QUERYFLOW_AMQP_URL"):
        importlib.import_module("queryflow_cli.system.embedded")


@asynccontextmanager
async def database(home: Path) -> AsyncIterator[str]:
    """The URL of the database: as the environment names it, else one of our own, which lives while the block runs."""
    named = os.environ.get("QUERYFLOW_DATABASE_URL")
    if named:
        yield named
        return
    server = EmbeddedPostgres(home / "postgres")
    try:
        url = await asyncio.to_thread(server.start)
        async with background_task(forever("postgres.alive", partial(_revive, server), every_seconds=REVIVE_SECONDS)):
            yield url
    except EmbeddedPostgresError as error:
        raise Refused(str(error), code="DATABASE_NOT_STARTED") from error
    finally:
        await asyncio.to_thread(server.stop)


async def _revive(server: EmbeddedPostgres) -> None:
    """Start a server that died, at the same address: the services wait for it and go on."""
    if not server.running:
        await asyncio.to_thread(server.start)
