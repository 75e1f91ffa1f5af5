"""Running a single template or SQL text, on the path of every execution."""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from composer.access.transaction import Transaction
from composer.compositions.checking import refuse_errors
from composer.executions.accepting import Chosen, Start, Subject, earlier_execution, prepare_values, store
from composer.repository.engine_connections import read_engine_connections
from composer.repository.executions import ExecutionRecord
from composer.repository.templates import find_template, read_versions
from composer.rules.execution_requests import ExecutionRequest, LogicalDate, Prepared
from composer.rules.freezing import Frozen, freeze
from composer.rules.single_queries import (
    NODE,
    SingleQuery,
    declare,
    key_of,
    key_of_text,
    text_template,
    told,
    without_missing,
)
from composer.rules.triggers import Trigger, api_trigger
from queryflow.domain.errors import NotFound, Problem, Severity
from queryflow.domain.flow.flow import Flow, Window
from queryflow.domain.flow.template import Dialect, Template
from queryflow.domain.flow.validation import Surroundings
from queryflow.domain.ids import TemplateId
from queryflow.engines.catalogue import dialects
from queryflow.sql.checks.flow_problems import flow_problems
from queryflow.sql.checks.template_problems import template_problems

UNUSED = "UNUSED_PARAMETER"
LONGEST_SQL = 262_144


class SingleQueryRequest(BaseModel):
    """With which values, on which engine connection and as of which day to run a single query."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    parameters: dict[str, JsonValue] = Field(default_factory=dict)
    connection: str | None = None
    """The engine connection to run on."""
    logical_date: LogicalDate = None

    @property
    def execution_request(self) -> ExecutionRequest:
        """The request as that of any execution."""
        request = ExecutionRequest(parameters=self.parameters, connection=self.connection)
        return request.model_copy(update={"logical_date": self.logical_date})


class RunRequest(SingleQueryRequest):
    """How to run a single query; a template without values and window needs nothing but the engine connection."""

    window: Window | None = None
    """The dates to ask for; none is the last 30 days in UTC."""

    def trigger(self, idempotency_key: str | None) -> Trigger:
        """The trigger of a request for this."""
        apart = {"parameters", "connection", "logical_date"}
        return api_trigger(self.execution_request, idempotency_key, self.model_dump(mode="json", exclude=apart))


class TemplateRunRequest(RunRequest):
    """How to run a template by itself: its newest version, or the one that is named."""

    version: int | None = Field(default=None, ge=1, lt=2**31)


class QueryRequest(RunRequest):
    """A text of SQL to run once: `{{name}}` stands for a value, which is bound and never spliced in.

    A parameter is a value, whose type is that of the JSON, or `{"type": "date", "value": "2026-11-22"}`.
    """

    sql: str = Field(min_length=1, max_length=LONGEST_SQL)
    dialect: Dialect = Dialect.DUCKDB


@dataclass(frozen=True, slots=True)
class Judged:
    """A query that is ready to be stored as an execution, if no problem forbids it."""

    frozen: Frozen
    prepared: Prepared
    problems: list[Problem]


async def run_template(
    transaction: Transaction, template_id: TemplateId, request: TemplateRunRequest, trigger: Trigger
) -> ExecutionRecord:
    """Run the template alone; a repeated request finds the execution it started before."""
    stored = await find_template(transaction.connection, template_id)
    if stored is None:
        raise NotFound(f"There is no template {template_id}.")
    start = Start.of(transaction, Subject(key_of(stored.id)), trigger)
    if (earlier := await earlier_execution(transaction, start)) is not None:
        return earlier
    template = await template_version(transaction, stored.template, request.version)
    query = SingleQuery(start.subject.key, template.name, template, request.connection, request.window)
    return await run(transaction, start, query, request.parameters)


async def run_text(transaction: Transaction, request: QueryRequest, trigger: Trigger) -> ExecutionRecord:
    """Run the text once; a repeated request finds the execution it started before."""
    start = Start.of(transaction, Subject(key_of_text(request.sql, request.dialect)), trigger)
    if (earlier := await earlier_execution(transaction, start)) is not None:
        return earlier
    declared = declare(request.parameters)
    template = text_template(start.subject.key, request.sql, request.dialect, declared.parameters)
    await refuse_text(template, declared.problems)
    query = SingleQuery(start.subject.key, template.name, template, request.connection, request.window)
    return await run(transaction, start, query, declared.values)


async def run(
    transaction: Transaction, start: Start, query: SingleQuery, values: Mapping[str, JsonValue]
) -> ExecutionRecord:
    """Start the query with these values; Invalid with every problem if it cannot run."""
    judged = await _judge(transaction, query, values, start.trigger.request.logical_date)
    refuse_errors("The query cannot run as it is.", judged.problems)
    return await store(transaction, start, judged.frozen, judged.prepared)


async def judge(transaction: Transaction, query: SingleQuery, values: Mapping[str, JsonValue]) -> list[Problem]:
    """Everything that is wrong with the query and these values."""
    return (await _judge(transaction, query, values, None)).problems


async def _judge(
    transaction: Transaction, query: SingleQuery, values: Mapping[str, JsonValue], logical_date: date | None
) -> Judged:
    flow, templates = query.flow, {query.template.template_id: query.template}
    connections = await read_engine_connections(transaction.connection)
    engines = {name: record.frozen for name, record in connections.items()}
    around = Surroundings(templates, engines, dialects())
    problems = [*without_missing(await asyncio.to_thread(flow_problems, flow, around))]
    chosen = Chosen(freeze(_with_sound_window(flow, problems), templates, engines), connections)
    request = ExecutionRequest(node_parameters={NODE: dict(values)}).model_copy(update={"logical_date": logical_date})
    prepared, wrong = await prepare_values(transaction, chosen, request)
    return Judged(chosen.frozen, prepared, told([*problems, *wrong]))


def _with_sound_window(flow: Flow, problems: Iterable[Problem]) -> Flow:
    """The flow, without a window that is wrong: then it does not run, and its values are judged all the same."""
    wrong = any(problem.path.split(".")[0] == "window" for problem in problems)
    return flow.model_copy(update={"window": None}) if wrong else flow


async def template_version(transaction: Transaction, newest: Template, version: int | None) -> Template:
    """That version of the template, None being the newest; NotFound if it has none of that number."""
    if version is None or version == newest.version:
        return newest
    pin = (newest.template_id, version)
    found = (await read_versions(transaction.connection, [pin])).get(pin)
    if found is None:
        raise NotFound(f"The template {newest.template_id} has no version {version}.", code="VERSION_NOT_FOUND")
    return found


async def refuse_text(template: Template, declared: tuple[Problem, ...]) -> None:
    """Raise Invalid with everything that is wrong with the text and how its parameters were given.

    The placeholder of a parameter that was given wrongly is not unknown. A value that the text does not use is a
    mistake here, as one that a template does not declare: most often its name is misspelt.
    """
    found = await asyncio.to_thread(template_problems, template)
    problems = [replace(each, severity=Severity.ERROR) if each.code == UNUSED else each for each in found]
    if declared:
        problems = [each for each in problems if each.code != "UNKNOWN_PLACEHOLDER"]
    refuse_errors("The SQL cannot run as it is.", [*declared, *problems])
