"""Schedules and executions as the composer and the executor write them, for tests of the scheduler."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from queryflow.db.pool import Pool
from queryflow.domain.ids import ScheduleId, due_time_key, uuid7
from queryflow.domain.states import ExecutionState
from queryflow.messages.flow_execution import FlowExecutionFinished
from queryflow.schema.people import LOCAL_PERSON

NO_TIME = timedelta(0)
FAILURES_LIMIT = 3


@dataclass(frozen=True, slots=True)
class World:
    """A database and its clock."""

    pool: Pool

    async def now(self) -> datetime:
        found: datetime = await self.pool.fetchval("SELECT now()")
        return found

    async def composition(self) -> UUID:
        found: UUID = await self.pool.fetchval(
            "INSERT INTO template_flow_compositions (composition_id, name, canvas_state) VALUES ($1, 'A', '{}')"
            " RETURNING id",
            f"comp_{uuid4().hex}",
        )
        await self.pool.execute(
            "INSERT INTO composition_versions VALUES ('v', NULL, 'comp_a', '{}') ON CONFLICT DO NOTHING"
        )
        return found

    async def schedule(
        self, cron: str = "* * * * *", *, age: timedelta = timedelta(0), zone: str = "UTC"
    ) -> ScheduleId:
        """A schedule that was written so long ago."""
        found: UUID = await self.pool.fetchval(
            "INSERT INTO workflow_schedules (composition_id, cron, time_zone, updated_at)"
            " VALUES ($1, $2, $3, now() - $4::interval) RETURNING id",
            await self.composition(),
            cron,
            zone,
            age,
        )
        return ScheduleId(found)

    async def change(self, schedule: ScheduleId, assignment: str) -> None:
        """Change a definition as the composer does."""
        await self.pool.execute(
            f"UPDATE workflow_schedules SET {assignment}, updated_at = now(),"
            " definition_version = definition_version + 1 WHERE id = $1",
            schedule,
        )

    async def answer(self, schedule: ScheduleId, fire_times: list[datetime]) -> UUID:
        """An execution that answers the due times."""
        execution = uuid7(await self.now())
        await self.pool.execute(
            "INSERT INTO query_flow_executions"
            " (id, composition_key, version, logical_date, trigger_kind, schedule_id, requested_by)"
            " VALUES ($1, 'comp_a', 'v', '2026-11-22', 'schedule', $2, $3)",
            execution,
            schedule,
            LOCAL_PERSON,
        )
        for at in fire_times:
            await self.pool.execute(
                "INSERT INTO execution_requests VALUES ($1, $2, 'h', $3)",
                LOCAL_PERSON,
                due_time_key(schedule, at),
                execution,
            )
        return execution

    async def overlap(self, schedule: ScheduleId, execution: UUID, at: datetime) -> None:
        """A due time that found the execution open."""
        await self.pool.execute(
            "INSERT INTO execution_requests (requested_by, key, body_hash, execution_id, overlapped)"
            " VALUES ($1, $2, 'h', $3, true)",
            LOCAL_PERSON,
            due_time_key(schedule, at),
            execution,
        )

    async def finished(
        self, schedule: ScheduleId, state: ExecutionState, fire_times: list[datetime]
    ) -> FlowExecutionFinished:
        """An answered and finished execution, as the executor tells of it."""
        execution = await self.answer(schedule, fire_times)
        return FlowExecutionFinished(
            execution_id=execution,
            composition_id="comp_a",
            schedule_id=schedule,
            state=state,
            counts={},
            at=await self.now(),
        )
