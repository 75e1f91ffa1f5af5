"""Launch: bad versions, cancels that come first, admission in turn."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

from queryflow.db.outbox import envelope
from queryflow.messages.flow_execution import FlowExecutionFinished, FlowExecutionRequested
from queryflow.messages.node import NodeReady
from tests.integration.executor.oracle import is_sound
from tests.integration.executor.rig import ECHO, SCRIPTED, Rig, flow_of, open_rig
from tests.support.eventually import eventually

CHAIN = [("a", "b"), ("b", "c")]


async def test_a_version_without_nodes_fails_the_execution(rig: Rig) -> None:
    execution = await rig.request(flow_of([]))
    assert await rig.ended(execution) == "failed"
    reason = await rig.owner.fetchval("SELECT reason FROM query_flow_executions WHERE id = $1", execution)
    assert reason == "The flow has no nodes."
    await eventually(lambda: [event for event in rig.said if isinstance(event, FlowExecutionFinished)])


async def test_an_engine_that_nobody_has_fails_the_execution(rig: Rig) -> None:
    execution = await rig.request(flow_of(CHAIN, "quantum"))
    assert await rig.ended(execution) == "failed"
    reason = await rig.owner.fetchval("SELECT reason FROM query_flow_executions WHERE id = $1", execution)
    assert reason == "No executor runs the engine quantum."


async def test_a_message_that_does_not_fit_the_flow_changes_nothing(rig: Rig) -> None:
    execution = await rig.request(flow_of(CHAIN, ECHO))
    assert await rig.ended(execution) == "succeeded"
    now = datetime.now(UTC)
    for node, engine in (("absent", ECHO), ("a", "quantum"), ("a", SCRIPTED)):
        said = envelope(NodeReady(execution_id=execution, node_id=node, attempt=1, engine=engine), now=now)
        await asyncio.gather(*rig.bus.send([replace(said, routing_key=f"node.ready.{ECHO}")]))
    assert not await rig.owner.fetch("SELECT code, reason FROM executor_dead_letters")
    await eventually(lambda: is_sound(rig, execution))


async def test_a_message_in_the_queue_of_an_instant_engine_runs_nothing_else_before_its_claim(rig: Rig) -> None:
    gate = rig.gate("a")
    execution = await rig.request(flow_of(CHAIN))
    await eventually(lambda: rig.node_is(execution, "a", "running"))
    event = NodeReady(execution_id=execution, node_id="a", attempt=1, engine=SCRIPTED)
    said = envelope(event, now=datetime.now(UTC))
    (answered,) = rig.bus.send([replace(said, routing_key=f"node.ready.{ECHO}")])
    await asyncio.wait([answered], timeout=1)
    gate.set()
    assert await rig.ended(execution) == "succeeded"
    assert [fence for node, _, fence in rig.scripted.runs if node == "a"] == [1]


async def test_an_execution_cancelled_before_its_launch_is_launched_cancelled(database: str, tmp_path: Path) -> None:
    async with open_rig(database, tmp_path, poll_seconds=60.0) as rig:
        execution = await rig.request(flow_of(CHAIN), send=False)
        await rig.cancel(execution)
        await rig.send(FlowExecutionRequested(execution_id=execution, composition_id="comp_test"))
        assert await rig.ended(execution) == "cancelled"
        assert set((await rig.nodes(execution)).values()) == {"cancelled"}
        assert rig.scripted.runs == []
        await eventually(lambda: is_sound(rig, execution))


async def test_a_request_whose_message_was_lost_is_launched_by_the_poll(rig: Rig) -> None:
    execution = await rig.request(flow_of(CHAIN, ECHO), send=False)
    assert await rig.ended(execution) == "succeeded"


async def test_beyond_the_limit_executions_wait_and_people_take_turns(database: str, tmp_path: Path) -> None:
    other = UUID("00000000-0000-7000-8000-000000000002")
    async with open_rig(database, tmp_path, open_nodes_limit=3) as rig:
        await rig.owner.execute("INSERT INTO users (id, name) VALUES ($1, 'another')", other)
        gate = rig.gate("a")
        running = [await rig.request(flow_of(CHAIN))]
        await eventually(lambda: len(rig.scripted.runs) == 1)
        hog = [await rig.request(flow_of(CHAIN)) for _ in range(3)]
        late = await rig.request(flow_of(CHAIN), person=other)
        await eventually(lambda: rig.executor.admission.has_room is False)
        assert [await rig.state(each) for each in [*hog, late]] == ["requested"] * 4
        gate.set()
        for execution in [*running, *hog, late]:
            assert await rig.ended(execution) == "succeeded"
        started = await rig.owner.fetch("SELECT id FROM query_flow_executions ORDER BY started_at")
        order = [row["id"] for row in started]
        assert order.index(late) <= 2
