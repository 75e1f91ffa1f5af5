"""What rows must know so that a lost message can be said again, or what it told be read from them."""

STATEMENTS = (
    "ALTER TABLE schedule_runs ADD COLUMN said_at TIMESTAMPTZ",
    "ALTER TABLE schedule_runs DROP CONSTRAINT check_run_decision",
    """
    ALTER TABLE schedule_runs
    ADD CONSTRAINT check_run_decision CHECK (decision IN ('fired', 'skipped', 'overlapped'))
    """,
    "ALTER TABLE execution_requests ADD COLUMN overlapped BOOLEAN NOT NULL DEFAULT false",
    "ALTER TABLE node_attempts ADD COLUMN sequence BIGINT",
    "ALTER TABLE execution_summaries ADD COLUMN compared BOOLEAN NOT NULL DEFAULT false",
    "CREATE INDEX idx_execution_summaries_uncompared ON execution_summaries (execution_id) WHERE NOT compared",
    "ALTER TABLE service_heartbeats ADD COLUMN ended_at TIMESTAMPTZ",
    """
    ALTER TABLE template_flow_compositions
    ADD COLUMN updated_by UUID CONSTRAINT fk_template_flow_compositions_updated_by REFERENCES users (id),
    ADD COLUMN published_at TIMESTAMPTZ,
    ADD COLUMN published_by UUID CONSTRAINT fk_template_flow_compositions_published_by REFERENCES users (id)
    """,
)
