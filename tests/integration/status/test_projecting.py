"""The projection in the database: equal to the pure fold, whatever the order, and to what the rows say."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from functools import reduce
from itertools import pairwise
from random import Random
from typing import Any
from uuid import UUID

import pytest

from queryflow.domain.states import ErrorKind, ExecutionState
from queryflow.messages.composition import CompositionSaved
from queryflow.messages.event import Event
from queryflow.messages.execution import (
    ExecutionProgressed,
    Fact,
    FactError,
    NodeFailed,
    NodeRetried,
    NodeSkipped,
    NodeStarted,
    NodeSucceeded,
)
from queryflow.messages.flow_execution import FlowExecutionFinished, FlowExecutionRequested, FlowExecutionStarted
from queryflow.schema.people import LOCAL_PERSON
from status.handlers import on_composition, on_execution, on_progress
from status.process.status import Status
from status.projection.projecting import forget
from status.repository.executions import count_nodes
from status.repository.projection import lock_summaries
from status.repository.rebuilding import rebuild
from status.rules.projection import Summary, facts_of, fold, latest
from tests.integration.status.world import World
from tests.unit.status.making import EXECUTIONS, NOON, life


async def empty(world: World) -> None:
    await world.pool.execute("TRUNCATE execution_summaries, execution_node_states, execution_timeline")


async def nodes(world: World) -> list[tuple[Any, ...]]:
    """What is projected of nodes."""
    rows = await world.pool.fetch(
        "SELECT execution_id, node_id, sequence, state, attempt, at FROM execution_node_states ORDER BY 1, 2"
    )
    return [tuple(row) for row in rows]


async def counts(world: World, status: Status) -> dict[UUID, dict[str, int]]:
    async with status.engine.connect() as connection:
        executions = await world.pool.fetch("SELECT DISTINCT execution_id FROM execution_node_states")
        return await count_nodes(connection, [row["execution_id"] for row in executions])


def expected_nodes(history: Sequence[ExecutionProgressed]) -> list[tuple[Any, ...]]:
    facts = sorted(latest(facts_of(history)), key=lambda fact: fact.key)
    return [(*fact.key, fact.sequence, fact.state, fact.attempt, fact.at) for fact in facts]


def expected_counts(history: Sequence[ExecutionProgressed]) -> dict[UUID, dict[str, int]]:
    found: dict[UUID, Counter[str]] = {}
    for fact in latest(facts_of(history)):
        found.setdefault(fact.execution_id, Counter())[fact.state] += 1
    return {execution: dict(states) for execution, states in found.items()}


def disorder(events: Sequence[Event], random: Random) -> list[list[Any]]:
    """The events in any order, some of them twice, in batches."""
    shuffled = [*events, *random.sample(list(events), len(events) // 3)]
    random.shuffle(shuffled)
    cuts = sorted({0, len(shuffled), *random.sample(range(len(shuffled)), 5)})
    return [shuffled[begin:end] for begin, end in pairwise(cuts)]


def history_of(random: Random) -> list[ExecutionProgressed]:
    """What is said about twenty nodes of two executions; some have not ended."""
    said = []
    for execution in EXECUTIONS:
        for number in range(20):
            facts = [started(number, 1), waited(number, 2), started(number, 3), *ended(number, 4, random)]
            facts = facts[: random.randint(1, 4)]
            said += [ExecutionProgressed(execution_id=execution, facts=(fact,)) for fact in facts]
    return said


def started(number: int, sequence: int) -> Fact:
    at = NOON + timedelta(seconds=sequence)
    return NodeStarted(node_id=f"n{number}", attempt=1, sequence=sequence, at=at)


def waited(number: int, sequence: int) -> Fact:
    at = NOON + timedelta(seconds=sequence)
    error = FactError(kind=ErrorKind.TRANSIENT, message="The engine went away.")
    return NodeRetried(node_id=f"n{number}", attempt=2, sequence=sequence, at=at, error=error)


def ended(number: int, sequence: int, random: Random) -> list[Fact]:
    at = NOON + timedelta(seconds=sequence)
    error = FactError(kind=ErrorKind.REJECTED, message="No such column.")
    succeeded = NodeSucceeded(node_id=f"n{number}", attempt=2, sequence=sequence, at=at, rows=2**40, seconds=0.5)
    failed = NodeFailed(node_id=f"n{number}", attempt=2, sequence=sequence, at=at, seconds=1, error=error)
    return [succeeded] if random.random() < 0.5 else [failed]


@pytest.mark.parametrize("seed", range(8))
async def test_nodes_and_counts_are_those_of_the_fold(world: World, status: Status, seed: int) -> None:
    random = Random(seed)
    history = history_of(random)
    await empty(world)
    await asyncio.gather(*(on_progress(batch, status) for batch in disorder(history, random)))
    assert await nodes(world) == expected_nodes(history)
    assert await counts(world, status) == expected_counts(history)
    assert await world.pool.fetchval("SELECT count(*) FROM execution_timeline") == len(history)


@pytest.mark.parametrize("seed", range(6))
async def test_summaries_are_those_of_the_fold(world: World, status: Status, seed: int) -> None:
    random = Random(seed)
    lives = [life(execution, ExecutionState.FAILED, cancelled=bool(seed % 2)) for execution in EXECUTIONS]
    progress = history_of(random)
    await empty(world)
    await asyncio.gather(
        *(on_execution(batch, status) for batch in disorder([event for each in lives for event in each], random)),
        *(on_progress(batch, status) for batch in disorder(progress, random)),
    )
    async with status.pool.acquire() as connection, connection.transaction():
        found = await lock_summaries(connection, EXECUTIONS)
    for execution, events in zip(EXECUTIONS, lives, strict=True):
        assert found[execution] == reduce(fold, events, Summary(execution))
    assert await counts(world, status) == expected_counts(progress)


async def test_a_message_without_facts_says_nothing(world: World, status: Status) -> None:
    await empty(world)
    await on_progress([ExecutionProgressed(execution_id=EXECUTIONS[0], facts=())], status)
    assert await nodes(world) == []


async def execution_with_rows(world: World) -> tuple[UUID, list[Event], list[ExecutionProgressed]]:
    """A finished execution, its rows, and the events that told of them."""
    now = await world.now()
    execution = await world.execution(
        age=timedelta(hours=1), state="failed", counts={"succeeded": 1, "failed": 1, "skipped": 1},
        started_at=now, finished_at=now,
    )  # fmt: skip
    about = {"node_id": "", "attempt": 1, "at": now}
    error = {"kind": "REJECTED", "message": "No."}
    facts: list[Fact] = [
        NodeSucceeded.model_validate({**about, "node_id": "top", "sequence": 2, "rows": 5, "seconds": 0.5}),
        NodeFailed.model_validate(
            {
                **about,
                "node_id": "overlap",
                "sequence": 2,
                "seconds": 1,
                "error": error,
            }
        ),
        NodeSkipped.model_validate({**about, "node_id": "paths", "sequence": 1, "reason": "upstream_failed"}),
    ]
    end: dict[str, Any] = {"attempt": 1, "finished_at": now}
    await world.node(execution, "top", "succeeded", sequence=2, row_count=5, seconds=0.5, **end)
    await world.node(
        execution, "overlap", "failed", sequence=2, seconds=1.0, error_kind="REJECTED", error_message="No.", **end
    )
    await world.node(execution, "paths", "skipped", sequence=1, reason="upstream_failed", **end)
    key = await world.pool.fetchval("SELECT composition_key FROM query_flow_executions WHERE id = $1", execution)
    whole: dict[str, Any] = {"execution_id": execution, "composition_id": key, "at": now}
    counted = {"succeeded": 1, "failed": 1, "skipped": 1}
    events: list[Event] = [
        FlowExecutionRequested.model_validate(whole),
        FlowExecutionStarted.model_validate({**whole, "nodes": 3}),
        FlowExecutionFinished.model_validate({**whole, "state": "failed", "counts": counted}),
    ]
    return execution, events, [ExecutionProgressed(execution_id=execution, facts=(fact,)) for fact in facts]


async def projected(world: World) -> list[tuple[Any, ...]]:
    """Everything that is projected, but when it was written and what only the timeline knows."""
    summaries = await world.pool.fetch(
        "SELECT execution_id, composition_id, state, nodes, counts, cancel_requested, started_at,"
        " finished_at FROM execution_summaries"
    )
    states = await world.pool.fetch("SELECT * FROM execution_node_states ORDER BY execution_id, node_id")
    return [tuple(row) for row in (*summaries, *states)]


async def test_what_is_rebuilt_from_rows_is_what_the_events_told(world: World, status: Status) -> None:
    execution, events, progress = await execution_with_rows(world)
    await empty(world)
    await on_execution(events, status)
    await on_progress(progress, status)
    told = await projected(world)
    await empty(world)
    async with status.pool.acquire() as connection, connection.transaction():
        await rebuild(connection, [execution])
    assert await projected(world) == told
    async with status.pool.acquire() as connection, connection.transaction():
        await rebuild(connection, [execution])
    assert await projected(world) == told


async def test_what_was_removed_is_forgotten(world: World, status: Status) -> None:
    await empty(world)
    await world.pool.execute("DELETE FROM query_flow_executions")
    _, events, progress = await execution_with_rows(world)
    await on_execution(events, status)
    await on_progress(progress, status)
    await forget(status)
    assert len(await nodes(world)) == 3, "its rows are there"
    await world.pool.execute("DELETE FROM query_flow_executions")
    await forget(status)
    assert await projected(world) == []
    assert await world.pool.fetchval("SELECT count(*) FROM execution_timeline") == 0


async def test_an_act_on_a_composition_is_noted_once(world: World, status: Status) -> None:
    event = CompositionSaved(composition_id="comp_a", version="v", by=LOCAL_PERSON, at=NOON)
    await on_composition(event, status)
    await on_composition(event, status)
    rows = await world.pool.fetch("SELECT composition_id, action, version, by, at FROM composition_activity")
    assert [tuple(row) for row in rows] == [("comp_a", "saved", "v", LOCAL_PERSON, NOON)]
