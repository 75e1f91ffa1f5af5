"""The facts about nodes that rows still know, for a timeline that did not hear them.

A row of `node_attempts` knows when a try began and how it ended; the row of a node knows its last fact. What is missing
between them are times of waiting: for a place, or for another executor when one gave its tries back to stop. When such
a wait began is not known, so it is noted with the moment at which the node went on.
"""

from collections.abc import Sequence
from uuid import UUID

from queryflow.db.pool import Connection
from queryflow.messages.splitting import LONGEST_ERROR


async def retell(connection: Connection, executions: Sequence[UUID]) -> None:
    """Note the facts of the executions that are missing in the timeline, in the caller's transaction."""
    await connection.execute(RETELL, executions, LONGEST_ERROR)


# What an attempt's row says of an error is cut as its message was. An attempt of an instant engine has no start.
RETELL = """
    WITH node AS MATERIALIZED (
        SELECT *, state IN ('succeeded', 'reused', 'failed', 'timed_out', 'skipped', 'cancelled') AS ended
        FROM workflow_executions WHERE composition_execution_id = ANY($1::uuid[])
    ), tried AS MATERIALIZED (
        SELECT node.composition_execution_id AS execution_id, node.composition_node_id AS node_id,
               coalesce(past.sequence, CASE WHEN node.ended AND past.attempt = node.attempt THEN node.sequence END)
                   AS sequence,
               past.sequence IS NULL AS of_earlier_version, past.state, past.attempt, past.started_at,
               past.finished_at, node.reason, node.row_count, node.seconds,
               CASE WHEN past.error_kind IS NOT NULL THEN jsonb_build_object(
                   'kind', past.error_kind,
                   'message', CASE WHEN length(past.error_message) > $2 THEN left(past.error_message, $2 - 1) || '…'
                                   ELSE coalesce(past.error_message, '') END
               ) END AS error
        FROM node JOIN node_attempts AS past ON past.workflow_execution_id = node.id
    ), fact AS (
        SELECT execution_id, node_id, sequence - 1 AS sequence, 'node_started' AS fact, attempt, NULL::jsonb AS detail,
               started_at AS at
        FROM tried WHERE started_at < finished_at
        UNION ALL
        SELECT execution_id, node_id, sequence,
               'node_' || CASE WHEN state IN ('retried', 'lost') THEN 'retried' ELSE state END,
               CASE WHEN state IN ('retried', 'lost') THEN attempt + 1 ELSE attempt END,
               CASE state
                   WHEN 'succeeded' THEN jsonb_build_object('rows', coalesce(row_count, 0), 'seconds', seconds)
                   WHEN 'failed' THEN jsonb_build_object('seconds', seconds, 'error', error)
                   WHEN 'timed_out' THEN jsonb_build_object('seconds', seconds, 'error', error)
                   WHEN 'cancelled' THEN jsonb_build_object('seconds', seconds)
                   WHEN 'skipped' THEN jsonb_build_object('reason', reason)
                   ELSE jsonb_build_object('reason', 'retry_backoff', 'error', error)
               END,
               finished_at
        FROM tried
        UNION ALL
        SELECT composition_execution_id, composition_node_id, sequence,
               CASE WHEN ended THEN 'node_' || state WHEN state = 'running' THEN 'node_started' ELSE 'node_waiting' END,
               attempt,
               jsonb_build_object(
                   'rows', CASE WHEN state IN ('succeeded', 'reused') THEN row_count END,
                   'seconds', CASE WHEN ended THEN seconds END,
                   'reason', CASE WHEN state IN ('skipped', 'waiting') THEN reason END,
                   'error', CASE WHEN state IN ('failed', 'timed_out')
                                 THEN jsonb_build_object('kind', error_kind, 'message', error_message) END
               ),
               CASE WHEN ended THEN finished_at WHEN state = 'running' THEN started_at ELSE ready_at END
        FROM node
        WHERE (ended OR state = 'running' OR state = 'waiting' AND reason = 'no_slot')
          AND NOT EXISTS (
              SELECT FROM tried
              WHERE tried.execution_id = node.composition_execution_id AND tried.node_id = node.composition_node_id
                AND tried.sequence = node.sequence)
    ), placed AS (
        SELECT *, lag(sequence, 1, 0::bigint) OVER (PARTITION BY execution_id, node_id ORDER BY sequence) AS before
        FROM fact WHERE sequence > 0 AND at IS NOT NULL
    ), whole AS (
        SELECT execution_id, node_id, sequence, fact, attempt, nullif(jsonb_strip_nulls(detail), '{}') AS detail, at
        FROM placed
        UNION ALL
        SELECT execution_id, node_id, missing, 'node_waiting', attempt, jsonb_build_object('reason', 'no_slot'), at
        FROM placed, generate_series(before + 1, sequence - 1) AS missing
        WHERE (execution_id, node_id) NOT IN (SELECT execution_id, node_id FROM tried WHERE of_earlier_version)
    )
    INSERT INTO execution_timeline (execution_id, node_id, sequence, fact, attempt, detail, at)
    SELECT * FROM whole AS told
    WHERE NOT EXISTS (
        SELECT FROM execution_timeline AS noted
        WHERE (noted.execution_id, noted.node_id, noted.sequence) = (told.execution_id, told.node_id, told.sequence))
    ON CONFLICT DO NOTHING
"""
