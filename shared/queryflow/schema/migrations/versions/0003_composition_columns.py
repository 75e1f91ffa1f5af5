"""What executions and schedules gain for compositions: nullable columns, a constraint, partial indexes."""

from alembic import op

revision = "0003"
down_revision = "0002"

STATEMENTS = (
    """
    ALTER TABLE workflow_executions
        ADD COLUMN composition_execution_id UUID,
        ADD COLUMN composition_node_id VARCHAR(100),
        ADD COLUMN parameter_mappings JSONB
    """,
    """
    ALTER TABLE workflow_executions ADD CONSTRAINT fk_workflow_executions_composition_execution_id
        FOREIGN KEY (composition_execution_id) REFERENCES query_flow_executions (id) ON DELETE CASCADE
    """,
    """
    CREATE INDEX idx_workflow_executions_composition ON workflow_executions (composition_execution_id)
    WHERE composition_execution_id IS NOT NULL
    """,
    "ALTER TABLE workflow_schedules ALTER COLUMN workflow_id DROP NOT NULL",
    """
    ALTER TABLE workflow_schedules
        ADD COLUMN composition_id UUID,
        ADD COLUMN composition_parameters JSONB
    """,
    """
    ALTER TABLE workflow_schedules ADD CONSTRAINT fk_workflow_schedules_composition_id FOREIGN KEY (composition_id)
        REFERENCES template_flow_compositions (id) ON DELETE CASCADE
    """,
    """
    ALTER TABLE workflow_schedules ADD CONSTRAINT check_schedule_type
        CHECK ((workflow_id IS NULL) <> (composition_id IS NULL))
    """,
    """
    CREATE INDEX idx_workflow_schedules_composition_id ON workflow_schedules (composition_id)
    WHERE composition_id IS NOT NULL
    """,
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
