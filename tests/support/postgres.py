"""PostgreSQL for tests: the server a URL names, else the embedded one; a fresh database in a tenth of a second."""

import itertools
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from queryflow_cli.servers.postgres import EmbeddedPostgres

_numbers = itertools.count(1)


@contextmanager
def postgres_for_tests(folder: Path) -> Iterator[str]:
    """The URL of a server where we may create databases; the embedded one (in `folder`) lives as long as the block."""
    named = os.environ.get("QUERYFLOW_TEST_DATABASE_URL")
    if named:
        yield named
        return
    with EmbeddedPostgres(folder, durable=False) as server:
        yield server.url


async def create_database(server_url: str, *, template: str | None = None) -> str:
    """Make a database (a copy of the database at the URL `template`, if given) and return its URL."""
    name = f"queryflow_test_{os.getpid()}_{next(_numbers)}"
    source = f' TEMPLATE "{_name_of(template)}" STRATEGY wal_log' if template else ""
    await _execute(server_url, f'CREATE DATABASE "{name}"{source}')
    return urlunsplit(urlsplit(server_url)._replace(path=f"/{name}"))


async def drop_database(server_url: str, url: str) -> None:
    """Drop a database and end whatever is still connected to it."""
    await _execute(server_url, f'DROP DATABASE IF EXISTS "{_name_of(url)}" WITH (FORCE)')


def _name_of(url: str) -> str:
    return urlsplit(url).path.lstrip("/")


async def _execute(server_url: str, statement: str) -> None:
    connection = await asyncpg.connect(server_url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()
