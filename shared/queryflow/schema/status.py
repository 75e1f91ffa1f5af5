"""Status's projection of the events: never the truth, rebuilt from rows."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Float,
    Index,
    Integer,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    Uuid,
    text,
)

from queryflow.schema.base import Json, instant, metadata

execution_summaries = Table(
    "execution_summaries",
    metadata,
    Column("execution_id", Uuid, primary_key=True),
    Column("composition_id", String(100)),
    Column("state", String(30), nullable=False),
    Column("nodes", Integer),
    Column("counts", Json),
    Column("cancel_requested", Boolean, nullable=False, server_default=text("false")),
    instant("started_at"),
    instant("finished_at"),
    instant("updated_at", nullable=False, now=True),
    Column("compared", Boolean, nullable=False, server_default=text("false")),
    Index("idx_execution_summaries_finished", "finished_at"),
    Index("idx_execution_summaries_uncompared", "execution_id", postgresql_where=text("NOT compared")),
)
"""An execution as the events about it as a whole tell it. `counts`: nodes by state, said at the end. `compared`: it has
ended, and what was heard of it was compared with its rows."""

execution_node_states = Table(
    "execution_node_states",
    metadata,
    Column("execution_id", Uuid, nullable=False),
    Column("node_id", String(100), nullable=False),
    Column("sequence", BigInteger, nullable=False),
    Column("state", String(20), nullable=False),
    Column("reason", String(30)),
    Column("attempt", Integer, nullable=False),
    Column("rows", BigInteger),
    Column("seconds", Float),
    Column("error_kind", String(30)),
    Column("error_message", Text),
    instant("at", nullable=False),
    PrimaryKeyConstraint("execution_id", "node_id"),
)
"""The latest fact of each node: the one with the highest sequence."""

execution_timeline = Table(
    "execution_timeline",
    metadata,
    Column("execution_id", Uuid, nullable=False),
    Column("node_id", String(100), nullable=False),
    Column("sequence", BigInteger, nullable=False),
    Column("fact", String(30), nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("detail", Json),
    instant("at", nullable=False),
    PrimaryKeyConstraint("execution_id", "at", "node_id", "sequence"),
)
"""Every fact of every node once; the key is also the order in which it is read."""

composition_activity = Table(
    "composition_activity",
    metadata,
    Column("composition_id", String(100), nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("action", String(30), nullable=False),
    Column("version", String(64)),
    Column("by", Uuid, nullable=False),
    PrimaryKeyConstraint("composition_id", "at", "action"),
)
"""What people did to compositions; a repeated message finds its row there."""

service_heartbeats = Table(
    "service_heartbeats",
    metadata,
    Column("service", String(30), nullable=False),
    Column("instance", String(100), nullable=False),
    Column("version", String(50)),
    Column("detail", Json),
    instant("started_at", nullable=False, now=True),
    instant("at", nullable=False, now=True),
    instant("ended_at"),
    PrimaryKeyConstraint("service", "instance"),
)
"""The last sign of life of each process. `ended_at`: it was asked to stop and signed off."""
