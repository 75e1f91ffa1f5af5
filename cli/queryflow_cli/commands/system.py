"""up, migrate, services, doctor: what one does with a system."""

import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer

from queryflow import __version__
from queryflow_cli.commands.options import Data, Ephemeral, Home, named_database
from queryflow_cli.system.home import home_directory, throw_away_home
from queryflow_cli.terminal.exit_codes import run_async
from queryflow_cli.terminal.naming import command_name

PORT = 8700

Port = Annotated[int, typer.Option(help="Where the API listens on 127.0.0.1; 0 takes a free one.", min=0, max=65_535)]


def _print_version(request: bool) -> None:
    if request:
        typer.echo(f"QueryFlow {__version__}")
        raise typer.Exit


def queryflow(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """The flow builder that understands your SQL."""
    del version  # its callback has answered


def up(port: Port = PORT, home: Home = None, ephemeral: Ephemeral = False, data: Data = None) -> None:
    """Run all services until Ctrl-C."""
    from queryflow_cli.system.system import SystemOptions
    from queryflow_cli.usecases.foreground import stay

    with ExitStack() as stack:
        chosen = stack.enter_context(throw_away_home()) if ephemeral else home_directory(home)
        run_async(stay(SystemOptions(chosen, port), data))


def migrate_database() -> None:
    """Bring the database named by QUERYFLOW_DATABASE_URL to this version's schema."""
    run_async(_migrate(named_database()))


def services() -> None:
    """Print how to start each service alone."""
    typer.echo(SERVICES.format(command=command_name(), python=_this_python()))


SERVICES = """\
Each service is a process of its own on RabbitMQ. Set, for all of them:
  QUERYFLOW_DATABASE_URL   postgresql://…   (prepare it once: {command} migrate)
  QUERYFLOW_AMQP_URL       amqp://…
  QUERYFLOW_OBJECTS_URL    a folder all of them see, or s3://bucket/prefix (with QUERYFLOW_S3_ENDPOINT)
  QUERYFLOW_TOKEN          at least 32 characters, as soon as QUERYFLOW_HOST is not loopback
Then, each with QUERYFLOW_PORT if its own is taken:
  {python} -m composer    # 127.0.0.1:8701
  {python} -m executor    # 127.0.0.1:8702, as many as you like
  {python} -m scheduler   # 127.0.0.1:8703, as many as you like
  {python} -m status      # 127.0.0.1:8704"""


def _this_python() -> str:
    """The interpreter that runs, as one types it from here: relative where it lies below."""
    here = Path.cwd()
    python = Path(sys.executable)
    return str(python.relative_to(here) if python.is_relative_to(here) else python)


def doctor(home: Home = None) -> None:
    """Look at this machine and say what works here, and what is missing."""
    from queryflow_cli.system.doctor import examine

    run_async(examine(home_directory(home)))


async def _migrate(url: str) -> bool:
    from queryflow.schema.migrate import schema_version
    from queryflow_cli.system.services import migrate_named

    await migrate_named(url)
    typer.echo(f"The database is at revision {await schema_version(url)}.")
    return True
