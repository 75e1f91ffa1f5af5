"""What a node that waits for a place needs, to keep its turn."""

STATEMENTS = ("ALTER TABLE workflow_executions ADD COLUMN waiting_since TIMESTAMPTZ",)
