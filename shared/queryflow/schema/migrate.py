"""Brings a database to the schema of this version: roles, tables, grants. Safe to repeat, also at the same moment."""

import hashlib
from contextlib import suppress
from pathlib import Path

import asyncpg

from queryflow.domain.errors import Refused
from queryflow.schema.ownership import grant_statements
from queryflow.schema.partitions import make_partitions_ahead
from queryflow.schema.roles import MIGRATOR, prepare_roles

MIGRATIONS = Path(__file__).with_name("migrations")
HEAD = "0006"
"""The newest revision; a test compares it with the files."""

# Any number will do that nobody else locks; this one is the first eight bytes of the word's SHA-256.
_LOCK = int.from_bytes(hashlib.sha256(b"queryflow.migrate").digest()[:8], "big", signed=True)


class SchemaNewer(Refused):
    """The database belongs to a newer version of the product; nothing was changed."""

    code = "SCHEMA_NEWER"


async def migrate(url: str, *, revision: str = HEAD) -> None:
    """Bring the database at `url` to `revision`; a second caller waits, then finds nothing to do.

    The months ahead are made, too: nobody may have run the system for long. Raises RolesMissing where the login user
    may not make the service roles, SchemaNewer where a newer program was here.
    """
    connection = await asyncpg.connect(url)
    try:
        if not await _is_current(connection, revision):
            await connection.execute("SELECT pg_advisory_lock($1)", _LOCK)
            await _change(connection, url, revision)
        if revision == HEAD:
            await _make_partitions(connection)
    finally:
        await connection.close()


async def schema_version(url: str) -> str | None:
    """The revision of the database at `url`, None where nothing was ever migrated."""
    connection = await asyncpg.connect(url)
    try:
        return await _read_version(connection)
    finally:
        await connection.close()


async def _change(connection: asyncpg.Connection, url: str, revision: str) -> None:
    """Everything that is missing, unless somebody else has done it meanwhile."""
    if await _is_current(connection, revision):
        return
    await _refuse_newer(connection)
    await prepare_roles(connection)
    if await _read_version(connection) != revision:
        await _upgrade(url, revision)
    if revision == HEAD:
        await _grant(connection)


async def _make_partitions(connection: asyncpg.Connection) -> None:
    """The months ahead; where the login user may not, or others are in the way, the executor makes them."""
    with suppress(asyncpg.InsufficientPrivilegeError, asyncpg.LockNotAvailableError):
        async with connection.transaction():
            await connection.execute(f"SET LOCAL ROLE {MIGRATOR}")
            await make_partitions_ahead(connection)


async def _refuse_newer(connection: asyncpg.Connection) -> None:
    version = await _read_version(connection)
    if version is not None and version > HEAD:
        raise SchemaNewer(f"The database has schema {version}, this program knows {HEAD}: install a newer version.")


async def _is_current(connection: asyncpg.Connection, revision: str) -> bool:
    if await _read_version(connection) != revision:
        return False
    return revision != HEAD or await _read_grants(connection) == _grants_hash()


async def _read_version(connection: asyncpg.Connection) -> str | None:
    if await connection.fetchval("SELECT to_regclass('public.alembic_version')") is None:
        return None
    found: str | None = await connection.fetchval("SELECT max(version_num) FROM public.alembic_version")
    return found


async def _read_grants(connection: asyncpg.Connection) -> str | None:
    found: str | None = await connection.fetchval("SELECT obj_description('public.alembic_version'::regclass)")
    return found


async def _grant(connection: asyncpg.Connection) -> None:
    """Give the services their rights, and note in a comment which list they come from."""
    async with connection.transaction():
        await connection.execute(f"SET LOCAL ROLE {MIGRATOR}")
        await connection.execute(";\n".join(grant_statements()))
        await connection.execute(f"COMMENT ON TABLE public.alembic_version IS '{_grants_hash()}'")


def _grants_hash() -> str:
    return hashlib.sha256("\n".join(grant_statements()).encode()).hexdigest()


async def _upgrade(url: str, revision: str) -> None:
    """Run the missing revisions in one transaction."""
    from alembic import command  # noqa: PLC0415 - a start that finds the schema current must not pay for importing it
    from alembic.config import Config  # noqa: PLC0415 - as above
    from sqlalchemy import Connection, text  # noqa: PLC0415 - as above
    from sqlalchemy.ext.asyncio import create_async_engine  # noqa: PLC0415 - as above

    def run(connection: Connection) -> None:
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
        config.attributes["connection"] = connection
        command.upgrade(config, revision)

    engine = create_async_engine("postgresql+asyncpg://", async_creator=lambda: asyncpg.connect(url))
    try:
        async with engine.begin() as connection:
            await connection.execute(text(f"SET LOCAL ROLE {MIGRATOR}"))
            await connection.run_sync(run)
    finally:
        await engine.dispose()
