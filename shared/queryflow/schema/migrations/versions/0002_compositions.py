"""Compositions with their nodes, connections and favourites, and the record of their executions."""

from alembic import op

revision = "0002"
down_revision = "0001"

STATEMENTS = (
    """
    CREATE TABLE template_flow_compositions (
        id UUID DEFAULT gen_random_uuid() NOT NULL,
        composition_id VARCHAR(100) NOT NULL,
        name VARCHAR(255) NOT NULL,
        description TEXT,
        canvas_state JSONB NOT NULL,
        global_parameters JSONB,
        tags TEXT[],
        is_public BOOLEAN DEFAULT false NOT NULL,
        is_active BOOLEAN DEFAULT true NOT NULL,
        created_by UUID,
        created_at TIMESTAMPTZ DEFAULT now() NOT NULL,
        updated_at TIMESTAMPTZ DEFAULT now() NOT NULL,
        execution_count INTEGER DEFAULT 0 NOT NULL,
        last_executed_at TIMESTAMPTZ,
        CONSTRAINT pk_template_flow_compositions PRIMARY KEY (id),
        CONSTRAINT check_composition_id_format CHECK (composition_id ~ '^comp_[a-z0-9_]+$'),
        CONSTRAINT uq_template_flow_compositions_composition_id UNIQUE (composition_id),
        CONSTRAINT fk_template_flow_compositions_created_by FOREIGN KEY (created_by) REFERENCES users (id)
    )
    """,
    "CREATE INDEX idx_compositions_active ON template_flow_compositions (is_active, is_public)",
    "CREATE INDEX idx_compositions_composition_id ON template_flow_compositions (composition_id)",
    "CREATE INDEX idx_compositions_created_by ON template_flow_compositions (created_by)",
    "CREATE INDEX idx_compositions_tags ON template_flow_compositions USING gin (tags)",
    """
    CREATE TABLE template_flow_nodes (
        id UUID DEFAULT gen_random_uuid() NOT NULL,
        composition_id UUID NOT NULL,
        node_id VARCHAR(100) NOT NULL,
        template_id VARCHAR(100),
        position JSONB NOT NULL,
        node_config JSONB DEFAULT '{}' NOT NULL,
        parameter_overrides JSONB,
        parameter_mappings JSONB,
        execution_order INTEGER,
        is_conditional BOOLEAN DEFAULT false NOT NULL,
        condition_expression TEXT,
        created_at TIMESTAMPTZ DEFAULT now() NOT NULL,
        updated_at TIMESTAMPTZ DEFAULT now() NOT NULL,
        CONSTRAINT pk_template_flow_nodes PRIMARY KEY (id),
        CONSTRAINT uq_template_flow_nodes_composition_id_node_id UNIQUE (composition_id, node_id),
        CONSTRAINT fk_template_flow_nodes_composition_id FOREIGN KEY (composition_id)
            REFERENCES template_flow_compositions (id) ON DELETE CASCADE,
        CONSTRAINT fk_template_flow_nodes_template_id FOREIGN KEY (template_id)
            REFERENCES query_flow_templates (template_id)
    )
    """,
    "CREATE INDEX idx_flow_nodes_composition_id ON template_flow_nodes (composition_id)",
    "CREATE INDEX idx_flow_nodes_execution_order ON template_flow_nodes (composition_id, execution_order)",
    "CREATE INDEX idx_flow_nodes_template_id ON template_flow_nodes (template_id)",
    """
    CREATE TABLE template_flow_connections (
        id UUID DEFAULT gen_random_uuid() NOT NULL,
        composition_id UUID NOT NULL,
        connection_id VARCHAR(100) NOT NULL,
        source_node_id VARCHAR(100) NOT NULL,
        target_node_id VARCHAR(100) NOT NULL,
        field_mappings JSONB NOT NULL,
        transformation_rules JSONB,
        is_required BOOLEAN DEFAULT true NOT NULL,
        created_at TIMESTAMPTZ DEFAULT now() NOT NULL,
        CONSTRAINT pk_template_flow_connections PRIMARY KEY (id),
        CONSTRAINT fk_flow_connections_source FOREIGN KEY (composition_id, source_node_id)
            REFERENCES template_flow_nodes (composition_id, node_id) ON DELETE CASCADE ON UPDATE CASCADE,
        CONSTRAINT fk_flow_connections_target FOREIGN KEY (composition_id, target_node_id)
            REFERENCES template_flow_nodes (composition_id, node_id) ON DELETE CASCADE ON UPDATE CASCADE,
        CONSTRAINT uq_template_flow_connections_composition_id_connection_id UNIQUE (composition_id, connection_id),
        CONSTRAINT fk_template_flow_connections_composition_id FOREIGN KEY (composition_id)
            REFERENCES template_flow_compositions (id) ON DELETE CASCADE
    )
    """,
    "CREATE INDEX idx_connections_composition ON template_flow_connections (composition_id)",
    "CREATE INDEX idx_connections_source ON template_flow_connections (composition_id, source_node_id)",
    "CREATE INDEX idx_connections_target ON template_flow_connections (composition_id, target_node_id)",
    """
    CREATE TABLE user_composition_favorites (
        user_id UUID NOT NULL,
        composition_id UUID NOT NULL,
        created_at TIMESTAMPTZ DEFAULT now() NOT NULL,
        CONSTRAINT pk_user_composition_favorites PRIMARY KEY (user_id, composition_id),
        CONSTRAINT fk_user_composition_favorites_user_id FOREIGN KEY (user_id) REFERENCES users (id),
        CONSTRAINT fk_user_composition_favorites_composition_id FOREIGN KEY (composition_id)
            REFERENCES template_flow_compositions (id) ON DELETE CASCADE
    )
    """,
    "CREATE INDEX idx_user_composition_favorites_user ON user_composition_favorites (user_id)",
    """
    CREATE TABLE composition_versions (
        hash VARCHAR(64) NOT NULL,
        composition_id UUID,
        composition_key VARCHAR(100) NOT NULL,
        document JSONB NOT NULL,
        created_by UUID,
        created_at TIMESTAMPTZ DEFAULT now() NOT NULL,
        CONSTRAINT pk_composition_versions PRIMARY KEY (hash),
        CONSTRAINT fk_composition_versions_composition_id FOREIGN KEY (composition_id)
            REFERENCES template_flow_compositions (id) ON DELETE SET NULL,
        CONSTRAINT fk_composition_versions_created_by FOREIGN KEY (created_by) REFERENCES users (id)
    )
    """,
    "CREATE INDEX idx_composition_versions_composition ON composition_versions (composition_id, created_at)",
    """
    CREATE TABLE query_flow_executions (
        id UUID NOT NULL,
        composition_id UUID,
        composition_key VARCHAR(100) NOT NULL,
        version VARCHAR(64) NOT NULL,
        state VARCHAR(30) DEFAULT 'requested' NOT NULL,
        reason TEXT,
        parameters JSONB DEFAULT '{}' NOT NULL,
        node_parameters JSONB DEFAULT '{}' NOT NULL,
        logical_date DATE NOT NULL,
        "window" JSONB,
        node_windows JSONB,
        trigger_kind VARCHAR(30) NOT NULL,
        trigger_id TEXT,
        schedule_id UUID,
        requested_by UUID NOT NULL,
        requested_at TIMESTAMPTZ DEFAULT now() NOT NULL,
        started_at TIMESTAMPTZ,
        finished_at TIMESTAMPTZ,
        cancel_requested_at TIMESTAMPTZ,
        cancel_requested_by UUID,
        open_sinks INTEGER,
        counts JSONB,
        traceparent VARCHAR(55),
        CONSTRAINT pk_query_flow_executions PRIMARY KEY (id),
        CONSTRAINT check_execution_state CHECK (state IN ('requested', 'running', 'succeeded',
            'partially_succeeded', 'failed', 'cancelled')),
        CONSTRAINT check_open_sinks CHECK (open_sinks >= 0),
        CONSTRAINT fk_query_flow_executions_composition_id FOREIGN KEY (composition_id)
            REFERENCES template_flow_compositions (id) ON DELETE SET NULL,
        CONSTRAINT fk_query_flow_executions_version FOREIGN KEY (version) REFERENCES composition_versions (hash),
        CONSTRAINT fk_query_flow_executions_requested_by FOREIGN KEY (requested_by) REFERENCES users (id),
        CONSTRAINT fk_query_flow_executions_cancel_requested_by FOREIGN KEY (cancel_requested_by)
            REFERENCES users (id)
    )
     PARTITION BY RANGE (id)
    """,
    "CREATE INDEX idx_query_flow_executions_composition ON query_flow_executions (composition_id, id)",
    """
    CREATE INDEX idx_query_flow_executions_open ON query_flow_executions (id)
    WHERE state IN ('requested', 'running')
    """,
    "CREATE INDEX idx_query_flow_executions_state ON query_flow_executions (state, id)",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
