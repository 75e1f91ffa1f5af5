"""A service is killed at a named place in the middle of a flow; afterwards nothing is lost, doubled or stuck."""

from uuid import UUID

import pytest

from queryflow.domain.errors import TryAgain
from queryflow_cli.client import RefusedByServer
from tests.support.eventually import eventually
from tests.support.flows import twenty_nodes
from tests.system.conftest import System

RECOVERED_WITHIN_SECONDS = 60.0

POINTS = (
    "composer.after_execution_insert",
    "executor.after_launch_insert",
    "executor.after_launch_commit",
    "executor.after_claim",
    "executor.after_claim:5",
    "executor.before_run:3",
    "executor.after_run",
    "executor.before_store_file",
    "executor.before_manifest",
    "executor.after_manifest:2",
    "executor.after_store",
    "executor.before_finish_commit",
    "executor.before_finish_commit:6",
    "executor.after_commit:4",
    "executor.after_handover:2",
    "objects.before_rename",
)


@pytest.mark.parametrize("point", POINTS)
async def test_a_service_dies_there_and_the_flow_ends_all_the_same(deployed: System, point: str) -> None:
    service = "executor" if point.startswith("objects") else point.partition(".")[0]
    await deployed.client.save_composition(twenty_nodes())
    await deployed.deployment.stop(service)
    await deployed.deployment.start(service, crash=point)
    execution_id = await _request(deployed, point)
    await deployed.deployment.died(service)
    await deployed.deployment.start(service)
    if execution_id is None:
        execution_id = await _request(deployed, point)
    assert execution_id is not None
    await _sound(deployed, execution_id)


@pytest.mark.parametrize("service", ["composer", "scheduler", "status", "executor"])
async def test_a_service_is_killed_while_flows_run(deployed: System, service: str) -> None:
    await deployed.client.save_composition(twenty_nodes())
    ids = [await deployed.client.execute("comp_twenty_nodes", {"version": "head"}) for _ in range(3)]
    await deployed.deployment.kill(service)
    await deployed.deployment.start(service)
    for execution_id in ids:
        await _sound(deployed, execution_id)


async def _request(system: System, key: str) -> str | None:
    """The execution's id; None if the composer died before it could answer."""
    try:
        return await system.client.execute("comp_twenty_nodes", {"version": "head"}, f"crash at {key}")
    except (TryAgain, RefusedByServer):
        return None


async def _sound(system: System, execution_id: str) -> None:
    identifier = UUID(execution_id)
    await eventually(lambda: system.oracle.ended(identifier), within=RECOVERED_WITHIN_SECONDS)
    await system.oracle.check(identifier)
    execution = await system.client.execution(execution_id)
    assert execution["state"] == "succeeded", execution
    await eventually(lambda: system.oracle.status_agrees(identifier), within=RECOVERED_WITHIN_SECONDS)
    await eventually(system.oracle.nothing_left, within=RECOVERED_WITHIN_SECONDS)
    assert await system.oracle.dead_letters() == 0
