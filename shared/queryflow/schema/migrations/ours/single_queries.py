"""Single queries on the ordinary path: what a saved one needs, and which execution runs it."""

STATEMENTS = (
    """
    ALTER TABLE workflows
        ADD COLUMN template_version INTEGER,
        ADD COLUMN dialect VARCHAR(20),
        ADD COLUMN default_window JSONB,
        ADD COLUMN revision INTEGER DEFAULT 1 NOT NULL
    """,
    """
    UPDATE workflows SET dialect = CASE
        WHEN sql_query ~* '(CUSTOM|BUILT_IN)_PARAMETER' THEN 'amc' ELSE 'duckdb' END
    WHERE sql_query IS NOT NULL
    """,
    "ALTER TABLE query_flow_executions ADD COLUMN workflow_id UUID",
    """
    ALTER TABLE query_flow_executions ADD CONSTRAINT fk_query_flow_executions_workflow_id
        FOREIGN KEY (workflow_id) REFERENCES workflows (id) ON DELETE SET NULL
    """,
    """
    CREATE INDEX idx_query_flow_executions_workflow ON query_flow_executions (workflow_id, id)
    WHERE workflow_id IS NOT NULL
    """,
    """
    CREATE INDEX idx_query_flow_executions_key ON query_flow_executions (composition_key, id)
    WHERE composition_id IS NULL
    """,
)
