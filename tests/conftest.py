"""What every test can ask for: servers of its own, fresh databases, unique prefixes."""

import gc
import os
from collections.abc import AsyncIterator, Iterator
from uuid import uuid4

import pytest
import structlog

from queryflow.schema.migrate import migrate
from queryflow_cli.servers.rabbitmq import NoRabbitMQ, PrivateRabbit, delete_everything, find_programs, private_rabbit
from tests.support.postgres import create_database, drop_database, postgres_for_tests
from tests.support.rabbitmq import NAMED, NONE_HERE, rabbitmq_for_tests
from tests.support.s3 import s3_for_tests

structlog.configure(
    processors=[
        structlog.processors.add_log_level,
        structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback),
    ]
)
"""Without this, structlog draws every exception with all its variables, which takes seconds."""


def pytest_unconfigure() -> None:
    """Take back what hypothesis has the garbage collector call.

    It would keep the tests' modules alive to the very end, and DuckDB's binding would complain of leaks there.
    """
    gc.callbacks.clear()


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a server where databases can be made."""
    with postgres_for_tests(tmp_path_factory.mktemp("postgres")) as url:
        yield url


@pytest.fixture(scope="session")
async def migrated_template(postgres_server: str) -> AsyncIterator[str]:
    """The URL of a migrated database that nobody writes to or stays connected to: others are copied from it."""
    url = await create_database(postgres_server)
    await migrate(url)
    yield url
    await drop_database(postgres_server, url)


@pytest.fixture
async def database(postgres_server: str, migrated_template: str) -> AsyncIterator[str]:
    """The URL of a fresh, migrated database of this test alone."""
    url = await create_database(postgres_server, template=migrated_template)
    yield url
    await drop_database(postgres_server, url)


@pytest.fixture(scope="module")
async def module_database(postgres_server: str, migrated_template: str) -> AsyncIterator[str]:
    """The URL of a migrated database that the tests of one module share."""
    url = await create_database(postgres_server, template=migrated_template)
    yield url
    await drop_database(postgres_server, url)


@pytest.fixture
async def empty_database(postgres_server: str) -> AsyncIterator[str]:
    """The URL of a fresh database without any table."""
    url = await create_database(postgres_server)
    yield url
    await drop_database(postgres_server, url)


@pytest.fixture(scope="session")
def private_rabbitmq(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrivateRabbit]:
    """A node of our own, which a test may stop and start again; it must be left running."""
    programs = find_programs()
    if programs is None:
        raise NoRabbitMQ(NONE_HERE)
    with private_rabbit(tmp_path_factory.mktemp("rabbitmq"), programs) as node:
        yield node


@pytest.fixture(scope="session")
def rabbitmq_url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The AMQP URL of a broker; keep to names with `amqp_prefix`."""
    if NAMED not in os.environ and find_programs():
        yield request.getfixturevalue("private_rabbitmq").url
        return
    with rabbitmq_for_tests(tmp_path_factory.mktemp("rabbitmq")) as url:
        yield url


@pytest.fixture
async def amqp_prefix(rabbitmq_url: str) -> AsyncIterator[str]:
    """A prefix for exchanges and queues that no other test has; they are deleted afterwards."""
    prefix = f"test-{uuid4().hex[:12]}."
    yield prefix
    await delete_everything(rabbitmq_url, prefix)


@pytest.fixture(scope="session")
def s3() -> Iterator[str]:
    """The endpoint of an S3 server; make a bucket of your own."""
    with s3_for_tests() as endpoint:
        yield endpoint
