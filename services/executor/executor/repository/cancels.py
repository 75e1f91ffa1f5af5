"""The request to cancel, on its way from the execution to its nodes."""

from collections.abc import Sequence
from uuid import UUID

import asyncpg

from queryflow.db.pool import Connection
from queryflow.domain.ids import ExecutionId
from queryflow.domain.states import ExecutionState

STATE = "SELECT state FROM query_flow_executions WHERE id = $1 AND cancel_requested_at IS NOT NULL"

MARK = """
WITH locked AS MATERIALIZED (
  SELECT id FROM workflow_executions
  WHERE composition_execution_id = $1 AND state IN ('pending', 'ready', 'waiting', 'running') AND NOT cancel_requested
  ORDER BY composition_node_id FOR NO KEY UPDATE
)
UPDATE workflow_executions AS node SET cancel_requested = true
FROM locked WHERE node.id = locked.id
"""

END_UNSTARTED = """
UPDATE workflow_executions AS node
SET state = 'cancelled', reason = NULL, sequence = node.sequence + 1, due_at = NULL, finished_at = now()
WHERE node.composition_execution_id = $1 AND node.state IN ('ready', 'waiting') AND node.cancel_requested
RETURNING node.composition_execution_id AS execution_id, node.composition_node_id AS node_id, node.attempt,
  node.sequence, now() AS now
"""

ASKED_FOR = "SELECT id FROM workflow_executions WHERE id = ANY($1::uuid[]) AND cancel_requested"


async def state_if_asked(connection: Connection, execution_id: ExecutionId) -> ExecutionState | None:
    """The execution's state, if its end was asked for."""
    state = await connection.fetchval(STATE, execution_id)
    return None if state is None else ExecutionState(state)


async def mark(connection: Connection, execution_id: ExecutionId) -> None:
    """Copy the request to every open node."""
    await connection.execute(MARK, execution_id)


async def end_unstarted(connection: Connection, execution_id: ExecutionId) -> list[asyncpg.Record]:
    """End the marked nodes that are ready or wait; their children are not told yet."""
    return await connection.fetch(END_UNSTARTED, execution_id)


async def asked_for(connection: Connection, rows: Sequence[UUID]) -> list[UUID]:
    """Those of the node rows whose cancel was asked for."""
    return [row["id"] for row in await connection.fetch(ASKED_FOR, list(rows))]
