"""Rows of `workflow_executions` from their launch to their claim: inserted, readied, claimed."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import asyncpg

from executor.model.attempt import ReadyAttempt
from executor.model.runnable import RunnableVersion
from queryflow.bus.port import Envelope
from queryflow.db.outbox_rows import COLUMNS, INSERT, insert_values
from queryflow.db.pool import Connection
from queryflow.domain.ids import ExecutionId, NodeId
from queryflow.messages.node import NodeReady

LAUNCH = f"""
WITH said AS ({INSERT.format(outbox="executor_outbox", columns=COLUMNS)}), started AS (
  UPDATE query_flow_executions SET state = 'running', started_at = now(), open_sinks = $16
  WHERE id = ANY($8::uuid[]) AND NOT $15
)
INSERT INTO workflow_executions (
  composition_execution_id, workflow_id, composition_node_id, state,
  attempt, sequence, remaining_parents, tolerated, is_sink,
  engine, engine_connection, ready_at, finished_at, advanced, cancel_requested)
SELECT execution.id, execution.workflow_id, node.id,
  CASE WHEN $15 THEN 'cancelled' WHEN node.parents = 0 THEN 'ready' ELSE 'pending' END,
  1, CASE WHEN $15 THEN 1 ELSE 0 END, CASE WHEN $15 THEN 0 ELSE node.parents END, node.tolerated, node.is_sink,
  node.engine, node.engine_connection, CASE WHEN node.parents = 0 AND NOT $15 THEN now() END,
  CASE WHEN $15 THEN now() END, $15, $15
FROM unnest($8::uuid[], $17::uuid[]) AS execution(id, workflow_id)
CROSS JOIN unnest($9::text[], $10::int[], $11::bool[], $12::bool[], $13::text[], $14::text[])
  AS node(id, parents, tolerated, is_sink, engine, engine_connection)
ON CONFLICT (composition_execution_id, composition_node_id) DO NOTHING
"""  # noqa: S608 - the table's name is ours
"""Rows, the mark of the execution and messages in one statement: a start waits for every round trip."""

IS_READY = "node.state || '' = 'ready'"
"""A guard that the index of ready nodes cannot answer. By the statistics hardly a node is ready, so the planner would
walk that index for every batch; in a wide flow ten thousand nodes are ready at once."""

CLAIM = f"""
UPDATE workflow_executions AS node
SET state = 'running', phase = 'resolving', reason = NULL, fence = node.fence + 1, crash_count = node.crash_count + 1,
  sequence = node.sequence + 1, lease_owner = $4, lease_until = now() + $5::interval, started_at = now(),
  first_started_at = coalesce(node.first_started_at, now())
FROM unnest($1::uuid[], $2::text[], $3::int[]) AS asked(execution_id, node_id, attempt)
WHERE node.composition_execution_id = asked.execution_id AND node.composition_node_id = asked.node_id
  AND node.attempt = asked.attempt AND {IS_READY} AND NOT node.cancel_requested
RETURNING node.id, node.composition_execution_id AS execution_id, node.composition_node_id AS node_id, node.attempt,
  node.fence, node.sequence, node.engine, node.engine_connection, now() - node.first_started_at AS elapsed, now() AS now
"""  # noqa: S608 - the guard is ours

WAITS = """
state = 'waiting', reason = 'no_slot', ready_at = coalesce(node.waiting_since, node.ready_at),
  waiting_since = coalesce(node.waiting_since, node.ready_at)"""
"""A node that has waited before goes back to where it stood among those that wait."""

SET_ASIDE = f"""
WITH aside AS (
  UPDATE workflow_executions AS node
  SET {WAITS}, sequence = node.sequence + 1
  FROM unnest($1::uuid[], $2::text[], $3::int[]) AS asked(execution_id, node_id, attempt)
  WHERE node.composition_execution_id = asked.execution_id AND node.composition_node_id = asked.node_id
    AND node.attempt = asked.attempt AND {IS_READY} AND NOT node.cancel_requested
  RETURNING node.id, node.composition_execution_id AS execution_id, node.composition_node_id AS node_id, node.attempt,
    node.sequence, now() AS now
), freed AS (
  UPDATE engine_slots AS place SET holder = NULL FROM aside WHERE place.holder = aside.id
)
SELECT execution_id, node_id, attempt, sequence, now FROM aside
"""  # noqa: S608 - the parts are constants of this file
"""What was readied with a place of its engine connection gives it back: others can use it meanwhile."""

READY_DUE = """
UPDATE workflow_executions AS node SET state = 'ready', reason = NULL, due_at = NULL, ready_at = now()
FROM (
  SELECT id FROM workflow_executions WHERE due_at <= now() AND state = 'waiting' AND NOT cancel_requested
  ORDER BY due_at LIMIT $1 FOR NO KEY UPDATE SKIP LOCKED
) AS due WHERE node.id = due.id
RETURNING node.composition_execution_id AS execution_id, node.composition_node_id AS node_id, node.attempt, node.engine,
  now() AS now
"""


@dataclass(frozen=True, slots=True)
class NodeColumns:
    """The nodes of a version as columns, in the order of the INSERT."""

    columns: tuple[list[Any], ...]

    @classmethod
    def of(cls, runnable: RunnableVersion) -> "NodeColumns":
        """The columns of a version's plan."""
        nodes = list(runnable.plan.nodes.values())
        return cls(
            (
                [node.node_id for node in nodes],
                [len(node.sources) for node in nodes],
                [node.tolerated for node in nodes],
                [node.is_sink for node in nodes],
                [node.engine for node in nodes],
                [node.engine_connection for node in nodes],
            )
        )


@dataclass(frozen=True, slots=True)
class Launched:
    """Executions of one version, on their way to their nodes; with `cancelled` they get there without running."""

    asked: Sequence[asyncpg.Record]
    """Their rows as they were locked."""
    runnable: RunnableVersion
    cancelled: bool = False

    @property
    def ids(self) -> list[ExecutionId]:
        """Which they are."""
        return [ExecutionId(row["id"]) for row in self.asked]

    @property
    def workflows(self) -> list[UUID | None]:
        """The saved query that each runs, if it is one."""
        return [row["workflow_id"] for row in self.asked]


async def launch(connection: Connection, launched: Launched, said: Sequence[Envelope]) -> None:
    """A row per node for each execution, pending with its roots ready, and the execution running; or all cancelled.

    Messages go to the outbox.
    """
    columns = NodeColumns.of(launched.runnable).columns
    open_sinks = len(launched.runnable.plan.sinks)
    ending = (launched.cancelled, open_sinks, launched.workflows)
    await connection.execute(LAUNCH, *insert_values(said), launched.ids, *columns, *ending)


def asked(events: Sequence[NodeReady]) -> tuple[list[UUID], list[str], list[int]]:
    """Which attempts the messages speak of, once each and always in the same order, as columns."""
    distinct = sorted({(event.execution_id, event.node_id, event.attempt) for event in events})
    return [each[0] for each in distinct], [each[1] for each in distinct], [each[2] for each in distinct]


async def claim(connection: Connection, events: Sequence[NodeReady], *, owner: str, lease: Any) -> list[asyncpg.Record]:
    """Take what is ready among the asked attempts; what is not, or not any more, is left out."""
    return await connection.fetch(CLAIM, *asked(events), owner, lease)


async def set_aside(connection: Connection, events: Sequence[NodeReady]) -> list[asyncpg.Record]:
    """Let what is ready among the asked attempts wait, without the place it may have been given."""
    return await connection.fetch(SET_ASIDE, *asked(events))


async def ready_due(connection: Connection, most: int) -> list[ReadyAttempt]:
    """Ready what has waited out its back-off, the longest overdue first."""
    return [ready_from_row(row) for row in await connection.fetch(READY_DUE, most)]


def ready_from_row(row: asyncpg.Record) -> ReadyAttempt:
    """The attempt of a row with execution_id, node_id, attempt, engine and now."""
    return ReadyAttempt(
        execution_id=ExecutionId(row["execution_id"]),
        node_id=NodeId(row["node_id"]),
        number=row["attempt"],
        engine=row["engine"],
        at=row["now"],
    )
