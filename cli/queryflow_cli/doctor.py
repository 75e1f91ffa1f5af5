"""What `doctor` looks at: what works on this machine, and what to type where something is missing."""

import asyncio
import os
import platform
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from queryflow_cli.home import running_in

LEAST_FREE_BYTES = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at; `needed` says whether QueryFlow cannot do without it."""

    what: str
    well: bool
    words: str
    needed: bool = True


async def examine(home: Path, console: Console) -> bool:
    """Print what was found; whether everything needed is there."""
    findings = [*_programs(), *_place(home), await _database(), await _broker(), *await _sandbox(home)]
    table = Table()
    for name in ("", "what", "found"):
        table.add_column(name, overflow="fold")
    for finding in findings:
        table.add_row(_mark(finding), finding.what, finding.words)
    console.print(table)
    return all(finding.well for finding in findings if finding.needed)


def _mark(finding: Finding) -> Text:
    if finding.well:
        return Text("✔", style="green")
    return Text("✘", style="bold red") if finding.needed else Text("–", style="yellow")


def _programs() -> Iterator[Finding]:
    yield Finding("Python", True, f"{platform.python_version()} on {platform.machine()}")
    for package in ("duckdb", "sqlglot", "faststream"):
        yield Finding(package, True, version(package))


def _place(home: Path) -> Iterator[Finding]:
    running = running_in(home)
    yield Finding("home", True, f"{home}, {'in use at ' + running.url if running else 'not in use'}")
    nearest = next(each for each in (home, *home.parents) if each.exists())
    writable = os.access(nearest, os.W_OK)
    yield Finding("home may be written", writable, str(nearest) if writable else f"no right to write to {nearest}")
    free = shutil.disk_usage(nearest).free
    yield Finding("disk space", free > LEAST_FREE_BYTES, f"{free / 1e9:.1f} GB free")


async def _database() -> Finding:
    url = os.environ.get("QUERYFLOW_DATABASE_URL")
    if not url:
        from queryflow.runtime.postgres_binaries import EmbeddedPostgresError, find_binaries

        try:
            return Finding("PostgreSQL", True, f"embedded, version {find_binaries().major}")
        except EmbeddedPostgresError as error:
            return Finding("PostgreSQL", False, str(error))
    import asyncpg

    try:
        connection = await asyncpg.connect(url, timeout=5)
    except (OSError, asyncpg.PostgresError, TimeoutError) as error:
        return Finding("PostgreSQL", False, f"QUERYFLOW_DATABASE_URL does not answer: {type(error).__name__}")
    found = await connection.fetchval("SHOW server_version")
    await connection.close()
    return Finding("PostgreSQL", True, f"named by QUERYFLOW_DATABASE_URL, version {found}")


async def _broker() -> Finding:
    url = os.environ.get("QUERYFLOW_AMQP_URL")
    if not url:
        return Finding("RabbitMQ", True, "not named: the services share one process and its local bus", needed=False)
    import aio_pika

    try:
        connection = await asyncio.wait_for(aio_pika.connect(url), timeout=5)
    except (OSError, aio_pika.exceptions.AMQPError, TimeoutError) as error:
        return Finding("RabbitMQ", False, f"QUERYFLOW_AMQP_URL does not answer: {type(error).__name__}")
    await connection.close()
    return Finding("RabbitMQ", True, "named by QUERYFLOW_AMQP_URL")


async def _sandbox(home: Path) -> list[Finding]:
    """Every wall around people's SQL; without Landlock and seccomp both, the system stays on loopback."""
    from queryflow.sandbox.probing import probe_walls

    walls = await probe_walls(home)
    return [Finding(f"sandbox: {wall.name}", wall.active, wall.why, needed=False) for wall in walls]
