"""What own data, single queries and healed messages need of the schema; it only adds."""

from alembic import op

from queryflow.schema.migrations.ours import catalogues, healing, learnt_outputs, single_queries, turns
from queryflow.schema.migrations.ours.first_versions import keep_first_versions

revision = "0006"
down_revision = "0005"

STATEMENTS: tuple[str, ...] = (
    *catalogues.STATEMENTS,
    *healing.STATEMENTS,
    *learnt_outputs.STATEMENTS,
    *single_queries.STATEMENTS,
    *turns.STATEMENTS,
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
    keep_first_versions(op.get_bind())
