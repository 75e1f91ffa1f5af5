"""The executor's columns of `query_flow_executions`: state, reason, open sinks, counts, times.

No node of a run writes its execution's row, except that a sink that ended counts `open_sinks` down.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import asyncpg

from executor.repository.versions import ASKED
from queryflow.db.pool import Connection
from queryflow.domain.ids import ExecutionId
from queryflow.domain.states import ExecutionState, NodeState, RootReason

LOCK_REQUESTED = f"""
SELECT {ASKED}, workflow_id, cancel_requested_at IS NOT NULL AS cancelled, now() AS now
FROM query_flow_executions WHERE id = ANY($1::uuid[]) AND state = 'requested'
ORDER BY id FOR NO KEY UPDATE SKIP LOCKED
"""  # noqa: S608 - the columns are ours

LOCK_ONE = """
SELECT state, cancel_requested_at IS NOT NULL AS cancelled
FROM query_flow_executions WHERE id = $1 FOR NO KEY UPDATE
"""

COUNT_SINKS_DOWN = """
WITH locked AS MATERIALIZED (
  SELECT id FROM query_flow_executions WHERE id = ANY($1::uuid[]) ORDER BY id FOR NO KEY UPDATE
)
UPDATE query_flow_executions AS execution SET open_sinks = execution.open_sinks - gone.sinks
FROM unnest($1::uuid[], $2::int[]) AS gone(id, sinks) JOIN locked ON locked.id = gone.id
WHERE execution.id = gone.id
RETURNING execution.id, execution.open_sinks
"""

COUNT_NODES = """
SELECT composition_execution_id AS id, state, root_reason, tolerated, count(*) AS nodes
FROM workflow_executions WHERE composition_execution_id = ANY($1::uuid[])
GROUP BY composition_execution_id, state, root_reason, tolerated
"""

CLOSE = """
UPDATE query_flow_executions AS execution
SET state = closing.state, reason = closing.reason, counts = closing.counts, open_sinks = 0, finished_at = now()
FROM unnest($1::uuid[], $2::text[], $3::text[], $4::jsonb[]) AS closing(id, state, reason, counts)
WHERE execution.id = closing.id AND execution.state IN ('requested', 'running')
RETURNING execution.id, execution.composition_key, execution.schedule_id, closing.state, closing.counts, now() AS now
"""

Counts = dict[tuple[NodeState, RootReason | None, bool], int]


@dataclass(frozen=True, slots=True)
class Closing:
    """An execution that ends: its final state, why, and how many nodes ended how."""

    id: ExecutionId
    state: ExecutionState
    reason: str | None
    counts: Mapping[str, int]


async def lock_requested(connection: Connection, ids: Sequence[ExecutionId]) -> list[asyncpg.Record]:
    """Those that still wait for their launch, locked; one that somebody launches just now is left out."""
    return await connection.fetch(LOCK_REQUESTED, list(ids))


async def lock(connection: Connection, execution_id: ExecutionId) -> tuple[ExecutionState, bool] | None:
    """The execution's state and whether its end was asked for, locked; None if there is no such execution."""
    row = await connection.fetchrow(LOCK_ONE, execution_id)
    return None if row is None else (ExecutionState(row["state"]), row["cancelled"])


async def count_sinks_down(connection: Connection, sinks: Mapping[ExecutionId, int]) -> list[ExecutionId]:
    """Count ended sinks down, locking the executions in the order of their ids; those without open sinks come back."""
    ordered = sorted(sinks)
    rows = await connection.fetch(COUNT_SINKS_DOWN, ordered, [sinks[each] for each in ordered])
    return [ExecutionId(row["id"]) for row in rows if row["open_sinks"] == 0]


async def count_nodes(connection: Connection, ids: Sequence[ExecutionId]) -> dict[ExecutionId, Counts]:
    """How many nodes of each execution are in which (state, root reason, tolerated)."""
    found: dict[ExecutionId, Counts] = {}
    for row in await connection.fetch(COUNT_NODES, list(ids)):
        root = None if row["root_reason"] is None else RootReason(row["root_reason"])
        key = (NodeState(row["state"]), root, row["tolerated"])
        found.setdefault(ExecutionId(row["id"]), {})[key] = row["nodes"]
    return found


async def close(connection: Connection, closings: Sequence[Closing]) -> list[asyncpg.Record]:
    """End the executions that are not ended yet; the rows of those that really ended now come back."""
    columns: list[list[Any]] = [
        [each.id for each in closings],
        [each.state.value for each in closings],
        [each.reason for each in closings],
        [dict(each.counts) for each in closings],
    ]
    return await connection.fetch(CLOSE, *columns)


OPEN_NODES = """
SELECT count(*) FROM workflow_executions AS node
JOIN query_flow_executions AS execution ON execution.id = node.composition_execution_id
WHERE execution.state = 'running' AND node.state IN ('pending', 'ready', 'waiting', 'running')
"""

FAIR_TURN = """
WITH running AS (
  SELECT requested_by, count(*) AS already FROM query_flow_executions WHERE state = 'running' GROUP BY requested_by
), waiting AS (
  SELECT id, requested_by, row_number() OVER (PARTITION BY requested_by ORDER BY id) AS turn
  FROM query_flow_executions WHERE state = 'requested'
)
SELECT waiting.id FROM waiting LEFT JOIN running USING (requested_by)
ORDER BY waiting.turn + coalesce(running.already, 0), waiting.id LIMIT $1
"""


async def open_nodes(connection: Connection) -> int:
    """How many nodes of running executions have not ended."""
    found: int = await connection.fetchval(OPEN_NODES)
    return found


async def fair_turn(connection: Connection, most: int) -> list[ExecutionId]:
    """The executions whose launch is next: one person after the other, each person's oldest first."""
    return [ExecutionId(row["id"]) for row in await connection.fetch(FAIR_TURN, most)]
