"""The services on a database, in the shape the environment asks for, with their first furniture."""

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import asyncpg
import httpx2
from sqlalchemy.exc import DBAPIError

from queryflow.domain.errors import Refused, TryAgain
from queryflow.engines.joining import join_engines
from queryflow.schema.migrate import migrate
from queryflow_cli.client.client import open_client
from queryflow_cli.origin.gateway import SEEDED
from queryflow_cli.samples.amc import Told
from queryflow_cli.system.deployed import deployed
from queryflow_cli.system.seeding import connect_sample, load_library
from queryflow_cli.terminal.background_task import background_task
from queryflow_cli.terminal.naming import command_name
from queryflow_cli.terminal.waiting import Waiting

READY_WITHIN_SECONDS = 60.0
UNDEFINED_TABLE = "42P01"
PREPARE = f"Prepare it first: {command_name()} migrate."
MEND = "Mend QUERYFLOW_DATABASE_URL; without it up, run and demo use the embedded one."


@dataclass(frozen=True, slots=True)
class Place:
    """Where services run."""

    home: Path
    database_url: str
    listener: socket.socket
    """Where they answer, once they are ready."""
    loaded: asyncio.Event = field(default_factory=asyncio.Event)
    """Set once what they were told to load is there."""

    async def seeded(self) -> bool:
        """Whether what they were told to load is there."""
        return self.loaded.is_set()

    @property
    def url(self) -> str:
        """Where they answer."""
        return f"http://127.0.0.1:{self.listener.getsockname()[1]}"


@asynccontextmanager
async def open_services(place: Place, waiting: Waiting) -> AsyncIterator["asyncio.Task[None]"]:
    """Services that are ready and seeded; they drain and end with the block. Yields their running."""
    join_engines()
    await migrate_named(place.database_url)
    waiting.say("Starting the services")
    making = _Making(waiting)
    async with background_task(_connect(place, making.told)) as connecting, _in_their_shape(place) as running:
        await _ready(place.url, running)
        making.shown()
        await connecting
        waiting.say("Loading the shipped templates and flows")
        async with open_client(place.url) as client:
            await load_library(client)
        place.loaded.set()
        yield running


async def migrate_named(database_url: str) -> None:
    """Bring the database to this version's schema; Refused if it does not let us in."""
    with usable_database():
        await migrate(database_url)


@contextmanager
def usable_database() -> Iterator[None]:
    """A block that needs the database the environment names; Refused if that does not let us in."""
    try:
        yield
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, DBAPIError) as error:
        cause = getattr(error, "orig", None) or error
        reason = str(cause) or type(error).__name__
        advice = PREPARE if getattr(cause, "sqlstate", None) == UNDEFINED_TABLE else MEND
        raise Refused(f"The database cannot be used: {reason}. {advice}", code="DATABASE_NOT_USABLE") from error


class _Making:
    """Shows how the sample data comes on, once nothing else is being waited for."""

    def __init__(self, waiting: Waiting) -> None:
        self._waiting = waiting
        self._counted: tuple[int, int] | None = None
        self._shown = False

    def told(self, done: int, total: int) -> None:
        """Hear how many tables of how many there are; in the thread that makes them."""
        self._counted = (done, total)
        if self._shown:
            self._show()

    def shown(self) -> None:
        """Show it from now on."""
        self._shown = True
        self._show()

    def _show(self) -> None:
        if self._counted is not None:
            self._waiting.count("Making the sample data", *self._counted)


async def _connect(place: Place, told: Told) -> None:
    await connect_sample(place.home, place.database_url, told)


@asynccontextmanager
async def _in_their_shape(place: Place) -> AsyncIterator["asyncio.Task[None]"]:
    """Processes of their own where RabbitMQ is named, else all in this one."""
    if os.environ.get("QUERYFLOW_AMQP_URL"):
        environment = {
            "QUERYFLOW_DATABASE_URL": place.database_url,
            "QUERYFLOW_HOME": str(place.home),
            "QUERYFLOW_DATA_ROOTS": data_roots(),
        }
        async with deployed(environment, place.home, place.listener, place.seeded) as running:
            yield running
        return
    from queryflow_cli.system.embedded import embedded, read_settings

    settings = read_settings({"database_url": place.database_url, "home": place.home, "data_roots": data_roots()})
    async with embedded(settings, place.listener, place.seeded) as running:
        yield running


def data_roots() -> str:
    """The folders that engine connections over HTTP may read: as the environment names them, else where we started.

    Nothing if we started at the root of the machine: nobody means to offer all of it.
    """
    here = Path.cwd()
    shared = os.environ.get("QUERYFLOW_DATA_ROOTS", "" if here == Path(here.anchor) else str(here))
    return os.environ.get("QUERYFLOW_COMPOSER_DATA_ROOTS", shared)


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
    """Whether every service is ready; what they are told to load is loaded through them."""
    try:
        checks = (await client.get("/health/ready")).json()["checks"]
    except httpx2.TransportError:
        return False
    return all(well for name, well in checks.items() if name != SEEDED)
