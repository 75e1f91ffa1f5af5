"""Timers: started when a definition is new or changed, moved on when a due time came."""

import structlog

from queryflow.domain.ids import schedule_fired_id
from queryflow.messages.schedule import ScheduleFired
from queryflow.runtime.crashpoints import crashpoint
from queryflow.runtime.transaction import Transaction
from scheduler.repository.definitions import Definition, DueSchedule, changed_definitions, take_due
from scheduler.repository.runs import insert_runs
from scheduler.repository.timers import Timer, drop_timers, move_timer, start_timers
from scheduler.settings import SchedulerSettings
from scheduler.timing import Due, ScheduleError, due_fires, next_fire

log = structlog.get_logger()

MOST_DEFINITIONS = 1_000
MOST_DUE = 100
"""So many schedules are fired in one transaction, which holds their timers."""


async def follow_definitions(transaction: Transaction) -> bool:
    """Give every schedule that is switched on the timer of its definition; whether there may be more to do."""
    definitions = await changed_definitions(transaction.connection, MOST_DEFINITIONS)
    await start_timers(transaction.connection, [_started(definition) for definition in definitions])
    await drop_timers(transaction.connection)
    return len(definitions) == MOST_DEFINITIONS


async def fire_due(transaction: Transaction, settings: SchedulerSettings) -> bool:
    """Say which due times came, each once, and set their timers on; whether there may be more to do."""
    schedules = await take_due(transaction.connection, MOST_DUE)
    crashpoint("scheduler.after_take")
    for schedule in schedules:
        await _fire(transaction, schedule, settings)
    crashpoint("scheduler.after_runs")
    return len(schedules) == MOST_DUE


async def _fire(transaction: Transaction, schedule: DueSchedule, settings: SchedulerSettings) -> None:
    definition = schedule.definition
    try:
        due = due_fires(definition.rhythm, schedule.next_fire_at, transaction.now, settings.missed_window)
    except ScheduleError as error:
        await move_timer(transaction.connection, _resting(definition, error))
        return
    await _say(transaction, definition, due)
    timer = Timer(definition.schedule_id, definition.version, due.next_fire_at)
    await move_timer(transaction.connection, timer)


async def _say(transaction: Transaction, definition: Definition, due: Due) -> None:
    """A due time that is noted already was said by whoever noted it."""
    fresh = await insert_runs(transaction.connection, definition.schedule_id, due.times)
    for time in due.times:
        if time.skipped is not None or time.at not in fresh:
            continue
        fired = ScheduleFired(
            schedule_id=definition.schedule_id, fire_time=time.at, composition_id=definition.composition_id
        )
        transaction.emit(fired, message_id=schedule_fired_id(definition.schedule_id, time.at))


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
