"""Turns a node's bindings into values: one worker of the sandbox reads the parents' results for all of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from executor.attempt.results import fetch_result
from executor.engines.port import EngineFailure
from executor.model.stored_result import StoredResult
from queryflow.domain.errors import Invalid
from queryflow.domain.flow.bindings import EmptyDecision, empty_decision
from queryflow.domain.flow.flow import Binding
from queryflow.domain.flow.semantics import NEWEST, Semantics
from queryflow.domain.states import ErrorKind
from queryflow.domain.values.numbers import LARGEST_INTEGER, SMALLEST_INTEGER
from queryflow.domain.values.parameters import Parameter, ParameterType, Values
from queryflow.objects.port import ObjectStore
from queryflow.sandbox.jobs.job import INPUTS, Answer, Job, JobFailed, Query
from queryflow.sandbox.sandbox import Sandbox
from queryflow.sql.writing.binding_query import SOURCE, Given, binding_query
from queryflow.sql.writing.lists import RegisteredList

FIRST_ITEMS = 20
"""So many items of a long list are kept with the node's row."""
INLINE_ITEMS = 1_000
"""Of a list of more items only the count and the first items are kept with the row. Where its engine says nothing else
(`written_items`), it stays a file, too."""


@dataclass(frozen=True, slots=True)
class BoundInput:
    """A parameter, the binding that feeds it, and the result it reads; None where a tolerated source has none."""

    parameter: Parameter
    binding: Binding
    source: StoredResult | None


@dataclass(frozen=True, slots=True)
class BindingRequest:
    """All bindings of one node, and where and how long they may be worked on."""

    inputs: tuple[BoundInput, ...]
    flow_values: Values
    directory: Path
    """The attempt's own directory: fetched results and long lists are put here."""
    deadline: timedelta
    semantics: Semantics = NEWEST
    inline_items: int = INLINE_ITEMS
    """Longer lists stay files."""


@dataclass(frozen=True, slots=True)
class Resolved:
    """What the bindings yielded. Empty inputs are in neither mapping: `emptied` says what follows from them."""

    values: Values
    lists: Mapping[str, Path]
    """The Parquet file of every RegisteredList in `values`, by parameter."""
    emptied: EmptyDecision
    firsts: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    """The first items of every RegisteredList, by parameter."""
    elements: Mapping[str, str] = field(default_factory=dict)
    """DuckDB's word for the type of each item of a list of numbers that is in `values`, by parameter."""


async def resolve_inputs(sandbox: Sandbox, objects: ObjectStore, request: BindingRequest) -> Resolved:
    """The values of a node's bindings; EngineFailure names the parameter that could not be had.

    Too many items, nulls that were to fail, a value without an exact cast, many rows for one value: VALIDATION.
    """
    reading = [each for each in request.inputs if each.source is not None]
    answers = await _answers(sandbox, objects, request, reading) if reading else ()
    values: Values = {}
    lists: dict[str, Path] = {}
    for each, answer in zip(reading, answers, strict=True):
        _refuse_excess(each, answer)
        if answer.row_count:
            values[each.parameter.name] = _value(each.parameter, answer, lists, request.inline_items)
    empty = [each for each in request.inputs if each.parameter.name not in values]
    emptied = empty_decision((each.parameter, each.binding.on_empty) for each in empty)
    return Resolved(values, lists, emptied, _firsts(values, reading, answers), _elements(reading, answers))


def _elements(reading: Sequence[BoundInput], answers: Sequence[Answer]) -> dict[str, str]:
    return {
        each.parameter.name: answer.columns[0][1]
        for each, answer in zip(reading, answers, strict=True)
        if each.parameter.type is ParameterType.NUMBER_LIST and answer.row_count
    }


def _firsts(values: Values, reading: Sequence[BoundInput], answers: Sequence[Answer]) -> dict[str, tuple[Any, ...]]:
    return {
        each.parameter.name: tuple(_held(value) for (value,) in answer.rows[:FIRST_ITEMS])
        for each, answer in zip(reading, answers, strict=True)
        if isinstance(values.get(each.parameter.name), RegisteredList)
    }


async def _answers(
    sandbox: Sandbox, objects: ObjectStore, request: BindingRequest, reading: list[BoundInput]
) -> tuple[Answer, ...]:
    sources = {each.source.key: each.source for each in reading if each.source is not None}
    names = {key: f"sources/{number}.parquet" for number, key in enumerate(sources)}
    inputs = {names[key]: await _fetched(objects, source, request.directory) for key, source in sources.items()}
    queries = tuple(_query(number, each, names, request) for number, each in enumerate(reading))
    try:
        return await sandbox.run(Job(queries, request.directory, request.deadline, inputs))
    except JobFailed as failure:
        named = "" if failure.query is None else f"{reading[failure.query].parameter.name}: "
        raise EngineFailure(failure.kind, named + _sentence(failure.message)) from failure


def _sentence(message: str) -> str:
    """What a binding's query said, without the engine's word for it and without the query, which nobody wrote."""
    return message.partition("\n\nLINE ")[0].removeprefix("Invalid Input Error: ")


async def _fetched(objects: ObjectStore, source: StoredResult, directory: Path) -> Path:
    return await fetch_result(objects, source, directory / f"source-{source.sha256}.parquet")


def _query(number: int, each: BoundInput, names: Mapping[str, str], request: BindingRequest) -> Query:
    """The binding's query over its source. A list goes to a file, and comes back too where it is short."""
    source = each.source
    if source is None:
        raise ValueError("an input without a source has no query")
    columns = [(column.name, column.type) for column in source.columns]
    try:
        sql = binding_query(each.binding, each.parameter, Given(columns, request.flow_values, request.semantics))
    except Invalid as error:
        raise EngineFailure(ErrorKind.VALIDATION, f"{each.parameter.name}: {error.message}") from error
    view = f"CREATE OR REPLACE VIEW {SOURCE} AS FROM read_parquet('{INPUTS}/{names[source.key]}')"
    if each.parameter.type.is_list:
        declared = each.parameter.model_dump(mode="json")
        return Query(sql, (view,), file=f"list-{number}.parquet", rows=request.inline_items, items_of=declared)
    return Query(sql, (view,), rows=2)


def _refuse_excess(each: BoundInput, answer: Answer) -> None:
    name, most = each.parameter.name, each.binding.max_items
    if most is not None and answer.row_count > most:
        raise EngineFailure(ErrorKind.VALIDATION, f"{name}: the binding yields more than max_items ({most}).")
    if not each.parameter.type.is_list and answer.row_count > 1:
        message = f"{name}: {each.binding.column} has more than one row, and {name} takes one value; choose a reduce."
        raise EngineFailure(ErrorKind.VALIDATION, message)


def _value(parameter: Parameter, answer: Answer, lists: dict[str, Path], inline_items: int) -> Any:
    if not parameter.type.is_list:
        return _held(answer.rows[0][0])
    if answer.file is None or answer.items is None or answer.row_count <= inline_items:
        return [_held(value) for (value,) in answer.rows]
    lists[parameter.name] = answer.file.path
    checked = answer.items
    return RegisteredList(parameter.name, parameter.type, answer.row_count, checked.only_nulls, checked.findings)


def _held(value: Any) -> Any:
    """As parameters hold it: timestamps of a result have no zone and are UTC, a sum beyond 64 bits is a decimal."""
    if isinstance(value, datetime) and value.tzinfo is None:
        return value.replace(tzinfo=UTC)
    if isinstance(value, int) and not SMALLEST_INTEGER <= value <= LARGEST_INTEGER:
        return Decimal(value)
    return value
