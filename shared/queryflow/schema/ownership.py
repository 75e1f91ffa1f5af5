"""Who may write what: one owner per table, or per set of columns. The database's grants are made from this list."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class ServiceName(StrEnum):
    """The four services."""

    COMPOSER = "composer"
    EXECUTOR = "executor"
    SCHEDULER = "scheduler"
    STATUS = "status"

    @property
    def role(self) -> str:
        """The database role the service works under."""
        return f"queryflow_{self}"


@dataclass(frozen=True, slots=True)
class Rights:
    """What a service may do; whatever is not named is refused."""

    owns: tuple[str, ...]
    """Tables it reads, inserts into, updates and deletes from."""
    appends: tuple[str, ...] = ()
    """Tables it reads and inserts into."""
    updates: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Column sets it owns in tables whose rows others insert."""
    deletes: tuple[str, ...] = ()
    """Tables it may delete from, beside what it owns."""
    reads: tuple[str, ...] = ()
    """Tables of others that it reads."""
    calls: tuple[str, ...] = ()
    """Functions that run with the rights of the tables' owner."""

    def grants(self) -> Iterator[str]:
        """Each right as GRANT writes it, without the role: `SELECT, INSERT ON TABLE users`."""
        yield from (f"SELECT, INSERT, UPDATE, DELETE ON TABLE {table}" for table in self.owns)
        yield from (f"SELECT, INSERT ON TABLE {table}" for table in self.appends)
        for table, columns in self.updates.items():
            quoted = ", ".join(f'"{column}"' for column in columns)
            yield f"SELECT, UPDATE ({quoted}) ON TABLE {table}"
        yield from (f"DELETE ON TABLE {table}" for table in self.deletes)
        yield from (f"SELECT ON TABLE {table}" for table in (*self.reads, "alembic_version"))
        yield from (f"EXECUTE ON FUNCTION {function}" for function in self.calls)


HEARTBEAT = {"service_heartbeats": ("version", "detail", "started_at", "at", "ended_at")}
"""Every service writes its own rows of the heartbeats; row-level security refuses the others'."""

RIGHTS: dict[ServiceName, Rights] = {
    ServiceName.COMPOSER: Rights(
        owns=(
            "users",
            "query_flow_templates",
            "template_parameters",
            "template_chart_configs",
            "template_outputs",
            "learnt_versions",
            "template_ratings",
            "user_template_favorites",
            "template_flow_compositions",
            "template_flow_nodes",
            "template_flow_connections",
            "user_composition_favorites",
            "engine_connections",
            "workflows",
            "workflow_schedules",
            "execution_requests",
            "composer_outbox",
            "composer_dead_letters",
        ),
        appends=("template_versions", "composition_versions", "query_flow_executions", "service_heartbeats"),
        updates={"query_flow_executions": ("cancel_requested_at", "cancel_requested_by"), **HEARTBEAT},
        reads=("workflow_executions", "node_attempts", "schedule_timers", "schedule_runs", "connection_catalogues"),
    ),
    ServiceName.EXECUTOR: Rights(
        owns=(
            "workflow_executions",
            "engine_slots",
            "connection_catalogues",
            "executor_outbox",
            "executor_dead_letters",
        ),
        appends=("node_attempts", "service_heartbeats"),
        updates={
            "query_flow_executions": ("state", "reason", "started_at", "finished_at", "open_sinks", "counts"),
            **HEARTBEAT,
        },
        reads=("composition_versions", "engine_connections"),
        calls=(
            "queryflow_make_partitions(integer)",
            "queryflow_retain_executions(timestamptz, integer)",
            "queryflow_drop_empty_partitions(timestamptz)",
        ),
    ),
    ServiceName.SCHEDULER: Rights(
        owns=("schedule_timers", "schedule_runs", "scheduler_outbox", "scheduler_dead_letters"),
        appends=("service_heartbeats",),
        updates=HEARTBEAT,
        reads=(
            "workflow_schedules",
            "template_flow_compositions",
            "query_flow_executions",
            "execution_requests",
            "composer_dead_letters",
        ),
    ),
    ServiceName.STATUS: Rights(
        owns=(
            "execution_summaries",
            "execution_node_states",
            "execution_timeline",
            "composition_activity",
            "status_dead_letters",
        ),
        appends=("service_heartbeats",),
        updates=HEARTBEAT,
        deletes=("service_heartbeats",),
        reads=(
            "users",
            "query_flow_executions",
            "workflow_executions",
            "node_attempts",
            "composition_versions",
            "template_flow_compositions",
            "workflow_schedules",
            "schedule_timers",
            "schedule_runs",
            "composer_outbox",
            "executor_outbox",
            "scheduler_outbox",
            "composer_dead_letters",
            "executor_dead_letters",
            "scheduler_dead_letters",
        ),
    ),
}


def grant_statements() -> list[str]:
    """The SQL that makes the database's grants equal to this list: everything is taken, then given."""
    roles = ", ".join(service.role for service in ServiceName)
    return [
        f"REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {roles}",
        f"REVOKE ALL ON ALL FUNCTIONS IN SCHEMA public FROM {roles}",
        *(f"GRANT {grant} TO {service.role}" for service, rights in RIGHTS.items() for grant in rights.grants()),
    ]
