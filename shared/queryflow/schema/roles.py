"""The roles of the database: the owner of the tables, and one for each service. None of them can log in."""

import asyncpg

from queryflow.domain.errors import Refused
from queryflow.schema.ownership import ServiceName

MIGRATOR = "queryflow_migrator"
ROLES = (MIGRATOR, *(service.role for service in ServiceName))

# Roles belong to the whole server, locks to one database: another database's migration may make the same role now.
_MAKE_ROLE = """
DO $$ BEGIN
    CREATE ROLE {role} NOLOGIN;
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
END $$
"""
_GRANT_ROLE = """
DO $$ BEGIN
    GRANT {role} TO {login}{options};
EXCEPTION WHEN unique_violation THEN NULL;
END $$
"""


class RolesMissing(Refused):
    """The login user may neither use the service roles nor make them; the message has the SQL to type."""

    code = "ROLES_MISSING"


async def prepare_roles(connection: asyncpg.Connection) -> None:
    """Make the roles that are absent and let the login user work under all of them; raises RolesMissing."""
    try:
        async with connection.transaction():
            await _make_roles(connection)
    except asyncpg.InsufficientPrivilegeError as error:
        raise RolesMissing(await _what_to_type(connection)) from error


async def _make_roles(connection: asyncpg.Connection) -> None:
    for role in ROLES:
        if not await connection.fetchval("SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1)", role):
            await connection.execute(_MAKE_ROLE.format(role=role))
        if not await _may_become(connection, role):
            login = await connection.fetchval("SELECT quote_ident(current_user)")
            await connection.execute(_GRANT_ROLE.format(role=role, login=login, options=_options(connection)))
    if not await _may_create(connection):
        await connection.execute(f"GRANT CREATE, USAGE ON SCHEMA public TO {MIGRATOR}")
    if not await _may_create(connection):
        # To PostgreSQL, granting what one holds no right to grant may be no more than a warning.
        raise asyncpg.InsufficientPrivilegeError("permission denied for schema public")


async def _may_become(connection: asyncpg.Connection, role: str) -> bool:
    word = "SET" if _has_set_option(connection) else "MEMBER"
    found: bool = await connection.fetchval("SELECT pg_has_role(current_user, $1, $2)", role, word)
    return found


async def _may_create(connection: asyncpg.Connection) -> bool:
    found: bool = await connection.fetchval("SELECT has_schema_privilege($1, 'public', 'CREATE')", MIGRATOR)
    return found


def _has_set_option(connection: asyncpg.Connection) -> bool:
    """Since PostgreSQL 16 membership alone does not allow SET ROLE."""
    return connection.get_server_version().major >= 16


def _options(connection: asyncpg.Connection) -> str:
    return " WITH SET TRUE" if _has_set_option(connection) else ""


async def _what_to_type(connection: asyncpg.Connection) -> str:
    login = await connection.fetchval("SELECT quote_ident(current_user)")
    existing = {row["rolname"] for row in await connection.fetch("SELECT rolname FROM pg_roles")}
    statements = [
        *(f"CREATE ROLE {role} NOLOGIN;" for role in ROLES if role not in existing),
        f"GRANT {', '.join(ROLES)} TO {login}{_options(connection)};",
        f"GRANT CREATE, USAGE ON SCHEMA public TO {MIGRATOR};",
    ]
    return "\n".join(
        [f"The database user {login} may not make the roles of the services. As a superuser, type:", *statements]
    )
