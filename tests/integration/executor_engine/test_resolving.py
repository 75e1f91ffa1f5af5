"""Bindings over results that are in the object store."""

import errno
import json
import os
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest.mock import AsyncMock

import duckdb
import pytest

from executor.attempt.node_values import typed
from executor.attempt.resolving import BindingRequest, BoundInput, Resolved, resolve_inputs
from executor.attempt.results import fetch_result, store_result
from executor.engines.duckdb.engine import DuckDBEngine
from executor.engines.port import EngineFailure, Produced, ResultColumn
from executor.model.stored_result import StoredResult, described
from queryflow.domain.flow.bindings import EmptyAction
from queryflow.domain.flow.flow import Binding, Nulls, OnEmpty, Reduce
from queryflow.domain.flow.template import Dialect, Template
from queryflow.domain.ids import TemplateId
from queryflow.domain.states import ErrorKind
from queryflow.domain.values.parameters import Parameter, ParameterType
from queryflow.objects.folder import FolderObjects
from queryflow.sandbox.sandbox import Sandbox
from queryflow.sql.writing.lists import RegisteredList
from tests.integration.executor_engine.conftest import work

KEY = "results/1/2/1-1.parquet"
TOP = """SELECT * FROM (VALUES ('007', 9007199254740993, 3.5), ('008', 2, 1.5), (NULL, 3, 9.5), ('007', 4, 2.5))
         v(id, number, sales)"""


async def stored(objects: FolderObjects, directory: Path, sql: str = TOP, key: str = KEY) -> StoredResult:
    """A result in the store."""
    file = directory / "made.parquet"
    duckdb.connect().execute(f"COPY ({sql}) TO ? (FORMAT parquet)", [str(file)])
    described = duckdb.connect().execute(f"DESCRIBE {sql}").fetchall()
    columns = tuple(ResultColumn(name, type_) for name, type_, *_ in described)
    [(rows,)] = duckdb.connect().execute(f"SELECT count(*) FROM ({sql})").fetchall()
    return await store_result(objects, Produced(file, rows, columns, sql), key)


def bound(source: StoredResult | None, parameter: str, type_: ParameterType, **options: Any) -> BoundInput:
    """A binding of one parameter."""
    return BoundInput(Parameter(name=parameter, type=type_), Binding(**options), source)


async def resolved(
    sandbox: Sandbox, objects: FolderObjects, directory: Path, *inputs: BoundInput, inline_items: int = 1_000
) -> Resolved:
    body = BindingRequest(inputs, {"least": 2}, directory, timedelta(seconds=60), inline_items=inline_items)
    return await resolve_inputs(sandbox, objects, body)


async def test_all_bindings_of_a_node_are_had_in_one_child(
    sandbox: Sandbox, objects: FolderObjects, directory: Path
) -> None:
    top = await stored(objects, directory)
    other = await stored(objects, directory, "SELECT DATE '2026-11-22' AS day", "results/1/3/1-1.parquet")
    found = await resolved(
        sandbox,
        objects,
        directory,
        bound(top, "ids", ParameterType.STRING_LIST, column="id", order_by=["sales desc"]),
        bound(top, "numbers", ParameterType.INTEGER_LIST, column="number", where="number > {{least}}"),
        bound(top, "most", ParameterType.INTEGER, column="number", reduce=Reduce.MAX),
        bound(other, "days", ParameterType.DATE_LIST, column="day"),
    )
    assert found.values["ids"] == ["007", "008"]
    assert found.values["numbers"] == [3, 4, 9007199254740993]
    assert found.values["most"] == 9007199254740993
    assert [day.isoformat() for day in found.values["days"]] == ["2026-11-22"]
    assert (found.emptied.action, found.lists) == (EmptyAction.CONTINUE, {})


async def test_a_long_list_stays_a_file(sandbox: Sandbox, objects: FolderObjects, directory: Path) -> None:
    many = await stored(objects, directory, "SELECT printf('%07d', i) AS id FROM range(5000) t(i)")
    body = bound(many, "ids", ParameterType.STRING_LIST, column="id")
    found = await resolved(sandbox, objects, directory, body)
    assert found.values["ids"] == RegisteredList("ids", ParameterType.STRING_LIST, 5000)
    [(count, least)] = (
        duckdb.connect()
        .execute("SELECT count(*), min(value) FROM read_parquet(?)", [str(found.lists["ids"])])
        .fetchall()
    )
    assert (count, least) == (5000, "0000000")
    assert found.firsts["ids"][:2] == ("0000000", "0000001")


@pytest.mark.parametrize("inline_items", [1_000, 1])
async def test_a_list_of_decimals_keeps_their_type_whatever_its_length(
    sandbox: Sandbox, objects: FolderObjects, directory: Path, inline_items: int
) -> None:
    prices = "SELECT CAST(i AS DECIMAL(18, 2)) * CAST(0.5 AS DECIMAL(2, 1)) AS price FROM range(3) t(i)"
    source = await stored(objects, directory, prices)
    body = bound(source, "prices", ParameterType.NUMBER_LIST, column="price")
    found = await resolved(sandbox, objects, directory, body, inline_items=inline_items)
    subject = Template(
        template_id=TemplateId("t"),
        name="t",
        dialect=Dialect.DUCKDB,
        sql="SELECT typeof({{prices}}) AS type",
        parameters=(body.parameter,),
    )
    run = work(subject, directory, values=typed(found.values, found.elements))
    produced = await DuckDBEngine(sandbox).run(replace(run, lists=found.lists))
    assert duckdb.connect().execute("FROM read_parquet(?)", [str(produced.file)]).fetchall() == [("DECIMAL(18,3)[]",)]


@pytest.mark.parametrize(
    ("options", "type_", "sentence"),
    [
        ({"column": "number", "max_items": 2}, ParameterType.INTEGER_LIST, "more than max_items"),
        ({"column": "id", "nulls": Nulls.FAIL}, ParameterType.STRING_LIST, "null"),
        ({"column": "number", "reduce": Reduce.ONLY}, ParameterType.INTEGER, "more than one row"),
        ({"column": "number"}, ParameterType.INTEGER, "more than one row"),
        ({"column": "gone"}, ParameterType.STRING_LIST, "gone"),
        ({"column": "id", "cast": "date"}, ParameterType.DATE_LIST, "Cannot cast"),
    ],
)
async def test_a_binding_that_cannot_be_had_names_its_parameter(
    sandbox: Sandbox,
    objects: FolderObjects,
    directory: Path,
    options: dict[str, Any],
    type_: ParameterType,
    sentence: str,
) -> None:
    top = await stored(objects, directory)
    with pytest.raises(EngineFailure, match=sentence) as failed:
        await resolved(sandbox, objects, directory, bound(top, "wanted", type_, **options))
    assert failed.value.kind is ErrorKind.VALIDATION
    assert failed.value.message.startswith("wanted: ")


@pytest.mark.parametrize(
    ("sql", "type_", "shown"),
    [
        ("DATE 'infinity'", ParameterType.DATE_LIST, "infinity"),
        ("DATE '10000-01-01'", ParameterType.TIMESTAMP, "10000-01-01"),
        ("TIMESTAMP_NS '2026-11-22 01:02:03.123456789'", ParameterType.TIMESTAMP, "03.123456789"),
    ],
)
async def test_a_time_that_no_parameter_holds_is_refused(
    sandbox: Sandbox, objects: FolderObjects, directory: Path, sql: str, type_: ParameterType, shown: str
) -> None:
    source = await stored(objects, directory, f"SELECT {sql} AS at_")
    with pytest.raises(EngineFailure, match=rf"^wanted: at_ has .*{shown}, .* cast it") as failed:
        await resolved(sandbox, objects, directory, bound(source, "wanted", type_, column="at_"))
    assert failed.value.kind is ErrorKind.VALIDATION


@pytest.mark.parametrize(
    ("on_empty", "action"),
    [
        (OnEmpty.SKIP, EmptyAction.SKIP),
        (OnEmpty.FAIL, EmptyAction.FAIL),
        (OnEmpty.MATCH_NOTHING, EmptyAction.CONTINUE),
    ],
)
async def test_nothing_left_and_no_source_are_empty(
    sandbox: Sandbox, objects: FolderObjects, directory: Path, on_empty: OnEmpty, action: EmptyAction
) -> None:
    top = await stored(objects, directory, f"FROM ({TOP}) WHERE false")
    for source in (top, None):
        body = bound(source, "ids", ParameterType.STRING_LIST, column="id", on_empty=on_empty)
        found = await resolved(sandbox, objects, directory, body)
        assert (found.values, found.emptied.action) == ({}, action)


async def test_what_was_stored_is_what_is_fetched(objects: FolderObjects, directory: Path) -> None:
    result = await stored(objects, directory)
    manifest = json.loads(await objects.read(KEY.removesuffix(".parquet") + ".json"))
    assert described(KEY, manifest) == result
    assert (result.rows, [column.name for column in result.columns]) == (4, ["id", "number", "sales"])
    file = await fetch_result(objects, result, directory / "fetched.parquet")
    assert len(duckdb.connect().execute("FROM read_parquet(?)", [str(file)]).fetchall()) == 4


@pytest.mark.parametrize(
    ("number", "error"), [(errno.EROFS, EngineFailure), (errno.EACCES, EngineFailure), (errno.ENOSPC, OSError)]
)
async def test_a_store_that_refuses_for_good_is_told_from_a_full_one(
    objects: FolderObjects, directory: Path, monkeypatch: pytest.MonkeyPatch, number: int, error: type[Exception]
) -> None:
    monkeypatch.setattr(FolderObjects, "put_file", AsyncMock(side_effect=OSError(number, os.strerror(number))))
    with pytest.raises(error, match=os.strerror(number)) as failed:
        await stored(objects, directory)
    if isinstance(failed.value, EngineFailure):
        assert failed.value.kind is ErrorKind.FORBIDDEN


async def test_a_damaged_or_lost_result_is_not_used(objects: FolderObjects, directory: Path) -> None:
    result = await stored(objects, directory)
    with pytest.raises(EngineFailure, match="not what was stored"):
        await fetch_result(objects, replace(result, sha256="0" * 64), directory / "fetched.parquet")
    await objects.delete(KEY)
    with pytest.raises(EngineFailure, match="not in the object store"):
        await fetch_result(objects, result, directory / "fetched.parquet")


@pytest.mark.parametrize(("number", "error"), [(errno.EACCES, EngineFailure), (errno.EIO, OSError)])
async def test_a_result_that_may_not_be_read_is_told_from_a_sick_disk(
    objects: FolderObjects, directory: Path, monkeypatch: pytest.MonkeyPatch, number: int, error: type[Exception]
) -> None:
    result = await stored(objects, directory)
    monkeypatch.setattr(FolderObjects, "fetch", AsyncMock(side_effect=OSError(number, os.strerror(number))))
    with pytest.raises(error, match=os.strerror(number)):
        await fetch_result(objects, result, directory / "fetched.parquet")
