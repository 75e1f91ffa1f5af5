"""Runs services until they are asked to stop, and stops them so that nothing is cut in two."""

import asyncio
import contextlib
import gc
import signal
import socket
from collections.abc import Awaitable, Callable, Iterator, Sequence

import structlog
import uvicorn
from starlette.types import ASGIApp

from queryflow.bus.port import Bus
from queryflow.http.slow_connections import PunctualProtocol
from queryflow.process.settings import ServiceSettings
from queryflow.service.listener import open_listener
from queryflow.service.patience import StopAsked, patiently
from queryflow.service.service import OpenService

log = structlog.get_logger()
Loop = Callable[[], Awaitable[None]]
HTTP_END_SECONDS = 5


async def serve(settings: ServiceSettings, bus: Bus, open_service: OpenService) -> None:
    """Run one service until SIGTERM or SIGINT; raises what else ended it (`BusLost`, a taken port, a dead loop).

    It waits for a database or a broker that is away when it starts. One that was asked to stop signs off.
    """
    asked = stop_asked()
    async with contextlib.AsyncExitStack() as stack:
        try:
            service = await patiently(lambda: stack.enter_async_context(open_service(settings, bus)), asked)
        except StopAsked:
            return

        async def http() -> None:
            await answer(service.app, open_listener(settings.host, settings.port))

        await run_until(asked, bus, [http, *service.loops])
        await service.sign_off()


async def run_until(asked: asyncio.Event, bus: Bus, loops: Sequence[Loop]) -> None:
    """Start the bus and the loops; once asked: drain the bus (no new deliveries, handlers end), then end the loops.

    A loop that fails or returns ends all of it, and its error is raised: half a service is worse than none.
    """
    try:
        await patiently(bus.start, asked)
    except StopAsked:
        await bus.stop()
        return
    tasks = [asyncio.ensure_future(loop()) for loop in (bus.watch, *loops)]
    asking = asyncio.create_task(asked.wait())
    log.info("Started", action="service.started")
    try:
        with _settled():
            done, _ = await asyncio.wait([asking, *tasks], return_when=asyncio.FIRST_COMPLETED)
    finally:
        log.info("Stopping", action="service.stopping", asked=asked.is_set())
        await bus.stop()
        await _end([asking, *tasks])
    for task in done - {asking}:
        task.result()
        raise RuntimeError("a loop of the service returned")


@contextlib.contextmanager
def _settled() -> Iterator[None]:
    """Spare the garbage collector what was made to stay: looking through all of it stops the process for 0.1 s."""
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def stop_asked() -> asyncio.Event:
    """An event that SIGTERM and SIGINT set."""
    asked = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, asked.set)
    return asked


async def answer(app: ASGIApp, listener: socket.socket) -> None:
    """Answer HTTP at the listener until cancelled, and close it; running requests get a few seconds to end."""
    config = uvicorn.Config(
        app, http=PunctualProtocol, log_config=None, access_log=False, server_header=False, lifespan="off",
        proxy_headers=False, timeout_graceful_shutdown=HTTP_END_SECONDS,
    )  # fmt: skip
    server = _Server(config)
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        await asyncio.shield(serving)
    except asyncio.CancelledError:
        server.should_exit = True
        await serving
        raise


class _Server(uvicorn.Server):
    """A server that leaves signals to the process it lives in."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def _end(tasks: Sequence["asyncio.Future[None] | asyncio.Task[bool]"]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
