"""What people did to compositions."""

from queryflow.messages.composition import CompositionChanged
from queryflow.runtime.database import Connection

INSERT = """
    INSERT INTO composition_activity (composition_id, at, action, version, by) VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT DO NOTHING
"""


async def insert_activity(connection: Connection, event: CompositionChanged) -> None:
    """Note the act; a repeat finds it there."""
    action = event.type.removeprefix("composition.")
    await connection.execute(INSERT, event.composition_id, event.at, action, event.version, event.by)
