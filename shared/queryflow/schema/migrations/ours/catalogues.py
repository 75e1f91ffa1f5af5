"""What the tables of an engine connection are, as the executor found them, and how new that must be."""

STATEMENTS = (
    """
    ALTER TABLE engine_connections
        ADD COLUMN revision INTEGER DEFAULT 1 NOT NULL,
        ADD COLUMN catalogue_wanted INTEGER DEFAULT 1 NOT NULL
    """,
    """
    CREATE TABLE connection_catalogues (
        connection VARCHAR(100) NOT NULL,
        wanted INTEGER NOT NULL,
        document JSONB NOT NULL,
        described_at TIMESTAMPTZ DEFAULT now() NOT NULL,
        CONSTRAINT pk_connection_catalogues PRIMARY KEY (connection)
    )
    """,
)
