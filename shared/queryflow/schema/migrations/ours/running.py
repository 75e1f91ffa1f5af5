"""How a run advances: its columns, attempts, requests, slots, engine connections, timers."""

STATEMENTS = (
    """
    ALTER TABLE template_flow_compositions
        ADD COLUMN default_window JSONB,
        ADD COLUMN default_connection VARCHAR(100),
        ADD COLUMN published_version VARCHAR(64),
        ADD COLUMN revision INTEGER DEFAULT 1 NOT NULL
    """,
    "ALTER TABLE template_flow_nodes ADD COLUMN ordinal INTEGER",
    "ALTER TABLE template_flow_connections ADD COLUMN ordinal INTEGER",
    """
    ALTER TABLE workflow_schedules
        ADD COLUMN version VARCHAR(64) DEFAULT 'published',
        ADD COLUMN definition_version INTEGER DEFAULT 1
    """,
    """
    ALTER TABLE workflow_executions
        ADD COLUMN reason VARCHAR(30),
        ADD COLUMN root_reason VARCHAR(30),
        ADD COLUMN phase VARCHAR(20),
        ADD COLUMN attempt INTEGER DEFAULT 1,
        ADD COLUMN sequence BIGINT DEFAULT 0,
        ADD COLUMN tolerated BOOLEAN DEFAULT false,
        ADD COLUMN is_sink BOOLEAN DEFAULT false,
        ADD COLUMN advanced BOOLEAN DEFAULT false,
        ADD COLUMN cancel_requested BOOLEAN DEFAULT false,
        ADD COLUMN remaining_parents INTEGER DEFAULT 0,
        ADD COLUMN failed_parents INTEGER DEFAULT 0,
        ADD COLUMN skipped_parents INTEGER DEFAULT 0,
        ADD COLUMN lease_owner VARCHAR(100),
        ADD COLUMN lease_until TIMESTAMPTZ,
        ADD COLUMN fence BIGINT DEFAULT 0,
        ADD COLUMN crash_count INTEGER DEFAULT 0,
        ADD COLUMN engine VARCHAR(30),
        ADD COLUMN engine_connection VARCHAR(100),
        ADD COLUMN engine_token TEXT,
        ADD COLUMN engine_handle TEXT,
        ADD COLUMN ready_at TIMESTAMPTZ,
        ADD COLUMN first_started_at TIMESTAMPTZ,
        ADD COLUMN due_at TIMESTAMPTZ,
        ADD COLUMN row_count BIGINT,
        ADD COLUMN seconds FLOAT,
        ADD COLUMN rendered_sql TEXT
    """,
    "ALTER TABLE workflow_executions DROP CONSTRAINT check_workflow_execution_state",
    """
    ALTER TABLE workflow_executions
        ADD CONSTRAINT check_workflow_execution_state CHECK (state IN ('pending', 'ready', 'waiting',
            'running', 'succeeded', 'reused', 'failed', 'timed_out', 'cancelled', 'skipped')),
        ADD CONSTRAINT check_remaining_parents CHECK (remaining_parents >= 0),
        ADD CONSTRAINT check_failed_parents CHECK (failed_parents >= 0),
        ADD CONSTRAINT check_skipped_parents CHECK (skipped_parents >= 0),
        ADD CONSTRAINT uq_workflow_executions_composition_node UNIQUE (composition_execution_id, composition_node_id)
    """,
    "CREATE INDEX idx_workflow_executions_due ON workflow_executions (due_at) WHERE due_at IS NOT NULL",
    "CREATE INDEX idx_workflow_executions_lease ON workflow_executions (lease_until) WHERE state = 'running'",
    """
    CREATE INDEX idx_workflow_executions_not_advanced ON workflow_executions (composition_execution_id)
    WHERE NOT advanced AND state IN ('succeeded', 'reused', 'failed', 'timed_out', 'cancelled', 'skipped')
    """,
    "CREATE INDEX idx_workflow_executions_ready ON workflow_executions (ready_at) WHERE state = 'ready'",
    """
    CREATE INDEX idx_workflow_executions_waiting ON workflow_executions (engine_connection, ready_at)
    WHERE state = 'waiting'
    """,
    """
    CREATE TABLE template_versions (
        template_id VARCHAR(100) NOT NULL,
        version INTEGER NOT NULL,
        document JSONB NOT NULL,
        hash VARCHAR(64) NOT NULL,
        created_by UUID,
        created_at TIMESTAMPTZ DEFAULT now() NOT NULL,
        CONSTRAINT pk_template_versions PRIMARY KEY (template_id, version),
        CONSTRAINT fk_template_versions_template_id FOREIGN KEY (template_id)
            REFERENCES query_flow_templates (template_id),
        CONSTRAINT fk_template_versions_created_by FOREIGN KEY (created_by) REFERENCES users (id)
    )
    """,
    "CREATE INDEX idx_template_versions_hash ON template_versions (hash)",
    """
    CREATE TABLE engine_connections (
        id UUID DEFAULT gen_random_uuid() NOT NULL,
        name VARCHAR(100) NOT NULL,
        engine VARCHAR(30) NOT NULL,
        settings JSONB DEFAULT '{}' NOT NULL,
        as_of DATE,
        slots INTEGER,
        is_active BOOLEAN DEFAULT true NOT NULL,
        created_by UUID,
        created_at TIMESTAMPTZ DEFAULT now() NOT NULL,
        updated_at TIMESTAMPTZ DEFAULT now() NOT NULL,
        CONSTRAINT pk_engine_connections PRIMARY KEY (id),
        CONSTRAINT check_engine_connection_name CHECK (name ~ '^[a-z][a-z0-9_]*$'),
        CONSTRAINT check_engine_connection_slots CHECK (slots > 0),
        CONSTRAINT uq_engine_connections_name UNIQUE (name),
        CONSTRAINT fk_engine_connections_created_by FOREIGN KEY (created_by) REFERENCES users (id)
    )
    """,
    """
    CREATE TABLE execution_requests (
        requested_by UUID NOT NULL,
        key VARCHAR(300) NOT NULL,
        body_hash VARCHAR(64) NOT NULL,
        execution_id UUID NOT NULL,
        created_at TIMESTAMPTZ DEFAULT now() NOT NULL,
        CONSTRAINT pk_execution_requests PRIMARY KEY (requested_by, key),
        CONSTRAINT fk_execution_requests_requested_by FOREIGN KEY (requested_by) REFERENCES users (id)
    )
    """,
    "CREATE INDEX idx_execution_requests_created_at ON execution_requests (created_at)",
    """
    CREATE TABLE node_attempts (
        workflow_execution_id UUID NOT NULL,
        attempt INTEGER NOT NULL,
        fence BIGINT NOT NULL,
        state VARCHAR(20) NOT NULL,
        error_kind VARCHAR(30),
        error_message TEXT,
        executor VARCHAR(100),
        started_at TIMESTAMPTZ,
        finished_at TIMESTAMPTZ DEFAULT now() NOT NULL,
        CONSTRAINT pk_node_attempts PRIMARY KEY (workflow_execution_id, attempt, fence),
        CONSTRAINT fk_node_attempts_workflow_execution_id FOREIGN KEY (workflow_execution_id)
            REFERENCES workflow_executions (id) ON DELETE CASCADE
    )
    """,
    """
    CREATE TABLE engine_slots (
        connection VARCHAR(100) NOT NULL,
        slot INTEGER NOT NULL,
        holder UUID,
        CONSTRAINT pk_engine_slots PRIMARY KEY (connection, slot),
        CONSTRAINT fk_engine_slots_holder FOREIGN KEY (holder) REFERENCES workflow_executions (id) ON DELETE SET NULL
    )
    """,
    "CREATE UNIQUE INDEX idx_engine_slots_holder ON engine_slots (holder) WHERE holder IS NOT NULL",
    """
    CREATE TABLE schedule_timers (
        schedule_id UUID NOT NULL,
        definition_version INTEGER NOT NULL,
        next_fire_at TIMESTAMPTZ,
        state VARCHAR(20) DEFAULT 'active' NOT NULL,
        reason TEXT,
        failures INTEGER DEFAULT 0 NOT NULL,
        updated_at TIMESTAMPTZ DEFAULT now() NOT NULL,
        CONSTRAINT pk_schedule_timers PRIMARY KEY (schedule_id),
        CONSTRAINT check_timer_state CHECK (state IN ('active', 'paused', 'error'))
    )
    """,
    "CREATE INDEX idx_schedule_timers_due ON schedule_timers (next_fire_at) WHERE state = 'active'",
    """
    CREATE TABLE schedule_runs (
        schedule_id UUID NOT NULL,
        fire_time TIMESTAMPTZ NOT NULL,
        decision VARCHAR(20) NOT NULL,
        reason TEXT,
        execution_id UUID,
        execution_state VARCHAR(30),
        created_at TIMESTAMPTZ DEFAULT now() NOT NULL,
        finished_at TIMESTAMPTZ,
        CONSTRAINT pk_schedule_runs PRIMARY KEY (schedule_id, fire_time),
        CONSTRAINT check_run_decision CHECK (decision IN ('fired', 'skipped'))
    )
    """,
    "CREATE INDEX idx_schedule_runs_execution ON schedule_runs (execution_id)",
)
