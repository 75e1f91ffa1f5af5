"""A list means the same whatever its length: each shape of query at 1, 1,000, 1,001 and 100,000 items."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from queryflow.domain.errors import Invalid
from queryflow.domain.flow.template import Template
from queryflow.domain.values.parameters import ParameterType
from queryflow.sql.checks.template_problems import template_problems
from queryflow.sql.notation import DUCKDB_SQL
from queryflow.sql.writing.lists import RegisteredList, WrittenList, list_schema, list_statements
from queryflow.sql.writing.render import render
from tests.unit.sql.making import WINDOW, template

SIZES = (1, 1_000, 1_001, 100_000)
WRITTEN_UP_TO = 1_000
MAKE: dict[ParameterType, tuple[Callable[[int], Any], str, str]] = {
    ParameterType.STRING_LIST: (lambda i: f"it's {i}", "'it''s ' || i", "VARCHAR"),
    ParameterType.INTEGER_LIST: (lambda i: i, "i", "BIGINT"),
    ParameterType.NUMBER_LIST: (lambda i: Decimal(i) / 4, "CAST(i AS DECIMAL(18, 2)) / 4", "DECIMAL(18,2)"),
    ParameterType.DATE_LIST: (
        lambda i: date(2000, 1, 1) + timedelta(i % 50_000),
        "DATE '2000-01-01' + CAST(i % 50000 AS INTEGER)",
        "DATE",
    ),
}
SAME_TYPE = [
    ("SELECT k FROM t WHERE x IN ({{ids}})", "SELECT k FROM t WHERE x IN (FROM l)"),
    ("SELECT k FROM t WHERE x NOT IN ({{ids}})", "SELECT k FROM t WHERE x NOT IN (FROM l)"),
    ("SELECT k, x IN ({{ids}}) AS found FROM t", "SELECT k, x IN (FROM l) FROM t"),
    ("SELECT k FROM t WHERE x = ANY({{ids}})", "SELECT k FROM t WHERE x IN (FROM l)"),
    ("SELECT k FROM t WHERE x <> ALL ({{ids}})", "SELECT k FROM t WHERE x NOT IN (FROM l)"),
    ("SELECT k FROM t WHERE list_contains({{ids}}, x)", "SELECT k FROM t WHERE x IN (FROM l)"),
    ("SELECT k FROM t WHERE NOT array_has({{ids}}, x)", "SELECT k FROM t WHERE x NOT IN (FROM l)"),
    ("SELECT k, list_has({{ids}}, x) AS f FROM t", "SELECT k, x IN (FROM l) FROM t"),
    ("SELECT k FROM t WHERE list_contains({{ids}}, x) OR len({{ids}}) = 0", "SELECT k FROM t WHERE x IN (FROM l)"),
    ("SELECT k, v FROM t JOIN UNNEST({{ids}}) AS u(v) ON v = x", "SELECT k, v FROM t JOIN l ON v = x"),
    ("SELECT k, v FROM t JOIN UNNEST({{ids}}) u(v) ON v = x", "SELECT k, v FROM t JOIN l ON v = x"),
    ("SELECT k FROM t, UNNEST({{ids}}) AS u(v) WHERE v = x", "SELECT k FROM t JOIN l ON v = x"),
    ("SELECT count(*) AS n FROM UNNEST({{ids}})", "SELECT count(*) FROM l"),
    ("SELECT count(u.unnest) AS n FROM UNNEST({{ids}}) u", "SELECT count(*) FROM l"),
    ("SELECT count(*) AS n FROM (SELECT UNNEST({{ids}}) AS v)", "SELECT count(*) FROM l"),
    (
        "SELECT min(o) AS a, max(o) AS b, arg_min(v, o) AS c FROM UNNEST({{ids}}) WITH ORDINALITY AS u(v, o)",
        "SELECT 1, count(*), arg_min(v, rowid) FROM l",
    ),
    ("SELECT len({{ids}}) AS n, length({{ids}}) AS m", "SELECT count(*), count(*) FROM l"),
    ("SELECT {{ids}}[1] AS first, {{ids}}[-1] AS last", "SELECT arg_min(v, rowid), arg_max(v, rowid) FROM l"),
    ("SELECT typeof({{ids}}) AS type, {{ids}} IS NULL AS none", "SELECT any_value(typeof(v)) || '[]', false FROM l"),
    (
        "SELECT len(list_distinct({{ids}} || {{ids}})) AS n, len(list_sort({{ids}})) AS m",
        "SELECT count(DISTINCT v), count(*) FROM l",
    ),
    (
        "SELECT list_filter([x], lambda e: list_contains({{ids}}, e)) AS kept FROM t",
        "SELECT CASE WHEN x IN (FROM l) THEN [x] ELSE [] END FROM t",
    ),
    (
        "SELECT [e for e in [x] if list_contains({{ids}}, e)] AS kept FROM t",
        "SELECT CASE WHEN x IN (FROM l) THEN [x] ELSE [] END FROM t",
    ),
    (
        "SELECT len(list_filter({{ids}}, lambda e: e IS NOT NULL)) AS n",
        "SELECT count(*) FROM l",
    ),
    (
        "SELECT k, CASE WHEN x IN ({{ids}}) THEN 1 ELSE 0 END AS c FROM t",
        "SELECT k, CASE WHEN x IN (FROM l) THEN 1 ELSE 0 END FROM t",
    ),
    (
        "SELECT count(*) FILTER (x IN ({{ids}})) AS a, sum(k) FILTER (WHERE x NOT IN ({{ids}})) AS b FROM t",
        "SELECT count(*) FILTER (x IN (FROM l)), sum(k) FILTER (WHERE x NOT IN (FROM l)) FROM t",
    ),
    (
        "SELECT x IN ({{ids}}) AS f, count(*) AS n FROM t GROUP BY x IN ({{ids}}) HAVING count(*) > 0",
        "SELECT x IN (FROM l) AS f, count(*) FROM t GROUP BY f",
    ),
    (
        "SELECT k FROM t WHERE (SELECT max(u.k) FROM t AS u WHERE u.k <= t.k AND u.x IN ({{ids}})) = k",
        "SELECT k FROM t WHERE x IN (FROM l)",
    ),
    (
        "SELECT k FROM t WHERE EXISTS (SELECT 1 FROM t AS u WHERE u.k = t.k AND t.x IN ({{ids}}))",
        "SELECT k FROM t WHERE x IN (FROM l)",
    ),
    (
        "SELECT a.k, b.k AS other FROM t AS a LEFT JOIN t AS b ON a.k = b.k AND b.x IN ({{ids}})",
        "SELECT k, CASE WHEN x IN (FROM l) THEN k END FROM t",
    ),
    (
        "SELECT k, count(*) OVER (PARTITION BY x IN ({{ids}})) AS n FROM t QUALIFY row_number() OVER (ORDER BY k) < 9",
        "SELECT k, count(*) OVER (PARTITION BY x IN (FROM l)) FROM t",
    ),
    ("SELECT v FROM (VALUES (len({{ids}}))) AS w(v)", "SELECT count(*) FROM l"),
    ("WITH w AS (SELECT k FROM t WHERE x IN ({{ids}})) SELECT k FROM w", "SELECT k FROM t WHERE x IN (FROM l)"),
    (
        "WITH ids AS (SELECT 1 AS value), list_ids AS (SELECT 2 AS value) SELECT k FROM t WHERE x IN ({{ids}})",
        "SELECT k FROM t WHERE x IN (FROM l)",
    ),
    (
        "WITH lists AS (SELECT {'ids': 1} AS s) SELECT k FROM t, lists WHERE x IN ({{ids}}) AND lists.s.ids = 1",
        "SELECT k FROM t WHERE x IN (FROM l)",
    ),
    (
        "SELECT k FROM t EXCEPT SELECT k FROM t WHERE x IN ({{ids}})",
        "SELECT k FROM t WHERE (x IN (FROM l)) IS NOT TRUE",
    ),
    ("SELECT count(*) AS n FROM range(len({{ids}}))", "SELECT count(*) FROM l"),
]


@dataclass(frozen=True)
class Rig:
    """A DuckDB with the table `t`, whose x is of the list's type, and `l`, the list as a table."""

    connection: duckdb.DuckDBPyConnection
    type: ParameterType
    size: int
    file: Path

    @property
    def value(self) -> Any:
        """The list as the executor has it at that length."""
        make, _, element = MAKE[self.type]
        if self.size > WRITTEN_UP_TO:
            return RegisteredList("ids", self.type, self.size)
        values = [make(i) for i in range(self.size)]
        return WrittenList(values, element) if self.type is ParameterType.NUMBER_LIST else values

    def run(self, subject: Template) -> Any:
        """The rows, or the sentence of the refusal."""
        try:
            return _rows(self, subject, self.value, self.file)
        except duckdb.Error as error:
            return str(error).splitlines()[0]


@pytest.fixture(scope="module", params=[(type_, size) for type_ in MAKE for size in SIZES], ids=str)
def rig(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    """A rig of each type and size."""
    type_, size = request.param
    _, written, element = MAKE[type_]
    file = tmp_path_factory.mktemp("lists") / "ids.parquet"
    with duckdb.connect() as connection:
        connection.execute(f"CREATE TABLE l AS SELECT CAST({written} AS {element}) AS v FROM range({size}) n(i)")
        connection.execute("COPY (SELECT v AS value FROM l) TO ?", [str(file)])
        connection.execute(
            f"CREATE TABLE t AS SELECT i AS k, CAST({written} AS {element}) AS x"
            " FROM (VALUES (0), (500), (200000)) n(i) UNION ALL SELECT 7, NULL"
        )
        yield Rig(connection, type_, size, file)


@pytest.mark.parametrize(("sql", "reference"), SAME_TYPE)
def test_a_list_of_any_length_means_the_same(rig: Rig, sql: str, reference: str) -> None:
    subject = template(sql, ids=rig.type)
    assert template_problems(subject) == []
    assert rig.run(subject) == sorted(rig.connection.execute(reference).fetchall(), key=repr)


@pytest.mark.parametrize("search", ["x IN ({{ids}})", "x NOT IN ({{ids}})", "x = ANY({{ids}})", "list_has({{ids}}, x)"])
def test_a_column_of_another_type_is_refused_at_every_length(rig: Rig, search: str) -> None:
    """DuckDB would take the texts '1' and '2' for numbers where they are written one by one, and only there."""
    other = "k" if rig.type is ParameterType.STRING_LIST else "CAST(x AS VARCHAR)"
    subject = template(f"SELECT k FROM (SELECT k, {other} AS x FROM t) WHERE {search}", ids=rig.type)
    assert "an explicit cast is required" in rig.run(subject)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT list_filter([1], lambda e: e IN ({{ids}})) AS x",
        "SELECT list_filter([1], e -> e = ANY ({{ids}})) AS x",
        "SELECT [e for e in [1] if e NOT IN ({{ids}})] AS x",
        "SELECT list_reduce([1], lambda a, b: CASE WHEN a IN ({{ids}}) THEN b END) AS x",
    ],
)
def test_in_takes_no_list_inside_a_lambda_and_that_is_said_before_it_runs(sql: str) -> None:
    [problem] = template_problems(template(sql, ids=ParameterType.STRING_LIST))
    assert problem.code == "LIST_IN_LAMBDA"
    assert "(line 1, column " in problem.message


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT list_filter([1], lambda e: e > 0) AS x FROM t WHERE k IN ({{ids}})",
        "SELECT list_filter(CASE WHEN k IN ({{ids}}) THEN [1] END, lambda e: e > 0) AS x FROM t",
        "SELECT list_reduce([1], lambda a, b: a, CASE WHEN k IN ({{ids}}) THEN 1 END) AS x FROM t",
        "SELECT k FROM t WHERE (d -> '$.a') = '1' AND k IN ({{ids}})",
        "SELECT k FROM t WHERE (d -> '$.a' = '1' AND k IN ({{ids}}))",
        "SELECT {'a': k IN ({{ids}})} AS x FROM t",
    ],
)
def test_beside_a_lambda_a_list_is_taken(sql: str) -> None:
    assert template_problems(template(sql, ids=ParameterType.INTEGER_LIST)) == []


PIVOTS = ("PIVOT t ON k IN ({{ids}}) USING any_value(k)", "SELECT * FROM t PIVOT (any_value(k) FOR k IN ({{ids}}))")


@pytest.mark.parametrize("sql", PIVOTS)
def test_a_pivot_takes_so_many_values_and_refuses_more(rig: Rig, sql: str) -> None:
    sql = sql.replace("t ", "(SELECT x AS k FROM t WHERE k = 0) AS t ")
    subject = template(f"SELECT * FROM ({sql})" if sql.startswith("PIVOT") else sql, ids=rig.type)
    assert template_problems(subject) == []
    if rig.size > WRITTEN_UP_TO:
        with pytest.raises(Invalid, match=r"^ids: a PIVOT takes a list of 1 to 1,000 items"):
            rig.run(subject)
    else:
        [row] = rig.run(subject)
        first = MAKE[rig.type][0](0)
        assert (len(row), row[0]) == (rig.size, first)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT k FROM (SELECT * FROM (PIVOT t ON x IN ('a') USING sum(k))) AS p WHERE k IN ({{ids}})",
        "SELECT * FROM (PIVOT (SELECT * FROM t WHERE x IN ({{ids}})) ON x IN ('a') USING sum(k))",
        "SELECT k FROM (PIVOT t ON (x IN (SELECT max(x) FROM t WHERE x IN ({{ids}}))) USING sum(k))",
        "SELECT t.k FROM t PIVOT (sum(k) FOR x IN ('a')) AS p JOIN t ON t.x IN ({{ids}})",
    ],
)
def test_beside_the_values_of_a_pivot_a_list_is_rows(sql: str) -> None:
    rendered = render(template(sql, ids=ParameterType.STRING_LIST), {"ids": ["a"]}, WINDOW, DUCKDB_SQL)
    assert "IN (SELECT unnest(" in rendered


def test_the_schema_of_lists_does_not_occur_in_the_sql() -> None:
    assert list_schema("SELECT 1") == "lists"
    assert list_schema('SELECT "LISTS_"."ids" FROM lists') == "lists__"


def test_a_list_without_values_is_found_nowhere() -> None:
    subject = template("SELECT list_has({{ids}}, 'a') AS a, 'a' IN ({{ids}}) AS b", ids=ParameterType.STRING_LIST)
    with duckdb.connect() as connection:
        for value, found in (([], (False, False)), ([None], (False, None))):
            assert connection.execute(render(subject, {"ids": value}, WINDOW, DUCKDB_SQL)).fetchone() == found


ONLY_NULLS = [
    "SELECT k FROM t WHERE x IN ({{ids}})",
    "SELECT k FROM t WHERE (x IN ({{ids}})) IS NULL",
    "SELECT k, list_contains({{ids}}, x) AS f FROM t",
    "SELECT k FROM t WHERE NOT list_has({{ids}}, x)",
    "SELECT k, v FROM t LEFT JOIN UNNEST({{ids}}) AS u(v) ON v = x WHERE k = 7",
    "SELECT len({{ids}}) > 0 AS some, {{ids}}[1] AS first, typeof({{ids}}) AS type",
    "SELECT len(list_filter({{ids}}, lambda e: e IS NOT NULL)) AS n",
]


@pytest.mark.parametrize("sql", ONLY_NULLS)
def test_a_list_of_nulls_alone_means_the_same_at_every_length(rig: Rig, sql: str) -> None:
    subject, element = template(sql, ids=rig.type), MAKE[rig.type][2]
    file = rig.file.with_name("nulls.parquet")
    rig.connection.execute(f"COPY (SELECT CAST(NULL AS {element}) AS value FROM range({rig.size})) TO '{file}'")
    number = rig.type is ParameterType.NUMBER_LIST
    short = WrittenList([None], element) if number else [None]
    written = WrittenList([None] * rig.size, element) if number else [None] * rig.size
    long = rig.size > WRITTEN_UP_TO
    value = RegisteredList("ids", rig.type, rig.size, only_nulls=True) if long else written
    assert _rows(rig, subject, value, file) == _rows(rig, subject, short, file)


def _rows(rig: Rig, subject: Template, value: Any, file: Path) -> Any:
    sql = render(subject, {"ids": value}, WINDOW, DUCKDB_SQL)
    files = {"ids": (str(file), rig.type)} if isinstance(value, RegisteredList) else {}
    try:
        for statement in list_statements(subject.sql, sql, files):
            rig.connection.execute(statement)
        return sorted(rig.connection.execute(sql).fetchall(), key=repr)
    finally:
        rig.connection.execute(f"DROP SCHEMA IF EXISTS {list_schema(subject.sql)} CASCADE")
