"""Lost executors, poison nodes, wrong counts, stops in the middle: what the leases and the sweeper are for."""

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path

from executor.engines.port import Produced, Work
from executor.repair.sweeper import REPAIRS
from queryflow.bus.port import Envelope
from queryflow.messages.event import Event
from queryflow.messages.node import NodeReady
from tests.integration.executor.oracle import is_sound
from tests.integration.executor.rig import ECHO, NOTHING, Rig, flow_of, open_rig
from tests.support.eventually import eventually


async def test_a_lost_lease_is_taken_over_and_the_zombie_says_nothing(database: str, tmp_path: Path) -> None:
    """The first try stands still beyond its lease; its late end changes nothing."""
    async with open_rig(database, tmp_path, lease_seconds=60.0) as rig:
        gate = rig.gate("a", only_attempt=1)
        execution = await rig.request(flow_of([("a", "b")]))
        await rig.lose_lease("a", 1)
        assert await rig.ended(execution) == "succeeded"
        assert [(node, attempt) for node, attempt, _ in rig.scripted.runs] == [("a", 1), ("a", 2), ("b", 1)]
        gate.set()
        await eventually(lambda: len(rig.executor.held_attempts) == 0)
        await eventually(lambda: is_sound(rig, execution))
        states = await rig.owner.fetch("SELECT state FROM node_attempts ORDER BY fence, finished_at")
        assert sorted(row["state"] for row in states) == ["lost", "succeeded", "succeeded"]


async def test_leases_are_renewed_while_work_runs(database: str, tmp_path: Path) -> None:
    async with open_rig(database, tmp_path, lease_seconds=0.4) as rig:

        async def long(work: Work) -> Produced:
            await asyncio.sleep(1.2)
            return NOTHING

        rig.scripted.behaviours["a"] = long
        execution = await rig.request(flow_of([("a", "b")]))
        assert await rig.ended(execution) == "succeeded"
        assert [attempt for _, attempt, _ in rig.scripted.runs] == [1, 1]


async def test_a_node_that_ends_its_executors_is_quarantined(rig: Rig) -> None:
    rig.gate("a")
    execution = await rig.request(flow_of([("a", "b")]))
    for attempt in (1, 2, 3):
        await rig.lose_lease("a", attempt)
    assert await rig.ended(execution) == "failed"
    row = await rig.row(execution, "a")
    assert (row["state"], row["error_kind"], row["attempt"]) == ("failed", "INTERNAL", 3)


async def test_a_ready_node_whose_message_was_lost_is_announced_again(database: str, tmp_path: Path) -> None:
    async with open_rig(database, tmp_path, unclaimed_seconds=0.2) as rig:
        sent = rig.bus.send
        lost: list[Envelope] = []

        def lose_first(envelopes: Sequence[Envelope]) -> list[asyncio.Future[None]]:
            keep = [each for each in envelopes if each.type != NodeReady.type or lost]
            lost.extend(each for each in envelopes if each not in keep)
            futures = sent(keep)
            never = asyncio.get_running_loop().create_future
            return [futures[keep.index(each)] if each in keep else never() for each in envelopes]

        rig.bus.send = lose_first  # type: ignore[method-assign]  # the first message is lost
        before = REPAIRS.labels("ready_unclaimed")._value.get()
        execution = await rig.request(flow_of([("a", "b")], ECHO))
        assert await rig.ended(execution) == "succeeded"
        assert REPAIRS.labels("ready_unclaimed")._value.get() == before + 1


async def test_wrong_counts_and_untold_children_are_repaired(rig: Rig) -> None:
    gate = rig.gate("b")
    execution = await rig.request(flow_of([("a", "b"), ("a", "c"), ("b", "d"), ("c", "d"), ("x", "y")]))
    await eventually(lambda: rig.node_is(execution, "c", "succeeded"))
    await eventually(lambda: rig.node_is(execution, "y", "succeeded"))
    await rig.owner.execute(
        "UPDATE workflow_executions SET remaining_parents = 2, failed_parents = 1 WHERE composition_node_id = 'd'"
    )
    await rig.owner.execute("UPDATE query_flow_executions SET open_sinks = 5")
    await eventually(lambda: _counts(rig), within=15)
    gate.set()
    assert await rig.ended(execution) == "succeeded"
    await eventually(lambda: is_sound(rig, execution))


async def test_a_stop_gives_back_what_runs_and_another_executor_takes_it(database: str, tmp_path: Path) -> None:
    async with open_rig(database, tmp_path / "second", instance="second", poll_seconds=30.0) as second:
        async with open_rig(database, tmp_path / "first", drain_seconds=0.2, instance="first") as first:
            first.gate("a")
            second.gate("a").set()
            execution = await first.request(flow_of([("a", "b")]))
            await eventually(lambda: first.node_is(execution, "a", "running"))
        await second.send(NodeReady(execution_id=execution, node_id="a", attempt=1, engine="scripted"))
        assert await second.ended(execution) == "succeeded"
        history = await second.owner.fetch("SELECT attempt, state, executor FROM node_attempts ORDER BY finished_at")
        assert [tuple(row) for row in history] == [(1, "succeeded", "second")] * 2


async def test_the_ends_of_many_executors_meet_in_one_child(database: str, tmp_path: Path) -> None:
    """Four executors end the parents of a few children at the same time; nothing is counted twice."""
    width = 60
    edges = [(f"p{place}", f"c{child}") for place in range(width) for child in range(5)]
    said: list[Event] = []
    async with AsyncExitStack() as stack:
        rigs = [
            await stack.enter_async_context(
                open_rig(database, tmp_path / str(number), said=said, instance=f"e{number}", run_at_once=width)
            )
            for number in range(4)
        ]
        sends = [rig.bus.send for rig in rigs]

        def in_turn(envelopes: Sequence[Envelope]) -> list[asyncio.Future[None]]:
            return [sends[place % len(sends)]([each])[0] for place, each in enumerate(envelopes)]

        all_run = asyncio.Event()

        async def together(work: Work) -> Produced:
            if sum(rig.scripted.at_once for rig in rigs) == width:
                all_run.set()
            await all_run.wait()
            return NOTHING

        for rig in rigs:
            rig.bus.send = in_turn  # type: ignore[method-assign]  # one broker for all of them
            rig.scripted.behaviours |= {f"p{place}": together for place in range(width)}
        execution = await rigs[0].request(flow_of(edges))
        assert await rigs[0].ended(execution) == "succeeded"
        ran = [run for rig in rigs for run in rig.scripted.runs]
        assert len(ran) == len({node for node, _, _ in ran}) == width + 5
        assert all(rig.scripted.runs for rig in rigs)
        await eventually(lambda: is_sound(rigs[0], execution))


async def _counts(rig: Rig) -> bool:
    row = await rig.owner.fetchrow(
        "SELECT remaining_parents, failed_parents FROM workflow_executions WHERE composition_node_id = 'd'"
    )
    sinks = await rig.owner.fetchval("SELECT open_sinks FROM query_flow_executions")
    assert row is not None
    return (row["remaining_parents"], row["failed_parents"], sinks) == (1, 0, 1)
