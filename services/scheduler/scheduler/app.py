"""Puts the scheduler together."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial

from queryflow.bus.port import Bus
from queryflow.db.outbox import DeadLetterTable, Outbox
from queryflow.db.pool import open_engine, open_pool
from queryflow.http.app import create_app
from queryflow.process.loops import forever
from queryflow.service.health import readiness
from queryflow.service.heartbeat import beat, sign_off
from queryflow.service.service import Service
from scheduler.handlers import HANDLERS
from scheduler.process.scheduler import Scheduler
from scheduler.process.settings import SchedulerSettings
from scheduler.ticker import settle_open, tick


@asynccontextmanager
async def open_service(settings: SchedulerSettings, bus: Bus) -> AsyncIterator[Service]:
    """The scheduler, connected to its database and subscribed to the bus, until the block ends."""
    async with AsyncExitStack() as stack:
        pool = await stack.enter_async_context(await open_pool(settings.database_url, role=settings.role, maximum=2))
        engine = open_engine(settings.database_url, role=settings.role, size=4)
        stack.push_async_callback(engine.dispose)
        outbox = Outbox(settings.service, pool, bus, settings)
        scheduler = Scheduler(engine, outbox, settings)
        bus.subscribe(HANDLERS, scheduler, DeadLetterTable(settings.service, pool))
        yield Service(
            name=settings.service,
            app=create_app(settings.service, settings, routers=(), readiness=partial(readiness, pool, bus)),
            loops=(
                outbox.run,
                partial(beat, pool, settings.service, settings.instance),
                partial(forever, "scheduler.tick", partial(tick, scheduler), every_seconds=settings.poll_seconds),
                partial(
                    forever, "scheduler.settle", partial(settle_open, scheduler), every_seconds=settings.sweep_seconds
                ),
            ),
            sign_off=partial(sign_off, pool, settings.service, settings.instance),
        )
