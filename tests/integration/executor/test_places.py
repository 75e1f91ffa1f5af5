"""Places of engine connections: each is held by one node that needs it, and the longest wait comes first."""

from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from executor.advance.waiting import ready_waiting
from executor.attempt.claim import claim
from executor.process.room import Room
from executor.repair.sweeper import sweep
from executor.repository import slots
from queryflow.domain.ids import ExecutionId
from queryflow.messages.node import NodeReady
from tests.integration.executor.oracle import is_sound, repairs
from tests.integration.executor.rig import SCRIPTED, Rig, flow_of, open_rig
from tests.support.eventually import eventually

MACHINE = "scripted_machine"
HOLDERS = """
SELECT node.composition_node_id FROM engine_slots AS place JOIN workflow_executions AS node ON node.id = place.holder
ORDER BY 1
"""
AGE = """
UPDATE workflow_executions SET ready_at = now() - $3::interval, waiting_since = now() - $3::interval
WHERE composition_execution_id = $1 AND composition_node_id = $2
"""


async def limit(rig: Rig, places: int) -> None:
    await rig.owner.execute("UPDATE engine_connections SET slots = $1 WHERE name = $2", places, MACHINE)


async def holders(rig: Rig) -> list[str]:
    return [row[0] for row in await rig.owner.fetch(HOLDERS)]


async def give(rig: Rig, most: int) -> None:
    """Give free places away as the end of so many nodes does."""
    rooms = (Room(frozenset({SCRIPTED}), most),)
    await rig.executor.transactions.commit(lambda unit: ready_waiting(unit, [MACHINE], rooms))


async def one_runs(rig: Rig, *nodes: str) -> ExecutionId:
    """An execution of independent nodes of which the first runs and the others wait."""
    rig.gate(nodes[0])
    extras: dict[str, Any] = {node: {} for node in nodes}
    execution = await rig.request(flow_of([], **extras))
    await eventually(lambda: rig.node_is(execution, nodes[0], "running"))
    for node in nodes[1:]:
        await eventually(partial(rig.node_is, execution, node, "waiting"))
    return execution


async def test_a_node_that_is_set_aside_gives_its_place_back(database: str, tmp_path: Path) -> None:
    """It was given a place, and the executor that was to run it has no room."""
    before = repairs()
    async with open_rig(database, tmp_path, run_at_once=1, poll_seconds=30.0) as rig:
        await limit(rig, 3)
        gate = rig.gate("a")
        execution = await rig.request(flow_of([], a={}, b={}, c={}, d={}))
        await eventually(lambda: rig.node_is(execution, "a", "running"))
        await eventually(lambda: rig.node_is(execution, "d", "waiting"))
        for _ in range(3):
            await give(rig, 2)
            await eventually(lambda: rig.nodes_are(execution, a="running", b="waiting", c="waiting", d="waiting"))
            assert await holders(rig) == ["a"]
        gate.set()
        assert await rig.ended(execution) == "succeeded"
        assert [attempt for _, attempt, _ in rig.scripted.runs] == [1, 1, 1, 1]
        await eventually(lambda: is_sound(rig, execution))
        await sweep(rig.executor)
    assert repairs() == before


async def test_a_place_is_never_given_twice(database: str, tmp_path: Path) -> None:
    """Not even to a node that waits and yet holds one, as an older executor may leave it."""
    async with open_rig(database, tmp_path, run_at_once=1, poll_seconds=30.0) as rig:
        await limit(rig, 3)
        execution = await one_runs(rig, "a", "b")
        await rig.owner.execute(
            "UPDATE engine_slots SET holder = $1 WHERE slot = 3", (await rig.row(execution, "b"))["id"]
        )
        await give(rig, 2)
        assert await holders(rig) == ["a", "b"]


async def test_who_is_readied_and_set_aside_keeps_its_turn(database: str, tmp_path: Path) -> None:
    async with open_rig(database, tmp_path, run_at_once=1, poll_seconds=30.0) as rig:
        await limit(rig, 2)
        first = await one_runs(rig, "a", "b")
        second = await rig.request(flow_of([], c={}))
        await eventually(lambda: rig.node_is(second, "c", "waiting"))
        for _ in range(2):
            await give(rig, 1)
            await eventually(lambda: rig.nodes_are(first, a="running", b="waiting"))
        rows = [await rig.row(first, "b"), await rig.row(second, "c")]
        assert rows[0]["ready_at"] == rows[0]["waiting_since"] < rows[1]["ready_at"]


@pytest.mark.parametrize("places", [3, None], ids=["a place", "room"])
async def test_the_longest_wait_is_readied_first(database: str, tmp_path: Path, places: int | None) -> None:
    """Whatever the order of the rows, and without an index that happens to have them in the right order."""
    ages = {"n0": 3, "n1": 5, "n2": 1, "n3": 4, "n4": 2}
    async with open_rig(database, tmp_path, run_at_once=1, poll_seconds=30.0) as rig:
        execution = await one_runs(rig, "a", *ages)
        for node, age in ages.items():
            await rig.owner.execute(AGE, execution, node, timedelta(minutes=age))
        async with rig.executor.transactions.pool.acquire() as connection, connection.transaction():
            await connection.execute("SET LOCAL enable_indexscan = off; SET LOCAL enable_bitmapscan = off")
            await slots.ensure(connection, {MACHINE: 3})
            if places is None:
                readied = await slots.ready_waiting_for_room(connection, [SCRIPTED], 3)
            else:
                readied = await slots.ready_waiting_for_place(connection, MACHINE, places, 3)
        assert {row.node_id for row in readied} == {"n1", "n3", "n0"}


async def test_a_place_beyond_the_limit_is_not_given(database: str, tmp_path: Path) -> None:
    """The engine connection had five places and was left two."""
    async with open_rig(database, tmp_path, run_at_once=1, poll_seconds=30.0) as rig:
        await limit(rig, 2)
        execution = await one_runs(rig, "a", "b", "c", "d")
        nodes = [(await rig.row(execution, node))["id"] for node in ("b", "c", "d")]
        async with rig.executor.transactions.pool.acquire() as connection:
            await slots.ensure(connection, {MACHINE: 5})
            async with connection.transaction():
                assert len(await slots.take(connection, MACHINE, 2, nodes)) == 1
                await connection.execute("UPDATE engine_slots SET holder = NULL WHERE holder = ANY($1::uuid[])", nodes)
                assert len(await slots.ready_waiting_for_place(connection, MACHINE, 2, 3)) == 1


async def test_a_long_wait_for_a_place_is_no_fault(database: str, tmp_path: Path) -> None:
    """A node is unclaimed if nobody claims it once it is ready; how long it waited before does not count."""
    before = repairs()
    async with open_rig(database, tmp_path, run_at_once=1, poll_seconds=30.0, sweep_seconds=3600.0) as rig:
        await limit(rig, 1)
        gate = rig.gate("a")
        execution = await rig.request(flow_of([], a={}, b={}))
        await eventually(lambda: rig.node_is(execution, "b", "waiting"))
        for age in (timedelta(minutes=5), timedelta(minutes=6)):
            await rig.owner.execute(AGE, execution, "b", age)
            await rig.owner.execute("UPDATE engine_slots SET holder = NULL")
            async with rig.executor.transactions.pool.acquire() as connection, connection.transaction():
                [readied] = await slots.ready_waiting_for_place(connection, MACHINE, 1, 1)
            await sweep(rig.executor)
            assert repairs() == before
            event = NodeReady(execution_id=execution, node_id="b", attempt=1, engine=readied.engine)
            await claim(rig.executor, [event])
            assert await rig.node_is(execution, "b", "waiting")
        gate.set()
        assert await rig.ended(execution) == "succeeded"
    assert repairs() == before
