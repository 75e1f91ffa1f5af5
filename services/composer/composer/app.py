"""Puts the composer together."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial

from fastapi import FastAPI

from composer.access.folders import OfferedFolders
from composer.combinations import api as combinations
from composer.compositions import api as compositions
from composer.connections import api as engine_connections
from composer.executions import api as executions
from composer.executions.sweep import SWEEP_SECONDS, forget_old_requests, learn_what_was_missed
from composer.handlers import HANDLERS
from composer.process.composer import Composer
from composer.process.settings import ComposerSettings
from composer.process.version_cache import VersionCache
from composer.queries import api as queries
from composer.schedules import api as schedules
from composer.templates import api as templates
from composer.workflows import api as workflows
from queryflow.bus.port import Bus
from queryflow.db.outbox import DeadLetterTable, Outbox
from queryflow.db.pool import open_engine, open_pool
from queryflow.http.app import Readiness, create_app
from queryflow.process.loops import forever
from queryflow.service.health import readiness
from queryflow.service.heartbeat import beat, sign_off
from queryflow.service.service import Service

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
