"""Leases of running nodes: renewed together, given back, entered into another phase."""

from collections.abc import Collection, Sequence
from datetime import timedelta
from uuid import UUID

from executor.model.attempt import Attempt, ReadyAttempt
from executor.repository.nodes import ready_from_row
from queryflow.db.pool import Connection
from queryflow.domain.states import Phase

RENEW = """
UPDATE workflow_executions AS node SET lease_until = now() + $3::interval
FROM unnest($1::uuid[], $2::bigint[]) AS held(id, fence)
WHERE node.id = held.id AND node.fence = held.fence AND node.state = 'running'
RETURNING node.id, node.cancel_requested
"""

ENTER = """
WITH relaxed AS MATERIALIZED (SELECT set_config('synchronous_commit', 'off', true))
UPDATE workflow_executions AS node SET phase = $3, lease_until = now() + $4::interval
FROM relaxed WHERE node.id = $1 AND node.fence = $2 AND node.state = 'running'
RETURNING node.id
"""

RELEASE = """
UPDATE workflow_executions AS node
SET state = 'ready', phase = NULL, crash_count = node.crash_count - 1, lease_owner = NULL, lease_until = NULL,
  ready_at = now()
WHERE node.id = $1 AND node.fence = $2 AND node.state = 'running'
RETURNING node.composition_execution_id AS execution_id, node.composition_node_id AS node_id, node.attempt, node.engine,
  now() AS now
"""


async def renew(connection: Connection, attempts: Sequence[Attempt], lease: timedelta) -> dict[UUID, bool]:
    """Prolong the leases that still hold; by row, whether its cancel was asked for. A lost one is left out."""
    ids, fences = [each.id for each in attempts], [each.fence for each in attempts]
    return {row["id"]: row["cancel_requested"] for row in await connection.fetch(RENEW, ids, fences, lease)}


async def enter(connection: Connection, attempt: Attempt, phase: Phase, lease: timedelta) -> bool:
    """Say what the attempt does now and prolong its lease; False if it is lost. Not waited for on disk."""
    found = await connection.fetchval(ENTER, attempt.id, attempt.fence, phase.value, lease)
    return found is not None


async def release(connection: Connection, attempt: Attempt) -> list[ReadyAttempt]:
    """Give an attempt back unfinished, ready for anybody; empty if it was not ours any more."""
    return [ready_from_row(row) for row in await connection.fetch(RELEASE, attempt.id, attempt.fence)]


async def running(connection: Connection, held: Collection[tuple[UUID, int]]) -> set[tuple[UUID, int]]:
    """Those of the rows and fences that are being run, by any executor."""
    ids, fences = [each[0] for each in held], [each[1] for each in held]
    return {(row["id"], row["fence"]) for row in await connection.fetch(RUNNING, ids, fences)}


RUNNING = """
SELECT node.id, node.fence FROM unnest($1::uuid[], $2::bigint[]) AS held(id, fence)
JOIN workflow_executions AS node ON node.id = held.id AND node.fence = held.fence AND node.state = 'running'
"""
