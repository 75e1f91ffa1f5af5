"""How attempts ended, written to their rows under the guard of their fence, and to the history."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import asyncpg

from executor.model.attempt import Attempt, Failure, Trace
from executor.model.outcome import Cancelled, Failed, FinalOutcome, Retried, Skipped, Succeeded, TimedOut
from executor.repository.children import LOCK_ASKED, LockedChild, as_columns
from executor.repository.nodes import IS_READY
from queryflow.db.pool import Connection
from queryflow.domain.ids import ExecutionId, NodeId
from queryflow.domain.states import ErrorKind, NodeState, RootReason, SkipReason

SETTLED = """
  node.id, node.composition_execution_id AS execution_id, node.composition_node_id AS node_id, node.attempt, node.fence,
  node.sequence, node.started_at, now() AS now
"""

HISTORY = """
  INSERT INTO node_attempts (
    workflow_execution_id, attempt, fence, state, error_kind, error_message, executor, started_at, sequence)
"""

FINISH = f"""
WITH outcome AS (
  SELECT * FROM unnest(
    $1::uuid[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::bigint[], $9::float8[],
    $10::text[], $11::jsonb[], $12::jsonb[], $13::jsonb[], $14::text[])
  AS outcome(id, fence, state, reason, root, error_kind, error_message, row_count, seconds, result, result_metadata,
    parameters, mappings, sql)
), ended AS (
  UPDATE workflow_executions AS node
  SET state = outcome.state, reason = outcome.reason, root_reason = outcome.root, advanced = true, phase = NULL,
    sequence = node.sequence + 1, crash_count = 0, lease_owner = NULL, lease_until = NULL, due_at = NULL,
    finished_at = now(), error_kind = outcome.error_kind, error_message = outcome.error_message,
    row_count = outcome.row_count, seconds = outcome.seconds, result_s3_path = outcome.result,
    result_metadata = outcome.result_metadata, parameters = outcome.parameters, parameter_mappings = outcome.mappings,
    rendered_sql = outcome.sql
  FROM outcome WHERE node.id = outcome.id AND node.fence = outcome.fence AND node.state = 'running'
  RETURNING {SETTLED}, node.state, node.error_kind, node.error_message
), history AS (
  {HISTORY} SELECT id, attempt, fence, state, error_kind, error_message, $15, started_at, sequence FROM ended
)
SELECT * FROM ended
"""  # noqa: S608 - the parts are constants of this file

FINISH_AT_ONCE = f"""
WITH ended AS (
  UPDATE workflow_executions AS node
  SET state = 'succeeded', reason = NULL, advanced = true, sequence = node.sequence + 1, fence = node.fence + 1,
    started_at = now(), first_started_at = coalesce(node.first_started_at, now()), finished_at = now(),
    row_count = outcome.row_count, seconds = 0, parameters = outcome.parameters, parameter_mappings = outcome.mappings
  FROM unnest($1::uuid[], $2::text[], $3::int[], $4::bigint[], $5::jsonb[], $6::jsonb[])
    AS outcome(execution_id, node_id, attempt, row_count, parameters, mappings)
  WHERE node.composition_execution_id = outcome.execution_id AND node.composition_node_id = outcome.node_id
    AND node.attempt = outcome.attempt AND {IS_READY} AND NOT node.cancel_requested
  RETURNING {SETTLED}
), history AS (
  {HISTORY} SELECT id, attempt, fence, 'succeeded', NULL, NULL, $7, started_at, sequence FROM ended
), child AS (
  {LOCK_ASKED.format(asked="unnest($8::uuid[], $9::text[])")}
)
SELECT true AS has_ended, id, execution_id, node_id, attempt, sequence, now, 0 AS remaining_parents,
  0 AS failed_parents, 0 AS skipped_parents, NULL AS root_reason, false AS cancel_requested FROM ended
UNION ALL
SELECT false, id, execution_id, node_id, attempt, sequence, now, remaining_parents,
  failed_parents, skipped_parents, root_reason, cancel_requested FROM child
"""  # noqa: S608 - the parts are constants of this file

RETRY = f"""
WITH outcome AS (
  SELECT * FROM unnest($1::uuid[], $2::bigint[], $3::interval[], $4::text[], $5::text[])
  AS outcome(id, fence, delay, error_kind, error_message)
), tried AS (
  UPDATE workflow_executions AS node
  SET state = 'waiting', reason = 'retry_backoff', phase = NULL, attempt = node.attempt + 1,
    sequence = node.sequence + 1, crash_count = 0, lease_owner = NULL, lease_until = NULL,
    due_at = now() + outcome.delay, waiting_since = NULL, error_kind = outcome.error_kind,
    error_message = outcome.error_message
  FROM outcome WHERE node.id = outcome.id AND node.fence = outcome.fence AND node.state = 'running'
    AND NOT node.cancel_requested
  RETURNING {SETTLED}, node.error_kind, node.error_message
), history AS (
  {HISTORY} SELECT id, attempt - 1, fence, 'retried', error_kind, error_message, $6, started_at, sequence FROM tried
)
SELECT * FROM tried
"""  # noqa: S608 - the parts are constants of this file


async def finish(
    connection: Connection, final: Sequence[tuple[Attempt, FinalOutcome]], executor: str
) -> list[asyncpg.Record]:
    """Write final outcomes; returns the rows of the attempts that still held their fence."""
    rows = [_row(outcome) for _, outcome in final]
    return await connection.fetch(
        FINISH,
        [attempt.id for attempt, _ in final],
        [attempt.fence for attempt, _ in final],
        *([row[place] for row in rows] for place in range(len(OutcomeRow._fields))),
        executor,
    )


async def finish_at_once(
    connection: Connection,
    done: Mapping[tuple[ExecutionId, NodeId, int], Succeeded],
    following: Iterable[tuple[ExecutionId, NodeId]],
    executor: str,
) -> tuple[list[asyncpg.Record], list[LockedChild]]:
    """Claim and finish attempts of an instant engine, and lock their children, all in one round trip.

    Returns the rows of those that were ready, and the children.
    """
    attempts = sorted(done)
    found = await connection.fetch(
        FINISH_AT_ONCE,
        [each[0] for each in attempts],
        [each[1] for each in attempts],
        [each[2] for each in attempts],
        [done[each].rows for each in attempts],
        [done[each].trace.parameters for each in attempts],
        [done[each].trace.mappings for each in attempts],
        executor,
        *as_columns(following),
    )
    return [row for row in found if row["has_ended"]], [
        LockedChild.from_row(row) for row in found if not row["has_ended"]
    ]


async def retry(
    connection: Connection, retried: Sequence[tuple[Attempt, Retried]], executor: str
) -> list[asyncpg.Record]:
    """Let attempts wait for their next try; a node whose cancel was asked for is left out, as is a lost fence."""
    return await connection.fetch(
        RETRY,
        [attempt.id for attempt, _ in retried],
        [attempt.fence for attempt, _ in retried],
        [outcome.wait for _, outcome in retried],
        [outcome.failure.kind.value for _, outcome in retried],
        [outcome.failure.message for _, outcome in retried],
        executor,
    )


class OutcomeRow(NamedTuple):
    """A final outcome as FINISH takes it, in the order of its columns."""

    state: NodeState
    reason: SkipReason | None = None
    root: RootReason | None = None
    error_kind: ErrorKind | None = None
    error_message: str | None = None
    row_count: int | None = None
    seconds: float = 0.0
    result: str | None = None
    result_metadata: Mapping[str, Any] | None = None
    parameters: Mapping[str, Any] | None = None
    mappings: Mapping[str, Any] | None = None
    sql: str | None = None


def _row(outcome: FinalOutcome) -> OutcomeRow:
    row = OutcomeRow(outcome.state, root=outcome.root, seconds=outcome.seconds)
    match outcome:
        case Succeeded():
            row = row._replace(row_count=outcome.rows)
            if outcome.stored is not None:
                row = row._replace(result=outcome.stored.key, result_metadata=outcome.stored.metadata)
            return _with_trace(row, outcome.trace)
        case Failed() | TimedOut():
            return _with_trace(_with_failure(row, outcome.failure), outcome.trace)
        case Skipped():
            return row._replace(reason=SkipReason.EMPTY_INPUT)
        case Cancelled():
            return _with_failure(row, outcome.failure)


def _with_failure(row: OutcomeRow, failure: Failure) -> OutcomeRow:
    return row._replace(error_kind=failure.kind, error_message=failure.message)


def _with_trace(row: OutcomeRow, trace: Trace) -> OutcomeRow:
    return row._replace(parameters=trace.parameters, mappings=trace.mappings, sql=trace.sql)
