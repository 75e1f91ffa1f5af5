"""Schedulers on a real database: each due time once, however many of them look."""

import asyncio
import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from queryflow.bus.local import LocalBus
from queryflow.bus.port import Handler
from queryflow.db.outbox import DeadLetterTable, Outbox
from queryflow.db.pool import open_engine, open_pool
from queryflow.domain.ids import ScheduleId, schedule_fired_id
from queryflow.domain.states import ExecutionState
from queryflow.messages.schedule import ScheduleFired
from scheduler.due.timers import fire_due
from scheduler.handlers import on_flow_finished
from scheduler.process.scheduler import Scheduler
from scheduler.process.settings import SchedulerSettings
from scheduler.ticker import tick
from tests.integration.scheduler.world import FAILURES_LIMIT, World
from tests.support.eventually import eventually

MINUTE = timedelta(minutes=1)


async def said(world: World) -> list[tuple[Any, ScheduleFired]]:
    """What lies in the outbox: nobody is bound to it in these tests."""
    rows = await world.pool.fetch("SELECT id, body FROM scheduler_outbox ORDER BY created_at, id")
    return [(row["id"], ScheduleFired.model_validate_json(row["body"])) for row in rows]


async def timer(world: World, schedule: ScheduleId) -> Any:
    return await world.pool.fetchrow("SELECT * FROM schedule_timers WHERE schedule_id = $1", schedule)


async def fired(world: World, schedule: ScheduleId) -> list[datetime]:
    query = "SELECT fire_time FROM schedule_runs WHERE schedule_id = $1 AND decision = 'fired' ORDER BY fire_time"
    return [row["fire_time"] for row in await world.pool.fetch(query, schedule)]


async def make_due(world: World, schedule: ScheduleId, ago: timedelta) -> datetime:
    """Set the timer to the full minute so long ago, as if nobody had looked since."""
    update = (
        "UPDATE schedule_timers SET next_fire_at = date_trunc('minute', now() - $2::interval) WHERE schedule_id = $1"
    )
    found: datetime = await world.pool.fetchval(update + " RETURNING next_fire_at", schedule, ago)
    return found


async def test_a_new_schedule_gets_a_timer_and_nothing_is_said_yet(world: World, schedulers: list[Scheduler]) -> None:
    schedule = await world.schedule("0 9 * * 1", zone="Europe/Berlin")
    await tick(schedulers[0])
    found = await timer(world, schedule)
    assert found["state"] == "active"
    assert found["next_fire_at"] > await world.now()
    assert await said(world) == []


async def test_many_schedulers_say_each_due_time_once(world: World, schedulers: list[Scheduler]) -> None:
    schedules = [await world.schedule() for _ in range(150)]
    await tick(schedulers[0])
    due = {schedule: await make_due(world, schedule, MINUTE) for schedule in schedules}
    await asyncio.gather(*(tick(scheduler) for scheduler in schedulers * 3))
    events = await said(world)
    assert len({identifier for identifier, _ in events}) == len(events)
    assert len(events) == await world.pool.fetchval("SELECT count(*) FROM schedule_runs WHERE decision = 'fired'")
    assert {event.schedule_id for _, event in events} == set(schedules)
    for identifier, event in events:
        assert identifier == schedule_fired_id(ScheduleId(event.schedule_id), event.fire_time)
        assert event.fire_time >= due[ScheduleId(event.schedule_id)]
    now = await world.now()
    assert await world.pool.fetchval("SELECT count(*) FROM schedule_timers WHERE next_fire_at <= $1", now) == 0


async def test_of_missed_due_times_the_last_is_said_and_the_rest_are_rows(
    world: World, schedulers: list[Scheduler]
) -> None:
    schedule = await world.schedule()
    await tick(schedulers[0])
    first = await make_due(world, schedule, 5 * MINUTE)
    await tick(schedulers[0])
    rows = await world.pool.fetch("SELECT * FROM schedule_runs ORDER BY fire_time")
    assert rows[0]["fire_time"] == first
    assert [row["decision"] for row in rows] == ["skipped"] * (len(rows) - 1) + ["fired"]
    assert len(rows) in {6, 7}
    assert all(row["reason"] for row in rows[:-1])
    assert [event.fire_time for _, event in await said(world)] == [rows[-1]["fire_time"]]


async def test_a_due_time_between_the_change_and_the_look_is_not_lost(
    world: World, schedulers: list[Scheduler]
) -> None:
    schedule = await world.schedule(age=MINUTE)
    await tick(schedulers[0])
    assert len(await fired(world, schedule)) == 1


async def test_a_due_time_that_was_noted_is_not_said_again(world: World, schedulers: list[Scheduler]) -> None:
    schedule = await world.schedule()
    await tick(schedulers[0])
    for _ in range(3):
        await make_due(world, schedule, timedelta(0))
        await tick(schedulers[0])
    assert len(await said(world)) == len(await fired(world, schedule))


async def test_a_changed_schedule_starts_anew_and_one_switched_off_has_no_timer(
    world: World, schedulers: list[Scheduler]
) -> None:
    schedule = await world.schedule("0 0 1 1 *")
    await tick(schedulers[0])
    before = await timer(world, schedule)
    await world.change(schedule, "cron = '30 12 * * *'")
    await tick(schedulers[0])
    after = await timer(world, schedule)
    assert (after["definition_version"], after["next_fire_at"].minute) == (2, 30)
    assert after["next_fire_at"] != before["next_fire_at"]
    await world.change(schedule, "is_active = false")
    await tick(schedulers[0])
    assert await timer(world, schedule) is None


async def test_an_outdated_definition_fires_no_more(world: World, schedulers: list[Scheduler]) -> None:
    schedule = await world.schedule()
    await tick(schedulers[0])
    await make_due(world, schedule, MINUTE)
    await world.change(schedule, "cron = '0 0 1 1 *'")
    await tick(schedulers[0])
    assert await said(world) == []


async def test_a_timer_of_an_outdated_definition_is_not_taken(world: World, schedulers: list[Scheduler]) -> None:
    """The definition may change between the two looks of a tick."""
    schedule = await world.schedule()
    await tick(schedulers[0])
    at = await make_due(world, schedule, MINUTE)
    await world.change(schedule, "cron = '0 0 1 1 *'")
    async with schedulers[0].transaction() as transaction:
        assert not await fire_due(transaction, schedulers[0].settings)
    assert (await said(world), await fired(world, schedule)) == ([], [])
    assert (await timer(world, schedule))["next_fire_at"] == at


async def test_what_cannot_be_read_rests_with_its_reason_and_the_others_go_on(
    world: World, schedulers: list[Scheduler]
) -> None:
    broken = await world.schedule("0 0 31 2 *")
    sound = await world.schedule(age=MINUTE)
    await tick(schedulers[0])
    found = await timer(world, broken)
    assert (found["state"], found["next_fire_at"]) == ("error", None)
    assert "31 2" in found["reason"]
    assert len(await fired(world, sound)) == 1
    await world.change(broken, "cron = '* * * * *'")
    await tick(schedulers[0])
    assert (await timer(world, broken))["state"] == "active"


async def run_times(world: World, scheduler: Scheduler, schedule: ScheduleId, count: int) -> list[datetime]:
    """Due times that were said, one a minute, back from now."""
    await tick(scheduler)
    now = await world.now()
    times = [now.replace(second=0, microsecond=0) - number * MINUTE for number in range(count)]
    insert = (
        "INSERT INTO schedule_runs (schedule_id, fire_time, decision) VALUES ($1, $2, 'fired') ON CONFLICT DO NOTHING"
    )
    await world.pool.executemany(insert, [(schedule, at) for at in times])
    return times


async def end(world: World, scheduler: Scheduler, states: Sequence[tuple[ExecutionState, datetime]]) -> None:
    """Executions that answer one due time each end, and each end is told twice."""
    (schedule,) = {row["schedule_id"] for row in await world.pool.fetch("SELECT schedule_id FROM schedule_timers")}
    for state, at in states:
        event = await world.finished(schedule, state, [at])
        await on_flow_finished([event], scheduler)
        await on_flow_finished([event], scheduler)


async def test_failures_in_a_row_pause_the_schedule(world: World, schedulers: list[Scheduler]) -> None:
    schedule = await world.schedule("0 0 1 1 *")
    times = await run_times(world, schedulers[0], schedule, FAILURES_LIMIT)
    await end(world, schedulers[0], [(ExecutionState.FAILED, at) for at in times[:-1]])
    found = await timer(world, schedule)
    assert (found["state"], found["failures"]) == ("active", FAILURES_LIMIT - 1)
    await end(world, schedulers[0], [(ExecutionState.FAILED, times[-1])])
    found = await timer(world, schedule)
    assert (found["state"], found["failures"]) == ("paused", FAILURES_LIMIT)
    assert str(FAILURES_LIMIT) in found["reason"]
    await make_due(world, schedule, MINUTE)
    await tick(schedulers[0])
    assert await said(world) == []
    await world.change(schedule, "is_active = true")
    await tick(schedulers[0])
    found = await timer(world, schedule)
    assert (found["state"], found["failures"]) == ("active", 0)


async def test_a_success_ends_the_row_and_a_cancel_says_nothing(world: World, schedulers: list[Scheduler]) -> None:
    schedule = await world.schedule("0 0 1 1 *")
    failed, succeeded, cancelled = ExecutionState.FAILED, ExecutionState.SUCCEEDED, ExecutionState.CANCELLED
    times = await run_times(world, schedulers[0], schedule, 6)
    states = [failed, failed, cancelled, succeeded, failed, cancelled]
    await end(world, schedulers[0], list(zip(states, times, strict=True)))
    found = await timer(world, schedule)
    assert (found["state"], found["failures"]) == ("active", 1)


async def test_an_execution_may_answer_several_due_times(world: World, schedulers: list[Scheduler]) -> None:
    schedule = await world.schedule("0 0 1 1 *")
    times = await run_times(world, schedulers[0], schedule, 3)
    event = await world.finished(schedule, ExecutionState.FAILED, times[:2])
    await on_flow_finished([event], schedulers[0])
    rows = await world.pool.fetch("SELECT fire_time FROM schedule_runs WHERE execution_id = $1", event.execution_id)
    assert {row["fire_time"] for row in rows} == set(times[:2])
    assert (await timer(world, schedule))["failures"] == 1


async def test_executions_of_nobodys_schedule_change_nothing(world: World, schedulers: list[Scheduler]) -> None:
    schedule = await world.schedule("0 0 1 1 *")
    await run_times(world, schedulers[0], schedule, 1)
    event = await world.finished(schedule, ExecutionState.FAILED, [])
    await on_flow_finished([event.model_copy(update={"schedule_id": None})], schedulers[0])
    await on_flow_finished([event], schedulers[0])
    assert (await timer(world, schedule))["failures"] == 0


async def test_what_is_due_reaches_its_consumer_through_the_bus(database: str, world: World) -> None:
    settings = SchedulerSettings(database_url=database)
    heard: list[ScheduleFired] = []

    async def on_fired(event: ScheduleFired, listener: object) -> None:
        heard.append(event)

    bus = LocalBus()
    async with await open_pool(database, role=settings.role) as pool:
        engine = open_engine(database, role=settings.role)
        handler = Handler("composer.schedule-fired", ("schedule.fired",), ScheduleFired, on_fired)
        bus.subscribe((handler,), None, DeadLetterTable("scheduler", pool))
        await bus.start()
        schedule = await world.schedule(age=MINUTE)
        await tick(Scheduler(engine, Outbox("scheduler", pool, bus, settings), settings))
        await eventually(lambda: [event.schedule_id for event in heard] == [schedule])
        await bus.stop()
        await engine.dispose()
    assert json.loads(heard[0].body())["fire_time"].endswith("Z")
