"""The outputs of templates that their runs told, and which versions have told theirs."""

STATEMENTS = (
    """
    CREATE TABLE template_outputs (
        template_id VARCHAR(100) NOT NULL,
        version INTEGER NOT NULL,
        outputs JSONB NOT NULL,
        execution_id UUID NOT NULL,
        learnt_at TIMESTAMPTZ DEFAULT now() NOT NULL,
        CONSTRAINT pk_template_outputs PRIMARY KEY (template_id, version),
        CONSTRAINT fk_template_outputs_template_id_version FOREIGN KEY (template_id, version)
            REFERENCES template_versions (template_id, version) ON DELETE CASCADE
    )
    """,
    """
    CREATE TABLE learnt_versions (
        version VARCHAR(64) NOT NULL,
        learnt_at TIMESTAMPTZ DEFAULT now() NOT NULL,
        CONSTRAINT pk_learnt_versions PRIMARY KEY (version)
    )
    """,
)
