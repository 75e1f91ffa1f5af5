"""The outbox of each publishing service and the dead letters of each listening one: one definition, a table each."""

from sqlalchemy import Column, Index, Integer, LargeBinary, PrimaryKeyConstraint, String, Table, Text, Uuid, text

from queryflow.schema.base import instant, metadata


def _outbox(service: str) -> Table:
    return Table(
        f"{service}_outbox",
        metadata,
        Column("id", Uuid, primary_key=True),
        Column("routing_key", String(200), nullable=False),
        Column("type", String(100), nullable=False),
        Column("body", LargeBinary, nullable=False),
        Column("correlation_id", Uuid),
        Column("traceparent", String(55)),
        instant("created_at", nullable=False, now=True),
        Column("tries", Integer, nullable=False, server_default=text("0")),
        Index(f"idx_{service}_outbox_created_at", "created_at"),
    )


def _dead_letters(service: str) -> Table:
    return Table(
        f"{service}_dead_letters",
        metadata,
        Column("queue", String(200), nullable=False),
        Column("message_id", Uuid, nullable=False),
        Column("type", String(100), nullable=False),
        Column("body", LargeBinary, nullable=False),
        Column("code", String(50), nullable=False),
        Column("reason", Text, nullable=False),
        instant("at", nullable=False, now=True),
        PrimaryKeyConstraint("queue", "message_id"),
    )


composer_outbox = _outbox("composer")
executor_outbox = _outbox("executor")
scheduler_outbox = _outbox("scheduler")

composer_dead_letters = _dead_letters("composer")
executor_dead_letters = _dead_letters("executor")
scheduler_dead_letters = _dead_letters("scheduler")
status_dead_letters = _dead_letters("status")
