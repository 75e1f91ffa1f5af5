"""What the sweeper looks for, each by its predicate, and how it mends what needs no decision."""

from collections.abc import Collection, Sequence
from datetime import timedelta
from uuid import UUID

import asyncpg

from executor.model.attempt import Failure, ReadyAttempt
from executor.model.audit import SeenNode
from executor.repository.nodes import ready_from_row
from queryflow.db.pool import Connection
from queryflow.domain.ids import ExecutionId, NodeId
from queryflow.domain.states import NodeState, RootReason

PAGE = 200

EXPIRED = (
    "SELECT id FROM workflow_executions WHERE state = 'running' AND lease_until < now() ORDER BY lease_until LIMIT $1"
)

LOCK_EXPIRED = """
SELECT id, composition_execution_id AS execution_id, composition_node_id AS node_id, attempt, fence, engine,
  engine_connection, cancel_requested, crash_count, now() - first_started_at AS elapsed
FROM workflow_executions WHERE id = ANY($1::uuid[]) AND state = 'running' AND lease_until < now()
ORDER BY lease_until FOR NO KEY UPDATE SKIP LOCKED
"""

TRY_ANEW = """
WITH lost AS (
  UPDATE workflow_executions AS node
  SET state = 'ready', reason = NULL, phase = NULL, attempt = node.attempt + 1, sequence = node.sequence + 1,
    lease_owner = NULL, lease_until = NULL, ready_at = now()
  FROM unnest($1::uuid[], $2::bigint[]) AS held(id, fence)
  WHERE node.id = held.id AND node.fence = held.fence AND node.state = 'running'
  RETURNING node.id, node.composition_execution_id AS execution_id, node.composition_node_id AS node_id, node.attempt,
    node.sequence, node.fence, node.engine, node.started_at, now() AS now
), history AS (
  INSERT INTO node_attempts (
    workflow_execution_id, attempt, fence, state, error_kind, error_message, executor, started_at, sequence)
  SELECT id, attempt - 1, fence, 'lost', $4, $5, $3, started_at, sequence FROM lost ON CONFLICT DO NOTHING
)
SELECT * FROM lost
"""

UNCLAIMED = """
UPDATE workflow_executions AS node SET ready_at = now()
FROM (
  SELECT id FROM workflow_executions WHERE state = 'ready' AND ready_at < now() - $1::interval AND NOT cancel_requested
  ORDER BY ready_at LIMIT $2 FOR NO KEY UPDATE SKIP LOCKED
) AS unclaimed WHERE node.id = unclaimed.id
RETURNING node.composition_execution_id AS execution_id, node.composition_node_id AS node_id, node.attempt, node.engine,
  now() AS now
"""

UNCOPIED_CANCELS = """
SELECT execution.id FROM query_flow_executions AS execution
WHERE execution.cancel_requested_at < now() - $1::interval AND execution.state IN ('requested', 'running')
  AND (execution.state = 'requested' OR EXISTS (
    SELECT FROM workflow_executions AS node WHERE node.composition_execution_id = execution.id
      AND (node.state IN ('ready', 'waiting') OR node.state IN ('pending', 'running') AND NOT node.cancel_requested)))
ORDER BY execution.id LIMIT $2
"""

UNTOLD = """
SELECT DISTINCT composition_execution_id AS id FROM workflow_executions
WHERE NOT advanced AND state IN ('succeeded', 'reused', 'failed', 'timed_out', 'cancelled', 'skipped')
  AND finished_at < now() - $1::interval AND composition_execution_id IS NOT NULL
LIMIT $2
"""

RUNNING_AFTER = """
SELECT id FROM query_flow_executions WHERE state = 'running' AND id > $1 AND started_at < now() - $2::interval
ORDER BY id LIMIT $3
"""

SEEN = """
SELECT execution.open_sinks, node.id, node.composition_node_id AS node_id, node.state, node.root_reason, node.advanced,
  node.remaining_parents, node.failed_parents, node.skipped_parents
FROM query_flow_executions AS execution
JOIN workflow_executions AS node ON node.composition_execution_id = execution.id
WHERE execution.id = $1 AND execution.state = 'running'
"""

SET_OPEN_SINKS = "UPDATE query_flow_executions SET open_sinks = $2 WHERE id = $1 AND state = 'running'"


async def expired(connection: Connection) -> list[UUID]:
    """The rows of running nodes whose lease has passed, those first that passed longest ago."""
    return [row["id"] for row in await connection.fetch(EXPIRED, PAGE)]


async def lock_expired(connection: Connection, rows: Collection[UUID]) -> list[asyncpg.Record]:
    """Those of the rows that nobody else mends just now, and whose lease has still passed, locked."""
    return await connection.fetch(LOCK_EXPIRED, list(rows))


async def try_anew(
    connection: Connection, rows: Sequence[asyncpg.Record], executor: str, lost: Failure
) -> list[asyncpg.Record]:
    """Ready the nodes of lost executors with a new attempt; the history keeps how the last one failed."""
    ids, fences = [row["id"] for row in rows], [row["fence"] for row in rows]
    return await connection.fetch(TRY_ANEW, ids, fences, executor, lost.kind.value, lost.message)


async def unclaimed(connection: Connection, age: timedelta) -> list[ReadyAttempt]:
    """Nodes that nobody claimed for so long; their clock starts again."""
    return [ready_from_row(row) for row in await connection.fetch(UNCLAIMED, age, PAGE)]


async def uncopied_cancels(connection: Connection, age: timedelta) -> list[ExecutionId]:
    """Executions whose end was asked for so long ago, and whose nodes were not all told."""
    return [ExecutionId(row["id"]) for row in await connection.fetch(UNCOPIED_CANCELS, age, PAGE)]


async def untold(connection: Connection, age: timedelta) -> list[ExecutionId]:
    """Executions with nodes that ended so long ago without telling their children."""
    return [ExecutionId(row["id"]) for row in await connection.fetch(UNTOLD, age, PAGE)]


async def running_after(connection: Connection, after: UUID, age: timedelta) -> list[ExecutionId]:
    """The next page of executions that have run for so long, by id."""
    return [ExecutionId(row["id"]) for row in await connection.fetch(RUNNING_AFTER, after, age, PAGE)]


async def seen(connection: Connection, execution_id: ExecutionId) -> tuple[int, dict[NodeId, SeenNode]] | None:
    """One snapshot of a running execution: its `open_sinks` and its nodes; None if it does not run."""
    rows = await connection.fetch(SEEN, execution_id)
    if not rows:
        return None
    return rows[0]["open_sinks"], {NodeId(row["node_id"]): _seen(row) for row in rows}


async def set_open_sinks(connection: Connection, execution_id: ExecutionId, sinks: int) -> None:
    """Correct `open_sinks`."""
    await connection.execute(SET_OPEN_SINKS, execution_id, sinks)


def _seen(row: asyncpg.Record) -> SeenNode:
    return SeenNode(
        id=row["id"],
        node_id=NodeId(row["node_id"]),
        state=NodeState(row["state"]),
        root=None if row["root_reason"] is None else RootReason(row["root_reason"]),
        advanced=row["advanced"],
        remaining=row["remaining_parents"],
        failed=row["failed_parents"],
        skipped=row["skipped_parents"],
    )
