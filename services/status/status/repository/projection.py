"""Writes the projection, set by set: asyncpg, few statements, for it follows every node of every execution."""

from collections.abc import Sequence
from uuid import UUID

import asyncpg

from queryflow.domain.states import ExecutionState
from queryflow.runtime.database import Connection
from status.projection import NodeFact, Summary


async def lock_running(connection: Connection, executions: Sequence[UUID]) -> None:
    """Lock the summaries of executions of which a node was heard, in order; they are made where they are missing.

    The lock lets one writer at a time count the nodes of an execution.
    """
    await connection.execute(LOCK_RUNNING, executions)


async def write_node_states(connection: Connection, facts: Sequence[NodeFact]) -> None:
    """Keep facts (one of each node) that are newer than what is kept, and count the nodes by their new states."""
    await connection.execute(
        WRITE_NODE_STATES,
        [fact.execution_id for fact in facts],
        [fact.node_id for fact in facts],
        [fact.sequence for fact in facts],
        [fact.state for fact in facts],
        [fact.detail.get("reason") for fact in facts],
        [fact.attempt for fact in facts],
        [fact.detail.get("rows") for fact in facts],
        [fact.detail.get("seconds") for fact in facts],
        [fact.error.get("kind") for fact in facts],
        [fact.error.get("message") for fact in facts],
        [fact.at for fact in facts],
    )


async def write_timeline(connection: Connection, facts: Sequence[NodeFact]) -> None:
    """Note every fact; one that is there already stays as it is."""
    await connection.execute(
        WRITE_TIMELINE,
        [fact.execution_id for fact in facts],
        [fact.node_id for fact in facts],
        [fact.sequence for fact in facts],
        [fact.fact for fact in facts],
        [fact.attempt for fact in facts],
        [fact.detail or None for fact in facts],
        [fact.at for fact in facts],
    )


async def lock_summaries(connection: Connection, executions: Sequence[UUID]) -> dict[UUID, Summary]:
    """The summaries of the executions, locked in order; they are made where they are missing."""
    await connection.execute(MAKE_SUMMARIES, executions)
    rows = await connection.fetch(LOCK_SUMMARIES, executions)
    return {row["execution_id"]: _summary(row) for row in rows}


async def write_summaries(connection: Connection, summaries: Sequence[Summary]) -> None:
    """Write locked summaries back."""
    await connection.execute(
        WRITE_SUMMARIES,
        [summary.execution_id for summary in summaries],
        [summary.composition_id for summary in summaries],
        [summary.state.value for summary in summaries],
        [summary.nodes for summary in summaries],
        [summary.final_counts for summary in summaries],
        [summary.cancel_requested for summary in summaries],
        [summary.started_at for summary in summaries],
        [summary.finished_at for summary in summaries],
    )


def _summary(row: asyncpg.Record) -> Summary:
    values = dict(row)
    return Summary(**{**values, "state": ExecutionState(values["state"])})


LOCK_RUNNING = """
    INSERT INTO execution_summaries AS kept (execution_id, state)
    SELECT execution_id, 'running' FROM unnest($1::uuid[]) AS execution_id ORDER BY 1
    ON CONFLICT (execution_id) DO UPDATE
    SET state = CASE kept.state WHEN 'requested' THEN 'running' ELSE kept.state END, updated_at = now()
"""
WRITE_NODE_STATES = """
    WITH fact AS (
        SELECT * FROM unnest(
            $1::uuid[], $2::text[], $3::bigint[], $4::text[], $5::text[], $6::int[], $7::bigint[], $8::float[],
            $9::text[], $10::text[], $11::timestamptz[]
        ) AS fact (
            execution_id, node_id, sequence, state, reason, attempt, rows, seconds, error_kind, error_message, at
        )
    ), before AS MATERIALIZED (
        SELECT kept.execution_id, kept.node_id, kept.state
        FROM execution_node_states AS kept JOIN fact USING (execution_id, node_id)
    ), written AS (
        INSERT INTO execution_node_states AS kept (
            execution_id, node_id, sequence, state, reason, attempt, rows, seconds, error_kind, error_message, at
        )
        SELECT * FROM fact
        ON CONFLICT (execution_id, node_id) DO UPDATE
        SET sequence = EXCLUDED.sequence, state = EXCLUDED.state, reason = EXCLUDED.reason,
            attempt = EXCLUDED.attempt, rows = EXCLUDED.rows, seconds = EXCLUDED.seconds,
            error_kind = EXCLUDED.error_kind, error_message = EXCLUDED.error_message, at = EXCLUDED.at
        WHERE kept.sequence < EXCLUDED.sequence
        RETURNING execution_id, node_id, state
    ), change AS (
        SELECT execution_id, state, sum(step) AS step FROM (
            SELECT execution_id, state, 1 AS step FROM written
            UNION ALL
            SELECT execution_id, before.state, -1 FROM before JOIN written USING (execution_id, node_id)
        ) AS steps
        GROUP BY execution_id, state HAVING sum(step) <> 0
    ), counted AS (
        SELECT execution_id,
               jsonb_object_agg(change.state, coalesce((counts ->> change.state)::int, 0) + step) AS counts
        FROM change JOIN execution_summaries USING (execution_id)
        GROUP BY execution_id
    )
    UPDATE execution_summaries AS summary SET counts = summary.counts || counted.counts
    FROM counted WHERE counted.execution_id = summary.execution_id
"""
WRITE_TIMELINE = """
    INSERT INTO execution_timeline (execution_id, node_id, sequence, fact, attempt, detail, at)
    SELECT * FROM unnest(
        $1::uuid[], $2::text[], $3::bigint[], $4::text[], $5::int[], $6::jsonb[], $7::timestamptz[]
    )
    ON CONFLICT DO NOTHING
"""
MAKE_SUMMARIES = """
    INSERT INTO execution_summaries (execution_id, state)
    SELECT execution_id, 'requested' FROM unnest($1::uuid[]) AS execution_id ORDER BY 1
    ON CONFLICT (execution_id) DO NOTHING
"""
LOCK_SUMMARIES = """
    SELECT execution_id, composition_id, state, nodes, final_counts, cancel_requested, started_at, finished_at
    FROM execution_summaries WHERE execution_id = ANY($1::uuid[]) ORDER BY execution_id FOR UPDATE
"""
WRITE_SUMMARIES = """
    UPDATE execution_summaries AS summary
    SET composition_id = told.composition_id, state = told.state, nodes = told.nodes,
        final_counts = told.final_counts, cancel_requested = told.cancel_requested,
        started_at = told.started_at, finished_at = told.finished_at, updated_at = now()
    FROM unnest(
        $1::uuid[], $2::text[], $3::text[], $4::int[], $5::jsonb[], $6::bool[], $7::timestamptz[], $8::timestamptz[]
    ) AS told (
        execution_id, composition_id, state, nodes, final_counts, cancel_requested, started_at, finished_at
    )
    WHERE summary.execution_id = told.execution_id
"""
