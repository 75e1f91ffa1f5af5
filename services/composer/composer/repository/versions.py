"""Frozen versions, append-only."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from composer.rules.freezing import Frozen
from queryflow.domain.flow.version import Version
from queryflow.domain.ids import CompositionId, PersonId, VersionHash
from queryflow.schema.compositions import composition_versions


async def find_version(connection: AsyncConnection, composition: CompositionId, version: VersionHash) -> Frozen | None:
    """The composition's version of that hash, if there is one."""
    table = composition_versions.c
    query = select(table.document).where(table.hash == version, table.composition_key == composition)
    document = (await connection.execute(query)).scalar_one_or_none()
    return None if document is None else Frozen(Version.model_validate(document), version)


async def keep_version(connection: AsyncConnection, composition: UUID | None, frozen: Frozen, person: PersonId) -> None:
    """Store the version, of a composition or of a single query, unless it is there."""
    table = composition_versions
    if (await connection.execute(select(table.c.hash).where(table.c.hash == frozen.hash))).one_or_none() is not None:
        return
    await connection.execute(
        insert(table)
        .values(
            hash=frozen.hash,
            composition_id=composition,
            composition_key=frozen.version.flow.composition_id,
            document=frozen.version.document(),
            created_by=person,
        )
        .on_conflict_do_nothing()
    )
