"""Status's projection, and the heartbeats, of which each service writes its own rows only."""

STATEMENTS = (
    """
    CREATE TABLE execution_summaries (
        execution_id UUID NOT NULL,
        composition_id VARCHAR(100),
        state VARCHAR(30) NOT NULL,
        nodes INTEGER,
        counts JSONB,
        cancel_requested BOOLEAN DEFAULT false NOT NULL,
        started_at TIMESTAMPTZ,
        finished_at TIMESTAMPTZ,
        updated_at TIMESTAMPTZ DEFAULT now() NOT NULL,
        CONSTRAINT pk_execution_summaries PRIMARY KEY (execution_id)
    )
    """,
    "CREATE INDEX idx_execution_summaries_finished ON execution_summaries (finished_at)",
    """
    CREATE TABLE execution_node_states (
        execution_id UUID NOT NULL,
        node_id VARCHAR(100) NOT NULL,
        sequence BIGINT NOT NULL,
        state VARCHAR(20) NOT NULL,
        reason VARCHAR(30),
        attempt INTEGER NOT NULL,
        rows BIGINT,
        seconds FLOAT,
        error_kind VARCHAR(30),
        error_message TEXT,
        at TIMESTAMPTZ NOT NULL,
        CONSTRAINT pk_execution_node_states PRIMARY KEY (execution_id, node_id)
    )
    """,
    """
    CREATE TABLE execution_timeline (
        execution_id UUID NOT NULL,
        node_id VARCHAR(100) NOT NULL,
        sequence BIGINT NOT NULL,
        fact VARCHAR(30) NOT NULL,
        attempt INTEGER NOT NULL,
        detail JSONB,
        at TIMESTAMPTZ NOT NULL,
        CONSTRAINT pk_execution_timeline PRIMARY KEY (execution_id, at, node_id, sequence)
    )
    """,
    """
    CREATE TABLE composition_activity (
        composition_id VARCHAR(100) NOT NULL,
        at TIMESTAMPTZ NOT NULL,
        action VARCHAR(30) NOT NULL,
        version VARCHAR(64),
        by UUID NOT NULL,
        CONSTRAINT pk_composition_activity PRIMARY KEY (composition_id, at, action)
    )
    """,
    """
    CREATE TABLE service_heartbeats (
        service VARCHAR(30) NOT NULL,
        instance VARCHAR(100) NOT NULL,
        version VARCHAR(50),
        detail JSONB,
        started_at TIMESTAMPTZ DEFAULT now() NOT NULL,
        at TIMESTAMPTZ DEFAULT now() NOT NULL,
        CONSTRAINT pk_service_heartbeats PRIMARY KEY (service, instance)
    )
    """,
    "ALTER TABLE service_heartbeats ENABLE ROW LEVEL SECURITY",
    "CREATE POLICY everybody_reads ON service_heartbeats FOR SELECT USING (true)",
    """
    CREATE POLICY own_rows_are_inserted ON service_heartbeats
        FOR INSERT WITH CHECK (current_user = 'queryflow_' || service)
    """,
    """
    CREATE POLICY own_rows_are_updated ON service_heartbeats
        FOR UPDATE USING (current_user = 'queryflow_' || service) WITH CHECK (current_user = 'queryflow_' || service)
    """,
    """
    CREATE POLICY status_removes_the_silent ON service_heartbeats
        FOR DELETE USING (current_user = 'queryflow_status')
    """,
)
