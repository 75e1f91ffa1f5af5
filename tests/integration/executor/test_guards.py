"""The guards of the statements that change nodes: each is tried without anything else that would hide its absence."""

from collections.abc import AsyncIterator
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from executor.advance.finish import finish
from executor.engines.port import EngineFailure, Produced, Work
from executor.model.attempt import Attempt, Failure
from executor.model.outcome import Finished, Retried, Succeeded
from executor.repository import leases, nodes
from queryflow.domain.ids import ExecutionId
from queryflow.domain.states import ErrorKind
from queryflow.messages.node import NodeReady
from tests.integration.executor.oracle import is_sound, repairs
from tests.integration.executor.rig import Rig, flow_of, open_rig
from tests.support.eventually import eventually

LEASE = timedelta(minutes=1)
TAKE_OVER = "UPDATE workflow_executions SET fence = fence + 1 WHERE composition_node_id = 'a' RETURNING lease_until"
ASK_TO_CANCEL = "UPDATE workflow_executions SET cancel_requested = true WHERE composition_node_id = 'a'"


@pytest.fixture
async def slow(database: str, tmp_path: Path) -> AsyncIterator[Rig]:
    """An executor whose loops have their first turn and then none for an hour."""
    async with open_rig(database, tmp_path, poll_seconds=3600.0, sweep_seconds=3600.0) as opened:
        yield opened


async def running(rig: Rig) -> tuple[ExecutionId, Attempt]:
    """An execution whose node `a` runs, and its attempt."""
    rig.gate("a")
    execution = await rig.request(flow_of([("a", "b")]))
    await eventually(lambda: rig.scripted.runs)
    return execution, rig.executor.held_attempts.held[0].attempt


async def test_the_outcome_of_an_attempt_that_somebody_took_over_is_not_recorded(slow: Rig) -> None:
    execution, attempt = await running(slow)
    await slow.owner.execute(TAKE_OVER)
    await finish(slow.executor, [Finished(attempt, Succeeded(rows=1))])
    assert await slow.nodes_are(execution, a="running", b="pending")
    failure = Failure(ErrorKind.THROTTLED, "slow down")
    again = Retried(failure=failure, wait=timedelta(hours=1))
    await finish(slow.executor, [Finished(attempt, again)])
    assert await slow.nodes_are(execution, a="running", b="pending")


async def test_the_lease_of_an_attempt_that_somebody_took_over_is_not_renewed(slow: Rig) -> None:
    execution, attempt = await running(slow)
    async with slow.executor.transactions.pool.acquire() as connection:
        assert await leases.renew(connection, [attempt], LEASE) == {attempt.id: False}
        until = await slow.owner.fetchval(TAKE_OVER)
        assert await leases.renew(connection, [attempt], LEASE) == {}
        assert not await leases.release(connection, attempt)
    assert (await slow.row(execution, "a"))["lease_until"] == until


async def test_a_node_that_is_to_be_cancelled_is_not_tried_again(slow: Rig) -> None:
    execution, attempt = await running(slow)
    await slow.owner.execute(ASK_TO_CANCEL)
    failure = Failure(ErrorKind.THROTTLED, "slow down")
    again = Retried(failure=failure, wait=timedelta(hours=1))
    await finish(slow.executor, [Finished(attempt, again)])
    assert await slow.node_is(execution, "a", "cancelled")


async def test_an_attempt_that_is_given_back_is_no_crash(slow: Rig) -> None:
    execution, attempt = await running(slow)
    assert (await slow.row(execution, "a"))["crash_count"] == 1
    async with slow.executor.transactions.pool.acquire() as connection:
        assert await leases.release(connection, attempt)
    row = await slow.row(execution, "a")
    assert (row["state"], row["crash_count"]) == ("ready", 0)


@pytest.mark.parametrize(("asked", "body", "becomes"), [
    (2, "", "running"), (1, "", "ready"), (3, "", "ready"), (2, ", cancel_requested = true", "ready"),
])  # fmt: skip
async def test_only_the_attempt_that_is_ready_is_claimed(slow: Rig, asked: int, body: str, becomes: str) -> None:
    execution, row = await running(slow)
    await slow.owner.execute(
        f"UPDATE workflow_executions SET state = 'ready', attempt = 2 {body} WHERE id = $1", row.id
    )
    event = NodeReady(execution_id=execution, node_id="a", attempt=asked, engine="scripted")
    async with slow.executor.transactions.pool.acquire() as connection:
        claimed = await nodes.claim(connection, [event], owner="somebody", lease=LEASE)
    assert len(claimed) == (becomes == "running")
    assert await slow.node_is(execution, "a", becomes)


async def test_a_long_cascade_goes_on_by_itself(slow: Rig) -> None:
    """More skips than one transaction takes; no sweeper comes to carry on."""
    before = repairs()

    async def fails(work: Work) -> Produced:
        raise EngineFailure(ErrorKind.VALIDATION, "no such column")

    slow.scripted.behaviours["root"] = fails
    layers = [[f"n{layer}_{place}" for place in range(300)] for layer in range(6)]
    edges = [("root", node) for node in layers[0]]
    edges += [edge for upper, lower in pairwise(layers) for edge in zip(upper, lower, strict=True)]
    execution = await slow.request(flow_of(edges))
    assert await slow.ended(execution) == "failed"
    await eventually(lambda: is_sound(slow, execution))
    assert repairs() == before
