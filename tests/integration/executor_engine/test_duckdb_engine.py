"""Nodes on DuckDB over a folder of files."""

from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from executor.engines.duckdb.engine import DuckDBEngine
from executor.engines.port import EngineFailure, Produced
from queryflow.domain.flow.template import Dialect, Template
from queryflow.domain.states import ErrorKind
from queryflow.domain.values.parameters import Parameter, ParameterType, Rules, Values
from queryflow.sandbox.sandbox import Sandbox
from queryflow.sql.writing.lists import RegisteredList
from tests.integration.executor_engine.conftest import work

IDS = Parameter(name="ids", type=ParameterType.STRING_LIST, rules=Rules())


def template(sql: str, *parameters: Parameter, dialect: Dialect = Dialect.DUCKDB) -> Template:
    return Template(template_id="a_template", name="A template", dialect=dialect, sql=sql, parameters=parameters)


def rows(produced: Produced) -> list[tuple[object, ...]]:
    assert produced.file is not None
    return duckdb.connect().execute("FROM read_parquet(?)", [str(produced.file)]).fetchall()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A CSV file, a Parquet file, a folder of Parquet files, names that are no words, and what is no table."""
    made = tmp_path / "data"
    (made / "parts").mkdir(parents=True)
    (made / "people.csv").write_text("id,name\n007,Ada\n008,Bob\n")
    (made / "odd [name]*.csv").write_text("a\n1\n")
    (made / "notes.txt").write_text("no table")
    for number in (1, 2):
        duckdb.connect().execute(f"COPY (SELECT {number} AS part) TO ?", [str(made / "parts" / f"{number}.parquet")])
    visits = "SELECT * FROM (VALUES (TIMESTAMP '2026-10-31 23:59:59'), (TIMESTAMP '2026-11-01')) v(impression_dt_utc)"
    duckdb.connect().execute(f"COPY ({visits}) TO ?", [str(made / "dsp_impressions.parquet")])
    return made


async def test_files_and_folders_are_tables(sandbox: Sandbox, directory: Path, folder: Path) -> None:
    sql = """SELECT id, name, part, a FROM people, parts, "odd [name]*" ORDER BY id, part"""
    produced = await DuckDBEngine(sandbox).run(work(template(sql), directory, folder=folder))
    assert rows(produced) == [("007", "Ada", 1, 1), ("007", "Ada", 2, 1), ("008", "Bob", 1, 1), ("008", "Bob", 2, 1)]
    assert produced.rows == 4
    assert [(each.name, each.type) for each in produced.columns][:2] == [("id", "VARCHAR"), ("name", "VARCHAR")]
    assert produced.sql == sql


@pytest.mark.parametrize(("file", "sql"), [('dou"ble.csv', 'FROM "dou""ble"'), ("Twin.csv", 'FROM "TWIN"')])
async def test_names_are_found_as_sql_writes_them(
    sandbox: Sandbox, directory: Path, folder: Path, file: str, sql: str
) -> None:
    (folder / file).write_text("a\n1\n")
    assert rows(await DuckDBEngine(sandbox).run(work(template(f"SELECT a {sql}"), directory, folder=folder))) == [(1,)]


async def test_amc_sees_only_the_window(sandbox: Sandbox, directory: Path, folder: Path) -> None:
    amc = template("SELECT COUNT(*) AS n FROM dsp_impressions", dialect=Dialect.AMC)
    assert rows(await DuckDBEngine(sandbox).run(work(amc, directory, folder=folder))) == [(1,)]


LIST_QUERIES = [
    "SELECT name FROM people WHERE id IN ({{ids}}) ORDER BY 1",
    "SELECT name FROM people WHERE list_contains({{ids}}, id) ORDER BY 1",
    "SELECT name FROM people JOIN UNNEST({{ids}}) AS u(v) ON v = id ORDER BY 1",
    "WITH list_ids AS (SELECT 'x' AS value) SELECT name FROM people WHERE id IN ({{ids}}) ORDER BY 1",
    "SELECT unnest(list_transform({{ids}}, lambda each: CASE each WHEN '007' THEN 'Ada' ELSE 'Bob' END)) AS name",
]


@pytest.mark.parametrize("sql", LIST_QUERIES)
async def test_a_list_means_the_same_written_out_and_as_a_file(
    sandbox: Sandbox, directory: Path, folder: Path, sql: str
) -> None:
    file = directory / "ids.parquet"
    duckdb.connect().execute("COPY (SELECT '00' || i AS value FROM range(7, 9) t(i)) TO ?", [str(file)])
    values = (["007", "008"], RegisteredList("ids", ParameterType.STRING_LIST, 2))
    for value, lists in zip(values, ({}, {"ids": file}), strict=True):
        body = replace(work(template(sql, IDS), directory, folder=folder, values={"ids": value}), lists=lists)
        assert rows(await DuckDBEngine(sandbox).run(body)) == [("Ada",), ("Bob",)]


async def test_a_pivot_over_a_list_is_one_query(sandbox: Sandbox, directory: Path, folder: Path) -> None:
    pivot = template("SELECT * FROM (PIVOT people ON id IN ({{ids}}) USING any_value(name)) AS p", IDS)
    produced = await DuckDBEngine(sandbox).run(work(pivot, directory, folder=folder, values={"ids": ["008", "009"]}))
    assert [each.name for each in produced.columns] == ["008", "009"]


@pytest.mark.parametrize(
    ("sql", "kind", "sentence"),
    [
        (
            "SELECT * FROM nowhere",
            ErrorKind.MISSING,
            "The engine connection sample has the tables dsp_impressions, odd [name]*, parts, people.",
        ),
        ("SELECT nothing FROM people", ErrorKind.VALIDATION, 'Referenced column "nothing" not found'),
        ("DROP VIEW people", ErrorKind.VALIDATION, "exactly one SELECT"),
        ("SELECT * FROM people WHERE id = {{ids}}", ErrorKind.VALIDATION, "ids"),
        (
            "SELECT * FROM people WHERE length(id) IN ({{ids}})",
            ErrorKind.VALIDATION,
            "ids is a string_list, so its items are compared as VARCHAR; cast the column to that, or declare",
        ),
        ("SELECT * FROM read_text('/etc/passwd'), people", ErrorKind.FORBIDDEN, "disabled by configuration"),
    ],
)
async def test_failures_say_what_the_author_can_mend(
    sandbox: Sandbox, directory: Path, folder: Path, sql: str, kind: ErrorKind, sentence: str
) -> None:
    declared = () if "id = " in sql else (IDS,) * ("{{ids}}" in sql)
    values: Values = {each.name: ["7"] for each in declared}
    body = work(template(sql, *declared), directory, folder=folder, values=values)
    with pytest.raises(EngineFailure) as failed:
        await DuckDBEngine(sandbox).run(body)
    assert failed.value.kind is kind
    assert sentence in failed.value.message


async def test_a_folder_that_is_not_there_is_missing(sandbox: Sandbox, directory: Path, tmp_path: Path) -> None:
    with pytest.raises(EngineFailure, match="cannot be read") as failed:
        await DuckDBEngine(sandbox).run(work(template("SELECT 1"), directory, folder=tmp_path / "gone"))
    assert failed.value.kind is ErrorKind.MISSING
