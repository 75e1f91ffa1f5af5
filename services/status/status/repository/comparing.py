"""Which executions and acts the projection did not hear of, found by comparing it with the rows of the others."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from queryflow.db.pool import Connection


@dataclass(frozen=True, slots=True)
class Look:
    """What is looked at: executions requested since then, and only what is older than what may be on its way still."""

    since: datetime
    age: timedelta
    most: int


async def find_unheard(connection: Connection, look: Look) -> list[UUID]:
    """Executions of which nothing was heard at all."""
    return await _ids(connection, UNHEARD, look.most, look.age, look.since)


async def find_behind(connection: Connection, look: Look) -> list[UUID]:
    """Executions that are open, and of whose start, requested end or nodes the rows know more than was heard."""
    return await _ids(connection, BEHIND, look.most, look.age)


async def find_ended(connection: Connection, look: Look) -> list[UUID]:
    """Executions that have ended and were not compared yet."""
    return await _ids(connection, ENDED, look.most, look.age)


async def find_differing(connection: Connection, ended: Sequence[UUID]) -> list[UUID]:
    """Those of the ended executions of which not everything was heard: their end, or a fact about a node."""
    return await _ids(connection, DIFFERING, ended)


async def mark_compared(connection: Connection, ended: Sequence[UUID]) -> None:
    """Note that the ended executions need no further look: nothing more is said of them."""
    await connection.execute(MARK_COMPARED, ended)


async def _ids(connection: Connection, query: str, *values: object) -> list[UUID]:
    return [row["id"] for row in await connection.fetch(query, *values)]


# Ids carry the moment of the request: a look back over a day is a short walk along the primary key.
UNHEARD = """
    SELECT execution.id
    FROM query_flow_executions AS execution
    LEFT JOIN execution_summaries AS summary ON summary.execution_id = execution.id
    WHERE execution.id BETWEEN queryflow_first_uuid7($3) AND queryflow_first_uuid7(now() - $2::interval)
      AND summary.execution_id IS NULL
    ORDER BY execution.id LIMIT $1
"""
BEHIND = """
    SELECT execution.id
    FROM query_flow_executions AS execution
    JOIN execution_summaries AS summary ON summary.execution_id = execution.id
    WHERE execution.state IN ('requested', 'running')
      AND (execution.state = 'running' OR execution.cancel_requested_at IS NOT NULL)
      AND (execution.started_at < now() - $2::interval AND summary.started_at IS NULL
           OR execution.cancel_requested_at < now() - $2::interval AND NOT summary.cancel_requested
           OR EXISTS (
               SELECT FROM workflow_executions AS node
               LEFT JOIN execution_node_states AS heard
                 ON heard.execution_id = node.composition_execution_id AND heard.node_id = node.composition_node_id
               WHERE node.composition_execution_id = execution.id AND node.sequence > coalesce(heard.sequence, 0)
                 AND coalesce(node.finished_at, node.started_at, node.ready_at) < now() - $2::interval))
    ORDER BY execution.id LIMIT $1
"""
ENDED = """
    SELECT execution.id
    FROM execution_summaries AS summary
    JOIN query_flow_executions AS execution ON execution.id = summary.execution_id
    WHERE NOT summary.compared AND execution.finished_at < now() - $2::interval
    ORDER BY execution.id LIMIT $1
"""
# Each fact raises its node's sequence by one, so that as many facts were said as the sequences of the nodes add up to.
DIFFERING = """
    SELECT execution.id
    FROM query_flow_executions AS execution
    JOIN execution_summaries AS summary ON summary.execution_id = execution.id
    CROSS JOIN LATERAL (
        SELECT coalesce(sum(sequence), 0) AS facts, nullif(count(*), 0) AS nodes
        FROM workflow_executions WHERE composition_execution_id = execution.id
    ) AS said
    CROSS JOIN LATERAL (
        SELECT count(*) AS facts FROM execution_timeline WHERE execution_id = execution.id
    ) AS noted
    CROSS JOIN LATERAL (
        SELECT coalesce(sum(sequence), 0) AS facts FROM execution_node_states WHERE execution_id = execution.id
    ) AS known
    WHERE execution.id = ANY($1::uuid[]) AND (
        said.facts <> noted.facts OR said.facts <> known.facts
        OR (execution.state, execution.started_at, execution.finished_at, execution.cancel_requested_at IS NOT NULL)
           IS DISTINCT FROM (summary.state, summary.started_at, summary.finished_at, summary.cancel_requested)
        OR execution.started_at IS NOT NULL AND said.nodes IS DISTINCT FROM summary.nodes)
    ORDER BY execution.id
"""
MARK_COMPARED = "UPDATE execution_summaries SET compared = true WHERE execution_id = ANY($1::uuid[])"
