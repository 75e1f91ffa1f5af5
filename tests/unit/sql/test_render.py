"""A value never becomes anything but a literal, whatever it is and wherever its placeholder stands."""

from datetime import date
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlglot import exp

from queryflow.domain.errors import Invalid
from queryflow.domain.flow.template import Dialect, Template
from queryflow.domain.values.parameters import ParameterType
from queryflow.sql.notation import DUCKDB_SQL
from queryflow.sql.reading.parsing import placeholder_name, statements
from queryflow.sql.writing.render import render
from tests.unit.sql.making import DUCKDB, WINDOW, amc, codes, template
from tests.unit.sql.test_literals import NASTY

TEXT = {
    "a": ParameterType.STRING,
    "n": ParameterType.NUMBER,
    "i": ParameterType.INTEGER,
    "ids": ParameterType.STRING_LIST,
}
TEMPLATES = [
    template(
        "SELECT {{a}} AS x,{{n}}AS y, -{{n}} FROM t WHERE c IN ({{ids}}) AND d={{a}}OR c NOT IN({{ids}})", types=TEXT
    ),
    template(
        "/* {{a}} /* {{a}} */ */ SELECT c /*{{n}}*/ FROM t -- {{a}}\nWHERE list_has({{ids}}, c) AND c<{{a}}--{{n}}",
        types=TEXT,
    ),
    template(
        'SELECT "c" AS "a""b", \'it\'\'s\' || {{a}} FROM t WHERE x -{{n}} > {{ n }} AND len({{ids}})>0;', types=TEXT
    ),
    template(
        "WITH q AS (SELECT {{n}} * x AS z, [{{a}}, {{a}}] AS l FROM t)"
        " SELECT z FROM q WHERE z BETWEEN -{{n}} AND {{n}} AND c = ANY({{ids}})",
        types=TEXT,
    ),
    template("SELECT{{i}}e5,{{i}}_x,CASE WHEN{{i}}THEN{{n}}ELSE{{a}}END FROM t LIMIT{{i}}", types=TEXT),
    amc(
        "SELECT SUM(CUSTOM_PARAMETER('n')) AS s FROM t WHERE x = {{a}}"
        " OR ARRAY_CONTAINS(CUSTOM_PARAMETER('ids'), c) OR CARDINALITY(CUSTOM_PARAMETER('ids')) = 0",
        types=TEXT,
    ),
]
TREES = {each.sql: statements(each.sql, each.dialect)[0] for each in TEMPLATES}
NUMBERS = st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False)
CLOSED = (exp.Literal, exp.Neg, exp.Paren, exp.Cast, exp.DataType, exp.Array, exp.Null, exp.Boolean)


def is_rows(query: Any) -> bool:
    """Whether it is SELECT unnest(array) and nothing else."""
    select = query.unnest() if isinstance(query, exp.Subquery | exp.Paren) else query
    if not isinstance(select, exp.Select) or {key for key, value in select.args.items() if value} != {"expressions"}:
        return False
    [unnested] = select.expressions
    return isinstance(unnested, exp.Explode | exp.Unnest) and all(
        isinstance(each, CLOSED) for each in unnested.this.walk()
    )


def same(before: Any, after: Any) -> bool:
    """Whether two trees differ in nothing but literals in place of placeholders."""
    if placeholder_name(before) is not None:
        return isinstance(after, exp.Expr) and all(isinstance(each, CLOSED) for each in after.walk())
    if isinstance(before, exp.In) and placeholder_name((before.expressions or [None])[0]) is not None:
        return isinstance(after, exp.In) and same(before.this, after.this) and is_rows(after.args.get("query"))
    if isinstance(before, exp.Any) and placeholder_name(before.this.unnest()) is not None:
        return isinstance(after, exp.Any) and is_rows(after.this)
    if isinstance(before, exp.ArrayContains) and isinstance(after, exp.Paren):
        found = after.this
        return same(before.expression, found.this.this) and is_rows(found.args.get("query"))
    if isinstance(before, list):
        return len(before) == len(after) and all(map(same, before, after))
    if not isinstance(before, exp.Expr):
        return bool(before == after or (before in (None, False, []) and after in (None, False, [])))
    if type(before) is not type(after):
        renamed = isinstance(before, exp.Anonymous) and before.name.upper() == "CARDINALITY"
        return renamed and isinstance(after, exp.Length) and same(before.expressions[0], after.this)
    return all(same(before.args.get(key), after.args.get(key)) for key in {*before.args, *after.args})


@settings(max_examples=1_000, deadline=None)
@given(st.sampled_from(TEMPLATES), NASTY, NUMBERS, st.lists(NASTY, max_size=3))
def test_the_tree_never_changes_but_for_literals(subject: Template, text: str, number: float, ids: list[str]) -> None:
    sql = render(subject, {"a": text, "n": number, "i": 7, "ids": ids}, WINDOW, DUCKDB_SQL)
    [after] = statements(sql, Dialect.DUCKDB)
    assert same(TREES[subject.sql], after), sql
    [parsed] = DUCKDB.extract_statements(sql)
    assert parsed.type is duckdb.StatementType.SELECT


@settings(max_examples=200, deadline=None)
@given(NASTY, st.lists(NASTY, min_size=1, max_size=3), st.integers(-(2**63) + 1, 2**63 - 1))
def test_the_engine_gets_the_very_values(text: str, ids: list[str], number: int) -> None:
    subject = template(
        "/* {{a}} */ SELECT{{a}}AS t, {{ids}}AS l,0 -{{n}} AS n -- {{a}}",
        types={**TEXT, "n": ParameterType.INTEGER},
    )
    sql = render(subject, {"a": text, "ids": ids, "n": number, "i": 0}, WINDOW, DUCKDB_SQL)
    assert DUCKDB.execute(sql).fetchone() == (text, ids, -number)


def test_a_list_between_the_parentheses_of_in_is_rows_of_its_type() -> None:
    subject = template("SELECT c IN ({{ids}}), c NOT IN ({{ids}}), {{ids}} FROM t", ids=ParameterType.STRING_LIST)
    sql = render(subject, {"ids": ["a", "b"]}, WINDOW, DUCKDB_SQL)
    array = "CAST(['a', 'b'] AS VARCHAR[])"
    assert sql == f"SELECT c IN (SELECT unnest({array})), c NOT IN (SELECT unnest({array})), {array} FROM t"


def test_patterns_and_ranges_are_written_for_their_places() -> None:
    types = {"p": ParameterType.PATTERN, "d": ParameterType.DATE_RANGE}
    subject = template("SELECT 'a%b' LIKE {{p}} AND {{d.start}} < {{d.end}}, 'axb' NOT LIKE {{p}}", types=types)
    values = {"p": {"mode": "prefix", "text": "a%"}, "d": {"start": date(2026, 1, 1), "end": date(2026, 1, 2)}}
    assert DUCKDB.execute(render(subject, values, WINDOW, DUCKDB_SQL)).fetchone() == (True, True)


def test_an_optional_parameter_nobody_set_is_a_typed_null() -> None:
    subject = template("SELECT {{ids}} IS NULL OR 'a' IN ({{ids}}) AS x", ids=ParameterType.STRING_LIST)
    subject = subject.model_copy(update={"parameters": (subject.parameters[0].model_copy(update={"required": False}),)})
    assert DUCKDB.execute(render(subject, {"ids": None}, WINDOW, DUCKDB_SQL)).fetchone() == (True,)


def test_the_statement_can_stand_inside_another() -> None:
    subject = template("SELECT 1 AS x; -- the end")
    assert render(subject, {}, WINDOW, DUCKDB_SQL) == "SELECT 1 AS x"


def test_everything_that_cannot_be_filled_is_refused_at_once() -> None:
    subject = template(
        'SELECT "{{a}}", {{b}}, {{c}} FROM t WHERE x IN {{l}}',
        a=ParameterType.STRING,
        c=ParameterType.STRING,
        l=ParameterType.STRING_LIST,
    )
    with pytest.raises(Invalid) as refused:
        render(subject, {"a": "x", "z": 1, "l": ["y"]}, WINDOW, DUCKDB_SQL)
    expected = ["PLACEHOLDER_IN_QUOTES", "UNKNOWN_PLACEHOLDER", "LIST_NOT_ALONE", "UNKNOWN_PARAMETER", "MISSING_VALUE"]
    assert codes(list(refused.value.problems)) == expected


def test_the_first_of_what_cannot_be_filled_is_the_message() -> None:
    with pytest.raises(Invalid) as refused:
        render(template("SELECT 1 AS x"), {"z": 1}, WINDOW, DUCKDB_SQL)
    assert [refused.value.message] == [each.message for each in refused.value.problems]


def test_a_value_its_type_cannot_hold_is_refused_by_name() -> None:
    with pytest.raises(Invalid) as refused:
        render(template("SELECT {{a}} AS x", a=ParameterType.STRING), {"a": "a\0b"}, WINDOW, DUCKDB_SQL)
    assert [each.path for each in refused.value.problems] == ["parameters.a"]
