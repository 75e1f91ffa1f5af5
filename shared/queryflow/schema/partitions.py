"""Months of executions made ahead and old ones removed, by functions that run with the rights of the tables' owner.

Only the executor may call them. Each call is a short transaction of its own and gives up after half a second of waiting
for a lock (asyncpg.LockNotAvailableError): those at work go first.
"""

from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

if TYPE_CHECKING:
    import asyncpg
    from asyncpg.pool import PoolConnectionProxy

    Connection = asyncpg.Connection[asyncpg.Record] | PoolConnectionProxy[asyncpg.Record]

MONTHS_AHEAD = 6


async def make_partitions_ahead(connection: "Connection", months: int = MONTHS_AHEAD) -> int:
    """How many partitions were missing and are there now, up to that many months from now."""
    made: int = await connection.fetchval("SELECT queryflow_make_partitions($1)", months)
    return made


async def retain_executions(connection: "Connection", before: datetime, most: int = 100) -> list[UUID]:
    """The executions that were deleted with their nodes and attempts: at most `most` ended ones, requested before then.

    An empty list means that none is left. Their results stay in the object store, for the caller to remove.
    """
    rows = await connection.fetch("SELECT queryflow_retain_executions($1, $2) AS id", before, most)
    return [row["id"] for row in rows]


async def drop_empty_partitions(connection: "Connection", before: datetime) -> int:
    """How many empty partitions that end before then were dropped, the oldest one or none; call it until it is none."""
    dropped: int = await connection.fetchval("SELECT queryflow_drop_empty_partitions($1)", before)
    return dropped
