"""What runs told of the columns of templates, and the rows of executors that say it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, literal, select, text, tuple_
from sqlalchemy.dialects.postgresql import distinct_on, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from composer.rules.pinning import Pin
from queryflow.domain.flow.template import Output
from queryflow.domain.flow.version import Version
from queryflow.domain.ids import VersionHash
from queryflow.schema.base import Json
from queryflow.schema.compositions import composition_versions
from queryflow.schema.executions import query_flow_executions, workflow_executions
from queryflow.schema.templates import learnt_versions, template_outputs, template_versions

Columns = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Told:
    """A version that ran, in one of its executions, and the columns of each node that has a result."""

    hash: VersionHash
    version: Version
    execution_id: UUID
    succeeded: bool
    columns: Mapping[str, Columns]


async def read_learnt(connection: AsyncConnection, pins: Collection[Pin]) -> dict[Pin, tuple[Output, ...]]:
    """The outputs that were learnt of those template versions."""
    table = template_outputs.c
    query = select(table.template_id, table.version, table.outputs)
    found = await connection.execute(query.where(tuple_(table.template_id, table.version).in_(pins)))
    return {(row.template_id, row.version): tuple(map(Output.model_validate, row.outputs)) for row in found}


async def keep_learnt(connection: AsyncConnection, pin: Pin, outputs: Sequence[Output], execution: UUID) -> None:
    """Keep what was learnt of a template version, unless something was learnt before or there is no such version."""
    kept = template_versions.c
    document = [output.model_dump(mode="json") for output in outputs]
    columns = (kept.template_id, kept.version, bindparam("told", document, type_=Json), literal(execution))
    chosen = select(*columns).where(kept.template_id == pin[0], kept.version == pin[1])
    names = ["template_id", "version", "outputs", "execution_id"]
    await connection.execute(insert(template_outputs).from_select(names, chosen).on_conflict_do_nothing())


async def mark_learnt(connection: AsyncConnection, versions: Collection[VersionHash]) -> None:
    """Note that these versions have told all they can."""
    if versions:
        rows = [{"version": version} for version in sorted(versions)]
        await connection.execute(insert(learnt_versions).values(rows).on_conflict_do_nothing())


async def unlearnt_of(connection: AsyncConnection, executions: Collection[UUID]) -> dict[VersionHash, UUID]:
    """Of each version that these executions ran and that has something to tell, the newest of them."""
    execution = query_flow_executions.c
    is_learnt = select(learnt_versions.c.version).where(learnt_versions.c.version == execution.version).exists()
    query = select(execution.version, execution.id).ext(distinct_on(execution.version))
    query = query.where(execution.id.in_(executions), ~is_learnt).order_by(execution.version, execution.id.desc())
    return {row.version: row.id for row in await connection.execute(query)}


async def unlearnt_lately(connection: AsyncConnection, most: int) -> list[UUID]:
    """Executions of the last hour that succeeded, one for each version that has something to tell."""
    return list((await connection.execute(_LATELY, {"most": most})).scalars())


async def read_told(connection: AsyncConnection, newest: Mapping[VersionHash, UUID]) -> list[Told]:
    """What those executions tell of their versions."""
    execution, version, node = query_flow_executions.c, composition_versions.c, workflow_executions.c
    joined = query_flow_executions.join(composition_versions, version.hash == execution.version)
    query = select(execution.id, execution.state, version.hash, version.document).select_from(joined)
    told = (await connection.execute(query.where(execution.id.in_(newest.values())))).all()
    results = select(node.composition_execution_id, node.composition_node_id, node.result_metadata)
    has_result = node.composition_execution_id.in_(newest.values()) & node.result_metadata.is_not(None)
    columns: dict[UUID, dict[str, Columns]] = {}
    for row in await connection.execute(results.where(has_result)):
        columns.setdefault(row.composition_execution_id, {})[row.composition_node_id] = _columns(row.result_metadata)
    return [
        Told(row.hash, Version.model_validate(row.document), row.id, row.state == "succeeded", columns.get(row.id, {}))
        for row in told
    ]


def _columns(metadata: Mapping[str, Any]) -> Columns:
    return [(column["name"], column["type"]) for column in metadata["columns"]]


# Ids carry the moment of the request.
_LATELY = text("""
    SELECT DISTINCT ON (execution.version) execution.id FROM query_flow_executions AS execution
    WHERE execution.state = 'succeeded' AND execution.id >= queryflow_first_uuid7(now() - interval '1 hour')
      AND NOT EXISTS (SELECT FROM learnt_versions AS learnt WHERE learnt.version = execution.version)
    ORDER BY execution.version, execution.id DESC LIMIT :most
""")
