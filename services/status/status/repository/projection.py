"""Writes the projection, set by set, in few statements: it follows every node of every execution."""

from collections.abc import Container, Sequence
from uuid import UUID

import asyncpg

from queryflow.db.pool import Connection
from queryflow.domain.states import ExecutionState
from status.rules.projection import NodeFact, Summary


async def write_facts(connection: Connection, facts: Sequence[NodeFact], newest: Container[NodeFact]) -> None:
    """Note facts in the timeline, and keep those of `newest` (one of each node) that are newer than what is kept.

    One statement, without waiting for the disk: what a crash of the database takes back, `mend` reads from the rows.
    """
    await connection.execute(
        WRITE_FACTS,
        [fact.execution_id for fact in facts],
        [fact.node_id for fact in facts],
        [fact.sequence for fact in facts],
        [fact.fact for fact in facts],
        [fact.state for fact in facts],
        [fact.attempt for fact in facts],
        [fact.detail or None for fact in facts],
        [fact.at for fact in facts],
        [fact in newest for fact in facts],
    )


async def lock_summaries(connection: Connection, executions: Sequence[UUID]) -> dict[UUID, Summary]:
    """The summaries of the executions, locked in order; they are made where they are missing.

    The transaction will not wait for the disk, as `write_facts` does not.
    """
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
        [summary.counts for summary in summaries],
        [summary.cancel_requested for summary in summaries],
        [summary.started_at for summary in summaries],
        [summary.finished_at for summary in summaries],
    )


def _summary(row: asyncpg.Record) -> Summary:
    values = dict(row)
    return Summary(**{**values, "state": ExecutionState(values["state"])})


WRITE_FACTS = """
    WITH relaxed AS MATERIALIZED (
        SELECT set_config('synchronous_commit', 'off', true)
    ), said AS MATERIALIZED (
        SELECT fact.* FROM relaxed, unnest(
            $1::uuid[], $2::text[], $3::bigint[], $4::text[], $5::text[], $6::int[], $7::jsonb[], $8::timestamptz[],
            $9::bool[]
        ) AS fact (execution_id, node_id, sequence, fact, state, attempt, detail, at, newest)
    ), kept AS (
        INSERT INTO execution_node_states AS kept (
            execution_id, node_id, sequence, state, reason, attempt, rows, seconds, error_kind, error_message, at
        )
        SELECT execution_id, node_id, sequence, state, detail ->> 'reason', attempt, (detail ->> 'rows')::bigint,
               (detail ->> 'seconds')::float, detail #>> '{error,kind}', detail #>> '{error,message}', at
        FROM said WHERE newest
        ON CONFLICT (execution_id, node_id) DO UPDATE
        SET sequence = EXCLUDED.sequence, state = EXCLUDED.state, reason = EXCLUDED.reason,
            attempt = EXCLUDED.attempt, rows = EXCLUDED.rows, seconds = EXCLUDED.seconds,
            error_kind = EXCLUDED.error_kind, error_message = EXCLUDED.error_message, at = EXCLUDED.at
        WHERE kept.sequence < EXCLUDED.sequence
    )
    INSERT INTO execution_timeline (execution_id, node_id, sequence, fact, attempt, detail, at)
    SELECT execution_id, node_id, sequence, fact, attempt, detail, at FROM said
    ON CONFLICT DO NOTHING
"""
MAKE_SUMMARIES = """
    WITH relaxed AS MATERIALIZED (SELECT set_config('synchronous_commit', 'off', true))
    INSERT INTO execution_summaries (execution_id, state)
    SELECT execution_id, 'requested' FROM relaxed, unnest($1::uuid[]) AS execution_id ORDER BY 1
    ON CONFLICT (execution_id) DO NOTHING
"""
LOCK_SUMMARIES = """
    SELECT execution_id, composition_id, state, nodes, counts, cancel_requested, started_at, finished_at
    FROM execution_summaries WHERE execution_id = ANY($1::uuid[]) ORDER BY execution_id FOR UPDATE
"""
WRITE_SUMMARIES = """
    UPDATE execution_summaries AS summary
    SET composition_id = told.composition_id, state = told.state, nodes = told.nodes,
        counts = told.counts, cancel_requested = told.cancel_requested,
        started_at = told.started_at, finished_at = told.finished_at, updated_at = now()
    FROM unnest(
        $1::uuid[], $2::text[], $3::text[], $4::int[], $5::jsonb[], $6::bool[], $7::timestamptz[], $8::timestamptz[]
    ) AS told (
        execution_id, composition_id, state, nodes, counts, cancel_requested, started_at, finished_at
    )
    WHERE summary.execution_id = told.execution_id
"""
