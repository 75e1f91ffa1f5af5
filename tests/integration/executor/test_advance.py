"""How runs advance: diamonds, fans, failures, skips, many executions at once."""

from functools import partial
from pathlib import Path
from random import Random

import pytest

from executor.engines.port import EngineFailure, Produced, Work
from queryflow.domain.states import ErrorKind
from queryflow.messages.flow_execution import FlowExecutionRequested
from tests.integration.executor.oracle import is_sound, repairs
from tests.integration.executor.rig import ECHO, Rig, flow_of, open_rig
from tests.support.eventually import eventually

DIAMOND = [("a", "b"), ("a", "c"), ("b", "d"), ("c", "d")]


async def fails(work: Work) -> Produced:
    raise EngineFailure(ErrorKind.VALIDATION, "no such column")


@pytest.mark.parametrize("engine", [ECHO, "scripted"])
async def test_a_diamond_succeeds(rig: Rig, engine: str) -> None:
    execution = await rig.request(flow_of(DIAMOND, engine))
    assert await rig.ended(execution) == "succeeded"
    await eventually(lambda: is_sound(rig, execution))
    if engine == "scripted":
        ran = [node for node, _, _ in rig.scripted.runs]
        assert (ran[0], ran[-1], len(ran)) == ("a", "d", 4)


@pytest.mark.parametrize("engine", [ECHO, "scripted"])
async def test_a_fan_of_200_meets_again(rig: Rig, engine: str) -> None:
    edges = [("a", f"m{place}") for place in range(200)] + [(f"m{place}", "z") for place in range(200)]
    execution = await rig.request(flow_of(edges, engine))
    assert await rig.ended(execution) == "succeeded"
    await eventually(lambda: is_sound(rig, execution))


async def test_a_failure_skips_what_follows_and_fails_the_execution(rig: Rig) -> None:
    rig.scripted.behaviours["b"] = fails
    execution = await rig.request(flow_of([*DIAMOND, ("d", "e")]))
    assert await rig.ended(execution) == "failed"
    assert await rig.nodes(execution) == {
        "a": "succeeded", "b": "failed", "c": "succeeded", "d": "skipped", "e": "skipped",
    }  # fmt: skip
    row = await rig.row(execution, "e")
    assert (row["reason"], row["root_reason"]) == ("upstream_skipped", "failed")
    assert (await rig.row(execution, "b"))["error_message"] == "no such column"
    await eventually(lambda: is_sound(rig, execution))


async def test_a_failure_behind_connections_that_are_not_required_is_tolerated(rig: Rig) -> None:
    rig.scripted.behaviours["b"] = fails
    execution = await rig.request(flow_of([("a", "b"), ("a", "c"), ("b", "d", False), ("c", "d")]))
    assert await rig.ended(execution) == "partially_succeeded"
    assert (await rig.nodes(execution))["d"] == "succeeded"
    await eventually(lambda: is_sound(rig, execution))


async def test_3000_skips_cascade_in_bounded_transactions(rig: Rig) -> None:
    """A root fails; behind it lie 30 layers of 100 nodes, which are 3,000 skips in waves."""
    rig.scripted.behaviours["root"] = fails
    edges = [("root", f"n0_{place}") for place in range(100)]
    edges += [
        (f"n{layer}_{(place + step) % 100}", f"n{layer + 1}_{place}")
        for layer in range(29)
        for place in range(100)
        for step in range(2)
    ]
    execution = await rig.request(flow_of(edges))
    assert await rig.ended(execution) == "failed"
    await eventually(lambda: is_sound(rig, execution))
    assert len(rig.scripted.runs) == 1


async def test_50_executions_at_once(rig: Rig) -> None:
    version = flow_of([*DIAMOND, ("d", "e"), ("d", "f")], ECHO)
    executions = [await rig.request(version, send=False) for _ in range(50)]
    await rig.send(*(FlowExecutionRequested(execution_id=each, composition_id="comp_test") for each in executions))
    for execution in executions:
        assert await rig.ended(execution) == "succeeded"
        await eventually(partial(is_sound, rig, execution))


async def test_repeats_and_reordering_change_nothing(database: str, tmp_path: Path) -> None:
    before = repairs()
    async with open_rig(database, tmp_path, shuffle=Random(7)) as rig:
        rig.scripted.behaviours["c"] = fails
        sent = rig.bus.send
        rig.bus.send = lambda envelopes: [sent(envelopes) for _ in range(5)][-1]  # type: ignore[method-assign]  # every message five times
        edges = [*DIAMOND, *((f"m{place}", "z") for place in range(20)), *(("a", f"m{place}") for place in range(20))]
        execution = await rig.request(flow_of([*edges, ("z", "d", False)]))
        assert await rig.ended(execution) == "failed"
        assert len(rig.scripted.runs) == len({node for node, _, _ in rig.scripted.runs})
        rig.said[:] = list({event.model_dump_json(): event for event in rig.said}.values())
        await eventually(lambda: is_sound(rig, execution))
        assert await rig.owner.fetchval("SELECT count(*) FROM executor_dead_letters") == 0
    assert repairs() == before
