"""What `doctor` looks at: what works on this machine, and what to type where something is missing."""

import asyncio
import os
import platform
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from rich.text import Text

from queryflow_cli.system.home import may_be_a_home, running_in, throw_away_home
from queryflow_cli.terminal.console import open_console
from queryflow_cli.terminal.report import new_table

if TYPE_CHECKING:
    from queryflow.sandbox.walls import Wall

LEAST_FREE_BYTES = 1_000_000_000
ANSWER_SECONDS = 5
WALLS_NEED = {
    "no network": "allow user namespaces (sysctl kernel.unprivileged_userns_clone=1), or start as root",
    "own root": "allow user namespaces, or start as root with the capability SYS_CHROOT, as containers have it",
    "Landlock": "needs Linux 5.13 with Landlock among the kernel's security modules (lsm=landlock,… at boot)",
    "seccomp": "needs a kernel, or a container profile, that allows seccomp filters",
}
"""What lets a wall of the sandbox stand; none of them is needed by somebody who runs only their own queries."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at; `needed` says whether QueryFlow cannot do without it."""

    what: str
    well: bool
    words: str
    """What was found; where something is missing, what to do about it."""
    needed: bool = True


async def examine(home: Path) -> bool:
    """Print what was found; whether everything needed is there."""
    findings = [*_programs(), *_place(home), await _database(), await _broker(), *await _sandbox()]
    table = new_table("What QueryFlow finds here", "", "what", "found")
    for finding in findings:
        table.add_row(_mark(finding), finding.what, Text(finding.words))
    console = open_console()
    console.print(table)
    complete = all(finding.well for finding in findings if finding.needed)
    console.print("Everything needed is here." if complete else "What is marked ✘ is needed, and missing.")
    return complete


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
    why = why_no_home(home, nearest)
    yield Finding("home may be written", why is None, why or str(nearest))
    free = shutil.disk_usage(nearest).free
    enough = free > LEAST_FREE_BYTES
    words = f"{free / 1e9:.1f} GB free" + ("" if enough else ": make room, or name a home on another disk with --home")
    yield Finding("disk space", enough, words)


def why_no_home(home: Path, nearest: Path) -> str | None:
    """Why there can be no home; `nearest` is the home, or the folder in which it would be made."""
    advice = "with --home or QUERYFLOW_HOME"
    if not (nearest.is_dir() and os.access(nearest, os.R_OK | os.W_OK | os.X_OK)):
        return f"no folder of yours can be made in {nearest}: name another {advice}"
    if nearest == home and not may_be_a_home(home):
        return f"{home} holds something else: name an empty folder {advice}"
    return None


async def _database() -> Finding:
    url = os.environ.get("QUERYFLOW_DATABASE_URL")
    if not url:
        return _embedded_database()
    import asyncpg

    try:
        connection = await asyncpg.connect(url, timeout=ANSWER_SECONDS)
    except (OSError, ValueError, asyncpg.PostgresError, TimeoutError) as error:
        words = f"{_reason(error)}: mend QUERYFLOW_DATABASE_URL, or unset it to use the embedded one"
        return Finding("PostgreSQL", False, words)
    found = await connection.fetchval("SHOW server_version")
    await connection.close()
    return Finding("PostgreSQL", True, f"named by QUERYFLOW_DATABASE_URL, version {found}")


def _embedded_database() -> Finding:
    from queryflow_cli.servers.postgres_binaries import EmbeddedPostgresError, find_binaries

    try:
        return Finding("PostgreSQL", True, f"embedded, version {find_binaries().major}")
    except EmbeddedPostgresError as error:
        return Finding("PostgreSQL", False, f"{error} Or set QUERYFLOW_DATABASE_URL to a server of yours.")


async def _broker() -> Finding:
    url = os.environ.get("QUERYFLOW_AMQP_URL")
    if not url:
        return Finding("RabbitMQ", True, "not named: the services share one process and its local bus", needed=False)
    import aio_pika

    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            connection = await aio_pika.connect(url)
    except (OSError, ValueError, aio_pika.exceptions.AMQPError, TimeoutError) as error:
        words = f"{_reason(error)}: mend QUERYFLOW_AMQP_URL, or unset it to use the local bus"
        return Finding("RabbitMQ", False, words)
    await connection.close()
    return Finding("RabbitMQ", True, "named by QUERYFLOW_AMQP_URL")


def _reason(error: Exception) -> str:
    """Why a server was not reached; never what the URL says, for it may hold a password."""
    if isinstance(error, TimeoutError):
        return f"no answer within {ANSWER_SECONDS} seconds"
    return f"no answer ({type(error).__name__})"


async def _sandbox() -> list[Finding]:
    """Every wall around people's SQL; without Landlock and seccomp both, the system stays on loopback."""
    from queryflow.sandbox.jobs.job import JobFailed
    from queryflow.sandbox.probing import probe_walls

    try:
        with throw_away_home() as folder:
            walls = await probe_walls(folder)
    except (OSError, JobFailed) as error:
        return [Finding("sandbox", False, f"no query can be run here: {error}")]
    return [_wall(wall) for wall in walls]


def _wall(wall: "Wall") -> Finding:
    needs = "" if wall.active or wall.name not in WALLS_NEED else f": {WALLS_NEED[wall.name]}"
    return Finding(f"sandbox: {wall.name}", wall.active, wall.why + needs, needed=False)
