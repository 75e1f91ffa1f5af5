"""The timeline of an execution: every fact about its nodes, in the order of time."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from queryflow.schema.status import execution_timeline
from status.rules.paging import Place


@dataclass(frozen=True, slots=True)
class Moment:
    """A fact about a node."""

    at: datetime
    node_id: str
    sequence: int
    fact: str
    attempt: int
    detail: dict[str, Any] | None


async def list_moments(connection: AsyncConnection, execution: UUID, after: Place | None, limit: int) -> list[Moment]:
    """Facts after a place, one more than asked for if there are more."""
    table = execution_timeline.c
    place = (table.at, table.node_id, table.sequence)
    query = select(*place, table.fact, table.attempt, table.detail).where(table.execution_id == execution)
    if after is not None:
        query = query.where(tuple_(*place) > after)
    rows = await connection.execute(query.order_by(*place).limit(limit + 1))
    return [Moment(**row._mapping) for row in rows]
