"""Puts the executor together."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial

from executor.engines.opening import open_engines
from executor.engines.port import Tools
from executor.handlers import HANDLERS, node_handlers
from executor.opening import open_executor
from executor.process.executor import Equipment, Executor
from executor.process.settings import ExecutorSettings
from queryflow.bus.port import Bus
from queryflow.db.outbox import DeadLetterTable
from queryflow.http.app import create_app
from queryflow.objects.port import open_objects
from queryflow.sandbox.sandbox import Sandbox
from queryflow.sandbox.settings import MEGABYTE, SandboxSettings
from queryflow.service.health import readiness
from queryflow.service.heartbeat import sign_off
from queryflow.service.service import Service


@asynccontextmanager
async def open_service(settings: ExecutorSettings, bus: Bus) -> AsyncIterator[Service]:
    """The executor with its database and its sandbox, subscribed to the bus, until the block ends."""
    async with AsyncExitStack() as stack:
        folder, width = settings.home / "sandbox", settings.run_at_once
        sandbox = Sandbox(SandboxSettings(folder, width, exposed=not settings.on_loopback))
        await sandbox.start()
        stack.push_async_callback(sandbox.stop)
        tools = Tools(sandbox, settings.home / "tables", settings.tables_mb * MEGABYTE)
        equipment = Equipment(open_engines(tools), open_objects(settings), sandbox)
        opened = await stack.enter_async_context(open_executor(settings, bus, equipment))
        executor = opened.executor
        handlers = (*HANDLERS, *node_handlers(equipment.kinds))
        bus.subscribe(handlers, executor, DeadLetterTable(settings.service, executor.transactions.pool))
        yield Service(
            name=settings.service,
            app=create_app(settings.service, settings, routers=(), readiness=partial(_readiness, executor, bus)),
            loops=opened.loops,
            sign_off=partial(sign_off, executor.transactions.pool, settings.service, settings.instance),
        )


async def _readiness(executor: Executor, bus: Bus) -> Mapping[str, bool]:
    return await readiness(executor.transactions.pool, bus) | {"taking work": not executor.held_attempts.draining}
