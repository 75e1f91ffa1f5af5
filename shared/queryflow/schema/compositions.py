"""Compositions: the head's nodes and connections, frozen versions, favourites, engine connections."""

from sqlalchemy import (
    ARRAY,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from queryflow.schema.base import Json, identifier, instant, metadata, reference

template_flow_compositions = Table(
    "template_flow_compositions",
    metadata,
    identifier(),
    Column("composition_id", String(100), nullable=False, unique=True),
    Column("name", String(255), nullable=False),
    Column("description", Text),
    Column("canvas_state", Json, nullable=False),
    Column("global_parameters", Json),
    Column("tags", ARRAY(Text)),
    Column("is_public", Boolean, nullable=False, server_default=text("false")),
    Column("is_active", Boolean, nullable=False, server_default=text("true")),
    reference("created_by", "users.id"),
    instant("created_at", nullable=False, now=True),
    instant("updated_at", nullable=False, now=True),
    Column("execution_count", Integer, nullable=False, server_default=text("0")),
    instant("last_executed_at"),
    Column("default_window", Json),
    Column("default_connection", String(100)),
    Column("published_version", String(64)),
    Column("revision", Integer, nullable=False, server_default=text("1")),
    reference("updated_by", "users.id"),
    instant("published_at"),
    reference("published_by", "users.id"),
    CheckConstraint("composition_id ~ '^comp_[a-z0-9_]+$'", name="check_composition_id_format"),
    Index("idx_compositions_composition_id", "composition_id"),
    Index("idx_compositions_created_by", "created_by"),
    Index("idx_compositions_tags", "tags", postgresql_using="gin"),
    Index("idx_compositions_active", "is_active", "is_public"),
)
"""`revision` rises with each write of the head and is its ETag; executions do not touch it."""

template_flow_nodes = Table(
    "template_flow_nodes",
    metadata,
    identifier(),
    reference("composition_id", "template_flow_compositions.id", nullable=False, ondelete="CASCADE"),
    Column("node_id", String(100), nullable=False),
    Column("template_id", String(100), ForeignKey("query_flow_templates.template_id")),
    Column("position", Json, nullable=False),
    Column("node_config", Json, nullable=False, server_default=text("'{}'")),
    Column("parameter_overrides", Json),
    Column("parameter_mappings", Json),
    Column("execution_order", Integer),
    Column("is_conditional", Boolean, nullable=False, server_default=text("false")),
    Column("condition_expression", Text),
    instant("created_at", nullable=False, now=True),
    instant("updated_at", nullable=False, now=True),
    Column("ordinal", Integer),
    UniqueConstraint("composition_id", "node_id"),
    Index("idx_flow_nodes_composition_id", "composition_id"),
    Index("idx_flow_nodes_template_id", "template_id"),
    Index("idx_flow_nodes_execution_order", "composition_id", "execution_order"),
)

template_flow_connections = Table(
    "template_flow_connections",
    metadata,
    identifier(),
    reference("composition_id", "template_flow_compositions.id", nullable=False, ondelete="CASCADE"),
    Column("connection_id", String(100), nullable=False),
    Column("source_node_id", String(100), nullable=False),
    Column("target_node_id", String(100), nullable=False),
    Column("field_mappings", Json, nullable=False),
    Column("transformation_rules", Json),
    Column("is_required", Boolean, nullable=False, server_default=text("true")),
    instant("created_at", nullable=False, now=True),
    Column("ordinal", Integer),
    ForeignKeyConstraint(
        ["composition_id", "source_node_id"],
        ["template_flow_nodes.composition_id", "template_flow_nodes.node_id"],
        name="fk_flow_connections_source",
        onupdate="CASCADE",
        ondelete="CASCADE",
    ),
    ForeignKeyConstraint(
        ["composition_id", "target_node_id"],
        ["template_flow_nodes.composition_id", "template_flow_nodes.node_id"],
        name="fk_flow_connections_target",
        onupdate="CASCADE",
        ondelete="CASCADE",
    ),
    UniqueConstraint("composition_id", "connection_id"),
    Index("idx_connections_composition", "composition_id"),
    Index("idx_connections_source", "composition_id", "source_node_id"),
    Index("idx_connections_target", "composition_id", "target_node_id"),
)

user_composition_favorites = Table(
    "user_composition_favorites",
    metadata,
    reference("user_id", "users.id", nullable=False),
    reference("composition_id", "template_flow_compositions.id", nullable=False, ondelete="CASCADE"),
    instant("created_at", nullable=False, now=True),
    PrimaryKeyConstraint("user_id", "composition_id"),
    Index("idx_user_composition_favorites_user", "user_id"),
)

composition_versions = Table(
    "composition_versions",
    metadata,
    Column("hash", String(64), primary_key=True),
    reference("composition_id", "template_flow_compositions.id", ondelete="SET NULL"),
    Column("composition_key", String(100), nullable=False),
    Column("document", Json, nullable=False),
    reference("created_by", "users.id"),
    instant("created_at", nullable=False, now=True),
    Index("idx_composition_versions_composition", "composition_id", "created_at"),
)
"""Frozen content by hash (`queryflow.domain.version.Version.document()`), append-only."""

engine_connections = Table(
    "engine_connections",
    metadata,
    identifier(),
    Column("name", String(100), nullable=False, unique=True),
    Column("engine", String(30), nullable=False),
    Column("settings", Json, nullable=False, server_default=text("'{}'")),
    Column("as_of", Date),
    Column("slots", Integer),
    Column("is_active", Boolean, nullable=False, server_default=text("true")),
    reference("created_by", "users.id"),
    instant("created_at", nullable=False, now=True),
    instant("updated_at", nullable=False, now=True),
    Column("revision", Integer, nullable=False, server_default=text("1")),
    Column("catalogue_wanted", Integer, nullable=False, server_default=text("1")),
    CheckConstraint("name ~ '^[a-z][a-z0-9_]*$'", name="check_engine_connection_name"),
    CheckConstraint("slots > 0", name="check_engine_connection_slots"),
)
"""Where queries run. `settings` of duckdb: {"folder": "…", "tables": {…}}. `as_of`: the last day its data covers, the
default logical date of flows on it. `slots`: how many queries may run at once; NULL is no limit. `revision` rises with
each change and is the ETag; `catalogue_wanted` with each change and each request to look at its tables again."""

connection_catalogues = Table(
    "connection_catalogues",
    metadata,
    Column("connection", String(100), primary_key=True),
    Column("wanted", Integer, nullable=False),
    Column("document", Json, nullable=False),
    instant("described_at", nullable=False, now=True),
)
"""The tables of an engine connection as the executor found them (`queryflow.domain.catalogue.Catalogue`). `wanted`: the
connection's `catalogue_wanted` that it answers; a lower one is looked at again."""
