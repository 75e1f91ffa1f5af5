"""Many more ready nodes than places, at the usual settings: nothing is lost, and there is nothing to mend."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from functools import partial
from random import Random
from uuid import UUID

import pytest

from tests.support.eventually import eventually
from tests.support.flows import Document, connection, flow
from tests.system.conftest import Ground, System, deploy, embed

NODES = 60
SEEDS = (0, 1, 2)
WITHIN_SECONDS = 90.0
USUAL = {
    "QUERYFLOW_LEASE_SECONDS": "60",
    "QUERYFLOW_EXECUTOR_UNCLAIMED_SECONDS": "60",
    "QUERYFLOW_POLL_SECONDS": "1",
    "QUERYFLOW_EXECUTOR_RUN_AT_ONCE": "2",
}
"""As in production, on the smallest machine; only the sweeper looks more often than there."""
NOT_AT_ONCE = """
SELECT node.composition_node_id, history.attempt, history.state FROM workflow_executions AS node
JOIN node_attempts AS history ON history.workflow_execution_id = node.id
WHERE history.state <> 'succeeded' OR history.attempt <> 1 OR history.fence <> 1
"""


@pytest.fixture(params=["deployed", "embedded"])
async def usual(request: pytest.FixtureRequest, ground: Ground) -> AsyncIterator[System]:
    """A system of its own in either shape."""
    async with AsyncExitStack() as stack:
        if request.param == "embedded":
            yield await stack.enter_async_context(embed(ground, **USUAL))
        else:
            amqp_url = request.getfixturevalue("rabbitmq_url")
            yield await stack.enter_async_context(deploy(ground, amqp_url, **USUAL))


def wide(seed: int) -> Document:
    """Independent nodes with the first seed; with the others about half of them wait for one before them."""
    random = Random(seed)
    edges = [
        connection(f"n{random.randrange(node)}", f"n{node}")
        for node in range(1, NODES)
        if seed and random.random() < 0.5
    ]
    return flow(f"wide_{seed}", {f"n{node}": {"template": "things_counted"} for node in range(NODES)}, *edges)


async def test_every_node_runs_once_and_nothing_is_mended(usual: System) -> None:
    for seed in SEEDS:
        await usual.client.save_composition(wide(seed))
    bodies = [usual.client.execute(f"comp_wide_{seed}", {"version": "head"}) for seed in SEEDS]
    executions = [UUID(each) for each in await asyncio.gather(*bodies)]
    for execution in executions:
        await eventually(partial(usual.oracle.ended, execution), within=WITHIN_SECONDS)
        await usual.oracle.check(execution)
        assert (await usual.client.execution(str(execution)))["counts"]["succeeded"] == NODES
    assert not await usual.connection.fetch(NOT_AT_ONCE)
    await eventually(usual.oracle.nothing_left)
    said = "".join(log.read_text() for log in usual.deployment.folder.rglob("*.log"))
    assert "Started" in said, "there is a log to look at"
    for trouble in ("sweep.repaired", "attempt.lost", "outcome.refused", "finish.apart"):
        assert trouble not in said
