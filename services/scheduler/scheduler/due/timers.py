"""Timers: started when a definition is new or changed, moved on when a due time came."""

from collections.abc import Set
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from queryflow.db.transaction import Transaction
from queryflow.domain.ids import ScheduleId, schedule_fired_id
from queryflow.messages.schedule import ScheduleFired
from queryflow.process.failpoints import failpoint
from scheduler.process.settings import SchedulerSettings
from scheduler.repository.definitions import Definition, DueSchedule, changed_definitions, take_due
from scheduler.repository.runs import Run, insert_runs
from scheduler.repository.timers import Timer, drop_timers, move_timers, start_timers
from scheduler.rules.timing import DueTime, ScheduleError, due_fires, next_fire

log = structlog.get_logger()

MOST_DEFINITIONS = 1_000
MOST_DUE = 100
"""So many schedules are fired in one transaction, which holds their timers."""


@dataclass(frozen=True, slots=True)
class Firing:
    """What follows from a schedule's being due: its due times that came, and its timer set on."""

    definition: Definition
    times: tuple[DueTime, ...]
    timer: Timer


async def follow_definitions(transaction: Transaction) -> bool:
    """Give every schedule that is switched on the timer of its definition; whether there may be more to do."""
    definitions = await changed_definitions(transaction.connection, MOST_DEFINITIONS)
    await start_timers(transaction.connection, [_started(definition) for definition in definitions])
    await drop_timers(transaction.connection)
    return len(definitions) == MOST_DEFINITIONS


async def fire_due(transaction: Transaction, settings: SchedulerSettings) -> bool:
    """Say which due times came, each once, and set their timers on; whether there may be more to do."""
    schedules = await take_due(transaction.connection, MOST_DUE)
    failpoint("scheduler.after_take")
    firings = [_decide(schedule, transaction.now, settings.missed_window) for schedule in schedules]
    runs = [Run(firing.definition.schedule_id, time) for firing in firings for time in firing.times]
    fresh = await insert_runs(transaction.connection, runs)
    for firing in firings:
        _say(transaction, firing, fresh)
    await move_timers(transaction.connection, [firing.timer for firing in firings])
    failpoint("scheduler.after_runs")
    return len(schedules) == MOST_DUE


def say_fired(transaction: Transaction, definition: Definition, at: datetime) -> None:
    """Say that a due time of the schedule came; a repeat has the same id, and starts nothing that was started."""
    schedule = definition.schedule_id
    fired = ScheduleFired(
        schedule_id=schedule, fire_time=at, composition_id=definition.composition_id, workflow_id=definition.workflow_id
    )
    transaction.emit(fired, message_id=schedule_fired_id(schedule, at))


def _decide(schedule: DueSchedule, now: datetime, window: timedelta) -> Firing:
    definition = schedule.definition
    try:
        due = due_fires(definition.rhythm, schedule.next_fire_at, now, window)
    except ScheduleError as error:
        return Firing(definition, (), _resting(definition, error))
    return Firing(definition, due.times, Timer(definition.schedule_id, definition.version, due.next_fire_at))


def _say(transaction: Transaction, firing: Firing, fresh: Set[tuple[ScheduleId, datetime]]) -> None:
    """A due time that is there already was said when it was noted."""
    schedule = firing.definition.schedule_id
    for time in firing.times:
        if time.skipped is None and (schedule, time.at) in fresh:
            say_fired(transaction, firing.definition, time.at)


def _started(definition: Definition) -> Timer:
    """Due times count from the moment of the change, so that none between it and this look is lost."""
    try:
        next_fire_at = next_fire(definition.rhythm, definition.changed_at)
    except ScheduleError as error:
        return _resting(definition, error)
    return Timer(definition.schedule_id, definition.version, next_fire_at)


def _resting(definition: Definition, error: ScheduleError) -> Timer:
    schedule = str(definition.schedule_id)
    log.error("A schedule cannot go on", action="schedule.error", schedule_id=schedule, reason=str(error))
    return Timer(definition.schedule_id, definition.version, None, str(error))
