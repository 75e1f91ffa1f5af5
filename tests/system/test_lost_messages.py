"""Every message gets lost once, and the rows bring back what it was about."""

import json
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from functools import partial
from typing import Any
from uuid import UUID

import pytest

from queryflow.bus.topology import SPEAKERS, work_queues
from queryflow.messages.trigger import FlowTrigger
from tests.support.eventually import eventually
from tests.support.flows import connection, diamond, flow
from tests.support.losing import losing
from tests.system.conftest import System
from tests.system.test_flows import MAKE_DUE, ended, scheduled

Losing = Callable[[], AbstractAsyncContextManager[None]]
HEALED_WITHIN_SECONDS = 30.0

_SUMMARY = """
SELECT state, composition_id, nodes, started_at, finished_at, cancel_requested
FROM execution_summaries WHERE execution_id = $1
"""
_TRUTH = """
SELECT state, composition_key, (SELECT nullif(count(*), 0) FROM workflow_executions AS node
  WHERE node.composition_execution_id = execution.id), started_at, finished_at, cancel_requested_at IS NOT NULL
FROM query_flow_executions AS execution WHERE id = $1
"""
_TIMELINE = "SELECT node_id, sequence, fact, attempt, detail, at FROM execution_timeline WHERE execution_id = $1"
_FACTS = "SELECT sum(sequence) FROM workflow_executions WHERE composition_execution_id = $1"
_ACTS = "SELECT action, version IS NOT NULL FROM composition_activity WHERE composition_id = $1 AND action = $2"
_FORGET = (
    "DELETE FROM execution_summaries WHERE execution_id = $1",
    "DELETE FROM execution_node_states WHERE execution_id = $1",
    "DELETE FROM execution_timeline WHERE execution_id = $1",
)


async def lose_request(system: System, lose: Losing) -> None:
    await system.client.save_composition(diamond())
    async with lose():
        execution = await start(system, "comp_diamond")
    await ended(system, execution)


async def lose_cancel(system: System, lose: Losing) -> None:
    execution = await start_slowly(system)
    async with lose():
        await system.client.cancel(execution)
    assert (await ended(system, execution))["state"] == "cancelled"


async def lose_node_ready(system: System, lose: Losing, connection: str) -> None:
    nodes = {"one": {"template": "things_counted"}, "other": {"template": "things_counted"}}
    await system.client.save_composition({**flow("lost_ready", nodes), "connection": connection})
    async with lose():
        execution = await start(system, "comp_lost_ready")
    assert (await ended(system, execution))["state"] == "succeeded"


async def lose_schedule_fired(system: System, lose: Losing) -> None:
    await system.client.save_composition(diamond())
    schedule = await scheduled(system, "comp_diamond")
    async with lose():
        await system.connection.execute(MAKE_DUE, schedule)
    await eventually(lambda: system.oracle.fired_once(schedule), within=HEALED_WITHIN_SECONDS)


async def lose_end_for_the_scheduler(system: System, lose: Losing) -> None:
    await system.client.save_composition(diamond())
    schedule = await scheduled(system, "comp_diamond")
    async with lose():
        await system.connection.execute(MAKE_DUE, schedule)
    await eventually(lambda: system.oracle.fired_once(schedule), within=HEALED_WITHIN_SECONDS)


async def lose_progress(system: System, lose: Losing) -> None:
    await system.client.save_composition(chequered())
    async with lose():
        execution = await start(system, "comp_chequered")
        await eventually(lambda: system.oracle.ended(UUID(execution)), within=HEALED_WITHIN_SECONDS)
    await eventually(lambda: system.oracle.status_agrees(UUID(execution)), within=HEALED_WITHIN_SECONDS)
    await eventually(partial(told_whole, system, execution), within=HEALED_WITHIN_SECONDS)


async def lose_request_for_status(system: System, lose: Losing) -> None:
    await system.client.save_composition(diamond())
    await system.deployment.stop("executor")
    async with lose():
        execution = await start(system, "comp_diamond")
    await eventually(partial(summed_up, system, execution), within=HEALED_WITHIN_SECONDS)
    await system.deployment.start("executor")
    await ended(system, execution)


async def lose_something_for_status(system: System, lose: Losing) -> None:
    await system.client.save_composition(diamond())
    async with lose():
        execution = await start(system, "comp_diamond")
    await eventually(partial(summed_up, system, execution), within=HEALED_WITHIN_SECONDS)


async def lose_start_of_what_runs(system: System, lose: Losing) -> None:
    async with lose():
        execution = await start_slowly(system)
    await eventually(partial(summed_up, system, execution), within=HEALED_WITHIN_SECONDS)
    await system.client.cancel(execution)
    await ended(system, execution)


async def lose_cancel_for_status(system: System, lose: Losing) -> None:
    execution = await start_slowly(system)
    async with lose():
        await system.client.cancel(execution)
    await eventually(partial(summed_up, system, execution), within=HEALED_WITHIN_SECONDS)


async def lose_save(system: System, lose: Losing) -> None:
    async with lose():
        await system.client.save_composition({**diamond(), "composition_id": "comp_lost_save"})
    await eventually(partial(acted, system, "comp_lost_save", "saved"), within=HEALED_WITHIN_SECONDS)


async def lose_publish(system: System, lose: Losing) -> None:
    await system.client.save_composition({**diamond(), "composition_id": "comp_lost_publish"})
    async with lose():
        await scheduled(system, "comp_lost_publish")
    await eventually(partial(acted, system, "comp_lost_publish", "published"), within=HEALED_WITHIN_SECONDS)


async def lose_delete(system: System, lose: Losing) -> None:
    await system.client.save_composition({**diamond(), "composition_id": "comp_lost_delete"})
    address = "/api/compositions/comp_lost_delete"
    revision = (await system.http.get(address)).headers["etag"]
    async with lose():
        assert (await system.http.delete(address, headers={"If-Match": revision})).is_success
    await eventually(partial(acted, system, "comp_lost_delete", "deleted"), within=HEALED_WITHIN_SECONDS)


async def lose_catalogue(system: System, lose: Losing) -> None:
    address = "/api/engine-connections/things/catalogue"
    async with lose():
        assert (await system.http.post(address)).json()["state"] == "pending"
    await eventually(partial(described, system, address), within=HEALED_WITHIN_SECONDS)


async def described(system: System, address: str) -> bool:
    return bool((await system.http.get(address)).json()["state"] == "ready")


async def lose_end_for_the_composer(system: System, lose: Losing) -> None:
    template = {"queryflow": 1, "kind": "template", "template_id": "things_unknown", "name": "Unknown"}
    await system.client.create_template({**template, "dialect": "duckdb", "sql": "SELECT * FROM things"})
    async with lose():
        answer = await system.http.post("/api/templates/things_unknown/run", json={"connection": "things"})
        await ended(system, answer.json()["execution_id"])
    await eventually(partial(has_outputs, system, "things_unknown"), within=HEALED_WITHIN_SECONDS)


async def has_outputs(system: System, template_id: str) -> bool:
    return bool((await system.http.get(f"/api/templates/{template_id}")).json().get("outputs"))


LOSSES: dict[str, tuple[Callable[[System, Losing], Awaitable[None]], ...]] = {
    "executor.launch": (lose_request,),
    "executor.cancel": (lose_cancel,),
    "executor.catalogue": (lose_catalogue,),
    "executor.node-ready.duckdb": (partial(lose_node_ready, connection="things"),),
    "executor.node-ready.echo": (partial(lose_node_ready, connection="echo"),),
    "composer.schedule-fired": (lose_schedule_fired,),
    "composer.flow-finished": (lose_end_for_the_composer,),
    "scheduler.flow-finished": (lose_end_for_the_scheduler,),
    "status.progress": (lose_progress,),
    "status.flow-requested": (lose_request_for_status,),
    "status.flow-started": (lose_something_for_status, lose_start_of_what_runs),
    "status.flow-cancel-requested": (lose_cancel_for_status,),
    "status.flow-finished": (lose_something_for_status,),
    "status.composition-saved": (lose_save,),
    "status.composition-published": (lose_publish,),
    "status.composition-deleted": (lose_delete,),
}
"""What is done while a queue's messages get lost, and what comes back all the same; for each queue of the topology."""

OURS = [name for name, queue in work_queues().items() if SPEAKERS[queue.event] != "other systems"]
"""What other systems say is known to no row before it is answered: they keep it until the broker has it."""


def test_only_what_others_say_may_get_lost() -> None:
    assert {queue.event for name, queue in work_queues().items() if name not in OURS} == {FlowTrigger}
    assert {work_queues()[name].event for name in OURS} | {FlowTrigger} == set(SPEAKERS)


@pytest.mark.parametrize("queue", OURS)
async def test_what_a_lost_message_was_about_is_found_in_the_rows(
    deployed: System, rabbitmq_url: str, queue: str
) -> None:
    for lose in LOSSES[queue]:
        prefix = deployed.deployment.environment["QUERYFLOW_AMQP_PREFIX"]
        await lose(deployed, partial(losing, rabbitmq_url, prefix, queue))


async def test_what_is_read_from_the_rows_is_what_was_told(deployed: System) -> None:
    await deployed.client.save_composition(chequered())
    execution = await start(deployed, "comp_chequered")
    await ended(deployed, execution)
    await eventually(partial(told_whole, deployed, execution))
    told = await projected(deployed, execution)
    assert {"node_started", "node_succeeded", "node_timed_out", "node_failed", "node_skipped"} <= {
        fact["fact"] for fact in told
    }
    async with deployed.connection.transaction():
        for statement in _FORGET:
            await deployed.connection.execute(statement, UUID(execution))
    await eventually(partial(told_whole, deployed, execution), within=HEALED_WITHIN_SECONDS)
    assert comparable(await projected(deployed, execution)) == comparable(told)


def comparable(facts: list[Any]) -> list[tuple[Any, ...]]:
    """Facts in the order of each node's own; when a wait began, no row knows."""
    rows = [{**fact, "detail": fact["detail"] and json.loads(fact["detail"])} for fact in facts]
    moments = [{**row, "at": None if row["fact"] == "node_waiting" else row["at"]} for row in rows]
    return sorted((tuple(row.values()) for row in moments), key=lambda fact: fact[:2])


def chequered() -> dict[str, Any]:
    """Nodes that succeed at once and on DuckDB, that time out, that fail, and that are skipped for it."""
    nodes: dict[str, Any] = {
        "counted": {"template": "things_counted"},
        "instant": {"template": "things_counted", "connection": "echo"},
        "broken": {"template": "things_slow", "timeout_seconds": 1},
        "after": {"template": "things_counted"},
        "wrong": {"template": "things_broken"},
    }
    return flow("chequered", nodes, connection("counted", "instant"), connection("broken", "after"))


async def start(system: System, composition: str) -> str:
    return await system.client.execute(composition, {"version": "head"})


async def start_slowly(system: System) -> str:
    """An execution that runs until it is cancelled."""
    await system.client.save_composition(flow("slow", {"slow": {"template": "things_slow"}}))
    execution = await start(system, "comp_slow")

    async def runs() -> bool:
        return bool((await system.client.execution(execution))["nodes"][0]["state"] == "running")

    await eventually(runs, within=HEALED_WITHIN_SECONDS)
    return execution


async def summed_up(system: System, execution: str) -> bool:
    """Whether the summary says what the execution's row says."""
    summary = await system.connection.fetchrow(_SUMMARY, UUID(execution))
    truth = await system.connection.fetchrow(_TRUTH, UUID(execution))
    assert summary is not None
    assert truth is not None
    assert tuple(summary) == tuple(truth)
    return True


async def told_whole(system: System, execution: str) -> bool:
    """Whether the timeline has every fact."""
    facts = await system.connection.fetchval(_FACTS, UUID(execution))
    assert len(await projected(system, execution)) == facts
    return True


async def projected(system: System, execution: str) -> list[Any]:
    return list(await system.connection.fetch(f"{_TIMELINE} ORDER BY at, node_id, sequence", UUID(execution)))


async def acted(system: System, composition: str, action: str) -> bool:
    """Whether the act was noted, once, and a publication with its version."""
    rows = await system.connection.fetch(_ACTS, composition, action)
    assert [tuple(row) for row in rows] == [(action, action == "published")]
    return True
