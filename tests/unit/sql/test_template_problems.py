"""What keeps a template from being saved, what its SQL tells about empty lists, and which columns it proves."""

import time
from typing import Any

import pytest

from queryflow.domain.errors import Severity
from queryflow.domain.flow.template import Dialect, Output, Template
from queryflow.domain.values.parameters import ParameterType
from queryflow.sql.checks.outputs import MOST_PARTS, infer_outputs, yields_one_row
from queryflow.sql.checks.template_facts import template_facts
from queryflow.sql.checks.template_problems import template_problems
from queryflow.sql.reading.placeholders import Context, PlaceholderKind, placeholders_of
from queryflow.sql.reading.tokens import tokenize
from tests.unit.sql.making import amc, codes, template

LIST = {"c": ParameterType.STRING_LIST}


def test_placeholders_are_found_where_they_are_code() -> None:
    sql = """SELECT {{a}}, '{{b}}' -- {{c}}
        , CUSTOM_PARAMETER('d'), BUILT_IN_PARAMETER('TIME_WINDOW_END') /* {{e}} */
        FROM t WHERE x IN ( {{ f }} ) AND y LIKE {{g}} AND z = ANY({{order}}) AND { {h} } AND y ILIKE {{i}}"""
    found = placeholders_of(tokenize(sql, Dialect.AMC), Dialect.AMC)
    assert [(each.name, each.context, each.kind) for each in found] == [
        ("a", Context.VALUE, PlaceholderKind.BRACES),
        ("b", Context.TEXT, PlaceholderKind.BRACES),
        ("d", Context.VALUE, PlaceholderKind.CUSTOM),
        ("TIME_WINDOW_END", Context.VALUE, PlaceholderKind.BUILT_IN),
        ("f", Context.IN_LIST, PlaceholderKind.BRACES),
        ("g", Context.PATTERN, PlaceholderKind.BRACES),
        ("order", Context.QUANTIFIED, PlaceholderKind.BRACES),
        ("i", Context.PATTERN, PlaceholderKind.BRACES),
    ]
    assert [sql[each.start : each.end] for each in found[:3]] == ["{{a}}", "{{b}}'", "CUSTOM_PARAMETER('d')"]
    of_duckdb = placeholders_of(tokenize(sql, Dialect.DUCKDB), Dialect.DUCKDB)
    assert [each.name for each in of_duckdb] == ["a", "b", "f", "g", "order", "i"]


@pytest.mark.parametrize(
    ("sql", "types", "code", "place"),
    [
        ('SELECT "{{a}}" AS x', {"a": "string"}, "PLACEHOLDER_IN_QUOTES", "line 1, column 9"),
        ("SELECT E'{{a}}' AS x", {"a": "string"}, "PLACEHOLDER_IN_QUOTES", "line 1, column 10"),
        ("SELECT x'{{a}}' AS x", {"a": "string"}, "PLACEHOLDER_IN_QUOTES", "line 1, column 10"),
        ("SELECT 'it''s {{a}}' AS x", {"a": "string_list"}, "LIST_IN_QUOTES", "line 1, column 15"),
        ("SELECT $$\nit's {{a}}$$ AS x", {"a": "date_list"}, "LIST_IN_QUOTES", "line 2, column 6"),
        ("SELECT $a$ {{b}}$a$ AS x", {}, "UNKNOWN_PLACEHOLDER", "line 1, column 12"),
        ("SELECT '{{b}}' AS x", {}, "UNKNOWN_PLACEHOLDER", "or write {{{{b}}}} for the characters. (line 1, column 9)"),
        ("SELECT '{{a}}' AS x", {"a": "date_range"}, "WHICH_END", "line 1, column 9"),
        ("SELECT x LIKE '{{a}}' AS x FROM t", {"a": "pattern"}, "PATTERN_WITHOUT_LIKE", "line 1, column 16"),
        ("SELECT 1 AS x\nWHERE 1 = {{b}}", {}, "UNKNOWN_PLACEHOLDER", "line 2, column 11"),
        ("SELECT {{b}} AS x", {}, "UNKNOWN_PLACEHOLDER", "or give a single query its value. (line 1, column 8)"),
        ("SELECT {{1}} AS x", {}, "MALFORMED_PLACEHOLDER", "line 1, column 8"),
        ("SELECT {{a.middle}} AS x", {"a": "date_range"}, "MALFORMED_PLACEHOLDER", "line 1, column 8"),
        ("SELECT {{a}} AS x", {"a": "date_range"}, "WHICH_END", "line 1, column 8"),
        ("SELECT {{a.start}} AS x", {"a": "date"}, "NO_SUCH_PART", "line 1, column 8"),
        ("SELECT x = {{a}} AS x FROM t", {"a": "pattern"}, "PATTERN_WITHOUT_LIKE", "line 1, column 12"),
        ("SELECT x LIKE {{a}} ESCAPE '!' AS x FROM t", {"a": "pattern"}, "PATTERN_WITHOUT_LIKE", "line 1, column 15"),
        ("SELECT x IN (1, {{a}}) AS x FROM t", {"a": "integer_list"}, "LIST_NOT_ALONE", "line 1, column 17"),
        ("SELECT x IN {{a}} AS x FROM t", {"a": "integer_list"}, "LIST_NOT_ALONE", "line 1, column 13"),
        ("SELECT x\nFROM t\nWHERE x ==== 1", {}, "SQL_SYNTAX", "line 3"),
        ("SELECT x FROM t WHERE (x = 1", {}, "SQL_SYNTAX", "line 1"),
        ("SELECT 'x", {}, "UNREADABLE_SQL", ""),
        ("SELECT " + "(" * 500 + "1" + ")" * 500 + " AS x", {}, "SQL_TOO_DEEP", ""),
        ("SELECT x FROM t WHERE x IN (" + "1, " * 10_000 + "1) ", {}, "SQL_TOO_LONG", "20,010 words and signs"),
        ("SELECT 1 AS x; SELECT 2 AS x", {}, "NOT_A_QUERY", "2 statements"),
        ("-- nothing", {}, "NOT_A_QUERY", "There is no query here"),
        ("DELETE FROM t", {}, "NOT_A_QUERY", "not with DELETE. (line 1, column 1)"),
        ("\n SELEC x FROM t", {}, "NOT_A_QUERY", "begins with SELECT, WITH, FROM or VALUES, not with SELEC. (line 2"),
        ("SELECT {{leest}} AS x", {"least": "number"}, "UNKNOWN_PLACEHOLDER", "is not declared; did you mean least?"),
        ("WITH a AS (DELETE FROM t RETURNING *) SELECT x FROM a", {}, "NOT_A_QUERY", ""),
        ("SELECT 1 AS x INTO t", {}, "NOT_A_QUERY", ""),
        ("COPY t TO 'file'", {}, "NOT_A_QUERY", ""),
        ("EXPLAIN SELECT 1", {}, "NOT_A_QUERY", ""),
    ],
)
def test_what_cannot_run_is_refused_with_its_place(sql: str, types: dict[str, Any], code: str, place: str) -> None:
    subject = template(sql, types={name: ParameterType(kind) for name, kind in types.items()})
    first = next(each for each in template_problems(subject) if each.severity is Severity.ERROR)
    assert first.code == code
    assert place in first.message


@pytest.mark.parametrize(
    "subject",
    [
        amc("SELECT " + "NAMED_ROW(" * 9_000 + " AS x FROM t"),
        template("SELECT " + ", ".join(["{{c}}"] * 3_300) + " AS x FROM t", types=LIST),
    ],
)
def test_what_is_long_and_deep_is_judged_in_time_that_grows_with_its_length(subject: Template) -> None:
    began = time.process_time()
    template_problems(subject)
    assert time.process_time() - began < 2  # in time that grows as its square: 5 to 28 s


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 1 AS x;",
        "SELECT 1 AS x; -- the last {{word}}",
        "SELECT 1 AS x; /* one */ ; -- two",
        "FROM t SELECT x",
        "(SELECT 1 AS x) UNION ALL (SELECT 2 AS x)",
        "SELECT {'a': {'b': 1}} AS x",
        "VALUES (1)",
    ],
)
def test_every_form_of_a_query_is_taken(sql: str) -> None:
    assert template_problems(template(sql)) == []


def test_a_parameter_the_sql_does_not_use_is_a_warning() -> None:
    [problem] = template_problems(template("SELECT 1 AS x -- {{a}}", a=ParameterType.STRING))
    assert (problem.code, problem.severity, problem.path) == ("UNUSED_PARAMETER", Severity.WARNING, "parameters.a")


@pytest.mark.parametrize(
    ("sql", "code", "severity"),
    [
        ("SELECT SUM(a) AS a FROM t LIMIT 5", "AMC_LIMIT", Severity.ERROR),
        ("SELECT SUM(a) AS a FROM (SELECT a FROM t LIMIT 5) AS u", "AMC_LIMIT", Severity.ERROR),
        ("SELECT SUM(a) AS a FROM t RIGHT OUTER JOIN u USING (x)", "AMC_RIGHT_JOIN", Severity.ERROR),
        ("SELECT t.* FROM t", "AMC_SELECT_STAR", Severity.ERROR),
        ("SELECT SUM(a) AS a FROM t ORDER BY a", "AMC_ORDER_BY", Severity.WARNING),
        ("SELECT b || 'x' AS a FROM t", "AMC_CONCATENATION", Severity.WARNING),
        ("SELECT CUSTOM_PARAMETER(name) AS a FROM t", "MALFORMED_PLACEHOLDER", Severity.ERROR),
        ("SELECT BUILT_IN_PARAMETER('NOW') AS a FROM t", "UNKNOWN_BUILT_IN", Severity.ERROR),
    ],
)
def test_what_amc_refuses_is_said(sql: str, code: str, severity: Severity) -> None:
    assert [(each.code, each.severity) for each in template_problems(amc(sql))] == [(code, severity)]


def test_what_amc_takes_is_not_refused() -> None:
    sql = """WITH a AS (SELECT * FROM t)
        SELECT COUNT(*) * 2 AS n, RANK() OVER (ORDER BY b) AS r, RIGHT(c, 1) AS c FROM a GROUP BY b, c"""
    assert template_problems(amc(sql)) == []
    assert "AMC_LIMIT" not in codes(template_problems(template("SELECT 1 AS x LIMIT 1")))


@pytest.mark.parametrize(
    ("condition", "everything", "negated"),
    [
        ("ARRAY_CONTAINS({{c}}, x) OR {{c}} IS NULL OR CARDINALITY({{c}}) = 0", True, False),
        ("COALESCE(LEN({{c}}), 0) < 1 OR x IN ({{c}})", True, False),
        ("0 = LENGTH({{c}}) OR x = ANY({{c}})", True, False),
        ("x IN ({{c}})", False, False),
        ("CARDINALITY({{c}}) = 0 AND x = 1", False, False),
        ("CARDINALITY({{c}}) = 2 OR x = 1", False, False),
        ("x IN ({{c}}) AND y IS NOT NULL AND NOT z", False, False),
        ("x NOT IN ({{c}})", False, True),
        ("NOT ARRAY_CONTAINS({{c}}, x)", False, True),
        ("ARRAY_CONTAINS({{c}}, x) = FALSE", False, True),
        ("ARRAY_CONTAINS({{c}}, x) <> TRUE", False, True),
        ("NOT CONTAINED_IN(x, {{c}})", False, True),
        ("x <> ALL({{c}})", False, True),
        ("NOT EXISTS (SELECT 1 FROM u WHERE u.x IN ({{c}}))", False, True),
        ("x NOT IN (SELECT UNNEST({{c}}))", False, True),
        ("{{c}} IS NOT NULL AND x IN ({{c}})", False, False),
    ],
)
def test_what_an_empty_list_means_is_read_from_the_sql(condition: str, everything: bool, negated: bool) -> None:  # noqa: FBT001 (given by name)
    facts = template_facts(amc(f"SELECT SUM(x) AS s FROM t WHERE {condition}", types=LIST))
    assert facts.empty_means_everything == (frozenset({"c"}) if everything else frozenset())
    assert facts.negated == (frozenset({"c"}) if negated else frozenset())


SCHEMA = {"Sales": {"day": "DATE", "Amount": "DECIMAL(12,2)", "n": "INTEGER", "who": "VARCHAR"}}


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT who AS Who, COUNT(*) AS n FROM sales GROUP BY 1", [("Who", "VARCHAR"), ("n", "BIGINT")]),
        ("SELECT mystery(n) AS m, n + 1 AS p FROM sales", [("m", None), ("p", "INTEGER")]),
        ("SELECT * FROM sales", [("day", "DATE"), ("amount", "DECIMAL(12,2)"), ("n", "INTEGER"), ("who", "VARCHAR")]),
        ("SELECT {{c}} AS list, {{c}} IS NULL AS none FROM sales", [("list", "VARCHAR[]"), ("none", "BOOLEAN")]),
        ("WITH d AS (SELECT day FROM sales) SELECT day, x FROM d, elsewhere", [("day", "DATE"), ("x", None)]),
        ("SELECT n / 2 AS half FROM sales UNION ALL SELECT 1.5 AS other", [("half", "DOUBLE")]),
        ("SELECT COUNT(*) FROM sales", []),
        ("SELECT * FROM elsewhere", []),
        ("SELECT n, n AS N FROM sales", []),
        ("SELECT FROM", []),
        ("SELECT CAST(n AS " + "STRUCT(b " * 120 + "INT" + ")" * 120 + ") AS deep FROM sales", []),
    ],
)
def test_columns_are_inferred_only_where_they_are_certain(sql: str, expected: list[tuple[str, str | None]]) -> None:
    assert infer_outputs(template(sql, types=LIST), SCHEMA) == tuple(Output(name=n, type=t) for n, t in expected)


@pytest.mark.parametrize(("parts", "type_"), [(MOST_PARTS, "INTEGER"), (MOST_PARTS + 1, None)])
def test_types_are_open_where_looking_for_them_would_take_long(parts: int, type_: str | None) -> None:
    sql = " UNION ALL ".join(["SELECT 1 AS n"] * parts)
    assert infer_outputs(template(sql)) == (Output(name="n", type=type_),)


def test_types_of_amc_are_in_its_own_words() -> None:
    sql = """SELECT COLLECT(campaign) AS all_of_them, PERCENTILE(total_cost, 0.5) AS p, user_id,
            SECONDS_BETWEEN(MIN(impression_dt_utc), MAX(impression_dt_utc)) AS s
        FROM TABLE(EXTEND_TIME_WINDOW('dsp_impressions', 'P1D', 'P1D')) i GROUP BY i.user_id"""
    inferred = [(each.name, each.type) for each in infer_outputs(amc(sql))]
    assert inferred == [("all_of_them", "VARCHAR[]"), ("p", "DOUBLE"), ("user_id", "STRING"), ("s", "LONG")]


def test_a_name_that_no_table_can_have_leaves_the_types_open() -> None:
    sql = "SELECT SUM(x) AS s FROM EXTEND_TIME_WINDOW('no table of (this', 'P1D', 'P1D')"
    assert template_problems(amc(sql)) == []
    assert infer_outputs(amc(sql)) == (Output(name="s", type=None),)


@pytest.mark.parametrize(
    ("sql", "one"),
    [
        ("SELECT COUNT(*) AS n FROM t", True),
        ("SELECT 1 + MAX(x) AS n FROM t HAVING MAX(x) > 1", True),
        ("SELECT x FROM t ORDER BY x LIMIT 1", True),
        ("SELECT x, COUNT(*) AS n FROM t GROUP BY x", False),
        ("SELECT COUNT(*) AS n FROM t GROUP BY ALL", False),
        ("SELECT SUM(x) OVER () AS n FROM t", False),
        ("SELECT (SELECT MAX(x) FROM t) AS n FROM u", False),
        ("SELECT UNNEST(LIST(x)) AS n FROM t", False),
        ("SELECT MAX(x) AS n FROM t UNION ALL SELECT 1 AS n", False),
        ("SELECT x FROM t LIMIT 10", False),
    ],
)
def test_one_row_is_claimed_only_where_it_is_proved(sql: str, one: bool) -> None:  # noqa: FBT001 (given by name)
    assert yields_one_row(template(sql)) is one
