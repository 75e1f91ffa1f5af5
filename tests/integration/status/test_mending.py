"""What messages did not tell is read from the rows of the others."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from queryflow.domain.states import ExecutionState
from queryflow.messages.execution import ExecutionProgressed, Fact, NodeCancelled, NodeStarted, NodeSucceeded
from queryflow.messages.flow_execution import FlowExecutionFinished, FlowExecutionRequested, FlowExecutionStarted
from queryflow.schema.people import LOCAL_PERSON
from status.handlers import on_execution, on_progress
from status.process.status import Status
from status.projection.rebuilding import MOST_REBUILT, Mending
from status.repository import comparing
from tests.integration.status.world import World

HOUR = timedelta(hours=1)
SECOND = timedelta(seconds=1)
HISTORY = """
    INSERT INTO node_attempts (workflow_execution_id, attempt, fence, state, error_kind, error_message, started_at,
                               finished_at, sequence)
    VALUES ($1, $2, 1, $3, $4, $5, $6, $7, $8)
"""


@pytest.fixture(autouse=True)
async def nothing_else(world: World) -> None:
    await world.pool.execute("DELETE FROM query_flow_executions")
    await world.pool.execute("DELETE FROM template_flow_compositions")
    await world.pool.execute(
        "TRUNCATE execution_summaries, execution_node_states, execution_timeline, composition_activity"
    )


async def mend(status: Status) -> None:
    await Mending(status).turn()


async def running(world: World, ago: timedelta = HOUR) -> tuple[UUID, datetime]:
    """An execution that has run for long, and when it began."""
    at = await world.now() - ago
    return await world.execution(age=ago, state="running", started_at=at), at


async def end(world: World, execution: UUID, at: datetime) -> None:
    await world.pool.execute(
        "UPDATE query_flow_executions SET state = 'succeeded', finished_at = $2 WHERE id = $1", execution, at
    )


async def heard(status: Status, world: World, execution: UUID, *, nodes: int = 1) -> None:
    """The request and the start of the execution are told."""
    row = await world.pool.fetchrow("SELECT * FROM query_flow_executions WHERE id = $1", execution)
    assert row is not None
    about: dict[str, Any] = {"execution_id": execution, "composition_id": row["composition_key"]}
    started = FlowExecutionStarted(**about, nodes=nodes, at=row["started_at"])
    await on_execution([FlowExecutionRequested(**about), started], status)


async def tell(status: Status, execution: UUID, *facts: Fact) -> None:
    await on_progress([ExecutionProgressed(execution_id=execution, facts=facts)], status)


async def timeline(world: World, execution: UUID) -> list[tuple[Any, ...]]:
    rows = await world.pool.fetch(
        "SELECT node_id, sequence, fact, attempt, at, detail FROM execution_timeline WHERE execution_id = $1"
        " ORDER BY node_id, sequence",
        execution,
    )
    return [tuple(row) for row in rows]


async def states(world: World, execution: UUID) -> dict[str, tuple[str, int]]:
    query = "SELECT node_id, state, sequence FROM execution_node_states WHERE execution_id = $1"
    return {row["node_id"]: (row["state"], row["sequence"]) for row in await world.pool.fetch(query, execution)}


async def summary(world: World, execution: UUID) -> Any:
    return await world.pool.fetchrow("SELECT * FROM execution_summaries WHERE execution_id = $1", execution)


async def test_progress_of_a_running_execution_is_read_from_its_nodes(world: World, status: Status) -> None:
    execution, at = await running(world)
    await heard(status, world, execution, nodes=3)
    await world.node(execution, "runs", "running", sequence=2, attempt=1, started_at=at)
    await world.node(execution, "waits", "waiting", sequence=1, attempt=1, reason="no_slot", ready_at=at)
    await world.node(execution, "skipped", "skipped", sequence=1, attempt=1, reason="upstream_failed", finished_at=at)
    await world.node(execution, "pending", "pending", sequence=0, attempt=1)
    await mend(status)
    assert await states(world, execution) == {
        "runs": ("running", 2),
        "waits": ("waiting", 1),
        "skipped": ("skipped", 1),
    }
    assert await timeline(world, execution) == [
        ("runs", 1, "node_waiting", 1, at, {"reason": "no_slot"}),
        ("runs", 2, "node_started", 1, at, None),
        ("skipped", 1, "node_skipped", 1, at, {"reason": "upstream_failed"}),
        ("waits", 1, "node_waiting", 1, at, {"reason": "no_slot"}),
    ]


async def test_every_try_of_a_node_is_in_the_timeline_again(world: World, status: Status) -> None:
    execution, at = await running(world)
    node = await world.node(
        execution, "top", "failed", sequence=7, attempt=3, started_at=at + 4 * SECOND, finished_at=at + 5 * SECOND,
        seconds=0.5, error_kind="REJECTED", error_message="No.",
    )  # fmt: skip
    tries: Sequence[tuple[Any, ...]] = (
        (1, "retried", "TRANSIENT", "Away.", at, at + SECOND, 2),
        (2, "lost", "INTERNAL", "Lost.", at + 2 * SECOND, at + 3 * SECOND, 5),
        (3, "failed", "REJECTED", "N" * 9_000, at + 4 * SECOND, at + 5 * SECOND, 7),
    )
    for values in tries:
        await world.pool.execute(HISTORY, node, *values)
    await end(world, execution, at + 6 * SECOND)
    await mend(status)
    short = {"kind": "REJECTED", "message": "N" * 7_999 + "…"}
    again = {"reason": "retry_backoff", "error": {"kind": "TRANSIENT", "message": "Away."}}
    lost = {"reason": "retry_backoff", "error": {"kind": "INTERNAL", "message": "Lost."}}
    told = [
        ("top", 1, "node_started", 1, at, None),
        ("top", 2, "node_retried", 2, at + SECOND, again),
        ("top", 3, "node_waiting", 2, at + 2 * SECOND, {"reason": "no_slot"}),
        ("top", 4, "node_started", 2, at + 2 * SECOND, None),
        ("top", 5, "node_retried", 3, at + 3 * SECOND, lost),
        ("top", 6, "node_started", 3, at + 4 * SECOND, None),
        ("top", 7, "node_failed", 3, at + 5 * SECOND, {"seconds": 0.5, "error": short}),
    ]
    assert await timeline(world, execution) == told
    await mend(status)
    assert await timeline(world, execution) == told


async def test_a_fact_that_only_the_timeline_lacks_is_found_once_the_execution_has_ended(
    world: World, status: Status
) -> None:
    execution, at = await running(world)
    await heard(status, world, execution)
    node = await world.node(
        execution, "top", "succeeded", sequence=2, attempt=1, finished_at=at + SECOND, row_count=3, seconds=1.0
    )
    await world.pool.execute(HISTORY, node, 1, "succeeded", None, None, at, at + SECOND, 2)
    await tell(
        status, execution, NodeSucceeded(node_id="top", attempt=1, sequence=2, at=at + SECOND, rows=3, seconds=1)
    )
    await end(world, execution, at + SECOND)
    key = (await summary(world, execution))["composition_id"]
    finished = FlowExecutionFinished(
        execution_id=execution, composition_id=key, state=ExecutionState.SUCCEEDED, counts={}, at=at + SECOND
    )
    await on_execution([finished], status)
    await mend(status)
    assert [fact[:3] for fact in await timeline(world, execution)] == [
        ("top", 1, "node_started"),
        ("top", 2, "node_succeeded"),
    ]


async def test_an_end_a_start_and_a_cancellation_that_were_not_heard_are_rebuilt(world: World, status: Status) -> None:
    ended, at = await running(world)
    await heard(status, world, ended)
    await world.node(ended, "top", "cancelled", sequence=1, attempt=1, finished_at=at)
    await tell(status, ended, NodeCancelled(node_id="top", attempt=1, sequence=1, at=at))
    await end(world, ended, at)
    started, _ = await running(world)
    about: dict[str, Any] = {"execution_id": started, "composition_id": "comp_a"}
    await on_execution([FlowExecutionRequested(**about)], status)
    unwanted = await world.execution(age=HOUR, cancel_requested_at=at)
    await on_execution([FlowExecutionRequested(**{**about, "execution_id": unwanted})], status)
    await mend(status)
    assert (await summary(world, ended))["finished_at"] == at
    found = await summary(world, started)
    assert (found["state"], found["started_at"] is None) == ("running", False)
    assert (await summary(world, unwanted))["cancel_requested"]


async def test_an_ended_execution_is_compared_once(world: World, status: Status) -> None:
    execution, at = await running(world)
    await end(world, execution, at)
    await mend(status)
    assert (await summary(world, execution))["compared"]
    look = comparing.Look(at, timedelta(0), 10)
    async with status.pool.acquire() as connection:
        assert await comparing.find_ended(connection, look) == []


async def test_what_may_be_on_its_way_is_left_alone(world: World, status: Status) -> None:
    execution, at = await running(world, timedelta(0))
    await mend(status)
    assert await summary(world, execution) is None
    await heard(status, world, execution)
    await world.node(execution, "top", "running", sequence=1, attempt=1, started_at=at)
    await mend(status)
    assert await states(world, execution) == {}
    await end(world, execution, at)
    await mend(status)
    assert (await summary(world, execution))["finished_at"] is None


async def test_the_first_look_of_a_process_goes_back_to_the_beginning(world: World, status: Status) -> None:
    old, _ = await running(world, timedelta(days=20))
    mending = Mending(status)
    await mending.turn()
    assert await summary(world, old) is not None
    older, _ = await running(world, timedelta(days=15))
    await mending.turn()
    assert await summary(world, older) is None


async def test_more_executions_than_fit_in_a_page_are_all_mended(world: World, status: Status) -> None:
    for number in range(205):
        execution, at = await running(world)
        if number % 2:
            await end(world, execution, at)
    await mend(status)
    count = "SELECT count(*) FROM execution_summaries WHERE started_at IS NOT NULL"
    assert await world.pool.fetchval(count) == 205
    assert await world.pool.fetchval("SELECT count(*) FROM execution_summaries WHERE compared") == 102


@pytest.mark.parametrize("ended", [False, True])
async def test_executions_that_cannot_be_rebuilt_keep_no_other_from_it(
    world: World, status: Status, *, ended: bool
) -> None:
    """More of them than a page holds, found before all others."""
    bad = [(await running(world))[0] for _ in range(MOST_REBUILT + 1)]
    good = []
    for _ in range(3):
        execution, at = await running(world)
        await world.node(execution, "top", "succeeded", sequence=1, attempt=1, finished_at=at, row_count=1, seconds=1.0)
        good.append(execution)
    for execution in (*bad, *good) if ended else ():
        await heard(status, world, execution)
        await end(world, execution, at)
    # A fact without a name of its node cannot be noted, which no row of the executor should be able to say.
    for execution in bad:
        await world.node(execution, "", "succeeded", sequence=1, attempt=1, finished_at=at, row_count=1, seconds=1.0)
    await world.pool.execute("ALTER TABLE execution_timeline ADD CONSTRAINT named CHECK (node_id <> '') NOT VALID")
    try:
        with pytest.raises(ExceptionGroup):
            await mend(status)
    finally:
        await world.pool.execute("ALTER TABLE execution_timeline DROP CONSTRAINT named")
    for execution in good:
        assert [fact[2] for fact in await timeline(world, execution)] == ["node_succeeded"]
    assert await world.pool.fetchval("SELECT count(*) FROM execution_timeline") == len(good)


async def test_what_is_told_after_it_was_mended_is_noted_once(world: World, status: Status) -> None:
    execution, at = await running(world)
    await world.node(execution, "top", "running", sequence=1, attempt=1, started_at=at)
    await mend(status)
    await tell(status, execution, NodeStarted(node_id="top", attempt=1, sequence=1, at=at))
    assert len(await timeline(world, execution)) == 1


async def test_acts_that_nobody_told_are_read_from_the_compositions(world: World, status: Status) -> None:
    at = await world.now() - HOUR
    kept, gone, fresh = [await world.composition() for _ in range(3)]
    act = "UPDATE template_flow_compositions SET updated_at = $2, updated_by = $3 WHERE composition_id = $1"
    await world.pool.execute(act, kept, at, LOCAL_PERSON)
    await world.pool.execute(
        "UPDATE template_flow_compositions SET published_at = $2, published_by = $3, published_version = 'v'"
        " WHERE composition_id = $1",
        kept,
        at + SECOND,
        LOCAL_PERSON,
    )
    await world.pool.execute(act, gone, at, LOCAL_PERSON)
    await world.pool.execute("UPDATE template_flow_compositions SET is_active = false WHERE composition_id = $1", gone)
    await world.pool.execute(act, fresh, await world.now(), LOCAL_PERSON)
    for _ in range(2):
        await mend(status)
    rows = await world.pool.fetch("SELECT composition_id, action, version, by, at FROM composition_activity")
    assert {tuple(row) for row in rows} == {
        (kept, "saved", None, LOCAL_PERSON, at),
        (kept, "published", "v", LOCAL_PERSON, at + SECOND),
        (gone, "deleted", None, LOCAL_PERSON, at),
    }
    assert len(rows) == 3
