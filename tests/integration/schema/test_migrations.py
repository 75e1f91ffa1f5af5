"""The chain of migrations: it makes what the tables in code say, from nothing and from what was there before."""

import asyncio
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest
from alembic.script import ScriptDirectory
from sqlalchemy.ext.asyncio import create_async_engine

from queryflow.schema.migrate import HEAD, MIGRATIONS, SchemaNewer, migrate, schema_version
from queryflow.schema.ownership import ServiceName
from queryflow.schema.people import LOCAL_PERSON
from queryflow.schema.roles import MIGRATOR, ROLES, RolesMissing
from queryflow.schema.tables import metadata
from queryflow_cli.servers.postgres import EmbeddedPostgres
from tests.integration.schema.catalogue import catalogue

FILLED_AT_PHASE_1 = """
    INSERT INTO users (id, name) VALUES ('11111111-1111-1111-1111-111111111111', 'ada');
    INSERT INTO query_flow_templates (id, template_id, name, sql_template, created_by) VALUES
        ('22222222-2222-2222-2222-222222222222', 'top', 'Top', 'SELECT 1', '11111111-1111-1111-1111-111111111111');
    INSERT INTO template_parameters (template_id, parameter_name, parameter_type, default_value) VALUES
        ('22222222-2222-2222-2222-222222222222', 'limit', 'integer', '10');
    INSERT INTO workflows (id, name, template_id) VALUES ('33333333-3333-3333-3333-333333333333', 'Weekly', 'top');
    INSERT INTO workflow_executions (workflow_id, state) VALUES
        ('33333333-3333-3333-3333-333333333333', 'running'), ('33333333-3333-3333-3333-333333333333', 'succeeded');
    INSERT INTO workflow_schedules (workflow_id, cron) VALUES ('33333333-3333-3333-3333-333333333333', '0 9 * * 1');
    INSERT INTO template_chart_configs (template_id, chart_name, chart_type) VALUES
        ('22222222-2222-2222-2222-222222222222', 'Bars', 'bar');
    INSERT INTO template_ratings (template_id, user_id, rating) VALUES
        ('22222222-2222-2222-2222-222222222222', '11111111-1111-1111-1111-111111111111', 5);
    INSERT INTO user_template_favorites (template_id, user_id) VALUES
        ('22222222-2222-2222-2222-222222222222', '11111111-1111-1111-1111-111111111111');
"""
SPECIFIED = Path(__file__).with_name("specified.txt")
MONTHS = """
    SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'query_flow_executions'::regclass ORDER BY 1
"""
REMOVE = "ALTER TABLE query_flow_executions DETACH PARTITION {0}; DROP TABLE {0}"
PHASE_1 = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'alembic_version'"


async def fetch(url: str, query: str) -> list[Any]:
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetch(query)
    finally:
        await connection.close()


async def execute(url: str, script: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(script)
    finally:
        await connection.close()


def as_user(url: str, user: str, database: str) -> str:
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=f"{user}:secret@{parts.hostname}:{parts.port}", path=database))


async def test_the_migrated_schema_is_the_one_in_code(database: str, empty_database: str) -> None:
    engine = create_async_engine(empty_database.replace("postgresql://", "postgresql+asyncpg://", 1))
    async with engine.begin() as connection:
        await connection.run_sync(metadata.create_all)
    await engine.dispose()
    assert await catalogue(database) == await catalogue(empty_database)


async def test_the_schema_has_what_was_specified(database: str) -> None:
    """Names, types, checks, keys, cascades and indexes are given; what we add beside them is ours to change."""
    assert set(SPECIFIED.read_text().splitlines()) - await catalogue(database) == set()


def test_head_is_the_last_file_of_one_chain_without_branches() -> None:
    script = ScriptDirectory(str(MIGRATIONS))
    assert script.get_heads() == [HEAD]
    assert [revision.revision for revision in script.walk_revisions()] == [
        "0006",
        "0005",
        "0004",
        "0003",
        "0002",
        "0001",
    ]


async def test_two_migrations_at_once_make_one_schema(empty_database: str) -> None:
    await asyncio.gather(migrate(empty_database), migrate(empty_database), migrate(empty_database))
    assert await schema_version(empty_database) == HEAD
    assert [row["id"] for row in await fetch(empty_database, "SELECT id FROM users")] == [LOCAL_PERSON]
    assert (
        len(await fetch(empty_database, "SELECT FROM engine_connections WHERE name = 'echo' AND engine = 'echo'")) == 1
    )


async def test_a_database_filled_before_compositions_upgrades_unharmed(empty_database: str) -> None:
    await migrate(empty_database, revision="0001")
    assert await schema_version(empty_database) == "0001"
    await execute(empty_database, FILLED_AT_PHASE_1)
    tables = [row[0] for row in await fetch(empty_database, PHASE_1)]
    before = {table: await fetch(empty_database, f"SELECT * FROM {table}") for table in tables}
    assert all(before.values()), "every table of the first phase has a row"
    await migrate(empty_database)
    for table, rows in before.items():
        columns = ", ".join(rows[0].keys())
        after = await fetch(empty_database, f"SELECT {columns} FROM {table}")
        added = [row for row in after if row not in rows]
        assert len(after) == len(rows) + len(added), table
        assert [row.get("name") for row in added] == (["local"] if table == "users" else []), table
    assert len(await fetch(empty_database, "SELECT FROM workflow_schedules WHERE version = 'published'")) == 1
    assert {row["name"] for row in await fetch(empty_database, "SELECT name FROM users")} == {"ada", "local"}


@pytest.mark.parametrize("revision", ["0002", "0003", "0004"])
async def test_the_phases_between_are_harmless_to_what_was_there(empty_database: str, revision: str) -> None:
    await migrate(empty_database, revision="0001")
    await execute(empty_database, FILLED_AT_PHASE_1)
    await migrate(empty_database, revision=revision)
    await execute(empty_database, "UPDATE workflow_executions SET state = 'succeeded', result_s3_path = 'x'")
    await execute(
        empty_database, "INSERT INTO workflow_schedules (workflow_id, cron) SELECT id, '* * * * *' FROM workflows"
    )
    await migrate(empty_database)
    assert len(await fetch(empty_database, "SELECT FROM workflow_executions WHERE result_s3_path = 'x'")) == 2


async def test_a_schedule_is_for_a_query_or_a_composition(database: str) -> None:
    with pytest.raises(asyncpg.CheckViolationError, match="check_schedule_type"):
        await execute(database, "INSERT INTO workflow_schedules (cron) VALUES ('* * * * *')")


async def test_changed_grants_are_mended_though_the_schema_is_current(empty_database: str) -> None:
    await migrate(empty_database)
    await execute(
        empty_database, "GRANT DELETE ON users TO queryflow_status; COMMENT ON TABLE alembic_version IS 'older'"
    )
    await migrate(empty_database)
    held = await fetch(empty_database, "SELECT has_table_privilege('queryflow_status', 'users', 'DELETE')")
    assert held[0][0] is False


async def test_a_start_after_years_finds_its_months(empty_database: str) -> None:
    await migrate(empty_database)
    months = await fetch(empty_database, MONTHS)
    await execute(empty_database, ";".join(REMOVE.format(row[0]) for row in months))
    await migrate(empty_database)
    assert await fetch(empty_database, MONTHS) == months


async def test_a_user_who_may_only_run_the_services_starts_on_a_current_schema(
    postgres_server: str, database: str
) -> None:
    services = ", ".join(service.role for service in ServiceName)
    guest = as_user(postgres_server, "guest", urlsplit(database).path)
    await execute(postgres_server, f"CREATE ROLE guest LOGIN PASSWORD 'secret'; GRANT {services} TO guest")
    try:
        await migrate(guest)
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await execute(guest, f"SET ROLE {MIGRATOR}")
        assert [row[0] for row in await fetch(guest, "SELECT current_user")] == ["guest"]
    finally:
        await execute(postgres_server, f"REVOKE {services} FROM guest; DROP ROLE guest")


async def test_a_newer_schema_is_left_alone(empty_database: str) -> None:
    await migrate(empty_database)
    await execute(empty_database, "UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(SchemaNewer, match="9999"):
        await migrate(empty_database)
    assert await schema_version(empty_database) == "9999"


async def test_a_user_who_may_make_roles_needs_nobody_else(tmp_path: Path) -> None:
    with EmbeddedPostgres(tmp_path / "server", durable=False) as server:
        await execute(server.url, "CREATE ROLE maker LOGIN CREATEROLE CREATEDB PASSWORD 'secret'")
        await execute(server.url, "CREATE DATABASE made OWNER maker")
        url = as_user(server.url, "maker", "/made")
        await migrate(url)
        assert await schema_version(url) == HEAD
        for role in ROLES:
            await execute(url, f"SET ROLE {role}")
        await migrate(url)


async def test_a_user_who_may_not_is_told_what_to_type(postgres_server: str, empty_database: str) -> None:
    await execute(postgres_server, "DROP ROLE IF EXISTS plain; CREATE ROLE plain LOGIN PASSWORD 'secret'")
    url = as_user(postgres_server, "plain", urlsplit(empty_database).path)
    with pytest.raises(RolesMissing) as refusal:
        await migrate(url)
    _, *statements = refusal.value.message.splitlines()
    assert statements[-1] == f"GRANT CREATE, USAGE ON SCHEMA public TO {MIGRATOR};"
    await execute(empty_database, "\n".join(statements))
    await migrate(url)
    await execute(url, f"SET ROLE {ServiceName.STATUS.role}")
    await execute(postgres_server, f"REVOKE {', '.join(ROLES)} FROM plain; DROP ROLE plain")
