"""An outbox for each service that publishes, dead letters for each that listens."""

OUTBOX = """
    CREATE TABLE {service}_outbox (
        id UUID NOT NULL,
        routing_key VARCHAR(200) NOT NULL,
        type VARCHAR(100) NOT NULL,
        body BYTEA NOT NULL,
        correlation_id UUID,
        traceparent VARCHAR(55),
        created_at TIMESTAMPTZ DEFAULT now() NOT NULL,
        tries INTEGER DEFAULT 0 NOT NULL,
        CONSTRAINT pk_{service}_outbox PRIMARY KEY (id)
    )
"""

OUTBOX_INDEX = "CREATE INDEX idx_{service}_outbox_created_at ON {service}_outbox (created_at)"

DEAD_LETTERS = """
    CREATE TABLE {service}_dead_letters (
        queue VARCHAR(200) NOT NULL,
        message_id UUID NOT NULL,
        type VARCHAR(100) NOT NULL,
        body BYTEA NOT NULL,
        code VARCHAR(50) NOT NULL,
        reason TEXT NOT NULL,
        at TIMESTAMPTZ DEFAULT now() NOT NULL,
        CONSTRAINT pk_{service}_dead_letters PRIMARY KEY (queue, message_id)
    )
"""

STATEMENTS = (
    *(OUTBOX.format(service=service) for service in ("composer", "executor", "scheduler")),
    *(OUTBOX_INDEX.format(service=service) for service in ("composer", "executor", "scheduler")),
    *(DEAD_LETTERS.format(service=service) for service in ("composer", "executor", "scheduler", "status")),
)
