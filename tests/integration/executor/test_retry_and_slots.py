"""Retries with back-off, timeouts, places of engine connections."""

import asyncio
import errno
import os
import time
from pathlib import Path

from executor.engines.port import EngineFailure, Produced, Work
from queryflow.domain.flow.version import EngineConnection
from queryflow.domain.states import ErrorKind
from tests.integration.executor.oracle import is_sound
from tests.integration.executor.rig import NOTHING, Rig, flow_of, open_rig
from tests.support.eventually import eventually

RETRY = {"retry": {"attempts": 3, "backoff": "fixed", "first_seconds": 0.05, "jitter": 0}}


async def test_a_transient_failure_is_tried_again(rig: Rig) -> None:
    async def twice(work: Work) -> Produced:
        if work.attempt < 3:
            raise EngineFailure(ErrorKind.THROTTLED, "slow down")
        return NOTHING

    rig.scripted.behaviours["a"] = twice
    execution = await rig.request(flow_of([("a", "b")], a=RETRY))
    assert await rig.ended(execution) == "succeeded"
    assert [attempt for node, attempt, _ in rig.scripted.runs if node == "a"] == [1, 2, 3]
    history = await rig.owner.fetch(
        "SELECT attempt, state, error_kind FROM node_attempts WHERE workflow_execution_id = $1 ORDER BY attempt",
        (await rig.row(execution, "a"))["id"],
    )
    assert [tuple(row) for row in history] == [
        (1, "retried", "THROTTLED"),
        (2, "retried", "THROTTLED"),
        (3, "succeeded", None),
    ]
    await eventually(lambda: is_sound(rig, execution))


async def test_a_full_disk_is_tried_again_and_says_so(rig: Rig) -> None:
    async def full(work: Work) -> Produced:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    rig.scripted.behaviours["a"] = full
    execution = await rig.request(flow_of([("a", "b")], a=RETRY))
    assert await rig.ended(execution) == "failed"
    assert [attempt for node, attempt, _ in rig.scripted.runs if node == "a"] == [1, 2, 3]
    row = await rig.row(execution, "a")
    assert (row["error_kind"], row["error_message"]) == (
        "TRANSIENT",
        "The machine that ran it refused: No space left on device.",
    )


async def test_attempts_are_used_up_and_lasting_failures_are_not_tried_again(rig: Rig) -> None:
    async def throttled(work: Work) -> Produced:
        raise EngineFailure(ErrorKind.THROTTLED, "slow down")

    async def refused(work: Work) -> Produced:
        raise EngineFailure(ErrorKind.REJECTED, "no")

    rig.scripted.behaviours |= {"a": throttled, "b": refused}
    execution = await rig.request(flow_of([("a", "c"), ("b", "c")], a=RETRY, b=RETRY))
    assert await rig.ended(execution) == "failed"
    assert sorted(attempt for node, attempt, _ in rig.scripted.runs if node == "a") == [1, 2, 3]
    assert [attempt for node, attempt, _ in rig.scripted.runs if node == "b"] == [1]
    await eventually(lambda: is_sound(rig, execution))


async def test_an_attempt_that_takes_too_long_times_out_and_its_work_is_broken_off(rig: Rig) -> None:
    broken_off = asyncio.Event()

    async def slow(work: Work) -> Produced:
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            broken_off.set()
        return NOTHING

    rig.scripted.behaviours["a"] = slow
    begun = time.monotonic()
    execution = await rig.request(flow_of([("a", "b")], a={"timeout_seconds": 1}))
    assert await rig.ended(execution) == "failed"
    assert time.monotonic() - begun > 1
    assert broken_off.is_set()
    row = await rig.row(execution, "a")
    assert (row["state"], row["error_kind"]) == ("timed_out", "TIMEOUT")
    await eventually(lambda: is_sound(rig, execution))


async def test_an_engine_connection_runs_no_more_than_its_places(rig: Rig) -> None:
    await rig.owner.execute("UPDATE engine_connections SET slots = 2 WHERE name = 'scripted_machine'")

    async def short(work: Work) -> Produced:
        await asyncio.sleep(0.02)
        return NOTHING

    nodes = [f"n{place}" for place in range(12)]
    rig.scripted.behaviours |= dict.fromkeys(nodes, short)
    execution = await rig.request(flow_of([(node, "z") for node in nodes]))
    assert await rig.ended(execution) == "succeeded"
    assert rig.scripted.most_at_once == 2
    waited = {fact.node_id for fact in rig.facts(execution) if fact.fact == "node_waiting"}
    assert len(waited) >= 8
    assert all(attempt == 1 for _, attempt, _ in rig.scripted.runs)
    await eventually(lambda: is_sound(rig, execution))


async def test_a_process_claims_no_more_than_it_may_run(database: str, tmp_path: Path) -> None:
    async with open_rig(database, tmp_path, run_at_once=3) as rig:
        execution = await rig.request(flow_of([(f"n{place}", "z") for place in range(20)]))
        assert await rig.ended(execution) == "succeeded"
        assert rig.scripted.most_at_once <= 3
        await eventually(lambda: is_sound(rig, execution))


async def test_room_goes_to_whoever_waited_longest_whatever_its_engine_connection(
    database: str, tmp_path: Path
) -> None:
    """A flow that always has more to run does not keep another engine connection's nodes from running."""
    async with open_rig(database, tmp_path, run_at_once=1, poll_seconds=30.0) as rig:
        await rig.owner.execute("INSERT INTO engine_connections (name, engine) VALUES ('other', 'scripted')")
        gate = rig.gate("a0")
        wide = await rig.request(flow_of([(f"a{place}", f"b{place}") for place in range(4)]))
        await eventually(lambda: rig.node_is(wide, "a0", "running"))
        await eventually(lambda: rig.node_is(wide, "a3", "waiting"))
        version = flow_of([], c={})
        connections = {"machine": EngineConnection(name="other", engine="scripted")}
        single = await rig.request(version.model_copy(update={"connections": connections}))
        await eventually(lambda: rig.node_is(single, "c", "waiting"))
        gate.set()
        assert await rig.ended(single) == await rig.ended(wide) == "succeeded"
        runs = [node for node, _, _ in rig.scripted.runs]
        assert runs.index("c") < runs.index("b3")
