"""The composer's share of executions: the requests, the inserted row, the request to cancel."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Executable, Insert, bindparam, delete, func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as insert_unless
from sqlalchemy.ext.asyncio import AsyncConnection

from queryflow.domain.ids import CompositionId, ExecutionId, PersonId, ScheduleId, VersionHash
from queryflow.domain.states import FINAL_EXECUTION_STATES, ExecutionState
from queryflow.schema.compositions import composition_versions, template_flow_compositions
from queryflow.schema.executions import execution_requests, query_flow_executions

OPEN_STATES = tuple(state.value for state in ExecutionState if state not in FINAL_EXECUTION_STATES)


@dataclass(frozen=True, slots=True)
class RequestRecord:
    """A request by its key: what was asked (as a hash), and the execution that answers it."""

    key: str
    body_hash: str
    execution_id: ExecutionId
    overlapped: bool = False
    """Whether it found that execution open, and started none."""


@dataclass(frozen=True, slots=True)
class ExecutionRecord:
    """What the composer tells about an execution."""

    execution_id: ExecutionId
    composition_id: CompositionId
    version: VersionHash
    state: ExecutionState
    cancel_requested_at: datetime | None


async def claim_request(connection: AsyncConnection, person: PersonId, request: RequestRecord) -> RequestRecord:
    """The request that holds the key: this one if it came first, else the earlier one.

    A request that is being made at this moment is waited for: it holds the key if it commits.
    """
    values = {
        "requested_by": person,
        "key": request.key,
        "body_hash": request.body_hash,
        "execution_id": request.execution_id,
        "overlapped": request.overlapped,
    }
    statement = insert_unless(execution_requests).values(values).on_conflict_do_nothing()
    claimed = await connection.execute(statement.returning(execution_requests.c.key))
    if claimed.scalar_one_or_none() is not None:
        return request
    table = execution_requests.c
    query = select(table.key, table.body_hash, table.execution_id, table.overlapped)
    row = (await connection.execute(query.where(table.requested_by == person, table.key == request.key))).one()
    return RequestRecord(**row._mapping)


async def store_execution(connection: AsyncConnection, values: Mapping[str, Any]) -> bool:
    """Insert the master record, state `requested`, and count it at its composition if it has one.

    Nothing is stored while its version is not kept.
    Takes a value for each of `STORED`. Whether it was stored.
    """
    statement = _STORE_QUERY if values["composition_id"] is None else _STORE
    stored = await connection.execute(statement, {f"new_{name}": value for name, value in values.items()})
    return stored.rowcount == 1


async def find_execution(connection: AsyncConnection, execution_id: ExecutionId) -> ExecutionRecord | None:
    """What is known of the execution."""
    query = select(*_TOLD).where(query_flow_executions.c.id == execution_id)
    row = (await connection.execute(query)).one_or_none()
    return None if row is None else _record(row)


async def request_cancel(
    connection: AsyncConnection, execution_id: ExecutionId, person: PersonId
) -> ExecutionRecord | None:
    """Note the first request to cancel an execution that has not ended; None if there is nothing to note."""
    table = query_flow_executions
    first = update(table).where(
        table.c.id == execution_id, table.c.state.in_(OPEN_STATES), table.c.cancel_requested_at.is_(None)
    )
    statement = first.values(cancel_requested_at=func.now(), cancel_requested_by=person).returning(*_TOLD)
    row = (await connection.execute(statement)).one_or_none()
    return None if row is None else _record(row)


async def open_execution_of(connection: AsyncConnection, schedule: ScheduleId) -> ExecutionId | None:
    """An execution of the schedule that has not ended, if there is one."""
    table = query_flow_executions.c
    query = select(table.id).where(table.state.in_(OPEN_STATES), table.schedule_id == schedule)
    return (await connection.execute(query.order_by(table.id).limit(1))).scalar_one_or_none()


async def forget_requests(connection: AsyncConnection, age: timedelta, most: int) -> int:
    """Delete up to `most` requests older than `age` by the database's clock; how many were deleted."""
    table = execution_requests.c
    old = select(table.requested_by, table.key).where(table.created_at < func.now() - age)
    chosen = old.order_by(table.created_at).limit(most).with_for_update(skip_locked=True).subquery()
    gone = delete(execution_requests).where(table.requested_by == chosen.c.requested_by, table.key == chosen.c.key)
    return (await connection.execute(gone)).rowcount


STORED = (
    "id",
    "composition_id",
    "composition_key",
    "workflow_id",
    "version",
    "parameters",
    "node_parameters",
    "logical_date",
    "window",
    "node_windows",
    "trigger_kind",
    "trigger_id",
    "schedule_id",
    "requested_by",
    "traceparent",
)
"""What the composer says of an execution when it is requested."""


def _storing() -> Insert:
    """`requested_at` is the moment of the insert, the last thing before the commit, not the transaction's beginning."""
    table = query_flow_executions
    given = {name: bindparam(f"new_{name}", type_=table.c[name].type) for name in STORED}
    is_kept = select(composition_versions.c.hash).where(composition_versions.c.hash == given["version"]).exists()
    rows = select(*given.values(), func.clock_timestamp()).where(is_kept)
    return insert(table).from_select([*STORED, "requested_at"], rows)


def _storing_and_counting() -> Executable:
    composition = template_flow_compositions
    stored = _storing().returning(query_flow_executions.c.composition_id).cte("stored")
    counted = update(composition).where(composition.c.id == stored.c.composition_id)
    return counted.values(execution_count=composition.c.execution_count + 1, last_executed_at=func.now())


_STORE = _storing_and_counting()
"""One statement, made once: every request passes here."""
_STORE_QUERY = _storing()
_TOLD = tuple(
    query_flow_executions.c[name] for name in ("id", "composition_key", "version", "state", "cancel_requested_at")
)


def _record(row: Any) -> ExecutionRecord:
    return ExecutionRecord(row.id, row.composition_key, row.version, ExecutionState(row.state), row.cancel_requested_at)
