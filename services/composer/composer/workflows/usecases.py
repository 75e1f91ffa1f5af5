"""Saving, reading, running and retiring saved single queries."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, JsonValue, model_validator

from composer.access.transaction import Transaction
from composer.executions.accepting import Start, Subject, earlier_execution
from composer.queries.usecases import LONGEST_SQL, SingleQueryRequest, judge, refuse_text, run, template_version
from composer.repository import workflows as repository
from composer.repository.executions import ExecutionRecord
from composer.repository.schedules import has_active_schedule
from composer.repository.templates import find_template
from composer.repository.workflows import WorkflowRecord
from composer.rules.bounds import LONGEST_DESCRIPTION, LONGEST_NAME
from composer.rules.paging import Page, PageRequest, cut_page
from composer.rules.preconditions import Precondition
from composer.rules.single_queries import SingleQuery, declare, key_of, redeclare, text_template
from composer.rules.stored_keys import without_keys
from composer.rules.triggers import Trigger
from queryflow.domain.errors import Conflict, Invalid, NotFound, Problem
from queryflow.domain.flow.flow import Window
from queryflow.domain.flow.template import Dialect, Template
from queryflow.domain.ids import TemplateId, WorkflowId

STORED_KEYS = frozenset({"id", "created_at", "updated_at", "problems"})
"""What answers add to a workflow."""


class WorkflowDocument(BaseModel):
    """A saved single query: a template or a text of SQL, with values and the engine connection it runs on."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(min_length=1, max_length=255)
    description: str | None = Field(default=None, max_length=LONGEST_DESCRIPTION)
    template_id: TemplateId | None = Field(default=None, max_length=100)
    """The template it runs; or `sql`."""
    template_version: int | None = Field(default=None, ge=1, lt=2**31)
    """None takes the newest when it is saved."""
    sql: str | None = Field(default=None, min_length=1, max_length=LONGEST_SQL)
    dialect: Dialect | None = None
    """What `sql` is written in; duckdb if it does not say."""
    parameters: dict[str, JsonValue] = Field(default_factory=dict)
    """Values by parameter; of `sql` a value, or `{"type", "value"}`."""
    connection: str | None = Field(default=None, max_length=LONGEST_NAME)
    window: Window | None = None

    @model_validator(mode="before")
    @classmethod
    def _without_stored(cls, document: object) -> object:
        return without_keys(document, STORED_KEYS)

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if (self.template_id is None) == (self.sql is None):
            raise ValueError("a workflow runs either a template (template_id) or a text (sql)")
        if self.sql is None and self.dialect is not None:
            raise ValueError("a template has its own dialect; leave dialect out")
        if self.template_id is None and self.template_version is not None:
            raise ValueError("a text has no versions; leave template_version out")
        return self


class WorkflowRunRequest(SingleQueryRequest):
    """How to run a saved query: with its own values and engine connection, unless others are named."""


@dataclass(frozen=True, slots=True)
class StoredWorkflow:
    """A saved query, and what is wrong with it where somebody looked."""

    record: WorkflowRecord
    problems: list[Problem] | None = None


async def list_workflows(transaction: Transaction, request: PageRequest) -> Page[WorkflowRecord]:
    """Saved queries in use, in the order of their ids."""
    rows = await repository.list_workflows(transaction.connection, request)
    return cut_page(rows, request.limit, key=lambda row: str(row.id))


async def read_workflow(transaction: Transaction, workflow: WorkflowId, *, lock: bool = False) -> WorkflowRecord:
    """The saved query; NotFound if there is none in use."""
    found = await repository.find_workflow(transaction.connection, workflow, lock=lock)
    if found is None:
        raise NotFound(f"There is no workflow {workflow}.")
    return found


async def create_workflow(transaction: Transaction, document: WorkflowDocument) -> StoredWorkflow:
    """Store a new one; 422 only for what cannot be stored, the rest is listed."""
    values = await _columns(transaction, document)
    record = await repository.insert_workflow(transaction.connection, values, transaction.person)
    return StoredWorkflow(record, await _problems(transaction, record))


async def replace_workflow(
    transaction: Transaction, workflow: WorkflowId, document: WorkflowDocument, precondition: Precondition
) -> StoredWorkflow:
    """Replace it, if it is as expected; its executions stay what they were."""
    precondition.demand((await read_workflow(transaction, workflow, lock=True)).revision)
    values = await _columns(transaction, document)
    record = await repository.change_workflow(transaction.connection, workflow, values, transaction.now)
    return StoredWorkflow(record, await _problems(transaction, record))


async def delete_workflow(transaction: Transaction, workflow: WorkflowId, precondition: Precondition) -> None:
    """Take it out of use; Conflict while a schedule runs it. Its executions stay."""
    precondition.demand((await read_workflow(transaction, workflow, lock=True)).revision)
    if await has_active_schedule(transaction.connection, workflow=workflow):
        message = "Active schedules run this workflow; switch them off or delete them first."
        raise Conflict(message, code="HAS_ACTIVE_SCHEDULES")
    await repository.change_workflow(transaction.connection, workflow, {"is_active": False}, transaction.now)


async def run_workflow(transaction: Transaction, workflow: WorkflowId, trigger: Trigger) -> ExecutionRecord:
    """Run it with the request's values before its own; a repeated request finds the execution it started before."""
    record = await read_workflow(transaction, workflow)
    start = Start.of(transaction, Subject(key_of(record.id), workflow=record.id), trigger)
    if (earlier := await earlier_execution(transaction, start)) is not None:
        return earlier
    query, values = await _as_query(transaction, record, trigger.request.parameters)
    query = replace(query, connection=trigger.request.connection or record.connection)
    return await run(transaction, start, query, values)


async def workflow_problems(
    transaction: Transaction, record: WorkflowRecord, given: Mapping[str, JsonValue]
) -> list[Problem]:
    """Everything that forbids running it with these values before its own."""
    try:
        query, values = await _as_query(transaction, record, given)
    except Invalid as refused:
        return list(refused.problems)
    return await judge(transaction, query, values)


async def _as_query(
    transaction: Transaction, record: WorkflowRecord, given: Mapping[str, JsonValue]
) -> tuple[SingleQuery, Mapping[str, JsonValue]]:
    if record.sql is not None:
        return await _as_text(record, record.sql, given)
    template = await _template(transaction, record)
    key = key_of(record.id)
    return SingleQuery(key, record.name, template, record.connection, record.window), {**record.parameters, **given}


async def _as_text(
    record: WorkflowRecord, sql: str, given: Mapping[str, JsonValue]
) -> tuple[SingleQuery, Mapping[str, JsonValue]]:
    declared = declare(redeclare(record.parameters, given))
    template = text_template(key_of(record.id), sql, record.dialect or Dialect.DUCKDB, declared.parameters)
    await refuse_text(template, declared.problems)
    return SingleQuery(key_of(record.id), record.name, template, record.connection, record.window), declared.values


async def _template(transaction: Transaction, record: WorkflowRecord) -> Template:
    stored = await find_template(transaction.connection, TemplateId(record.template_id or ""))
    if stored is None:
        message = f"There is no template {record.template_id} any more."
        raise Invalid(message, [Problem("UNKNOWN_TEMPLATE", "template_id", message)])
    return await template_version(transaction, stored.template, record.template_version)


async def _columns(transaction: Transaction, document: WorkflowDocument) -> dict[str, Any]:
    """The row of the document; Invalid if the tables cannot hold it."""
    version = document.template_version
    if document.template_id is not None:
        stored = await find_template(transaction.connection, document.template_id)
        if stored is None:
            message = f"There is no template {document.template_id}; save it first."
            raise Invalid(message, [Problem("UNKNOWN_TEMPLATE", "template_id", message)])
        version = (await template_version(transaction, stored.template, version)).version
    window = document.window
    return {
        "name": document.name,
        "description": document.description,
        "template_id": document.template_id,
        "template_version": version,
        "sql_query": document.sql,
        "dialect": None if document.sql is None else (document.dialect or Dialect.DUCKDB).value,
        "parameters": document.parameters,
        "engine_connection": document.connection,
        "default_window": None if window is None else window.model_dump(mode="json", exclude_defaults=True),
    }


async def _problems(transaction: Transaction, record: WorkflowRecord) -> list[Problem]:
    return await workflow_problems(transaction, record, {})
