"""The timers: when each schedule fires next, whether it does, and how often it failed in a row."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, case, delete, exists, func, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from queryflow.domain.ids import ScheduleId
from queryflow.schema.schedules import schedule_timers, workflow_schedules

PAUSED = "{failures} due times failed one after the other"


@dataclass(frozen=True, slots=True)
class Timer:
    """A timer as a definition sets it: its next due time, or why there is none."""

    schedule_id: ScheduleId
    definition_version: int
    next_fire_at: datetime | None
    error: str | None = None

    @property
    def state(self) -> str:
        """active, or error with its reason."""
        return "active" if self.error is None else "error"


async def start_timers(connection: AsyncConnection, timers: Sequence[Timer]) -> None:
    """Make the timers of new definitions and restart those of changed ones; a newer definition's timer stays."""
    if not timers:
        return
    statement = insert(schedule_timers)
    taken = statement.excluded
    restarted = {
        "definition_version": taken.definition_version,
        "next_fire_at": taken.next_fire_at,
        "state": taken.state,
        "reason": taken.reason,
        "failures": 0,
        "updated_at": func.now(),
    }
    older = schedule_timers.c.definition_version < taken.definition_version
    upsert = statement.on_conflict_do_update(index_elements=["schedule_id"], set_=restarted, where=older)
    await connection.execute(upsert, [_values(timer) for timer in timers])


async def move_timers(connection: AsyncConnection, timers: Sequence[Timer]) -> None:
    """Set locked timers to their next due time, or to rest with the reason why there is none."""
    if not timers:
        return
    table = schedule_timers.c
    moved = {
        "next_fire_at": bindparam("at", type_=table.next_fire_at.type),
        "state": bindparam("new_state"),
        "reason": bindparam("new_reason", type_=table.reason.type),
        "updated_at": func.now(),
    }
    statement = update(schedule_timers).where(table.schedule_id == bindparam("timer")).values(moved)
    values = [
        {"timer": each.schedule_id, "at": each.next_fire_at, "new_state": each.state, "new_reason": each.error}
        for each in timers
    ]
    await connection.execute(statement, values)


async def drop_timers(connection: AsyncConnection) -> int:
    """Remove the timers whose schedules were removed or switched off; the number of them."""
    table, schedule = schedule_timers, workflow_schedules.c
    active = exists().where(schedule.id == table.c.schedule_id, schedule.is_active)
    return (await connection.execute(delete(table).where(~active))).rowcount


async def count_failure(connection: AsyncConnection, schedule: ScheduleId, limit: int) -> bool:
    """Count a failure in a row; whether it was the one that pauses the schedule."""
    table = schedule_timers.c
    failures = table.failures + 1
    pause = (table.state == "active") & (failures >= limit)
    values = {
        "failures": failures,
        "state": case((pause, "paused"), else_=table.state),
        "reason": case((pause, PAUSED.format(failures=limit)), else_=table.reason),
        "updated_at": func.now(),
    }
    statement = update(schedule_timers).where(table.schedule_id == schedule).values(values)
    row = (await connection.execute(statement.returning(table.failures, table.state))).one_or_none()
    return row is not None and row.state == "paused" and row.failures == limit


async def forget_failures(connection: AsyncConnection, schedule: ScheduleId) -> None:
    """A success ends the row of failures; a paused schedule stays paused until somebody changes it."""
    table = schedule_timers.c
    statement = update(schedule_timers).where(table.schedule_id == schedule, table.failures > 0)
    await connection.execute(statement.values(failures=0, updated_at=func.now()))


def _values(timer: Timer) -> dict[str, object]:
    return {
        "schedule_id": timer.schedule_id,
        "definition_version": timer.definition_version,
        "next_fire_at": timer.next_fire_at,
        "state": timer.state,
        "reason": timer.error,
    }
