"""AMC's SQL runs on DuckDB: every shipped template, every translated function, and only the window's rows."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from queryflow.domain.errors import Invalid
from queryflow.domain.flow.kinds import column_kind
from queryflow.domain.flow.template import Dialect, Template
from queryflow.domain.flow.template_file import read_template
from queryflow.domain.values.parameters import Parameter, ParameterType
from queryflow.sql.amc.amc_functions import MACROS
from queryflow.sql.amc.amc_on_duckdb import amc_problems, setup_statements
from queryflow.sql.amc.amc_schema import amc_schema
from queryflow.sql.checks.outputs import infer_outputs
from queryflow.sql.checks.template_problems import template_problems
from queryflow.sql.notation import DUCKDB_SQL
from queryflow.sql.writing.render import render
from queryflow_cli.system.library import template_texts
from tests.unit.sql.making import DUCKDB, WINDOW, amc, codes

SHIPPED = [each for each in map(read_template, template_texts()) if each.dialect is Dialect.AMC]
VALUES: dict[ParameterType, Any] = {
    ParameterType.INTEGER: 5,
    ParameterType.NUMBER: 5,
    ParameterType.CAMPAIGN_LIST: ["0012", "it's"],
    ParameterType.ASIN_LIST: ["B000000001"],
    ParameterType.STRING_LIST: ["dsp"],
}


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """A Parquet file without rows for every table of AMC, by the table's name."""
    folder = tmp_path_factory.mktemp("amc")
    with duckdb.connect() as connection:
        for table, columns in amc_schema().items():
            nulls = ", ".join(f'CAST(NULL AS {_word(word)}) AS "{name}"' for name, word in columns.items())
            connection.execute(f"COPY (SELECT {nulls} WHERE FALSE) TO '{folder / table}.parquet'")
    return {table: f"read_parquet('{folder / table}.parquet')" for table in amc_schema()}


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    """A DuckDB of its own."""
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        yield connection


def _word(amc_word: str) -> str:
    if amc_word.startswith("ARRAY"):
        return "BIGINT[]"
    return "DECIMAL(38, 4)" if amc_word.startswith("DECIMAL") else amc_word


def _value(parameter: Parameter) -> Any:
    return VALUES[parameter.type]


def run(
    connection: duckdb.DuckDBPyConnection, subject: Template, tables: dict[str, str], **values: Any
) -> duckdb.DuckDBPyConnection:
    """What the template yields where these files are its tables."""
    for statement in setup_statements(subject, tables, WINDOW):
        connection.execute(statement)
    return connection.execute(render(subject, values, WINDOW, DUCKDB_SQL))


def test_there_are_seventeen_templates() -> None:
    assert len(SHIPPED) == 17


@pytest.mark.parametrize("shipped", SHIPPED, ids=lambda each: each.template_id)
def test_every_shipped_template_runs_and_yields_what_it_declares(
    shipped: Template, tables: dict[str, str], connection: duckdb.DuckDBPyConnection
) -> None:
    assert template_problems(shipped) == []
    result = run(connection, shipped, tables, **{each.name: _value(each) for each in shipped.parameters})
    yielded = [(str(name), column_kind(str(word))) for name, word, *_ in result.description or ()]
    declared = [(each.name, column_kind(each.type or "LIST")) for each in shipped.outputs]
    assert yielded == declared


@pytest.mark.parametrize("shipped", SHIPPED, ids=lambda each: each.template_id)
def test_outputs_are_inferred_as_their_authors_declared_them(shipped: Template) -> None:
    inferred = infer_outputs(shipped)
    assert [each.name for each in inferred] == [each.name for each in shipped.outputs]
    pairs = {(mine.type, theirs.type) for mine, theirs in zip(inferred, shipped.outputs, strict=True)}
    assert {(mine, theirs) for mine, theirs in pairs if mine != theirs} <= {("LONG", "INTEGER")}


def events(folder: Path) -> dict[str, str]:
    """Events a day apart around the window, by their day of January."""
    file = folder / "conversions.parquet"
    days = "SELECT TIMESTAMP '2026-01-01' + to_days(d) AS event_dt_utc, d FROM range(-3, 40) days(d)"
    DUCKDB.execute(f"COPY ({days}) TO '{file}'")
    return {"Conversions": f"read_parquet('{file}')"}


@pytest.mark.parametrize(
    ("relation", "first", "last"),
    [
        ("conversions", 0, 30),
        ("TABLE(EXTEND_TIME_WINDOW('conversions', 'P2D', 'P1D'))", -2, 31),
        ("TABLE(EXTEND_TIME_WINDOW('Conversions', 'P1W', 'PT0S')) AS c", -3, 30),
        ("EXTEND_TIME_WINDOW('conversions', 'P0D', 'P1M1DT24H') c", 0, 32 + 28),
    ],
)
def test_a_table_shows_its_window_unless_it_is_extended(
    tmp_path: Path, connection: duckdb.DuckDBPyConnection, relation: str, first: int, last: int
) -> None:
    subject = amc(f"SELECT MIN(d) AS first, MAX(d) AS last FROM {relation} WHERE d IS NOT NULL")
    assert run(connection, subject, events(tmp_path)).fetchall() == [(first, min(last, 39))]


def test_an_extended_table_keeps_its_name_and_joins(tmp_path: Path, connection: duckdb.DuckDBPyConnection) -> None:
    subject = amc(
        "SELECT COUNT(conversions.d) AS n FROM TABLE(EXTEND_TIME_WINDOW('conversions', 'P1D', 'P0D'))"
        " JOIN conversions AS inside ON inside.d = conversions.d + 1"
    )
    assert run(connection, subject, events(tmp_path)).fetchall() == [(31,)]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("SECONDS_BETWEEN(TIMESTAMP '2026-01-01', TIMESTAMP '2026-01-02')", 86_400),
        ("NVL(NULL, 5) + IFNULL(NULL, 1) + NVL2(NULL, 1, 2)", 8),
        ("CHARINDEX('a', 'banana') * 100 + LOCATE('a', 'banana', 3) * 10 + CHARINDEX('x', 'banana', 2)", 240),
        ("REGEXP_SUBSTR('abc', 'b.')", "bc"),
        ("COALESCE(REGEXP_SUBSTR('abc', 'x'), 'none')", "none"),
        ("REGEXP_SPLIT('a1b', '[0-9]')", ["a", "b"]),
        ("STR_TO_MAP('a=1,b=2', ',', '=')", {"a": "1", "b": "2"}),
        ("ROUND(E(), 3)", 2.718),
        ("ARRAY_COMPLEMENT([1, 2, 3], [2])", [1, 3]),
        ("ARRAY_REMOVE([1, NULL, 2], 1)", [None, 2]),
        ("ARRAY_SORT(ARRAY_UNION([1, 2], [2, 3]))", [1, 2, 3]),
        ("CONTAINED_IN(1, [1, 2])", True),
        ("CONTAINED_IN('b', 'a', CONCAT('b', '')) AND NOT CONTAINED_IN(3, 1, 2) AND CONTAINED_IN('a', 'a')", True),
        ("GREATEST(1, 2, NULL) IS NULL AND LEAST(NULL, 1) IS NULL AND LEAST(3, GREATEST(1, 2)) = 2", True),
        ("GREATEST(DATE '2026-01-02', CAST(NULL AS DATE))", None),
        ("ARRAY_DISTINCT(['b', 'a', 'b', 'c', 'a'])", ["b", "a", "c"]),
        ("ARRAY_UNION([3, 1], [2, 3, 0])", [3, 1, 2, 0]),
        ("REGEXP_REPLACE('banana', 'a', 'o')", "bonono"),
        ("REGEXP_REPLACE('ab-cd', '([a-z])([a-z])', '$2$1')", "ba-dc"),
        ("FROM_VARBINARY(TO_VARBINARY('grün'))", "grün"),
        ("LENGTH(UUID())", 36),
        ("HASH64('a') = HASH64('a') AND HASH64('a') <> HASH64('b') AND HASH64('a') < 0", True),
        ("DATE_DIFF(DATE '2026-01-01', DATE '2026-01-31', DAY)", 30),
        ("DATE_DIFF('day', DATE '2026-01-01', DATE '2026-01-31')", 30),
        ("FORMAT(TIMESTAMP '2026-01-04 03:05:06', 'yyyy-MM-dd''T''HH:mm:ss EEE 100%')", "2026-01-04T03:05:06 Sun 100%"),
        ("CAST(CONVERT_TIME_ZONE_FROM_UTC(TIMESTAMP '2026-07-01', 'Europe/Berlin') AS STRING)", "2026-07-01 02:00:00"),
        ("CAST(EPOCH_TO_UTC_TIMESTAMP(1700000000) AS STRING)", "2023-11-14 22:13:20"),
        ("CAST(EPOCH_TO_UTC_TIMESTAMP(1700000000000) AS STRING)", "2023-11-14 22:13:20"),
        ("DAYOFWEEK(DATE '2026-01-04')", 1),
        ("CARDINALITY(COLLECT(DISTINCT x))", 2),
        ("NAMED_ROW('order', 1, 'row', NAMED_ROW('name', CONCAT('a', ',')))", {"order": 1, "row": {"name": "a,"}}),
        ("PERCENTILE(x, 0.5)", 1.5),
        ("APPROX_PERCENTILE(x, 0.99)", 2),
        ("CAST('today' AS DATE) >= DATE '2026-01-01' AND CAST('now' AS TIMESTAMP) > TIMESTAMP '2026-01-01'", True),
        ("BUILT_IN_PARAMETER('TIME_WINDOW_START') < BUILT_IN_PARAMETER('TIME_WINDOW_END')", True),
        ("CAST(BUILT_IN_PARAMETER('TIME_WINDOW_END') AS STRING)", "2026-02-01 00:00:00"),
        ("JSON_SERIALIZE(JSON_EXTRACT('{\"a\": 1}', '$.a'))", "1"),
        ("'COLLECT(x) NVL'", "COLLECT(x) NVL"),
    ],
)
def test_functions_of_amc_mean_what_amazon_says(
    connection: duckdb.DuckDBPyConnection, expression: str, expected: Any
) -> None:
    subject = amc(f"SELECT {expression} AS answer FROM (VALUES (1), (2)) AS t(x) HAVING COUNT(*) = 2")
    assert run(connection, subject, {}).fetchall() == [(expected,)]


def test_a_list_becomes_rows(connection: duckdb.DuckDBPyConnection) -> None:
    assert run(connection, amc("SELECT EXPLODE([1, 2]) AS x"), {}).fetchall() == [(1,), (2,)]


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("WITH collect(x) AS (SELECT 1) SELECT x FROM collect", [(1,)]),
        ("WITH a(x) AS (SELECT 1), nvl(y) AS (SELECT 2) SELECT x + y FROM a JOIN nvl ON TRUE", [(3,)]),
        ("SELECT x FROM (SELECT 5) AS collect(x)", [(5,)]),
        ("SELECT at, s.at + 1 AS AT FROM (SELECT 1 AS at) AS s GROUP BY at", [(1, 2)]),
        ("SELECT CAST(TIMESTAMP '2026-01-01' AT TIME ZONE 'UTC' AS STRING) AS at", [("2026-01-01 00:00:00+00",)]),
    ],
)
def test_names_are_left_alone(connection: duckdb.DuckDBPyConnection, sql: str, expected: Any) -> None:
    assert run(connection, amc(sql), {}).fetchall() == expected


def test_a_pattern_of_format_that_is_not_known_is_said_before_it_runs() -> None:
    assert codes(amc_problems("SELECT FORMAT(x, '#,##0.00') AS x FROM t")) == ["AMC_FORMAT"]
    assert codes(amc_problems("SELECT FORMAT(x, p) AS x FROM t")) == ["AMC_FORMAT"]


def test_only_what_the_query_mentions_is_set_up(tables: dict[str, str]) -> None:
    statements = setup_statements(
        amc("SELECT SECONDS_BETWEEN(a, b) AS s FROM dsp_clicks -- conversions"), tables, WINDOW
    )
    assert [each.split()[:3] for each in statements if each.startswith("CREATE")] == [
        ["CREATE", "SCHEMA", "all_time"],
        ["CREATE", "VIEW", 'all_time."dsp_clicks"'],
        ["CREATE", "VIEW", '"dsp_clicks"'],
        ["CREATE", "MACRO", "SECONDS_BETWEEN(a,"],
    ]
    assert len(MACROS) > 10


@pytest.mark.parametrize(
    "call",
    [
        "EXTEND_TIME_WINDOW('t', 'P1D')",
        "EXTEND_TIME_WINDOW('t', 'a day', 'P1D')",
        "EXTEND_TIME_WINDOW(t, 'P1D', 'P1D')",
        "EXTEND_TIME_WINDOW(lower('t'), 'P1D', 'P1D')",
    ],
)
def test_a_window_that_cannot_be_extended_is_said_before_it_runs(call: str) -> None:
    sql = f"SELECT 1 AS x FROM TABLE({call})"
    assert codes(amc_problems(sql)) == ["BAD_TIME_WINDOW"]
    with pytest.raises(Invalid):
        render(amc(sql), {}, WINDOW, DUCKDB_SQL)
