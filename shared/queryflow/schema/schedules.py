"""Schedules: definitions (composer), timers and runs (scheduler)."""

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Index,
    Integer,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    Uuid,
    text,
)

from queryflow.schema.base import Json, identifier, instant, metadata, reference

workflow_schedules = Table(
    "workflow_schedules",
    metadata,
    identifier(),
    reference("workflow_id", "workflows.id", ondelete="CASCADE"),
    Column("cron", String(100), nullable=False),
    Column("time_zone", String(64), nullable=False, server_default=text("'UTC'")),
    Column("is_active", Boolean, nullable=False, server_default=text("true")),
    reference("created_by", "users.id"),
    instant("created_at", nullable=False, now=True),
    instant("updated_at", nullable=False, now=True),
    # the composition's columns
    reference("composition_id", "template_flow_compositions.id", ondelete="CASCADE"),
    Column("composition_parameters", Json),
    # ours
    Column("version", String(64), server_default=text("'published'")),
    Column("definition_version", Integer, server_default=text("1")),
    CheckConstraint("(workflow_id IS NULL) <> (composition_id IS NULL)", name="check_schedule_type"),
    Index(
        "idx_workflow_schedules_composition_id",
        "composition_id",
        postgresql_where=text("composition_id IS NOT NULL"),
    ),
)
"""`definition_version` rises with each change and is the ETag; `version`: published, or a pinned hash."""

schedule_timers = Table(
    "schedule_timers",
    metadata,
    Column("schedule_id", Uuid, primary_key=True),
    Column("definition_version", Integer, nullable=False),
    instant("next_fire_at"),
    Column("state", String(20), nullable=False, server_default=text("'active'")),
    Column("reason", Text),
    Column("failures", Integer, nullable=False, server_default=text("0")),
    instant("updated_at", nullable=False, now=True),
    CheckConstraint("state IN ('active', 'paused', 'error')", name="check_timer_state"),
    Index("idx_schedule_timers_due", "next_fire_at", postgresql_where=text("state = 'active'")),
)
"""When a schedule fires next; `failures` in a row pause it."""

schedule_runs = Table(
    "schedule_runs",
    metadata,
    Column("schedule_id", Uuid, nullable=False),
    instant("fire_time", nullable=False),
    Column("decision", String(20), nullable=False),
    Column("reason", Text),
    Column("execution_id", Uuid),
    Column("execution_state", String(30)),
    instant("created_at", nullable=False, now=True),
    instant("finished_at"),
    instant("said_at"),
    PrimaryKeyConstraint("schedule_id", "fire_time"),
    CheckConstraint("decision IN ('fired', 'skipped', 'overlapped')", name="check_run_decision"),
    Index("idx_schedule_runs_execution", "execution_id"),
    Index(
        "idx_schedule_runs_open",
        "schedule_id",
        "fire_time",
        postgresql_where=text("decision = 'fired' AND execution_state IS NULL"),
    ),
)
"""Each due time of a schedule once: fired, or skipped or overlapped with its reason. `said_at`: when it was said again
last; NULL if once was enough."""
