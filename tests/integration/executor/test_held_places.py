"""Long queries hold every place of the sandbox while others wait for one."""

from collections import Counter
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from executor.engines.duckdb import DuckDBEngine
from queryflow.domain.flow import Flow
from queryflow.domain.ids import ExecutionId
from queryflow.domain.template import Dialect, Template
from queryflow.domain.version import EngineConnection, Version
from queryflow.messages.flow_execution import FlowExecutionCancelRequested
from queryflow.sandbox.job import Job, Query
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
    """Every node has the time that one of them needs; all together they need longer."""
    places = sandbox.settings.width
    async with open_rig(database, tmp_path, sandbox=sandbox, more=[DuckDBEngine(sandbox)], run_at_once=places) as rig:
        await connect(rig)
        second = version(sql="SELECT pg_sleep(0.8)", timeout_seconds=2)
        execution = await rig.request(second)
        await eventually(lambda: counted(rig, execution, running=places, waiting=len(NODES) - places))
        assert await rig.ended(execution) == "succeeded"
        await eventually(lambda: is_sound(rig, execution))


async def test_drain_gives_all_of_them_back(database: str, tmp_path: Path, sandbox: Sandbox) -> None:
    async with open_rig(database, tmp_path / "other", listening=False) as other:
        await connect(other)
        async with open_rig(database, tmp_path, sandbox=sandbox, more=[DuckDBEngine(sandbox)]) as rig:
            execution = await rig.request(version())
            await eventually(lambda: counted(rig, execution, running=len(NODES)))
        assert await counted(other, execution, ready=len(NODES))
        assert await sandbox.run(Job((Query("SELECT 1", rows=1),), tmp_path, timedelta(seconds=5)))
