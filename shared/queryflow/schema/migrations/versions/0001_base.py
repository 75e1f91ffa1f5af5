"""The base: people, templates, saved queries, their executions and schedules, before there were compositions."""

from alembic import op

revision = "0001"
down_revision = None

STATEMENTS = (
    """
    CREATE TABLE users (
        id UUID DEFAULT gen_random_uuid() NOT NULL,
        name VARCHAR(100) NOT NULL,
        email VARCHAR(320),
        is_active BOOLEAN DEFAULT true NOT NULL,
        created_at TIMESTAMPTZ DEFAULT now() NOT NULL,
        CONSTRAINT pk_users PRIMARY KEY (id),
        CONSTRAINT uq_users_name UNIQUE (name)
    )
    """,
    """
    CREATE TABLE query_flow_templates (
        id UUID DEFAULT gen_random_uuid() NOT NULL,
        template_id VARCHAR(100) NOT NULL,
        name VARCHAR(255) NOT NULL,
        description TEXT,
        category VARCHAR(100),
        sql_template TEXT NOT NULL,
        is_active BOOLEAN DEFAULT true NOT NULL,
        is_public BOOLEAN DEFAULT false NOT NULL,
        version INTEGER DEFAULT 1 NOT NULL,
        created_by UUID,
        created_at TIMESTAMPTZ DEFAULT now() NOT NULL,
        updated_at TIMESTAMPTZ DEFAULT now() NOT NULL,
        execution_count INTEGER DEFAULT 0 NOT NULL,
        avg_execution_time_ms INTEGER,
        tags TEXT[],
        metadata JSONB,
        CONSTRAINT pk_query_flow_templates PRIMARY KEY (id),
        CONSTRAINT check_template_id_format CHECK (template_id ~ '^[a-z0-9_]+$'),
        CONSTRAINT uq_query_flow_templates_template_id UNIQUE (template_id),
        CONSTRAINT fk_query_flow_templates_created_by FOREIGN KEY (created_by) REFERENCES users (id)
    )
    """,
    """
    CREATE TABLE template_parameters (
        id UUID DEFAULT gen_random_uuid() NOT NULL,
        template_id UUID NOT NULL,
        parameter_name VARCHAR(100) NOT NULL,
        display_name VARCHAR(255),
        parameter_type VARCHAR(50) NOT NULL,
        required BOOLEAN DEFAULT true NOT NULL,
        default_value JSONB,
        validation_rules JSONB,
        ui_component VARCHAR(50),
        ui_config JSONB,
        dependencies JSONB,
        order_index INTEGER DEFAULT 0 NOT NULL,
        CONSTRAINT pk_template_parameters PRIMARY KEY (id),
        CONSTRAINT uq_template_parameters_template_id_parameter_name UNIQUE (template_id, parameter_name),
        CONSTRAINT fk_template_parameters_template_id FOREIGN KEY (template_id)
            REFERENCES query_flow_templates (id) ON DELETE CASCADE
    )
    """,
    """
    CREATE TABLE template_chart_configs (
        id UUID DEFAULT gen_random_uuid() NOT NULL,
        template_id UUID NOT NULL,
        chart_name VARCHAR(255) NOT NULL,
        chart_type VARCHAR(50) NOT NULL,
        chart_config JSONB DEFAULT '{}' NOT NULL,
        data_mapping JSONB DEFAULT '{}' NOT NULL,
        is_default BOOLEAN DEFAULT false NOT NULL,
        CONSTRAINT pk_template_chart_configs PRIMARY KEY (id),
        CONSTRAINT check_chart_type CHECK (chart_type IN ('line', 'bar', 'pie', 'scatter', 'table',
            'heatmap', 'funnel', 'area', 'combo')),
        CONSTRAINT uq_template_chart_configs_template_id_chart_name UNIQUE (template_id, chart_name),
        CONSTRAINT fk_template_chart_configs_template_id FOREIGN KEY (template_id)
            REFERENCES query_flow_templates (id) ON DELETE CASCADE
    )
    """,
    """
    CREATE TABLE template_ratings (
        id UUID DEFAULT gen_random_uuid() NOT NULL,
        template_id UUID NOT NULL,
        user_id UUID NOT NULL,
        rating INTEGER NOT NULL,
        created_at TIMESTAMPTZ DEFAULT now() NOT NULL,
        CONSTRAINT pk_template_ratings PRIMARY KEY (id),
        CONSTRAINT check_rating CHECK (rating BETWEEN 1 AND 5),
        CONSTRAINT uq_template_ratings_template_id_user_id UNIQUE (template_id, user_id),
        CONSTRAINT fk_template_ratings_template_id FOREIGN KEY (template_id)
            REFERENCES query_flow_templates (id) ON DELETE CASCADE,
        CONSTRAINT fk_template_ratings_user_id FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
    )
    """,
    """
    CREATE TABLE user_template_favorites (
        user_id UUID NOT NULL,
        template_id UUID NOT NULL,
        created_at TIMESTAMPTZ DEFAULT now() NOT NULL,
        CONSTRAINT pk_user_template_favorites PRIMARY KEY (user_id, template_id),
        CONSTRAINT fk_user_template_favorites_user_id FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE,
        CONSTRAINT fk_user_template_favorites_template_id FOREIGN KEY (template_id)
            REFERENCES query_flow_templates (id) ON DELETE CASCADE
    )
    """,
    """
    CREATE TABLE workflows (
        id UUID DEFAULT gen_random_uuid() NOT NULL,
        name VARCHAR(255) NOT NULL,
        description TEXT,
        template_id VARCHAR(100),
        sql_query TEXT,
        parameters JSONB,
        engine_connection VARCHAR(100),
        is_active BOOLEAN DEFAULT true NOT NULL,
        created_by UUID,
        created_at TIMESTAMPTZ DEFAULT now() NOT NULL,
        updated_at TIMESTAMPTZ DEFAULT now() NOT NULL,
        CONSTRAINT pk_workflows PRIMARY KEY (id),
        CONSTRAINT check_workflow_content CHECK ((template_id IS NULL) <> (sql_query IS NULL)),
        CONSTRAINT fk_workflows_template_id FOREIGN KEY (template_id) REFERENCES query_flow_templates (template_id),
        CONSTRAINT fk_workflows_created_by FOREIGN KEY (created_by) REFERENCES users (id)
    )
    """,
    """
    CREATE TABLE workflow_executions (
        id UUID DEFAULT gen_random_uuid() NOT NULL,
        workflow_id UUID,
        state VARCHAR(20) DEFAULT 'pending' NOT NULL,
        parameters JSONB,
        result_s3_path TEXT,
        result_metadata JSONB,
        error_kind VARCHAR(30),
        error_message TEXT,
        created_at TIMESTAMPTZ DEFAULT now() NOT NULL,
        started_at TIMESTAMPTZ,
        finished_at TIMESTAMPTZ,
        CONSTRAINT pk_workflow_executions PRIMARY KEY (id),
        CONSTRAINT check_workflow_execution_state CHECK (state IN ('pending', 'running', 'succeeded',
            'failed', 'timed_out', 'cancelled')),
        CONSTRAINT fk_workflow_executions_workflow_id FOREIGN KEY (workflow_id)
            REFERENCES workflows (id) ON DELETE SET NULL
    )
    """,
    """
    CREATE TABLE workflow_schedules (
        id UUID DEFAULT gen_random_uuid() NOT NULL,
        workflow_id UUID NOT NULL,
        cron VARCHAR(100) NOT NULL,
        time_zone VARCHAR(64) DEFAULT 'UTC' NOT NULL,
        is_active BOOLEAN DEFAULT true NOT NULL,
        created_by UUID,
        created_at TIMESTAMPTZ DEFAULT now() NOT NULL,
        updated_at TIMESTAMPTZ DEFAULT now() NOT NULL,
        CONSTRAINT pk_workflow_schedules PRIMARY KEY (id),
        CONSTRAINT fk_workflow_schedules_workflow_id FOREIGN KEY (workflow_id)
            REFERENCES workflows (id) ON DELETE CASCADE,
        CONSTRAINT fk_workflow_schedules_created_by FOREIGN KEY (created_by) REFERENCES users (id)
    )
    """,
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
