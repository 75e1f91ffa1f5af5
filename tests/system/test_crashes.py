"""A service is killed at a named place in the middle of a flow; afterwards nothing is lost, doubled or stuck."""

from uuid import UUID

import pytest

from queryflow.domain.errors import TryAgain
from queryflow_cli.client.client import RefusedByServer
from tests.support.eventually import eventually
from tests.support.flows import twenty_nodes
from tests.system.conftest import System
from tests.system.test_flows import MAKE_DUE, scheduled

RECOVERED_WITHIN_SECONDS = 60.0

COMPOSER_POINTS = ("composer.after_execution_insert", "composer.before_outbox_delete")
EXECUTOR_POINTS = (
    "executor.after_launch_insert",
    "executor.after_launch_commit",
    "executor.after_claim",
    "executor.before_run:3",
    "executor.after_run",
    "executor.before_store_file",
    "executor.before_manifest",
    "executor.after_manifest:2",
    "executor.after_store",
    "executor.before_finish_commit",
    "executor.before_finish_commit:6",
    "executor.after_handover:3",
    "objects.before_rename",
    "bus.before_acknowledge",
)
"""Each is killed at that passage of that place, in the middle of a flow."""
SCHEDULER_AND_STATUS_POINTS = (
    ("scheduler.after_runs", "status.after_facts:3"),
    ("scheduler.after_commit:2", "status.before_summaries_commit:2"),
    ("scheduler.before_outbox_delete", "bus.before_acknowledge:4"),
    ("bus.before_acknowledge", "status.before_facts:2"),
)
"""A scheduler that fires a due time and a status that follows the flow; the first turn of its clock is two commits."""


@pytest.fixture(autouse=True)
async def _revived(deployed: System) -> None:
    """What an earlier test left dead lives again."""
    await deployed.deployment.revive()


@pytest.mark.parametrize("point", EXECUTOR_POINTS)
async def test_an_executor_dies_there_and_the_flow_ends_all_the_same(deployed: System, point: str) -> None:
    await deployed.client.save_composition(twenty_nodes())
    await deployed.deployment.stop("executor")
    execution_id = await deployed.client.execute("comp_twenty_nodes", {"version": "head"})
    deployed.deployment.launch("executor", crash=point)
    await deployed.deployment.died("executor")
    await deployed.deployment.start("executor")
    await check_sound(deployed, execution_id)


@pytest.mark.parametrize("point", COMPOSER_POINTS)
async def test_a_composer_dies_there_and_a_repeated_request_is_one_execution(deployed: System, point: str) -> None:
    await deployed.client.save_composition(twenty_nodes())
    await deployed.deployment.stop("composer")
    await deployed.deployment.start("composer", crash=point)
    first = await _request(deployed, point)
    await deployed.deployment.died("composer")
    await deployed.deployment.start("composer")
    second = await _request(deployed, point)
    assert second is not None
    assert first in {None, second}
    await check_sound(deployed, second)


@pytest.mark.parametrize(("scheduler", "status"), SCHEDULER_AND_STATUS_POINTS)
async def test_a_scheduler_and_a_status_die_there_and_a_due_time_is_one_execution(
    deployed: System, scheduler: str, status: str
) -> None:
    await deployed.client.save_composition(twenty_nodes())
    schedule = await scheduled(deployed, "comp_twenty_nodes")
    await deployed.deployment.kill("scheduler")
    await deployed.deployment.kill("status")
    assert await deployed.connection.execute(MAKE_DUE, schedule) == "UPDATE 1"
    deployed.deployment.launch("status", crash=status)
    deployed.deployment.launch("scheduler", crash=scheduler)
    await deployed.deployment.died("scheduler")
    deployed.deployment.launch("scheduler")
    await deployed.deployment.died("status")
    await deployed.deployment.start("status")
    execution_id = await eventually(lambda: deployed.oracle.fired_once(schedule), within=RECOVERED_WITHIN_SECONDS)
    await check_sound(deployed, str(execution_id))


@pytest.mark.parametrize("service", ["composer", "executor"])
async def test_a_service_is_killed_while_flows_run(deployed: System, service: str) -> None:
    await deployed.client.save_composition(twenty_nodes())
    ids = [await deployed.client.execute("comp_twenty_nodes", {"version": "head"}) for _ in range(3)]
    await deployed.deployment.kill(service)
    await deployed.deployment.start(service)
    for execution_id in ids:
        await check_sound(deployed, execution_id)


async def _request(system: System, key: str) -> str | None:
    """The execution's id; None if the composer died before it could answer."""
    try:
        return await system.client.execute("comp_twenty_nodes", {"version": "head"}, f"crash at {key}")
    except (TryAgain, RefusedByServer):
        return None


async def check_sound(system: System, execution_id: str) -> None:
    identifier = UUID(execution_id)
    await eventually(lambda: system.oracle.ended(identifier), within=RECOVERED_WITHIN_SECONDS)
    await system.oracle.check(identifier)
    execution = await system.client.execution(execution_id)
    assert execution["state"] == "succeeded", execution
    await eventually(lambda: system.oracle.status_agrees(identifier), within=RECOVERED_WITHIN_SECONDS)
    await eventually(system.oracle.nothing_left, within=RECOVERED_WITHIN_SECONDS)
    assert not await system.oracle.dead_letters("executor", "status", "scheduler")
