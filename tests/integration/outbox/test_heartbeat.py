"""A service shows that it lives, in its own row and under its own role."""

import asyncio

from queryflow import __version__
from queryflow.db.pool import open_pool
from queryflow.service.heartbeat import beat
from tests.support.eventually import eventually


async def test_a_service_renews_its_row(module_database: str) -> None:
    pool = await open_pool(module_database, role="queryflow_executor")
    beating = asyncio.create_task(beat(pool, "executor", "here-1", every_seconds=0.01))

    async def renewed() -> bool:
        row = await pool.fetchrow("SELECT started_at, at, version FROM service_heartbeats WHERE instance = 'here-1'")
        return row is not None and row["at"] > row["started_at"] and row["version"] == __version__

    await eventually(renewed)
    beating.cancel()
    await pool.close()
