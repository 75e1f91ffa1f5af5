"""Puts the composer together."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial

from fastapi import FastAPI

from composer.api import (
    combinations,
    compositions,
    engine_connections,
    executions,
    queries,
    schedules,
    templates,
    workflows,
)
from composer.composer import Composer
from composer.folders import OfferedFolders
from composer.handlers import HANDLERS
from composer.settings import ComposerSettings
from composer.sweep import SWEEP_SECONDS, forget_old_requests, learn_what_was_missed
from composer.version_cache import VersionCache
from queryflow.runtime.bus.port import Bus
from queryflow.runtime.database import open_engine, open_pool
from queryflow.runtime.health import readiness
from queryflow.runtime.heartbeat import beat, sign_off
from queryflow.runtime.http import Readiness, create_app
from queryflow.runtime.loops import forever
from queryflow.runtime.outbox import DeadLetterTable, Outbox
from queryflow.runtime.service import Service

ROUTERS = (
    templates.router,
    compositions.router,
    combinations.router,
    workflows.router,
    queries.router,
    executions.router,
    schedules.router,
    engine_connections.router,
)


@asynccontextmanager
async def open_service(settings: ComposerSettings, bus: Bus) -> AsyncIterator[Service]:
    """The composer, connected to its database and subscribed to the bus, until the block ends."""
    async with AsyncExitStack() as stack:
        pool = await stack.enter_async_context(await open_pool(settings.database_url, role=settings.role, maximum=4))
        engine = open_engine(settings.database_url, role=settings.role)
        stack.push_async_callback(engine.dispose)
        outbox = Outbox(settings.service, pool, bus, settings)
        composer = Composer(engine, outbox, VersionCache(), OfferedFolders(settings.roots, shown=settings.on_loopback))
        bus.subscribe(HANDLERS, composer, DeadLetterTable(settings.service, pool))
        app = build_app(settings, readiness=partial(readiness, pool, bus))
        app.state.composer = composer
        sweep, missed = partial(forget_old_requests, composer), partial(learn_what_was_missed, composer)
        yield Service(
            name=settings.service,
            app=app,
            loops=(
                outbox.run,
                partial(beat, pool, settings.service, settings.instance),
                partial(forever, "composer.requests", sweep, every_seconds=SWEEP_SECONDS),
                partial(forever, "composer.outputs", missed, every_seconds=settings.sweep_seconds),
            ),
            sign_off=partial(sign_off, pool, settings.service, settings.instance),
        )


def build_app(settings: ComposerSettings, readiness: Readiness) -> FastAPI:
    """The composer's HTTP app; `app.state.composer` is set by who opens the database."""
    return create_app(settings.service, settings, routers=ROUTERS, readiness=readiness)
