"""up, migrate, services, doctor: what one does with a system."""

import asyncio
import os
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from queryflow.domain.errors import Refused
from queryflow.runtime.crashpoints import arm
from queryflow.runtime.serving import stop_asked
from queryflow_cli.commands.options import Data, Ephemeral, Home
from queryflow_cli.doctor import examine
from queryflow_cli.edge import run_async
from queryflow_cli.home import RunningSystem, home_directory, throw_away_home
from queryflow_cli.system import SystemWish, embedded_parts, open_system

PORT = 8700

Port = Annotated[int, typer.Option(help="Where the API listens on 127.0.0.1.", min=0, max=65_535)]


def up(port: Port = PORT, home: Home = None, ephemeral: Ephemeral = False, data: Data = None) -> None:
    """Run all services until Ctrl-C."""
    with ExitStack() as stack:
        chosen = stack.enter_context(throw_away_home()) if ephemeral else home_directory(home)
        run_async(_up(SystemWish(chosen, port, data)))


def migrate_database() -> None:
    """Bring the database named by QUERYFLOW_DATABASE_URL to this version's schema."""
    run_async(_migrate())


def services() -> None:
    """Print how to start each service alone."""
    typer.echo("Each service is a process of its own on RabbitMQ. Set, for all of them:")
    typer.echo("  QUERYFLOW_DATABASE_URL   postgresql://…   (prepare it once: ./queryflow migrate)")
    typer.echo("  QUERYFLOW_AMQP_URL       amqp://…")
    typer.echo(
        "  QUERYFLOW_OBJECTS_URL    a folder all of them see, or s3://bucket/prefix (with QUERYFLOW_S3_ENDPOINT)"
    )
    typer.echo("  QUERYFLOW_TOKEN          at least 32 characters, as soon as QUERYFLOW_HOST is not loopback")
    typer.echo("Then, each with QUERYFLOW_PORT if its own is taken:")
    for name, port in (("composer", 8701), ("executor", 8702), ("scheduler", 8703), ("status", 8704)):
        typer.echo(f"  .venv/bin/python -m {name:<10} # 127.0.0.1:{port}, as many as you like")


def doctor(home: Home = None) -> None:
    """Look at this machine and say what works here, and what is missing."""
    run_async(examine(home_directory(home), Console()))


async def _up(wish: SystemWish) -> bool:
    asked = stop_asked()
    arm(os.environ.get("QUERYFLOW_CRASH"))
    async with open_system(wish) as (system, running):
        _banner(Console(), wish.home, system)
        asking = asyncio.create_task(asked.wait())
        done, _ = await asyncio.wait([asking, running], return_when=asyncio.FIRST_COMPLETED)
        if running in done:
            running.result()
        Console().print("Stopping: running work ends or is kept for the next start …")
    return asked.is_set()


def _banner(console: Console, home: Path, system: RunningSystem) -> None:
    parts = embedded_parts()
    console.print("[bold]QueryFlow[/bold] is ready", highlight=False)
    console.print(f"  API       {system.url}/api   (described at {system.url}/openapi.json)", highlight=False)
    console.print(f"  home      {home}", highlight=False)
    console.print(f"  embedded  {', '.join(parts) if parts else 'nothing'}", highlight=False)
    shape = "four processes on RabbitMQ" if os.environ.get("QUERYFLOW_AMQP_URL") else "this process"
    console.print(f"  services  composer, executor, scheduler, status in {shape}", highlight=False)
    console.print("  Ctrl-C stops it; a second terminal can run: ./queryflow demo", highlight=False)


async def _migrate() -> bool:
    from queryflow.schema.migrate import migrate, schema_version

    url = os.environ.get("QUERYFLOW_DATABASE_URL")
    if not url:
        raise Refused("QUERYFLOW_DATABASE_URL names no database; set it to postgresql://user:password@host/database.")
    await migrate(url)
    typer.echo(f"The database is at revision {await schema_version(url)}.")
    return True
