"""Ours: everything beyond the specified tables, by area."""

from alembic import op

from queryflow.schema.migrations.ours import content, messaging, partitions, running, status

revision = "0004"
down_revision = "0003"

STATEMENTS = (
    *running.STATEMENTS,
    *messaging.STATEMENTS,
    *status.STATEMENTS,
    *partitions.STATEMENTS,
    *content.STATEMENTS,
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
