"""The stored results of nodes, as their rows refer to them."""

from collections.abc import Iterable, Sequence

from executor.model.stored_result import StoredResult, described
from queryflow.db.pool import Connection
from queryflow.domain.ids import ExecutionId, NodeId

OF_NODES = """
SELECT composition_node_id AS node_id, result_s3_path AS key, result_metadata AS metadata FROM workflow_executions
WHERE composition_execution_id = $1 AND composition_node_id = ANY($2::text[])
  AND state IN ('succeeded', 'reused') AND result_s3_path IS NOT NULL
"""

PRESENT = "SELECT id FROM query_flow_executions WHERE id = ANY($1::uuid[])"


async def without_rows(connection: Connection, executions: Iterable[ExecutionId]) -> set[ExecutionId]:
    """Those of the executions that are not there any more."""
    asked = set(executions)
    return asked - {ExecutionId(row["id"]) for row in await connection.fetch(PRESENT, list(asked))}


async def of_nodes(
    connection: Connection, execution_id: ExecutionId, nodes: Sequence[NodeId]
) -> dict[NodeId, StoredResult]:
    """The results of those of the nodes that have one."""
    rows = await connection.fetch(OF_NODES, execution_id, list(nodes))
    return {NodeId(row["node_id"]): described(row["key"], row["metadata"]) for row in rows}
