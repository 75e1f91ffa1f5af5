"""What was kept long enough goes: executions with their results, the months they lay in, and results without a row."""

import asyncio
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import asyncpg
import pytest

from executor.repair import sweeper
from queryflow.domain.ids import ExecutionId, uuid7
from tests.integration.executor.rig import Rig, flow_of, open_rig
from tests.support.eventually import eventually

MONTH = """
    SET ROLE queryflow_migrator;
    CREATE TABLE query_flow_executions_2020_{0} PARTITION OF query_flow_executions
    FOR VALUES FROM (queryflow_first_uuid7('2020-{0}-01Z')) TO (queryflow_first_uuid7('2020-{0}-28Z'));
    RESET ROLE
"""
MOVE_BACK = """
    INSERT INTO query_flow_executions (id, composition_key, version, logical_date, trigger_kind, requested_by, state)
    SELECT $2, composition_key, version, logical_date, trigger_kind, requested_by, $3
    FROM query_flow_executions WHERE id = $1
"""
OLD_MONTHS = """
    SELECT inhrelid::regclass::text FROM pg_inherits
    WHERE inhparent = 'query_flow_executions'::regclass AND inhrelid::regclass::text LIKE '%2020%'
"""


async def in_2020(rig: Rig, like: ExecutionId, month: int, state: str) -> UUID:
    """An execution of that month, with a result."""
    made = uuid7(datetime(2020, month, 10, tzinfo=UTC))
    await rig.owner.execute(MOVE_BACK, like, made, state)
    await rig.executor.equipment.objects.put_bytes(f"results/{made}/n/1-1.parquet", b"rows")
    return made


async def test_old_executions_go_with_results_and_months_though_others_are_at_work(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweeper, "PAUSE_SECONDS", 0.05)
    async with open_rig(database, tmp_path, listening=False, keep_days=90) as rig:
        for month in ("01", "02", "03"):
            await rig.owner.execute(MONTH.format(month))
        recent = await rig.request(flow_of([("a", "b")]), send=False)
        await in_2020(rig, recent, 1, "succeeded")
        still_open = await in_2020(rig, recent, 2, "running")
        await in_2020(rig, recent, 3, "failed")
        at_work = await asyncpg.connect(database)
        async with at_work.transaction():
            await at_work.fetch("SELECT FROM template_flow_compositions")
            tidying = asyncio.create_task(sweeper.tidy(rig.executor))
            await asyncio.wait([tidying], timeout=0.8)
        await at_work.close()
        await tidying
        left = {row["id"] for row in await rig.owner.fetch("SELECT id FROM query_flow_executions")}
        assert left == {recent, still_open}
        assert await rig.executor.equipment.objects.list("results/") == [f"results/{still_open}/n/1-1.parquet"]
        assert [row[0] for row in await rig.owner.fetch(OLD_MONTHS)] == ["query_flow_executions_2020_02"]


async def test_results_that_a_crash_left_without_a_row_go_when_they_are_old(rig: Rig) -> None:
    objects = rig.executor.equipment.objects
    old, young = uuid7(datetime(2020, 1, 10, tzinfo=UTC)), uuid7(datetime.now(UTC) - timedelta(days=1))
    stay = {f"results/{young}/n/1-1.parquet", "results/of-something-else"}
    for key in (f"results/{old}/n/1-1.parquet", *stay):
        await objects.put_bytes(key, b"rows")
    await sweeper.tidy(rig.executor)
    assert set(await objects.list("")) == stay


LONG_AGO = 1_577_836_800
RUNNING = """
    UPDATE workflow_executions SET state = 'running', fence = 3
    WHERE composition_execution_id = $1 AND composition_node_id = 'a' RETURNING id
"""


async def test_folders_of_attempts_that_nobody_runs_go_when_they_are_old(rig: Rig) -> None:
    execution = await rig.request(flow_of([("a", "b")]))
    row = await eventually(lambda: rig.owner.fetchval(RUNNING, execution))
    attempts, running = rig.executor.attempts, f"{row}-1-3"
    for name in (running, f"{row}-1-2", f"{uuid7(datetime.now(UTC))}-1-1", "catalogue-x", "young"):
        (attempts / name).mkdir(parents=True)
        (attempts / name / "result.parquet").write_bytes(b"rows")
        if name != "young":
            os.utime(attempts / name, (LONG_AGO, LONG_AGO))
    await sweeper.tidy(rig.executor)
    assert {path.name for path in attempts.iterdir()} == {running, "young"}
