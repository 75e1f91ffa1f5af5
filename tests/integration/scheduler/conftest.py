"""Schedulers over a real database, and the world they look at."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest

from queryflow.bus.local import LocalBus
from queryflow.db.outbox import Outbox
from queryflow.db.pool import open_engine, open_pool
from scheduler.process.scheduler import Scheduler
from scheduler.process.settings import SchedulerSettings
from tests.integration.scheduler.world import FAILURES_LIMIT, World


@pytest.fixture
async def world(database: str) -> AsyncIterator[World]:
    async with await open_pool(database, role=None) as pool:
        yield World(pool)


@pytest.fixture
async def schedulers(database: str) -> AsyncIterator[list[Scheduler]]:
    """Four schedulers over one database; what they say is caught by a consumer that only counts."""
    settings = SchedulerSettings(database_url=database, failures_limit=FAILURES_LIMIT)
    async with AsyncExitStack() as stack:
        schedulers = []
        for _ in range(4):
            pool = await stack.enter_async_context(await open_pool(database, role=settings.role, maximum=2))
            engine = open_engine(database, role=settings.role, size=2)
            stack.push_async_callback(engine.dispose)
            schedulers.append(Scheduler(engine, Outbox("scheduler", pool, LocalBus(), settings), settings))
        yield schedulers
