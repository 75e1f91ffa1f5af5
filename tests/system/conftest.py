"""Systems to test: four processes on RabbitMQ, or one process, each on a database of its own."""

import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest

from queryflow_cli.samples import amc
from queryflow_cli.servers.rabbitmq import delete_everything
from queryflow_cli.system.home import LOCK, running_in
from queryflow_cli.system.seeding import connect_folder, load_library
from tests.support.deployment import Deployment
from tests.support.embedded import EmbeddedDeployment
from tests.support.eventually import eventually
from tests.support.flows import TEMPLATES, write_things
from tests.support.oracle import Oracle
from tests.support.postgres import create_database, drop_database
from tests.support.terminal import Terminal


class System:
    """A running deployment with its oracle."""

    def __init__(self, deployment: Deployment, connection: asyncpg.Connection) -> None:
        self.deployment = deployment
        self.client = deployment.client
        self.http = deployment.http
        self.connection = connection
        """The database as its owner sees it."""
        self.oracle = Oracle(connection, deployment.folder / "objects")


@pytest.fixture(scope="session")
def sample_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The made-up advertiser's data."""
    folder = tmp_path_factory.mktemp("samples") / "amc"
    amc.generate(folder)
    return folder


@pytest.fixture(scope="session")
def things_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small table of the tests' own flows."""
    return write_things(tmp_path_factory.mktemp("things"))


@asynccontextmanager
async def _system(deployment: Deployment, folders: dict[str, Path], *, seeded: bool) -> AsyncIterator[System]:
    try:
        await deployment.start()
        for name, folder in folders.items():
            await connect_folder(name, folder, deployment.database_url)
        for template in TEMPLATES:
            await deployment.client.create_template(template)
        if not seeded:
            await load_library(deployment.client)
        connection = await deployment.connect()
        yield System(deployment, connection)
        await connection.close()
    finally:
        await deployment.close()


@dataclass(frozen=True, slots=True)
class Ground:
    """What a system is put on: a PostgreSQL server with a migrated database to copy, and folders with data."""

    server: str
    template: str
    folders: dict[str, Path]
    home: Callable[[], Path]


@pytest.fixture(scope="session")
def ground(
    postgres_server: str,
    migrated_template: str,
    tmp_path_factory: pytest.TempPathFactory,
    sample_folder: Path,
    things_folder: Path,
) -> Ground:
    """The servers and data of this run."""
    folders = {"sample": sample_folder, "things": things_folder}
    return Ground(postgres_server, migrated_template, folders, lambda: tmp_path_factory.mktemp("home"))


@asynccontextmanager
async def deploy(ground: Ground, amqp_url: str, **settings: str) -> AsyncIterator[System]:
    """Four service processes on a database and a prefix of their own, with settings beside the fast ones."""
    url = await create_database(ground.server, template=ground.template)
    prefix = f"system-{uuid4().hex[:12]}."
    environment = {
        "QUERYFLOW_DATABASE_URL": url,
        "QUERYFLOW_AMQP_URL": amqp_url,
        "QUERYFLOW_AMQP_PREFIX": prefix,
        **settings,
    }
    async with _system(Deployment(ground.home(), environment), ground.folders, seeded=False) as system:
        yield system
    await delete_everything(amqp_url, prefix)
    await drop_database(ground.server, url)


@pytest.fixture(scope="session")
async def deployed(ground: Ground, rabbitmq_url: str) -> AsyncIterator[System]:
    """Four service processes on PostgreSQL and RabbitMQ."""
    async with deploy(ground, rabbitmq_url) as system:
        yield system


@asynccontextmanager
async def embed(ground: Ground, **settings: str) -> AsyncIterator[System]:
    """One process with all four services, with settings beside the fast ones."""
    url = await create_database(ground.server, template=ground.template)
    home = ground.home()
    (home / "samples").mkdir()
    (home / "samples" / "amc").symlink_to(ground.folders["sample"])
    (home / LOCK).touch()
    deployment = EmbeddedDeployment(home, {"QUERYFLOW_DATABASE_URL": url, **settings})
    async with _system(deployment, {"things": ground.folders["things"]}, seeded=True) as system:
        yield system
    await drop_database(ground.server, url)


@pytest.fixture(scope="session")
async def embedded(ground: Ground) -> AsyncIterator[System]:
    """One process with all four services."""
    async with embed(ground) as system:
        yield system


@pytest.fixture(params=["deployed", "embedded"])
def system(request: pytest.FixtureRequest) -> System:
    """Either shape; what is tested here must hold in both."""
    found = request.getfixturevalue(request.param)
    assert isinstance(found, System)
    return found


@pytest.fixture(scope="session")
async def terminal(tmp_path_factory: pytest.TempPathFactory, sample_folder: Path) -> AsyncIterator[Terminal]:
    """A terminal beside another one in which `up` runs; Ctrl-C ends that at last, with success."""
    home = tmp_path_factory.mktemp("up") / "home"
    (home / "samples").mkdir(parents=True)
    (home / LOCK).touch()
    (home / "samples" / "amc").symlink_to(sample_folder)
    terminal = Terminal(home)
    up = terminal.start("up", "--port", "0")
    await eventually(lambda: running_in(home) is not None or up.poll() is not None, within=60)
    yield terminal
    up.send_signal(signal.SIGINT)
    out, err = up.communicate(timeout=30)
    assert up.returncode == 0, err
    assert "QueryFlow is ready." in out
    assert "Stopping" in out
    assert running_in(home) is None
