"""Puts status together."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial

from fastapi import FastAPI

from queryflow.bus.port import Bus
from queryflow.db.outbox import DeadLetterTable
from queryflow.db.pool import open_engine, open_pool
from queryflow.http.app import Readiness, create_app
from queryflow.objects.port import open_objects
from queryflow.process.loops import forever
from queryflow.sandbox.sandbox import Sandbox
from queryflow.sandbox.settings import SandboxSettings
from queryflow.service.health import readiness
from queryflow.service.heartbeat import beat, sign_off
from queryflow.service.service import Service
from status.executions import api as executions
from status.handlers import HANDLERS
from status.nodes import api as nodes
from status.operations import api as operations
from status.operations.usecases import remove_silent
from status.process.settings import StatusSettings
from status.process.status import Status
from status.projection.projecting import forget
from status.projection.rebuilding import Mending
from status.results import api as results
from status.timeline import api as timeline

ROUTERS = (executions.router, nodes.router, results.router, timeline.router, operations.router)
TIDY_SECONDS = 3_600.0


@asynccontextmanager
async def open_service(settings: StatusSettings, bus: Bus) -> AsyncIterator[Service]:
    """Status, connected to its database and subscribed to the bus, until the block ends."""
    async with AsyncExitStack() as stack:
        status = await _open(settings, bus, stack)
        bus.subscribe(HANDLERS, status, DeadLetterTable(settings.service, status.pool))
        app = build_app(settings, readiness=partial(readiness, status.pool, bus))
        app.state.status = status
        yield Service(
            name=settings.service,
            app=app,
            loops=(
                partial(beat, status.pool, settings.service, settings.instance),
                partial(forever, "status.mend", Mending(status).turn, every_seconds=settings.sweep_seconds),
                partial(forever, "status.forget", partial(forget, status), every_seconds=TIDY_SECONDS),
                partial(forever, "status.silent", partial(remove_silent, status), every_seconds=TIDY_SECONDS),
            ),
            sign_off=partial(sign_off, status.pool, settings.service, settings.instance),
        )


def build_app(settings: StatusSettings, readiness: Readiness) -> FastAPI:
    """The HTTP app of status; `app.state.status` is set by who opens the database."""
    return create_app(settings.service, settings, routers=ROUTERS, readiness=readiness)


async def _open(settings: StatusSettings, bus: Bus, stack: AsyncExitStack) -> Status:
    pool = await stack.enter_async_context(await open_pool(settings.database_url, role=settings.role, maximum=4))
    engine = open_engine(settings.database_url, role=settings.role, size=4)
    stack.push_async_callback(engine.dispose)
    sandbox = Sandbox(SandboxSettings(folder=settings.home / "status", exposed=not settings.on_loopback))
    await sandbox.start()
    stack.push_async_callback(sandbox.stop)
    return Status(pool, engine, open_objects(settings), sandbox, bus, settings)
