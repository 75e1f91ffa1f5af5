"""The deployed shape: the four services as processes of their own, on RabbitMQ, behind one origin."""

import asyncio
import os
import socket
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path

import structlog
import typer

from queryflow.service.serving import answer
from queryflow_cli.origin.gateway import SEEDED, Gateway, Ready
from queryflow_cli.origin.proxy import proxy_of
from queryflow_cli.servers.ports import free_port
from queryflow_cli.servers.supervised_process import SupervisedCommand, SupervisedProcess
from queryflow_cli.system.reviving import Kept

log = structlog.get_logger()

SERVICES = ("composer", "executor", "scheduler", "status")
WATCH_SECONDS = 0.5


@asynccontextmanager
async def deployed(
    environment: Mapping[str, str], home: Path, listener: socket.socket, seeded: Ready
) -> AsyncIterator[asyncio.Task[None]]:
    """The services, answering at the listener while the block runs; then they are stopped. Yields their running."""
    async with AsyncExitStack() as stack:
        ports = {name: free_port() for name in SERVICES}
        kept = [_keep(name, {**environment, "QUERYFLOW_PORT": str(ports[name])}, home) for name in SERVICES]
        stack.push_async_callback(_stop, kept)
        proxies = {name: await stack.enter_async_context(proxy_of(each)) for name, each in ports.items()}
        ready = {name: proxy.ready for name, proxy in proxies.items()}
        gateway = Gateway(proxies, {**ready, SEEDED: seeded}, proxies)
        running = asyncio.create_task(_run(gateway, listener, kept))
        stack.push_async_callback(_end, running)
        yield running


def _keep(name: str, environment: Mapping[str, str], home: Path) -> Kept:
    return Kept(name, partial(start_service, name, environment, home), home / "logs" / f"{name}.log")


def start_service(name: str, environment: Mapping[str, str], home: Path) -> SupervisedProcess:
    """One service as a process that ends with this one; its words go to a log in the home."""
    logs = home / "logs"
    logs.mkdir(parents=True, exist_ok=True, mode=0o700)
    arguments = (sys.executable, "-m", name)
    return SupervisedProcess(
        SupervisedCommand(arguments, "TERM", home, logs / f"{name}.log", {**os.environ, **environment})
    )


async def _run(gateway: Gateway, listener: socket.socket, kept: Sequence[Kept]) -> None:
    listening = asyncio.create_task(answer(gateway, listener))
    try:
        while not listening.done():
            for each in kept:
                if said := each.look(asyncio.get_running_loop().time()):
                    log.warning(said, action="up.service_died")
                    typer.echo(said, err=True)
            await asyncio.wait([listening], timeout=WATCH_SECONDS)
        listening.result()
    finally:
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)


async def _stop(kept: Sequence[Kept]) -> None:
    await asyncio.gather(*(asyncio.to_thread(each.stop) for each in kept))


async def _end(running: asyncio.Task[None]) -> None:
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
