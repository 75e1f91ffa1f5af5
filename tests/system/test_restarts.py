"""The broker goes away and comes back, and the embedded process is killed, while flows run."""

from functools import partial
from uuid import UUID

import pytest

from queryflow_cli.servers.rabbitmq import PrivateRabbit
from tests.support.deployment import SERVICES
from tests.support.eventually import eventually
from tests.support.flows import twenty_nodes
from tests.system.conftest import Ground, System, deploy

RECOVERED_WITHIN_SECONDS = 90.0
FLOWS = 5


async def start_flows(system: System) -> list[UUID]:
    """Some flows of twenty nodes, under way."""
    await system.client.save_composition(twenty_nodes())
    ids = [await system.client.execute("comp_twenty_nodes", {"version": "head"}) for _ in range(FLOWS)]
    return [UUID(each) for each in ids]


async def check_all_sound(system: System, ids: list[UUID]) -> None:
    """Every flow succeeded, with each promise kept."""
    await eventually(lambda: system.oracle.ended(*ids), within=RECOVERED_WITHIN_SECONDS)
    for each in ids:
        await system.oracle.check(each)
        assert (await system.client.execution(str(each)))["state"] == "succeeded"
        await eventually(partial(system.oracle.status_agrees, each), within=RECOVERED_WITHIN_SECONDS)
    await eventually(system.oracle.nothing_left, within=RECOVERED_WITHIN_SECONDS)


async def test_the_broker_restarts_during_runs(ground: Ground, private_rabbitmq: PrivateRabbit) -> None:
    async with deploy(ground, private_rabbitmq.url) as system:
        ids = await start_flows(system)
        private_rabbitmq.restart()
        ids += await start_flows(system)
        await check_all_sound(system, ids)
        assert all(system.deployment.alive(service) for service in SERVICES)


@pytest.mark.parametrize(
    "point",
    [
        "executor.after_claim:2",
        "executor.before_finish_commit:3",
    ],
)
async def test_the_embedded_process_dies_there_and_its_flows_end_all_the_same(embedded: System, point: str) -> None:
    ids = await start_flows(embedded)
    await embedded.deployment.kill("up")
    embedded.deployment.launch("up", crash=point)
    await embedded.deployment.died("up")
    await embedded.deployment.start()
    await check_all_sound(embedded, ids)
