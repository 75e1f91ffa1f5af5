"""What people did to compositions."""

from queryflow.db.pool import Connection
from queryflow.messages.composition import CompositionChanged
from status.repository.comparing import Look

INSERT = """
    INSERT INTO composition_activity (composition_id, at, action, version, by) VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT DO NOTHING
"""
# A composition's row knows the last act of each kind.
RETELL = """
    WITH act AS (
        SELECT composition_id, updated_at AS at, CASE WHEN is_active THEN 'saved' ELSE 'deleted' END AS action,
               NULL AS version, updated_by AS by
        FROM template_flow_compositions
        UNION ALL
        SELECT composition_id, published_at, 'published', published_version, published_by
        FROM template_flow_compositions
    )
    INSERT INTO composition_activity (composition_id, at, action, version, by)
    SELECT composition_id, at, action, version, by FROM act
    WHERE by IS NOT NULL AND at BETWEEN $1 AND now() - $2::interval AND NOT EXISTS (
        SELECT FROM composition_activity AS noted
        WHERE noted.composition_id = act.composition_id AND noted.at = act.at AND noted.action = act.action)
    ON CONFLICT DO NOTHING
"""


async def insert_activity(connection: Connection, event: CompositionChanged) -> None:
    """Note the act; a repeat finds it there."""
    action = event.type.removeprefix("composition.")
    await connection.execute(INSERT, event.composition_id, event.at, action, event.version, event.by)


async def retell_activity(connection: Connection, look: Look) -> None:
    """Note the acts that the rows of compositions know, and nobody told."""
    await connection.execute(RETELL, look.since, look.age)
