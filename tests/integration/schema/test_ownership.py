"""The grants: each service writes what it owns, and PostgreSQL refuses it the rest."""

from collections.abc import AsyncIterator

import asyncpg
import pytest

from queryflow.db.pool import Connection
from queryflow.schema.ownership import RIGHTS, ServiceName
from queryflow.schema.tables import TABLES, metadata

WRITES = ("INSERT", "UPDATE", "DELETE")
SERVICES = list(ServiceName)
OTHER_TABLES = [table for table in TABLES if table != "service_heartbeats"]
"""Heartbeats are everybody's, by rows: they have a test of their own."""


def may_write(service: ServiceName, table: str) -> set[str]:
    """What the list in code lets a service do to whole rows of a table."""
    rights = RIGHTS[service]
    if table in rights.owns:
        return set(WRITES)
    named = {"INSERT": rights.appends, "DELETE": rights.deletes}
    return {privilege for privilege, tables in named.items() if table in tables}


def may_update(service: ServiceName, table: str, column: str) -> bool:
    rights = RIGHTS[service]
    return table in rights.owns or column in rights.updates.get(table, ())


@pytest.fixture
async def connection(module_database: str) -> AsyncIterator[Connection]:
    connection = await asyncpg.connect(module_database)
    yield connection
    await connection.close()


@pytest.fixture(params=SERVICES)
async def service(request: pytest.FixtureRequest, connection: Connection) -> ServiceName:
    service = ServiceName(request.param)
    await connection.execute(f"SET ROLE {service.role}")
    return service


async def refused(connection: Connection, statement: str) -> bool:
    """Whether PostgreSQL refuses the statement for want of a right; the statement changes nothing."""
    transaction = connection.transaction()
    await transaction.start()
    try:
        await connection.execute(statement)
    except asyncpg.InsufficientPrivilegeError:
        return True
    except asyncpg.IntegrityConstraintViolationError:
        return False
    finally:
        await transaction.rollback()
    return False


def test_every_table_has_one_owner_or_owners_of_columns() -> None:
    for table in OTHER_TABLES:
        owners = [service for service in ServiceName if table in RIGHTS[service].owns]
        columns = [column for service in ServiceName for column in RIGHTS[service].updates.get(table, ())]
        appended = [service for service in ServiceName if table in RIGHTS[service].appends]
        assert len(owners) + len(appended) == 1, table
        assert len(columns) == len(set(columns)), table
        assert not (owners and columns), f"{table} has an owner: nobody else writes its columns"
        assert not [service for service in ServiceName if table in RIGHTS[service].deletes], table


def test_the_list_names_only_what_exists() -> None:
    for rights in RIGHTS.values():
        named = {*rights.owns, *rights.appends, *rights.updates, *rights.deletes, *rights.reads}
        assert named <= set(TABLES)
        for table, columns in rights.updates.items():
            assert set(columns) <= set(metadata.tables[table].columns.keys())


async def test_rows_may_be_written_by_their_owner_only(service: ServiceName, connection: Connection) -> None:
    for table in OTHER_TABLES:
        allowed = may_write(service, table)
        assert await refused(connection, f"INSERT INTO {table} DEFAULT VALUES") == ("INSERT" not in allowed), table
        assert await refused(connection, f"DELETE FROM {table}") == ("DELETE" not in allowed), table
        assert await refused(connection, f"TRUNCATE {table} CASCADE"), table


async def test_columns_may_be_written_by_their_owner_only(service: ServiceName, connection: Connection) -> None:
    for table in TABLES:
        for column in metadata.tables[table].columns:
            statement = f'UPDATE {table} SET "{column.name}" = DEFAULT WHERE false'
            assert await refused(connection, statement) != may_update(service, table, column.name), column


async def test_tables_of_others_are_read_where_the_list_says_so(service: ServiceName, connection: Connection) -> None:
    rights = RIGHTS[service]
    readable = {*rights.owns, *rights.appends, *rights.updates, *rights.reads}
    for table in TABLES:
        assert await refused(connection, f"SELECT FROM {table}") == (table not in readable), table


async def test_a_service_beats_for_itself_alone(service: ServiceName, connection: Connection) -> None:
    beat = "INSERT INTO service_heartbeats (service, instance) VALUES ($1, 'a')"
    beat += " ON CONFLICT (service, instance) DO UPDATE SET at = now()"
    for each in ServiceName:
        if each is service:
            await connection.execute(beat, each)
            await connection.execute(beat, each)
            continue
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(beat, each)
        await connection.execute("RESET ROLE")
        await connection.execute(beat, each)
        await connection.execute(f"SET ROLE {service.role}")
        assert (
            await connection.execute("UPDATE service_heartbeats SET at = now() WHERE service = $1", each) == "UPDATE 0"
        )


async def test_only_the_executor_calls_the_functions_of_the_owner(service: ServiceName, connection: Connection) -> None:
    calls = {
        "queryflow_make_partitions(integer)": "SELECT queryflow_make_partitions(6)",
        "queryflow_retain_executions(timestamptz, integer)": "SELECT queryflow_retain_executions('2020-01-01', 1)",
        "queryflow_drop_empty_partitions(timestamptz)": "SELECT queryflow_drop_empty_partitions('2020-01-01')",
    }
    for name, call in calls.items():
        assert await refused(connection, call) == (name not in RIGHTS[service].calls)


async def test_functions_with_the_rights_of_the_owner_find_only_the_owner_s_tables(connection: Connection) -> None:
    """Without a path of their own, a caller could put a table in the place of ours."""
    functions = await connection.fetch(
        "SELECT proname, proconfig FROM pg_proc WHERE prosecdef AND pronamespace = 'public'::regnamespace"
    )
    assert len(functions) == 3
    assert all("search_path=public, pg_temp" in function["proconfig"] for function in functions)


async def test_no_service_makes_or_drops_tables(service: ServiceName, connection: Connection) -> None:
    assert await refused(connection, "CREATE TABLE mine (id int)")
    assert await refused(connection, "DROP TABLE schedule_timers")
    assert await refused(connection, "ALTER TABLE service_heartbeats DISABLE ROW LEVEL SECURITY")
