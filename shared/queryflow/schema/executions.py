"""Executions: the master record, a row per node, attempts, requests, engine slots, saved single queries."""

from datetime import timedelta

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    Float,
    ForeignKey,
    Index,
    Integer,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)

from queryflow.schema.base import Json, identifier, instant, metadata, reference

workflows = Table(
    "workflows",
    metadata,
    identifier(),
    Column("name", String(255), nullable=False),
    Column("description", Text),
    Column("template_id", String(100), ForeignKey("query_flow_templates.template_id")),
    Column("sql_query", Text),
    Column("parameters", Json),
    Column("engine_connection", String(100)),
    Column("is_active", Boolean, nullable=False, server_default=text("true")),
    reference("created_by", "users.id"),
    instant("created_at", nullable=False, now=True),
    instant("updated_at", nullable=False, now=True),
    # ours
    Column("template_version", Integer),
    Column("dialect", String(20)),
    Column("default_window", Json),
    Column("revision", Integer, nullable=False, server_default=text("1")),
    CheckConstraint("(template_id IS NULL) <> (sql_query IS NULL)", name="check_workflow_content"),
)
"""A saved single query: a template or SQL, with parameters and an engine connection. `template_version`: the one that
was the newest when it was saved; `dialect`: what its SQL is written in; `revision` rises with each change."""

query_flow_executions = Table(
    "query_flow_executions",
    metadata,
    Column("id", Uuid, primary_key=True),
    reference("composition_id", "template_flow_compositions.id", ondelete="SET NULL"),
    Column("composition_key", String(100), nullable=False),
    Column("version", String(64), ForeignKey("composition_versions.hash"), nullable=False),
    Column("state", String(30), nullable=False, server_default=text("'requested'")),
    Column("reason", Text),
    Column("parameters", Json, nullable=False, server_default=text("'{}'")),
    Column("node_parameters", Json, nullable=False, server_default=text("'{}'")),
    Column("logical_date", Date, nullable=False),
    Column("window", Json),
    Column("node_windows", Json),
    Column("trigger_kind", String(30), nullable=False),
    Column("trigger_id", Text),
    Column("schedule_id", Uuid),
    reference("requested_by", "users.id", nullable=False),
    instant("requested_at", nullable=False, now=True),
    instant("started_at"),
    instant("finished_at"),
    instant("cancel_requested_at"),
    reference("cancel_requested_by", "users.id"),
    Column("open_sinks", Integer),
    Column("counts", Json),
    Column("traceparent", String(55)),
    reference("workflow_id", "workflows.id", ondelete="SET NULL"),
    CheckConstraint(
        "state IN ('requested', 'running', 'succeeded', 'partially_succeeded', 'failed', 'cancelled')",
        name="check_execution_state",
    ),
    CheckConstraint("open_sinks >= 0", name="check_open_sinks"),
    Index("idx_query_flow_executions_composition", "composition_id", "id"),
    Index("idx_query_flow_executions_state", "state", "id"),
    Index(
        "idx_query_flow_executions_key",
        "composition_key",
        "id",
        postgresql_where=text("composition_id IS NULL"),
    ),
    Index(
        "idx_query_flow_executions_workflow",
        "workflow_id",
        "id",
        postgresql_where=text("workflow_id IS NOT NULL"),
    ),
    Index("idx_query_flow_executions_open", "id", postgresql_where=text("state IN ('requested', 'running')")),
    postgresql_partition_by="RANGE (id)",
)
"""One row per execution, partitioned by month on its UUIDv7 id. `window`: the flow's dates resolved; `node_windows`:
those of nodes that override it; `parameters`: every flow parameter's resolved value. A single query has no composition,
its key is `query_…`, and `workflow_id` names the saved query it runs, if it is one. The composer inserts the row and
sets the cancel columns; the executor owns state, reason, started_at, finished_at, open_sinks and counts."""

workflow_executions = Table(
    "workflow_executions",
    metadata,
    identifier(),
    reference("workflow_id", "workflows.id", ondelete="SET NULL"),
    Column("state", String(20), nullable=False, server_default=text("'pending'")),
    Column("parameters", Json),
    Column("result_s3_path", Text),
    Column("result_metadata", Json),
    Column("error_kind", String(30)),
    Column("error_message", Text),
    instant("created_at", nullable=False, now=True),
    instant("started_at"),
    instant("finished_at"),
    # the composition's columns
    Column("composition_execution_id", Uuid, ForeignKey("query_flow_executions.id", ondelete="CASCADE")),
    Column("composition_node_id", String(100)),
    Column("parameter_mappings", Json),
    # how a run advances
    Column("reason", String(30)),
    Column("root_reason", String(30)),
    Column("phase", String(20)),
    Column("attempt", Integer, server_default=text("1")),
    Column("sequence", BigInteger, server_default=text("0")),
    Column("tolerated", Boolean, server_default=text("false")),
    Column("is_sink", Boolean, server_default=text("false")),
    Column("advanced", Boolean, server_default=text("false")),
    Column("cancel_requested", Boolean, server_default=text("false")),
    Column("remaining_parents", Integer, server_default=text("0")),
    Column("failed_parents", Integer, server_default=text("0")),
    Column("skipped_parents", Integer, server_default=text("0")),
    Column("lease_owner", String(100)),
    instant("lease_until"),
    Column("fence", BigInteger, server_default=text("0")),
    Column("crash_count", Integer, server_default=text("0")),
    Column("engine", String(30)),
    Column("engine_connection", String(100)),
    Column("engine_token", Text),
    Column("engine_handle", Text),
    instant("ready_at"),
    instant("waiting_since"),
    instant("first_started_at"),
    instant("due_at"),
    Column("row_count", BigInteger),
    Column("seconds", Float),
    Column("rendered_sql", Text),
    CheckConstraint(
        "state IN ('pending', 'ready', 'waiting', 'running', "
        "'succeeded', 'reused', 'failed', 'timed_out', 'cancelled', 'skipped')",
        name="check_workflow_execution_state",
    ),
    CheckConstraint("remaining_parents >= 0", name="check_remaining_parents"),
    CheckConstraint("failed_parents >= 0", name="check_failed_parents"),
    CheckConstraint("skipped_parents >= 0", name="check_skipped_parents"),
    UniqueConstraint("composition_execution_id", "composition_node_id", name="uq_workflow_executions_composition_node"),
    Index(
        "idx_workflow_executions_composition",
        "composition_execution_id",
        postgresql_where=text("composition_execution_id IS NOT NULL"),
    ),
    Index(
        "idx_workflow_executions_lease",
        "lease_until",
        postgresql_where=text("state = 'running'"),
    ),
    Index(
        "idx_workflow_executions_due",
        "due_at",
        postgresql_where=text("due_at IS NOT NULL"),
    ),
    Index(
        "idx_workflow_executions_waiting",
        "engine_connection",
        "ready_at",
        postgresql_where=text("state = 'waiting'"),
    ),
    Index(
        "idx_workflow_executions_ready",
        "ready_at",
        postgresql_where=text("state = 'ready'"),
    ),
    Index(
        "idx_workflow_executions_not_advanced",
        "composition_execution_id",
        postgresql_where=text(
            "NOT advanced AND state IN ('succeeded', 'reused', 'failed', 'timed_out', 'cancelled', 'skipped')"
        ),
    ),
)
"""A row per node of an execution (or of a single query run alone). `sequence` rises with each fact about the node;
`advanced` says that its children were counted down; `root_reason` gathers, while the node is pending, the worst root of
its required parents; `ready_at` says since when it is ready, and orders those that wait; `waiting_since` is
when an attempt that waits for a place first did: it keeps its turn however often it is readied and set aside;
`result_s3_path` is the object's key in the object store."""

node_attempts = Table(
    "node_attempts",
    metadata,
    reference("workflow_execution_id", "workflow_executions.id", nullable=False, ondelete="CASCADE"),
    Column("attempt", Integer, nullable=False),
    Column("fence", BigInteger, nullable=False),
    Column("state", String(20), nullable=False),
    Column("error_kind", String(30)),
    Column("error_message", Text),
    Column("executor", String(100)),
    instant("started_at"),
    instant("finished_at", nullable=False, now=True),
    Column("sequence", BigInteger),
    PrimaryKeyConstraint("workflow_execution_id", "attempt", "fence"),
)
"""How each try of a node ended, append-only. `state`: succeeded, failed, timed_out, cancelled, skipped, retried or lost
(its executor's lease expired). `sequence`: the place of its end among the facts about its node; its start has the one
before. NULL in rows of earlier versions."""

execution_requests = Table(
    "execution_requests",
    metadata,
    reference("requested_by", "users.id", nullable=False),
    Column("key", String(300), nullable=False),
    Column("body_hash", String(64), nullable=False),
    Column("execution_id", Uuid, nullable=False),
    instant("created_at", nullable=False, now=True),
    Column("overlapped", Boolean, nullable=False, server_default=text("false")),
    PrimaryKeyConstraint("requested_by", "key"),
    Index("idx_execution_requests_created_at", "created_at"),
)
"""Which request started which execution; a repeat finds it. `overlapped`: the due time found that execution of its
schedule still open, and started none."""
REQUESTS_KEPT = timedelta(days=7)
"""How long it does; after that nobody can tell any more which execution answered a due time."""

engine_slots = Table(
    "engine_slots",
    metadata,
    Column("connection", String(100), nullable=False),
    Column("slot", Integer, nullable=False),
    reference("holder", "workflow_executions.id", ondelete="SET NULL"),
    PrimaryKeyConstraint("connection", "slot"),
    Index("idx_engine_slots_holder", "holder", unique=True, postgresql_where=text("holder IS NOT NULL")),
)
"""The places of an engine connection that limits how many queries run at once; `holder` is the node that has it."""
