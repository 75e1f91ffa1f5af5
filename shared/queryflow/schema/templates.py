"""People, templates and what hangs on them."""

from sqlalchemy import (
    ARRAY,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
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

users = Table(
    "users",
    metadata,
    identifier(),
    Column("name", String(100), nullable=False, unique=True),
    Column("email", String(320)),
    Column("is_active", Boolean, nullable=False, server_default=text("true")),
    instant("created_at", nullable=False, now=True),
)

query_flow_templates = Table(
    "query_flow_templates",
    metadata,
    identifier(),
    Column("template_id", String(100), nullable=False, unique=True),
    Column("name", String(255), nullable=False),
    Column("description", Text),
    Column("category", String(100)),
    Column("sql_template", Text, nullable=False),
    Column("is_active", Boolean, nullable=False, server_default=text("true")),
    Column("is_public", Boolean, nullable=False, server_default=text("false")),
    Column("version", Integer, nullable=False, server_default=text("1")),
    reference("created_by", "users.id"),
    instant("created_at", nullable=False, now=True),
    instant("updated_at", nullable=False, now=True),
    Column("execution_count", Integer, nullable=False, server_default=text("0")),
    Column("avg_execution_time_ms", Integer),
    Column("tags", ARRAY(Text)),
    Column("metadata", Json),
    CheckConstraint("template_id ~ '^[a-z0-9_]+$'", name="check_template_id_format"),
)

template_parameters = Table(
    "template_parameters",
    metadata,
    identifier(),
    reference("template_id", "query_flow_templates.id", nullable=False, ondelete="CASCADE"),
    Column("parameter_name", String(100), nullable=False),
    Column("display_name", String(255)),
    Column("parameter_type", String(50), nullable=False),
    Column("required", Boolean, nullable=False, server_default=text("true")),
    Column("default_value", Json),
    Column("validation_rules", Json),
    Column("ui_component", String(50)),
    Column("ui_config", Json),
    Column("dependencies", Json),
    Column("order_index", Integer, nullable=False, server_default=text("0")),
    UniqueConstraint("template_id", "parameter_name"),
)

template_chart_configs = Table(
    "template_chart_configs",
    metadata,
    identifier(),
    reference("template_id", "query_flow_templates.id", nullable=False, ondelete="CASCADE"),
    Column("chart_name", String(255), nullable=False),
    Column("chart_type", String(50), nullable=False),
    Column("chart_config", Json, nullable=False, server_default=text("'{}'")),
    Column("data_mapping", Json, nullable=False, server_default=text("'{}'")),
    Column("is_default", Boolean, nullable=False, server_default=text("false")),
    CheckConstraint(
        "chart_type IN ('line', 'bar', 'pie', 'scatter', 'table', 'heatmap', 'funnel', 'area', 'combo')",
        name="check_chart_type",
    ),
    UniqueConstraint("template_id", "chart_name"),
)

template_ratings = Table(
    "template_ratings",
    metadata,
    identifier(),
    reference("template_id", "query_flow_templates.id", nullable=False, ondelete="CASCADE"),
    reference("user_id", "users.id", nullable=False, ondelete="CASCADE"),
    Column("rating", Integer, nullable=False),
    instant("created_at", nullable=False, now=True),
    CheckConstraint("rating BETWEEN 1 AND 5", name="check_rating"),
    UniqueConstraint("template_id", "user_id"),
)

user_template_favorites = Table(
    "user_template_favorites",
    metadata,
    reference("user_id", "users.id", nullable=False, ondelete="CASCADE"),
    reference("template_id", "query_flow_templates.id", nullable=False, ondelete="CASCADE"),
    instant("created_at", nullable=False, now=True),
    PrimaryKeyConstraint("user_id", "template_id"),
)

template_versions = Table(
    "template_versions",
    metadata,
    Column("template_id", String(100), ForeignKey("query_flow_templates.template_id"), nullable=False),
    Column("version", Integer, nullable=False),
    Column("document", Json, nullable=False),
    Column("hash", String(64), nullable=False),
    reference("created_by", "users.id"),
    instant("created_at", nullable=False, now=True),
    PrimaryKeyConstraint("template_id", "version"),
    Index("idx_template_versions_hash", "hash"),
)

template_outputs = Table(
    "template_outputs",
    metadata,
    Column("template_id", String(100), nullable=False),
    Column("version", Integer, nullable=False),
    Column("outputs", Json, nullable=False),
    Column("execution_id", Uuid, nullable=False),
    instant("learnt_at", nullable=False, now=True),
    PrimaryKeyConstraint("template_id", "version"),
    ForeignKeyConstraint(
        ["template_id", "version"], ["template_versions.template_id", "template_versions.version"], ondelete="CASCADE"
    ),
)
"""What a run of a template told of its columns where its SQL did not; the version itself never changes."""

learnt_versions = Table(
    "learnt_versions",
    metadata,
    Column("version", String(64), primary_key=True),
    instant("learnt_at", nullable=False, now=True),
)
"""The versions of flows whose runs have told all they can of their templates' columns."""
