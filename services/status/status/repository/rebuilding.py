"""Rebuilds the projection of executions from the rows of executor and composer, and removes what has no rows."""

from collections.abc import Sequence
from uuid import UUID

from queryflow.db.pool import Connection
from status.repository.retelling import retell


async def rebuild(connection: Connection, executions: Sequence[UUID]) -> None:
    """Replace what is projected of the executions by what their rows say, in the caller's transaction."""
    if not executions:
        return
    for statement in REBUILD:
        await connection.execute(statement, executions)
    await retell(connection, executions)


async def forget_removed(connection: Connection, most: int) -> int:
    """Remove up to so many executions from the projection whose rows were removed; the number of them."""
    gone = [row["execution_id"] for row in await connection.fetch(REMOVED, most)]
    for statement in FORGET:
        await connection.execute(statement, gone)
    return len(gone)


LOCK = """
    INSERT INTO execution_summaries (execution_id, state)
    SELECT execution_id, 'requested' FROM unnest($1::uuid[]) AS execution_id ORDER BY 1
    ON CONFLICT (execution_id) DO UPDATE SET updated_at = now()
"""
# A node that was made ready again has said nothing of it: it was heard to wait.
NODE_STATES = """
    INSERT INTO execution_node_states
        (execution_id, node_id, sequence, state, reason, attempt, rows, seconds, error_kind, error_message, at)
    SELECT composition_execution_id, composition_node_id, sequence,
           CASE state WHEN 'ready' THEN 'waiting' ELSE state END, reason, attempt, row_count, seconds,
           error_kind, error_message, coalesce(finished_at, started_at, created_at)
    FROM workflow_executions
    WHERE composition_execution_id = ANY($1::uuid[]) AND sequence > 0 AND state <> 'pending'
    ORDER BY composition_execution_id, composition_node_id
    ON CONFLICT (execution_id, node_id) DO UPDATE
    SET sequence = EXCLUDED.sequence, state = EXCLUDED.state, reason = EXCLUDED.reason, attempt = EXCLUDED.attempt,
        rows = EXCLUDED.rows, seconds = EXCLUDED.seconds, error_kind = EXCLUDED.error_kind,
        error_message = EXCLUDED.error_message, at = EXCLUDED.at
    WHERE execution_node_states.sequence < EXCLUDED.sequence
"""
SUMMARIES = """
    UPDATE execution_summaries AS summary
    SET composition_id = execution.composition_key, state = execution.state, counts = execution.counts,
        cancel_requested = execution.cancel_requested_at IS NOT NULL, started_at = execution.started_at,
        finished_at = execution.finished_at, updated_at = now(), nodes = (
            SELECT nullif(count(*), 0) FROM workflow_executions WHERE composition_execution_id = execution.id
        )
    FROM query_flow_executions AS execution
    WHERE execution.id = summary.execution_id AND summary.execution_id = ANY($1::uuid[])
"""
REBUILD = (LOCK, NODE_STATES, SUMMARIES)

REMOVED = """
    SELECT execution_id FROM execution_summaries AS summary
    WHERE NOT EXISTS (SELECT FROM query_flow_executions WHERE id = summary.execution_id)
    ORDER BY execution_id LIMIT $1
"""
FORGET = (
    "DELETE FROM execution_timeline WHERE execution_id = ANY($1::uuid[])",
    "DELETE FROM execution_node_states WHERE execution_id = ANY($1::uuid[])",
    "DELETE FROM execution_summaries WHERE execution_id = ANY($1::uuid[])",
)
