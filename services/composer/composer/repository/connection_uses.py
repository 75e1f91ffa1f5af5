"""What uses an engine connection, so that it is not taken away from under it."""

from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

MOST_NAMED = 20


@dataclass(frozen=True, slots=True)
class ConnectionUse:
    """Something that runs on an engine connection."""

    kind: str
    """composition, workflow, schedule or execution."""
    id: str


async def connection_uses(connection: AsyncConnection, name: str) -> list[ConnectionUse]:
    """What uses it, up to twenty: heads and published versions, saved queries, pinned schedules, open executions."""
    rows = await connection.execute(_USES, {"name": name, "most": MOST_NAMED})
    return [ConnectionUse(row.kind, row.id) for row in rows]


_USES = text("""
    SELECT 'composition' AS kind, composition_id AS id FROM template_flow_compositions AS composition
    WHERE is_active AND (
        default_connection = :name
        OR EXISTS (SELECT FROM template_flow_nodes AS node
                   WHERE node.composition_id = composition.id AND node.node_config ->> 'connection' = :name)
        OR EXISTS (SELECT FROM composition_versions AS version
                   WHERE version.hash = composition.published_version
                     AND jsonb_exists(version.document -> 'connections', :name)))
    UNION ALL
    SELECT 'workflow', id::text FROM workflows WHERE is_active AND engine_connection = :name
    UNION ALL
    SELECT 'schedule', schedule.id::text FROM workflow_schedules AS schedule
    JOIN composition_versions AS version ON version.hash = schedule.version
    WHERE schedule.is_active AND jsonb_exists(version.document -> 'connections', :name)
    UNION ALL
    SELECT 'execution', execution.id::text FROM query_flow_executions AS execution
    JOIN composition_versions AS version ON version.hash = execution.version
    WHERE execution.state IN ('requested', 'running') AND jsonb_exists(version.document -> 'connections', :name)
    ORDER BY kind, id LIMIT :most
""")
