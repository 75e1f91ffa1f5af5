"""Children of ended nodes: locked in one order everywhere, then written together."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg

from queryflow.bus.port import Envelope
from queryflow.db.outbox_rows import COLUMNS, INSERT, insert_values
from queryflow.db.pool import Connection
from queryflow.domain.execution.progress import Step
from queryflow.domain.ids import ExecutionId, NodeId
from queryflow.domain.states import NodeState, RootReason

LOCK_ASKED = """
SELECT node.id, node.composition_execution_id AS execution_id, node.composition_node_id AS node_id, node.attempt,
  node.sequence, node.remaining_parents, node.failed_parents, node.skipped_parents, node.root_reason,
  node.cancel_requested, now() AS now
FROM {asked} AS asked(execution_id, node_id)
JOIN workflow_executions AS node
  ON node.composition_execution_id = asked.execution_id AND node.composition_node_id = asked.node_id
WHERE node.state = 'pending'
ORDER BY node.composition_execution_id, node.composition_node_id
FOR NO KEY UPDATE OF node
"""
"""The order of locking is the same everywhere, so that transactions wait for each other and never in a circle."""
LOCK = LOCK_ASKED.format(asked="unnest($1::uuid[], $2::text[])")

WRITE = f"""
WITH said AS ({INSERT.format(outbox="executor_outbox", columns=COLUMNS)})
UPDATE workflow_executions AS node
SET state = step.state, remaining_parents = step.remaining, failed_parents = step.failed,
  skipped_parents = step.skipped, reason = step.reason, root_reason = step.root, advanced = step.advanced,
  ready_at = CASE WHEN step.state = 'ready' THEN now() END,
  finished_at = CASE WHEN step.state IN ('skipped', 'cancelled') THEN now() END,
  sequence = CASE WHEN step.state IN ('skipped', 'cancelled') THEN node.sequence + 1 ELSE node.sequence END
FROM unnest($8::uuid[], $9::text[], $10::int[], $11::int[], $12::int[], $13::text[], $14::text[], $15::bool[])
  AS step(id, state, remaining, failed, skipped, reason, root, advanced)
WHERE node.id = step.id AND node.state = 'pending'
"""  # noqa: S608 - the table's name is ours
"""Messages and steps in one statement: the hot path's time is round trips."""


@dataclass(frozen=True, slots=True)
class LockedChild:
    """A pending child as its row has it, locked."""

    id: UUID
    execution_id: ExecutionId
    node_id: NodeId
    number: int
    """Its attempt's."""
    sequence: int
    remaining: int
    failed: int
    skipped: int
    root: RootReason | None
    cancel_requested: bool
    at: datetime
    """The transaction's time, by the database's clock."""

    @classmethod
    def from_row(cls, row: asyncpg.Record) -> "LockedChild":
        """The child of a row that LOCK_ASKED selects."""
        return cls(
            id=row["id"],
            execution_id=ExecutionId(row["execution_id"]),
            node_id=NodeId(row["node_id"]),
            number=row["attempt"],
            sequence=row["sequence"],
            remaining=row["remaining_parents"],
            failed=row["failed_parents"],
            skipped=row["skipped_parents"],
            root=None if row["root_reason"] is None else RootReason(row["root_reason"]),
            cancel_requested=row["cancel_requested"],
            at=row["now"],
        )


@dataclass(frozen=True, slots=True)
class WrittenStep:
    """A child's step, with the row it is written to and whether its own children are told in this transaction too."""

    id: UUID
    step: Step
    advanced: bool


async def lock(connection: Connection, children: Iterable[tuple[ExecutionId, NodeId]]) -> list[LockedChild]:
    """The pending ones of the children, locked in the order of execution and node."""
    return [LockedChild.from_row(row) for row in await connection.fetch(LOCK, *as_columns(children))]


def as_columns(nodes: Iterable[tuple[ExecutionId, NodeId]]) -> tuple[list[ExecutionId], list[NodeId]]:
    """Nodes as the columns of a statement."""
    ordered = sorted(nodes)
    return [each[0] for each in ordered], [each[1] for each in ordered]


async def write(connection: Connection, steps: Sequence[WrittenStep], said: Sequence[Envelope]) -> None:
    """Write what each child became, and messages to the outbox."""
    await connection.execute(
        WRITE,
        *insert_values(said),
        [each.id for each in steps],
        [each.step.becomes.value for each in steps],
        [each.step.remaining for each in steps],
        [each.step.failed for each in steps],
        [each.step.skipped for each in steps],
        [None if each.step.reason is None else each.step.reason.value for each in steps],
        [None if each.step.root is None else each.step.root.value for each in steps],
        [each.advanced for each in steps],
    )


UNTOLD = """
UPDATE workflow_executions AS node SET advanced = true
FROM (
  SELECT id FROM workflow_executions
  WHERE composition_execution_id = $1 AND NOT advanced
    AND state IN ('succeeded', 'reused', 'failed', 'timed_out', 'cancelled', 'skipped')
  ORDER BY composition_node_id LIMIT $2 FOR NO KEY UPDATE SKIP LOCKED
) AS untold WHERE node.id = untold.id
RETURNING node.id, node.composition_execution_id AS execution_id, node.composition_node_id AS node_id, node.state,
  node.root_reason, node.attempt, node.sequence, now() AS now
"""


async def take_untold(connection: Connection, execution_id: ExecutionId, most: int) -> list[asyncpg.Record]:
    """Ended nodes whose children were not told yet, marked as told: the caller tells them in the same transaction."""
    return await connection.fetch(UNTOLD, execution_id, most)


FINAL = frozenset({NodeState.SKIPPED, NodeState.CANCELLED})
"""What a step can end a child in."""
