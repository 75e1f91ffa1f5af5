"""Keeps a system running until it is asked to stop: what `up` does."""

import asyncio
import os
import signal
from pathlib import Path

import typer

from queryflow.process.failpoints import arm
from queryflow.service.serving import stop_asked
from queryflow_cli.system.home import LOG, RunningSystem
from queryflow_cli.system.system import SystemOptions, embedded_parts, open_system
from queryflow_cli.terminal.naming import command_name, in_home
from queryflow_cli.terminal.waiting import Waiting
from queryflow_cli.usecases.session import connect_own


async def stay(options: SystemOptions, data: Path | None = None) -> bool:
    """Run a system until Ctrl-C or SIGTERM, and let it drain; a second Ctrl-C ends it at once."""
    arm(os.environ.get("QUERYFLOW_CRASH"))
    async with open_system(options, Waiting()) as (system, running):
        asked = stop_asked()
        name = None if data is None else await connect_own(data, system.database_url)
        typer.echo("\n".join(banner(options.home, system, name)))
        asking = asyncio.create_task(asked.wait())
        await asyncio.wait([asking, running], return_when=asyncio.FIRST_COMPLETED)
        if running.done():
            running.result()
        asyncio.get_running_loop().remove_signal_handler(signal.SIGINT)
        typer.echo("Stopping: running queries get time to end; Ctrl-C again stops at once and loses nothing.")
    return True


def banner(home: Path, system: RunningSystem, data: str | None = None) -> list[str]:
    """What runs where, and what this process brought itself, as lines."""
    deployed = bool(os.environ.get("QUERYFLOW_AMQP_URL"))
    shape = "four processes on RabbitMQ" if deployed else "this process"
    return [
        "QueryFlow is ready.",
        f"  API       {system.url}/api   (described at {system.url}/openapi.json)",
        f"  home      {home}",
        f"  embedded  {', '.join(embedded_parts()) or 'nothing'}",
        f"  services  composer, executor, scheduler, status in {shape}",
        f"  logs      {home / LOG.parent}",
        *([] if data is None else [f"  data      flows with `connection: {data}` run on the folder of --data"]),
        f"Ctrl-C stops it. In a second terminal: {command_name()} demo{in_home(home)}",
    ]
