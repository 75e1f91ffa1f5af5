"""Connections that the server closed, as a restart or an administrator does."""

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from queryflow.db.pool import Pool, open_engine, open_pool
from queryflow.process.transient_errors import is_transient
from tests.support.eventually import eventually

ROLE = "queryflow_status"
TERMINATE = """
    SELECT pid, pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE application_name = $1 AND datname = current_database()
"""
GONE = "SELECT count(*) = 0 FROM pg_stat_activity WHERE pid = ANY($1::int[])"
SIZE = 3


@pytest.fixture
async def owner(module_database: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(module_database)
    yield connection
    await connection.close()


@pytest.fixture
async def engine(module_database: str) -> AsyncIterator[AsyncEngine]:
    engine = open_engine(module_database, role=ROLE, size=SIZE)
    yield engine
    await engine.dispose()


async def backend(connection: AsyncConnection) -> int:
    found: int = (await connection.execute(text("SELECT pg_backend_pid()"))).scalar_one()
    return found


async def use_all(engine: AsyncEngine) -> set[int]:
    """The backends behind every connection of the engine."""
    connections = [await engine.connect() for _ in range(SIZE)]
    found = {await backend(connection) for connection in connections}
    for connection in connections:
        await connection.close()
    return found


async def terminate(owner: asyncpg.Connection) -> None:
    """End every connection of the role to this database; a pool may open others meanwhile."""
    ended = [row["pid"] for row in await owner.fetch(TERMINATE, ROLE)]
    assert ended
    await eventually(lambda: owner.fetchval(GONE, ended))
    await asyncio.sleep(0.05)  # our side reads the end of the connections in the next turns of the loop


async def test_connections_closed_while_nobody_used_them_are_replaced(
    engine: AsyncEngine, owner: asyncpg.Connection
) -> None:
    before = await use_all(engine)
    await terminate(owner)
    after = await use_all(engine)
    assert len(after) == SIZE
    assert after.isdisjoint(before)


async def test_a_connection_closed_in_a_transaction_fails_as_what_passes(
    engine: AsyncEngine, owner: asyncpg.Connection
) -> None:
    async with engine.connect() as connection:
        await backend(connection)
        await terminate(owner)
        with pytest.raises(DBAPIError) as failed:
            await backend(connection)
    assert is_transient(failed.value)
    assert len(await use_all(engine)) == SIZE


async def test_the_pool_replaces_what_was_closed(module_database: str, owner: asyncpg.Connection) -> None:
    pool: Pool
    async with await open_pool(module_database, role=ROLE, minimum=2, maximum=2) as pool:
        before = await pool.fetchval("SELECT pg_backend_pid()")
        await terminate(owner)
        assert await pool.fetchval("SELECT pg_backend_pid()") != before
        assert await pool.fetchval("SELECT current_user") == ROLE
