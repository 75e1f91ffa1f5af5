"""Long queries hold every place of the sandbox while others wait for one."""

from collections import Counter
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from executor.engines.duckdb.engine import DuckDBEngine
from queryflow.domain.flow.flow import Flow
from queryflow.domain.flow.template import Dialect, Template
from queryflow.domain.flow.version import EngineConnection, Version
from queryflow.domain.ids import ExecutionId
from queryflow.messages.flow_execution import FlowExecutionCancelRequested
from queryflow.sandbox.jobs.job import Job, Query
from queryflow.sandbox.sandbox import Sandbox
from queryflow.sandbox.settings import SandboxSettings
from tests.integration.executor.oracle import is_sound
from tests.integration.executor.rig import Rig, flow_document, open_rig
from tests.support.eventually import eventually

NODES = [f"n{number}" for number in range(6)]
FOREVER = "SELECT count(*) FROM range(10000000000) a, range(1000) b WHERE a.range % 7 = b.range % 11"


@pytest.fixture
async def sandbox(tmp_path: Path) -> AsyncIterator[Sandbox]:
    """Running, with two places."""
    running = Sandbox(SandboxSettings(tmp_path / "sandbox", width=2))
    await running.start()
    yield running
    await running.stop()


def version(sql: str = FOREVER, **extra: object) -> Version:
    flow = Flow.model_validate(flow_document([], dict.fromkeys(NODES, extra)))
    template = Template(template_id="noop", name="noop", dialect=Dialect.DUCKDB, sql=sql)
    connections = {"machine": EngineConnection(name="memory", engine="duckdb")}
    return Version(flow=flow, templates={"noop": template}, connections=connections)


async def connect(rig: Rig) -> None:
    await rig.owner.execute("INSERT INTO engine_connections (name, engine) VALUES ('memory', 'duckdb')")


async def counted(rig: Rig, execution: ExecutionId, **wanted: int) -> bool:
    """Whether so many nodes are in those states, and none in another."""
    return Counter((await rig.nodes(execution)).values()) == wanted


async def test_cancel_ends_those_that_run_and_those_that_wait(database: str, tmp_path: Path, sandbox: Sandbox) -> None:
    async with open_rig(database, tmp_path, sandbox=sandbox, more=[DuckDBEngine(sandbox)]) as rig:
        await connect(rig)
        execution = await rig.request(version())
        await eventually(lambda: counted(rig, execution, running=len(NODES)))
        await rig.cancel(execution)
        await rig.send(FlowExecutionCancelRequested(execution_id=execution, composition_id="comp_test"))
        assert await rig.ended(execution, within=5) == "cancelled"
        [answer] = await sandbox.run(Job((Query("SELECT 1", rows=1),), tmp_path, timedelta(seconds=5)))
        assert answer.rows == ((1,),)
        await eventually(lambda: is_sound(rig, execution))


async def test_what_waits_for_a_place_says_so_and_does_not_time_out(
    database: str, tmp_path: Path, sandbox: Sandbox
) -> None:
    """They wait for longer than a node may take: the time that a node may take begins with its claim."""
    places = sandbox.settings.width
    async with open_rig(database, tmp_path, sandbox=sandbox, more=[DuckDBEngine(sandbox)], run_at_once=places) as rig:
        await connect(rig)
        holding = await rig.request(version())
        await eventually(lambda: counted(rig, holding, running=places, waiting=len(NODES) - places))
        waiting = await rig.request(version(sql="SELECT 1", timeout_seconds=3))
        await eventually(lambda: counted(rig, waiting, waiting=len(NODES)))
        await eventually(lambda: waited_beyond(rig, waiting, timedelta(seconds=3)))
        await rig.cancel(holding)
        await rig.send(FlowExecutionCancelRequested(execution_id=holding, composition_id="comp_test"))
        assert await rig.ended(waiting) == "succeeded"
        for node in NODES:
            row = await rig.row(waiting, node)
            assert row["started_at"] - row["created_at"] > timedelta(seconds=3)
            assert row["attempt"] == 1
        await eventually(lambda: is_sound(rig, waiting))


async def waited_beyond(rig: Rig, execution: ExecutionId, least: timedelta) -> bool:
    """Whether every node of the execution was made so long ago, by the database's clock, and waits."""
    statement = """
        SELECT bool_and(state = 'waiting' AND created_at < now() - $2::interval)
        FROM workflow_executions WHERE composition_execution_id = $1
    """
    return bool(await rig.owner.fetchval(statement, execution, least))


async def test_drain_gives_all_of_them_back(database: str, tmp_path: Path, sandbox: Sandbox) -> None:
    async with open_rig(database, tmp_path / "other", listening=False) as other:
        await connect(other)
        async with open_rig(database, tmp_path, sandbox=sandbox, more=[DuckDBEngine(sandbox)]) as rig:
            execution = await rig.request(version())
            await eventually(lambda: counted(rig, execution, running=len(NODES)))
        assert await counted(other, execution, ready=len(NODES))
        assert await sandbox.run(Job((Query("SELECT 1", rows=1),), tmp_path, timedelta(seconds=5)))
