"""What own data, single queries and healed messages need of the schema. Only adds: an older version works on meanwhile."""

from alembic import op

revision = "0006"
down_revision = "0005"

STATEMENTS: tuple[str, ...] = ()


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
