"""The deployed shape: the four services as processes of their own, on RabbitMQ, behind one origin."""

import asyncio
import json
import os
import socket
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from queryflow.domain.errors import TryAgain
from queryflow.runtime.guarded import GuardedCommand, GuardedProcess
from queryflow.runtime.serving import answer
from queryflow_cli.gateway import Gateway
from queryflow_cli.ports import free_port
from queryflow_cli.proxy import proxy_of

SERVICES = ("composer", "executor", "scheduler", "status")
WATCH_SECONDS = 0.5


@asynccontextmanager
async def deployed(
    environment: Mapping[str, str], home: Path, door: socket.socket
) -> AsyncIterator[asyncio.Task[None]]:
    """The services, answering at the door while the block runs; then they are stopped. Yields their running."""
    async with AsyncExitStack() as stack:
        ports = {name: free_port() for name in SERVICES}
        processes = {
            name: start_service(name, {**environment, "QUERYFLOW_PORT": str(ports[name])}, home) for name in SERVICES
        }
        stack.push_async_callback(_stop, list(processes.values()))
        proxies = {name: await stack.enter_async_context(proxy_of(each)) for name, each in ports.items()}
        gateway = Gateway(proxies, {name: proxy.ready for name, proxy in proxies.items()}, proxies)
        running = asyncio.create_task(_run(gateway, door, processes, home))
        stack.push_async_callback(_end, running)
        yield running


def start_service(name: str, environment: Mapping[str, str], home: Path) -> GuardedProcess:
    """One service as a process that ends with this one; its words go to a log in the home."""
    logs = home / "logs"
    logs.mkdir(parents=True, exist_ok=True, mode=0o700)
    arguments = (sys.executable, "-m", name)
    return GuardedProcess(GuardedCommand(arguments, "TERM", home, logs / f"{name}.log", {**os.environ, **environment}))


async def _run(gateway: Gateway, door: socket.socket, processes: Mapping[str, GuardedProcess], home: Path) -> None:
    listening = asyncio.create_task(answer(gateway, door))
    try:
        while not listening.done():
            for name, process in processes.items():
                if not process.running:
                    log = home / "logs" / f"{name}.log"
                    raise TryAgain(f"The {name} ended: {last_words(log)} Its log is {log}.")
            await asyncio.wait([listening], timeout=WATCH_SECONDS)
        listening.result()
    finally:
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)


def last_words(log: Path) -> str:
    """Why a service ended, by the last line of its log: the end of an exception, or a sentence."""
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines() if log.exists() else []
    try:
        said = json.loads(lines[-1])
        words = str(said.get("exception") or said["event"]).splitlines()[-1]
    except (IndexError, ValueError, TypeError, KeyError, AttributeError):
        words = lines[-1] if lines else "it said nothing"
    return words.rstrip(".") + "."


async def _stop(processes: list[GuardedProcess]) -> None:
    await asyncio.gather(*(asyncio.to_thread(process.stop) for process in processes))


async def _end(running: asyncio.Task[None]) -> None:
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
