"""Templates and their versions."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, delete, func, insert, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert as insert_unless
from sqlalchemy.ext.asyncio import AsyncConnection

from composer.rules.paging import PageRequest
from composer.rules.pinning import Pin
from queryflow.domain.flow.template import Output, Template
from queryflow.domain.ids import PersonId, TemplateId
from queryflow.schema.templates import (
    query_flow_templates,
    template_chart_configs,
    template_outputs,
    template_parameters,
    template_versions,
)


@dataclass(frozen=True, slots=True)
class StoredTemplate:
    """The newest version of a template, with what its row adds."""

    id: UUID
    template: Template
    created_at: datetime
    updated_at: datetime
    learnt: tuple[Output, ...] | None = None
    """Its outputs as a run told them, where the text does not."""

    @property
    def shown(self) -> Template:
        """The template with all that is known of its outputs."""
        return self.template if self.learnt is None else self.template.model_copy(update={"outputs": self.learnt})


async def find_template(
    connection: AsyncConnection, template_id: TemplateId, *, lock: bool = False
) -> StoredTemplate | None:
    """The newest version of the template, if it is in use; `lock` keeps other writers out.

    The row is locked before it is read: one that is joined to its version while another writer makes a newer one is
    lost, because the version that was found is not the row's any more.
    """
    named = query_flow_templates.c.template_id == template_id
    if lock:
        await connection.execute(select(query_flow_templates.c.id).where(named).with_for_update(key_share=True))
    row = (await connection.execute(_newest().where(named))).one_or_none()
    return None if row is None else _stored(row)


async def list_templates(connection: AsyncConnection, request: PageRequest) -> list[StoredTemplate]:
    """Templates in the order of their ids, one more than asked for if there are more."""
    query = _newest().order_by(query_flow_templates.c.template_id).limit(request.limit + 1)
    if request.after is not None:
        query = query.where(query_flow_templates.c.template_id > request.after)
    return [_stored(row) for row in await connection.execute(query)]


async def newest_versions(connection: AsyncConnection, template_ids: Collection[TemplateId]) -> dict[TemplateId, int]:
    """The newest version of each of the templates that exist."""
    row, kept = query_flow_templates.c, template_versions.c
    is_kept = (kept.template_id == row.template_id) & (kept.version == row.version)
    query = select(row.template_id, row.version).join(template_versions, is_kept)
    found = await connection.execute(query.where(row.is_active, row.template_id.in_(template_ids)))
    return {each.template_id: each.version for each in found}


async def highest_version(connection: AsyncConnection, template_id: TemplateId) -> int:
    """The highest number of its versions, in use or not; 0 if it has none."""
    table = template_versions.c
    query = select(func.coalesce(func.max(table.version), 0)).where(table.template_id == template_id)
    found: int = (await connection.execute(query)).scalar_one()
    return found


async def read_versions(connection: AsyncConnection, pins: Collection[Pin]) -> dict[Pin, Template]:
    """Those of the template versions that exist."""
    table = template_versions.c
    query = select(table.template_id, table.version, table.document)
    query = query.where(tuple_(table.template_id, table.version).in_(pins))
    return {
        (row.template_id, row.version): _template(row.document, row.version) for row in await connection.execute(query)
    }


async def find_version_by_hash(connection: AsyncConnection, template_id: TemplateId, content: str) -> int | None:
    """The newest version of the template that has this content, if one has."""
    table = template_versions.c
    query = select(table.version).where(table.template_id == template_id, table.hash == content)
    return (await connection.execute(query.order_by(table.version.desc()).limit(1))).scalar_one_or_none()


async def insert_template(connection: AsyncConnection, template: Template, person: PersonId) -> bool:
    """Make the template's row, without its version; False if that id is taken."""
    statement = _insert_row(template, person)
    return (await connection.execute(statement)).scalar_one_or_none() is not None


async def insert_version(connection: AsyncConnection, template: Template, content: str, person: PersonId) -> None:
    """Append the version; nothing ever changes it."""
    await connection.execute(
        insert(template_versions).values(
            template_id=template.template_id,
            version=template.version,
            document=template.document(),
            hash=content,
            created_by=person,
        )
    )


async def show_version(connection: AsyncConnection, template: Template, now: datetime) -> None:
    """Make the version the one that the template's row, parameters and charts show; it is in use from now on."""
    values = {**_columns(template), "is_active": True, "updated_at": now}
    table = query_flow_templates
    changed = update(table).where(table.c.template_id == template.template_id).values(values).returning(table.c.id)
    identifier = (await connection.execute(changed)).scalar_one()
    for parts, rows in ((template_parameters, _parameters(template)), (template_chart_configs, _charts(template))):
        await connection.execute(delete(parts).where(parts.c.template_id == identifier))
        if rows:
            await connection.execute(insert(parts), [{**row, "template_id": identifier} for row in rows])


def _newest() -> Select[Any]:
    row, version = query_flow_templates, template_versions
    joined = row.join(version, (version.c.template_id == row.c.template_id) & (version.c.version == row.c.version))
    told = template_outputs
    is_told = (told.c.template_id == version.c.template_id) & (told.c.version == version.c.version)
    joined = joined.join(told, is_told, isouter=True)
    columns = (row.c.id, row.c.version, row.c.created_at, row.c.updated_at, version.c.document, told.c.outputs)
    return select(*columns).select_from(joined).where(row.c.is_active)


def _stored(row: Row[Any]) -> StoredTemplate:
    learnt = None if row.outputs is None else tuple(map(Output.model_validate, row.outputs))
    return StoredTemplate(row.id, _template(row.document, row.version), row.created_at, row.updated_at, learnt)


def _template(document: Mapping[str, Any], version: int) -> Template:
    return Template.model_validate({**document, "version": version})


def _insert_row(template: Template, person: PersonId) -> Any:
    values = {**_columns(template), "template_id": template.template_id, "created_by": person}
    statement = insert_unless(query_flow_templates).values(values).on_conflict_do_nothing()
    return statement.returning(query_flow_templates.c.id)


def _columns(template: Template) -> dict[str, Any]:
    return {
        "name": template.name,
        "description": template.description,
        "category": template.category,
        "sql_template": template.sql,
        "version": template.version,
        "tags": list(template.tags),
        "metadata": {
            "dialect": template.dialect.value,
            "outputs": [output.model_dump(mode="json") for output in template.outputs],
        },
    }


def _parameters(template: Template) -> list[dict[str, Any]]:
    return [
        {
            "parameter_name": parameter.name,
            "display_name": parameter.label,
            "parameter_type": parameter.type.value,
            "required": parameter.required,
            "default_value": parameter.default,
            "validation_rules": parameter.rules.model_dump(mode="json", exclude_none=True),
            "ui_config": {"help": parameter.help},
            "order_index": at,
        }
        for at, parameter in enumerate(template.parameters)
    ]


def _charts(template: Template) -> list[dict[str, Any]]:
    return [
        {
            "chart_name": chart.name,
            "chart_type": chart.type,
            "chart_config": chart.config,
            "data_mapping": chart.mapping,
            "is_default": chart.is_default,
        }
        for chart in template.charts
    ]
