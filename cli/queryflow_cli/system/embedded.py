"""The embedded shape: the four services in this process, on the local bus. The same code as the deployed shape."""

import asyncio
import socket
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import httpx2
from pydantic import ValidationError

import composer.app
import executor.app
import scheduler.app
import status.app
from composer.process.settings import ComposerSettings
from executor.process.settings import ExecutorSettings
from queryflow.bus.local import LocalBus
from queryflow.domain.errors import Refused
from queryflow.process.settings import ServiceSettings
from queryflow.service.service import OpenService, Service
from queryflow.service.serving import answer, run_until
from queryflow_cli.origin.gateway import SEEDED, Gateway, Ready
from scheduler.process.settings import SchedulerSettings
from status.process.settings import StatusSettings

SERVICES: Mapping[type[ServiceSettings], OpenService] = {
    ComposerSettings: composer.app.open_service,
    ExecutorSettings: executor.app.open_service,
    SchedulerSettings: scheduler.app.open_service,
    StatusSettings: status.app.open_service,
}


def read_settings(common: Mapping[str, Any]) -> list[ServiceSettings]:
    """Each service's settings, of the environment and what they have in common; Refused lists what is wrong."""
    try:
        return [settings(**common) for settings in SERVICES]
    except ValidationError as error:
        found = error.errors(include_input=False, include_url=False, include_context=False)
        problems = [_variable(each["loc"]) + each["msg"].removeprefix("Value error, ") for each in found]
        raise Refused("The settings are wrong. " + "; ".join(problems) + ".", code="WRONG_SETTINGS") from error


def _variable(location: tuple[int | str, ...]) -> str:
    return "QUERYFLOW_" + "_".join(map(str, location)).upper() + ": " if location else ""


@asynccontextmanager
async def embedded(
    settings: Sequence[ServiceSettings], listener: socket.socket, seeded: Ready
) -> AsyncIterator[asyncio.Task[None]]:
    """The services, answering at the listener while the block runs; then they drain. Yields their running."""
    bus = LocalBus()
    asked = asyncio.Event()
    async with AsyncExitStack() as stack:
        services = [await stack.enter_async_context(SERVICES[type(each)](each, bus)) for each in settings]
        gateway = _gateway(services, seeded)

        async def http() -> None:
            await answer(gateway, listener)

        loops = [http, *(loop for service in services for loop in service.loops)]
        running = asyncio.create_task(run_until(asked, bus, loops))
        try:
            yield running
        finally:
            asked.set()
            await running
            for service in services:
                await service.sign_off()


def _gateway(services: list[Service], seeded: Ready) -> Gateway:
    apps = {service.name: service.app for service in services}
    ready = {service.name: _readiness(service) for service in services}
    # any of the apps shows the counters of the process
    return Gateway(apps, {**ready, SEEDED: seeded}, {"queryflow": apps["composer"]})


def _readiness(service: Service) -> Ready:
    client = httpx2.AsyncClient(transport=httpx2.ASGITransport(app=service.app), base_url="http://127.0.0.1")

    async def ready() -> bool:
        return (await client.get("/health/ready")).is_success

    return ready
