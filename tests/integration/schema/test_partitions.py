"""The months of executions: made ahead, emptied by age, dropped when empty."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from uuid import UUID

import asyncpg
import pytest

from queryflow.db.pool import Connection
from queryflow.domain.ids import uuid7
from queryflow.schema.partitions import drop_empty_partitions, make_partitions_ahead, retain_executions
from queryflow.schema.people import LOCAL_PERSON

MONTHS = """
    SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'query_flow_executions'::regclass ORDER BY 1
"""
OLD_MONTH = """
    CREATE TABLE query_flow_executions_2020_01 PARTITION OF query_flow_executions
    FOR VALUES FROM (queryflow_first_uuid7('2020-01-01Z')) TO (queryflow_first_uuid7('2020-02-01Z'))
"""
EXECUTION = """
    INSERT INTO query_flow_executions (id, composition_key, version, state, logical_date, trigger_kind, requested_by)
    VALUES ($1, 'comp_a', 'v', $2, '2020-01-01', 'api', $3)
"""
NODE = """
    WITH node AS (
        INSERT INTO workflow_executions (composition_execution_id, composition_node_id) VALUES ($1, 'a') RETURNING id
    )
    INSERT INTO node_attempts (workflow_execution_id, attempt, fence, state) SELECT id, 1, 1, 'succeeded' FROM node
"""
IN_2020 = datetime(2020, 1, 10, tzinfo=UTC)


@pytest.fixture
async def connection(database: str) -> AsyncIterator[Connection]:
    connection = await asyncpg.connect(database)
    await connection.execute("INSERT INTO composition_versions VALUES ('v', NULL, 'comp_a', '{}')")
    yield connection
    await connection.close()


async def add_execution(connection: Connection, at: datetime, state: str) -> UUID:
    execution = uuid7(at)
    await connection.execute(EXECUTION, execution, state, LOCAL_PERSON)
    node = (
        "INSERT INTO workflow_executions (composition_execution_id, composition_node_id) VALUES ($1, 'a') RETURNING id"
    )
    await connection.execute(
        "INSERT INTO node_attempts (workflow_execution_id, attempt, fence, state) VALUES ($1, 1, 1, 'succeeded')",
        await connection.fetchval(node, execution),
    )
    return execution


@pytest.mark.parametrize("at", ["1970-01-01", "2026-11-22T10:00:00.123", "2026-12-01", "2199-12-31T23:59:59.999"])
async def test_the_database_and_the_code_agree_on_the_first_id_of_an_instant(connection: Connection, at: str) -> None:
    instant = datetime.fromisoformat(at).replace(tzinfo=UTC)
    first = (await connection.fetchval("SELECT queryflow_first_uuid7($1)", instant)).int
    assert (first >> 80, first % 2**80) == (uuid7(instant).int >> 80, 0)


async def test_partitions_reach_six_months_ahead_and_are_made_once(connection: Connection) -> None:
    now = await connection.fetchval("SELECT now()")
    months = [row[0] for row in await connection.fetch(MONTHS)]
    assert len(months) == 8
    assert months[1] == f"query_flow_executions_{now.astimezone(UTC):%Y_%m}"
    assert await make_partitions_ahead(connection) == 0
    assert await make_partitions_ahead(connection, 9) == 3
    for days in (0, 31, 180):
        await add_execution(connection, now + timedelta(days=days), "requested")


async def test_the_executor_may_make_them(connection: Connection) -> None:
    await connection.execute("SET ROLE queryflow_executor")
    assert await make_partitions_ahead(connection, 7) == 1


async def test_ended_executions_go_with_their_nodes_and_open_ones_stay(connection: Connection) -> None:
    await connection.execute("SET ROLE queryflow_migrator")
    await connection.execute(OLD_MONTH)
    await connection.execute("RESET ROLE")
    ended = {await add_execution(connection, IN_2020 + timedelta(hours=hour), "succeeded") for hour in range(3)}
    still_open = await add_execution(connection, IN_2020, "running")
    recent = await add_execution(connection, await connection.fetchval("SELECT now()"), "failed")
    before = IN_2020 + timedelta(days=30)
    await connection.execute("SET ROLE queryflow_executor")
    gone: set[UUID] = set()
    while batch := await retain_executions(connection, before, 2):
        assert len(batch) <= 2
        gone |= set(batch)
    await connection.execute("RESET ROLE")
    assert gone == ended
    left = {row["id"] for row in await connection.fetch("SELECT id FROM query_flow_executions")}
    assert left == {still_open, recent}
    assert await connection.fetchval("SELECT count(*) FROM workflow_executions") == 2
    assert await connection.fetchval("SELECT count(*) FROM node_attempts") == 2


async def test_only_empty_old_partitions_are_dropped(connection: Connection) -> None:
    await connection.execute("SET ROLE queryflow_migrator")
    await connection.execute(OLD_MONTH)
    await connection.execute("RESET ROLE")
    execution = await add_execution(connection, IN_2020, "running")
    assert await drop_empty_partitions(connection, IN_2020 + timedelta(days=60)) == 0
    await connection.execute("DELETE FROM query_flow_executions WHERE id = $1", execution)
    assert await drop_empty_partitions(connection, datetime(2020, 1, 31, tzinfo=UTC)) == 0
    await connection.execute("SET ROLE queryflow_executor")
    assert await drop_empty_partitions(connection, IN_2020 + timedelta(days=60)) == 1
    assert len(await connection.fetch(MONTHS)) == 8


async def test_who_removes_a_partition_gives_way_to_who_works(connection: Connection, database: str) -> None:
    """Both want what the other holds; neither a request nor a node may be the one that is broken off."""
    await connection.execute("SET ROLE queryflow_migrator")
    await connection.execute(OLD_MONTH)
    await connection.execute("RESET ROLE")
    remover = await asyncpg.connect(database)
    async with connection.transaction():
        await connection.fetch("SELECT FROM template_flow_compositions")
        removing = asyncio.create_task(drop_empty_partitions(remover, IN_2020 + timedelta(days=60)))
        await asyncio.wait([removing], timeout=1.3)
        await add_execution(connection, await connection.fetchval("SELECT now()"), "requested")
    with pytest.raises(asyncpg.LockNotAvailableError):
        await removing
    assert await drop_empty_partitions(remover, IN_2020 + timedelta(days=60)) == 1
    await remover.close()


async def test_nobody_can_remove_what_is_recent(connection: Connection) -> None:
    now = await connection.fetchval("SELECT now()")
    with pytest.raises(asyncpg.RaiseError):
        await retain_executions(connection, now)
    with pytest.raises(asyncpg.RaiseError):
        await drop_empty_partitions(connection, now)
