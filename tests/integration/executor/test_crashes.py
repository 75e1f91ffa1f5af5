"""A process that dies at the worst places: the next one finishes its work, nothing lost and nothing twice."""

import asyncio
import signal
import sys
from pathlib import Path

import pytest

from queryflow.domain.ids import ExecutionId
from tests.integration.executor.doomed import EDGES, FAST, RETRY, teach
from tests.integration.executor.rig import Rig, flow_of, open_rig
from tests.support.eventually import eventually

POINTS = (
    "executor.after_launch_insert",
    "executor.after_claim:2",
    "executor.before_finish_commit:3",
    "executor.after_commit:12",
    "executor.before_cancel_commit",
    "executor.after_cancel_commit",
)


@pytest.mark.parametrize("point", POINTS)
async def test_the_next_process_finishes_what_a_dead_one_began(database: str, tmp_path: Path, point: str) -> None:
    version = flow_of(EDGES, again=RETRY)
    async with open_rig(database, tmp_path / "asking", listening=False) as asking:
        whole = await asking.request(version, send=False)
        cancelled = await asking.request(version, send=False)
        doomed = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.integration.executor.doomed", database, str(tmp_path / "doomed"), point
        )
        if "cancel" in point:
            await eventually(lambda: asking.node_is(cancelled, "slow", "running"), within=30)
            await asking.cancel(cancelled)
        async with asyncio.timeout(50):
            assert await doomed.wait() == -signal.SIGKILL
    async with open_rig(database, tmp_path / "next", **FAST) as rig:
        teach(rig)
        assert await rig.ended(whole) == "partially_succeeded"
        assert await rig.ended(cancelled) == ("cancelled" if "cancel" in point else "partially_succeeded")
        await eventually(lambda: nothing_is_left_or_doubled(rig, whole))


async def nothing_is_left_or_doubled(rig: Rig, whole: ExecutionId) -> bool:
    """Every node told its children, succeeded once at most, and no message waits."""
    states = await rig.nodes(whole)
    assert {node for node, state in states.items() if state != "succeeded"} == {"bad", "s1", "s2", "s3"}
    assert not await rig.owner.fetch("SELECT FROM workflow_executions WHERE NOT advanced OR remaining_parents <> 0")
    assert not await rig.owner.fetch(
        "SELECT FROM node_attempts WHERE state = 'succeeded' GROUP BY workflow_execution_id HAVING count(*) > 1"
    )
    return not await rig.owner.fetchval("SELECT count(*) FROM executor_outbox")
