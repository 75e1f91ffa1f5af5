"""Due times whose end nobody told: the rows tell it."""

import asyncio
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from queryflow.domain.ids import ScheduleId, schedule_fired_id
from queryflow.domain.states import ExecutionState
from queryflow.schema.executions import REQUESTS_KEPT
from scheduler.handlers import on_flow_finished
from scheduler.process.scheduler import Scheduler
from scheduler.ticker import settle_open
from tests.integration.scheduler.test_scheduler import run_times, said, timer
from tests.integration.scheduler.world import FAILURES_LIMIT, World

LETTER = """
    INSERT INTO {} (queue, message_id, type, body, code, reason)
    VALUES ('composer.schedule-fired', $1, 'schedule.fired', '', 'NOT_PUBLISHED', 'comp_a has no published version.')
"""
ENDED = (
    "UPDATE query_flow_executions SET state = 'failed', counts = '{\"failed\": 1}', finished_at = now() WHERE id = $1"
)


async def grow_old(world: World) -> None:
    """As if everything had been said long ago."""
    await world.pool.execute("UPDATE schedule_runs SET created_at = now() - interval '1 hour'")


async def runs(world: World, schedule: ScheduleId) -> dict[datetime, tuple[Any, ...]]:
    query = (
        "SELECT fire_time, decision, reason, execution_id, execution_state FROM schedule_runs WHERE schedule_id = $1"
    )
    return {row["fire_time"]: tuple(row)[1:] for row in await world.pool.fetch(query, schedule)}


async def settle_twice(schedulers: list[Scheduler]) -> None:
    """Two at once, or a repeat, must change nothing more."""
    await asyncio.gather(*map(settle_open, schedulers))
    await settle_open(schedulers[0])


@pytest.mark.parametrize("letters", ["composer_dead_letters", "scheduler_dead_letters"])
async def test_a_refused_due_time_is_skipped_with_the_reason_and_counts_as_a_failure(
    world: World, schedulers: list[Scheduler], letters: str
) -> None:
    schedule = await world.schedule("0 0 1 1 *")
    times = await run_times(world, schedulers[0], schedule, FAILURES_LIMIT)
    await world.pool.executemany(LETTER.format(letters), [(schedule_fired_id(schedule, at),) for at in times])
    await grow_old(world)
    await settle_twice(schedulers)
    reason = "NOT_PUBLISHED: comp_a has no published version."
    assert await runs(world, schedule) == dict.fromkeys(times, ("skipped", reason, None, None))
    found = await timer(world, schedule)
    assert (found["state"], found["failures"]) == ("paused", FAILURES_LIMIT)


async def test_an_end_that_was_not_heard_is_read_from_the_execution(world: World, schedulers: list[Scheduler]) -> None:
    schedule = await world.schedule("0 0 1 1 *")
    times = await run_times(world, schedulers[0], schedule, 2)
    event = await world.finished(schedule, ExecutionState.FAILED, times)
    await world.pool.execute(ENDED, event.execution_id)
    await grow_old(world)
    await settle_twice(schedulers)
    await on_flow_finished([event], schedulers[0])
    ended = ("fired", None, event.execution_id, "failed")
    assert await runs(world, schedule) == dict.fromkeys(times, ended)
    assert (await timer(world, schedule))["failures"] == 1


async def test_a_due_time_of_a_schedule_that_is_gone_is_skipped(world: World, schedulers: list[Scheduler]) -> None:
    schedule = await world.schedule("0 0 1 1 *")
    (at,) = await run_times(world, schedulers[0], schedule, 1)
    await world.pool.execute("DELETE FROM workflow_schedules WHERE id = $1", schedule)
    await settle_twice(schedulers)
    assert (await runs(world, schedule))[at][0] == "fired", "it may be on its way still"
    await grow_old(world)
    await settle_twice(schedulers)
    decision, reason, *_ = (await runs(world, schedule))[at]
    assert decision == "skipped"
    assert "switched off or removed" in reason


async def test_a_due_time_of_which_nothing_is_heard_does_not_stay_open_for_ever(
    world: World, schedulers: list[Scheduler]
) -> None:
    schedule = await world.schedule("0 0 1 1 *")
    early, late = await run_times(world, schedulers[0], schedule, 2)
    said = "UPDATE schedule_runs SET created_at = now() - $2::interval WHERE fire_time = $1"
    await world.pool.execute(said, early, REQUESTS_KEPT + timedelta(minutes=1))
    await world.pool.execute(said, late, REQUESTS_KEPT - timedelta(minutes=1))
    await settle_twice(schedulers)
    found = await runs(world, schedule)
    assert (found[early][0], found[late][0]) == ("skipped", "fired")
    assert "nothing was heard" in found[early][1]
    assert (await timer(world, schedule))["failures"] == 0


async def test_what_runs_or_waits_stays_open(world: World, schedulers: list[Scheduler]) -> None:
    schedule = await world.schedule("0 0 1 1 *")
    running, _ = await run_times(world, schedulers[0], schedule, 2)
    execution: UUID = await world.answer(schedule, [running])
    await grow_old(world)
    await settle_twice(schedulers)
    assert set((await runs(world, schedule)).values()) == {("fired", None, None, None)}
    assert (await timer(world, schedule))["failures"] == 0
    await world.pool.execute(ENDED, execution)
    await settle_twice(schedulers)
    assert [row[3] for row in (await runs(world, schedule)).values()].count("failed") == 1


async def test_every_page_of_open_due_times_is_looked_at(world: World, schedulers: list[Scheduler]) -> None:
    schedule = await world.schedule("0 0 1 1 *")
    times = await run_times(world, schedulers[0], schedule, 1_500)
    await world.answer(schedule, times[:1])
    last = min(times)
    for at in (last, times[1]):
        await world.pool.execute(LETTER.format("composer_dead_letters"), schedule_fired_id(schedule, at))
    await grow_old(world)
    await settle_twice(schedulers)
    found = await runs(world, schedule)
    assert {at for at, row in found.items() if row[0] == "skipped"} == {last, times[1]}


async def test_an_unanswered_due_time_is_said_again(world: World, schedulers: list[Scheduler]) -> None:
    schedule = await world.schedule("0 0 1 1 *")
    lost, answered = await run_times(world, schedulers[0], schedule, 2)
    await world.answer(schedule, [answered])
    await settle_twice(schedulers)
    assert await said(world) == [], "it may be on its way still"
    await grow_old(world)
    await settle_twice(schedulers)
    ((identifier, event),) = await said(world)
    assert identifier == schedule_fired_id(schedule, lost)
    assert (event.schedule_id, event.fire_time) == (schedule, lost)
    key = "SELECT composition_id FROM template_flow_compositions"
    assert event.composition_id == await world.pool.fetchval(key)
    assert (await runs(world, schedule))[lost] == ("fired", None, None, None)


async def test_what_stays_unanswered_is_said_less_and_less_often(world: World, schedulers: list[Scheduler]) -> None:
    schedule = await world.schedule("0 0 1 1 *")
    await run_times(world, schedulers[0], schedule, 1)
    minute = timedelta(minutes=1)
    heard = []
    for since_first, since_last in ((2, None), (2, 1), (3, 1), (3, 2), (6, 3), (7, 4), (200, 59), (200, 61)):
        await world.pool.execute("DELETE FROM scheduler_outbox")
        when = "UPDATE schedule_runs SET created_at = now() - $1::interval, said_at = now() - $2::interval"
        await world.pool.execute(when, since_first * minute, None if since_last is None else since_last * minute)
        await settle_open(schedulers[0])
        heard.append(len(await said(world)))
    assert heard == [1, 1, 0, 1, 1, 1, 0, 1]


async def test_an_overlapping_due_time_has_a_decision_of_its_own(world: World, schedulers: list[Scheduler]) -> None:
    schedule = await world.schedule("0 0 1 1 *")
    late, early = await run_times(world, schedulers[0], schedule, 2)
    execution = await world.answer(schedule, [early])
    await world.overlap(schedule, execution, late)
    await grow_old(world)
    await settle_twice(schedulers)
    overlapped = ("overlapped", f"the execution of an earlier due time was still open: {execution}", None, None)
    assert await runs(world, schedule) == {early: ("fired", None, None, None), late: overlapped}
    await world.pool.execute(ENDED, execution)
    await settle_twice(schedulers)
    assert await runs(world, schedule) == {early: ("fired", None, execution, "failed"), late: overlapped}
    assert (await timer(world, schedule))["failures"] == 1
    assert await said(world) == []


async def test_the_end_of_an_execution_is_not_that_of_a_due_time_that_overlapped(
    world: World, schedulers: list[Scheduler]
) -> None:
    schedule = await world.schedule("0 0 1 1 *")
    late, early = await run_times(world, schedulers[0], schedule, 2)
    event = await world.finished(schedule, ExecutionState.SUCCEEDED, [early])
    await world.overlap(schedule, event.execution_id, late)
    await on_flow_finished([event], schedulers[0])
    found = await runs(world, schedule)
    assert (found[early][3], found[late][3]) == ("succeeded", None)
    await grow_old(world)
    await settle_twice(schedulers)
    assert (await runs(world, schedule))[late][0] == "overlapped"
