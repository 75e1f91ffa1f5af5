"""One row that the database refuses: what was done is not done again, and no other row suffers."""

import asyncio
from functools import partial
from pathlib import Path

import pytest

from executor.attempt import supervise
from executor.attempt.leasing import renew
from executor.engines.port import Produced, Work
from executor.repair.sweeper import sweep
from queryflow.domain.flow.version import EngineConnection
from queryflow.messages.flow_execution import FlowExecutionRequested
from tests.integration.executor.oracle import is_sound, repairs
from tests.integration.executor.refusals import refused
from tests.integration.executor.rig import Rig, flow_of, open_rig
from tests.support.eventually import eventually


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervise, "FIRST_PAUSE_SECONDS", 0.05)


async def together(rig: Rig, *nodes: str) -> asyncio.Event:
    """Let the nodes run until the event is set, so that they end together."""
    go = asyncio.Event()

    async def wait(work: Work) -> Produced:
        await go.wait()
        return Produced(file=None, rows=1, columns=(), sql="SELECT 1")

    rig.scripted.behaviours |= dict.fromkeys(nodes, wait)
    return go


async def test_a_record_that_fails_is_tried_again(rig: Rig) -> None:
    """It neither waits for its lease to pass nor counts as a crash, and who ended together with it is recorded."""
    before = repairs()
    go = await together(rig, "a", "b", "c")
    execution = await rig.request(flow_of([], a={}, b={}, c={}))
    await eventually(lambda: rig.nodes_are(execution, a="running", b="running", c="running"))
    async with refused(rig, "NEW.composition_node_id = 'b' AND NEW.state = 'succeeded'"):
        go.set()
        await eventually(lambda: rig.nodes_are(execution, a="succeeded", b="running", c="succeeded"))
        lease = (await rig.row(execution, "b"))["lease_until"]
        await renew(rig.executor)
        assert (await rig.row(execution, "b"))["lease_until"] > lease
    assert await rig.ended(execution) == "succeeded"
    assert sorted(rig.scripted.runs) == [("a", 1, 1), ("b", 1, 1), ("c", 1, 1)]
    await eventually(lambda: is_sound(rig, execution))
    assert repairs() == before


async def test_an_outcome_is_recorded_even_if_nobody_can_be_given_what_it_leaves(database: str, tmp_path: Path) -> None:
    async with open_rig(database, tmp_path, run_at_once=1) as rig:
        go = await together(rig, "a")
        execution = await rig.request(flow_of([], a={}, b={}))
        await eventually(lambda: rig.nodes_are(execution, a="running", b="waiting"))
        async with refused(rig, "OLD.state = 'waiting' AND NEW.state = 'ready'"):
            go.set()
            await eventually(lambda: rig.nodes_are(execution, a="succeeded", b="waiting"))
        assert await rig.ended(execution) == "succeeded"
        assert sorted(rig.scripted.runs) == [("a", 1, 1), ("b", 1, 1)]


async def test_what_cannot_be_stored_is_recorded_as_a_failure_that_says_so(rig: Rig) -> None:
    async def produces(work: Work) -> Produced:
        return Produced(
            file=None, rows=2**63 if work.node_id == "a" else 1, columns=(), sql="\x00" * (work.node_id == "b")
        )

    rig.scripted.behaviours |= dict.fromkeys(("a", "b", "c"), produces)
    execution = await rig.request(flow_of([], a={}, b={}, c={}))
    assert await rig.ended(execution) == "failed"
    for node in ("a", "b"):
        row = await rig.row(execution, node)
        assert (row["error_kind"], row["error_message"], row["attempt"]) == (
            "INTERNAL", "The attempt ended, but its outcome cannot be stored.", 1,
        )  # fmt: skip
    assert await rig.node_is(execution, "c", "succeeded")
    await eventually(lambda: is_sound(rig, execution))


async def test_a_stop_gives_back_what_could_not_be_recorded(database: str, tmp_path: Path) -> None:
    async with open_rig(database, tmp_path / "other", listening=False) as other:
        async with refused(other, "NEW.state = 'succeeded'"), open_rig(database, tmp_path, drain_seconds=0.2) as rig:
            execution = await rig.request(flow_of([("a", "b")]))
            await eventually(lambda: rig.scripted.runs)
        row = await other.row(execution, "a")
        assert (row["state"], row["crash_count"], row["lease_owner"]) == ("ready", 0, None)


async def test_one_lost_node_that_cannot_be_recovered_keeps_no_other_from_it(database: str, tmp_path: Path) -> None:
    async with open_rig(database, tmp_path, sweep_seconds=3600.0) as rig:
        go = await together(rig, "a", "b", "c")
        execution = await rig.request(flow_of([("c", "d")], a={}, b={}))
        await eventually(lambda: len(rig.scripted.runs) == 3)
        await rig.owner.execute(
            "UPDATE query_flow_executions SET started_at = now() - interval '2 hours', open_sinks = 9"
        )
        await rig.owner.execute(
            "UPDATE workflow_executions SET lease_until = now() - interval '1 hour' WHERE state = 'running'"
        )
        async with refused(rig, "NEW.composition_node_id = 'b' AND NEW.attempt = 2"):
            with pytest.raises(ExceptionGroup):
                await sweep(rig.executor)
            attempts = {node: (await rig.row(execution, node))["attempt"] for node in ("a", "b", "c")}
            assert attempts == {"a": 2, "b": 1, "c": 2}
            assert await rig.owner.fetchval("SELECT open_sinks FROM query_flow_executions") == 3, "the sweep went on"
        go.set()
        await sweep(rig.executor)
        assert await rig.ended(execution) == "succeeded"


async def test_an_execution_that_cannot_be_launched_fails_and_the_others_are_launched(rig: Rig) -> None:
    version = flow_of([("a", "b")])
    bad, good = [await rig.request(version, send=False) for _ in range(2)]
    await rig.owner.execute("""UPDATE query_flow_executions SET "window" = '{"no": "window"}' WHERE id = $1""", bad)
    await rig.send(*(FlowExecutionRequested(execution_id=each, composition_id="comp_test") for each in (bad, good)))
    assert await rig.ended(good) == "succeeded"
    assert await rig.ended(bad) == "failed"
    reason = await rig.owner.fetchval("SELECT reason FROM query_flow_executions WHERE id = $1", bad)
    assert "kept it from being launched" in reason


async def test_one_engine_connection_whose_nodes_cannot_be_readied_keeps_no_other_from_it(
    database: str, tmp_path: Path
) -> None:
    async with open_rig(database, tmp_path) as rig:
        await rig.owner.execute("UPDATE engine_connections SET slots = 1")
        await rig.owner.execute("INSERT INTO engine_connections (name, engine, slots) VALUES ('other', 'scripted', 1)")
        version = flow_of([], a={}, b={})
        connections = {"machine": EngineConnection(name="other", engine="scripted")}
        go = await together(rig, "a")
        first, second = (
            await rig.request(version),
            await rig.request(version.model_copy(update={"connections": connections})),
        )
        for execution in (first, second):
            await eventually(partial(rig.nodes_are, execution, a="running", b="waiting"))
        async with refused(rig, "OLD.state = 'waiting' AND NEW.state = 'ready' AND NEW.engine_connection <> 'other'"):
            go.set()
            assert await rig.ended(second) == "succeeded"
            assert await rig.nodes_are(first, a="succeeded", b="waiting")
        assert await rig.ended(first) == "succeeded"
