"""A placeholder inside a string literal means its value, and nothing in a value can end the literal."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings

from queryflow.domain.errors import Invalid, Severity
from queryflow.domain.flow.template import Dialect, Template
from queryflow.domain.values.parameters import ParameterType
from queryflow.sql.amc.amc_on_duckdb import amc_problems
from queryflow.sql.checks.template_problems import template_problems
from queryflow.sql.notation import DUCKDB_SQL, POSTGRESQL_SQL
from queryflow.sql.reading.parsing import statements
from queryflow.sql.writing.render import render
from tests.unit.sql.making import DUCKDB, WINDOW, amc, codes, template
from tests.unit.sql.test_literals import NASTY

TYPES = {
    "text": ParameterType.STRING,
    "days": ParameterType.INTEGER,
    "share": ParameterType.NUMBER,
    "exact": ParameterType.NUMBER,
    "on": ParameterType.BOOLEAN,
    "day": ParameterType.DATE,
    "at_": ParameterType.TIMESTAMP,
    "dates": ParameterType.DATE_RANGE,
    "kind": ParameterType.ENUM,
}
VALUES: dict[str, Any] = {
    "text": "it's",
    "days": -7,
    "share": 0.25,
    "exact": Decimal("1E+3"),
    "on": True,
    "day": date(2026, 11, 22),
    "at_": datetime(2026, 11, 22, 9, tzinfo=UTC),
    "dates": {"start": date(2026, 1, 1), "end": date(2026, 2, 1)},
    "kind": "dsp",
}


def value_of(expression: str, **values: Any) -> Any:
    """What DuckDB makes of the expression with these values, in both dialects."""
    found = []
    for make in (template, amc):
        subject = make(f"SELECT {expression} AS x", types=TYPES)
        assert [
            each for each in template_problems(subject) if each.severity is Severity.ERROR and each.path == "sql"
        ] == []
        [(value,)] = DUCKDB.execute(render(subject, {**VALUES, **values}, WINDOW, DUCKDB_SQL)).fetchall()
        found.append(value)
    assert found[0] == found[1]
    return found[0]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("'{{text}}'", "it's"),
        ("'a ''{{ text }}'' z'", "a 'it's' z"),
        ("'P{{days}}D'", "P-7D"),
        ("'{{days}}{{days}}'", "-7-7"),
        ("'{{share}} {{exact}} {{on}} {{day}} {{kind}}'", "0.25 1000 true 2026-11-22 dsp"),
        ("'{{at_}}'", "2026-11-22 09:00:00"),
        ("'{{dates.start}}/{{ dates.end }}'", "2026-01-01/2026-02-01"),
        ("CAST(DATE '{{day}}' + INTERVAL '{{days}}' DAY AS DATE)", date(2026, 11, 15)),
        ("CAST('{{day}}' AS DATE) >= '{{dates.start}}'", True),
        ("'2026-11-23' > '{{day}}'", True),
        ("$${{text}}$$", "it's"),
        ("$tag$a '{{text}}' $$$tag$", "a 'it's' $$"),
        ("'{{{{text}}}}'", "{{text}}"),
        ("'{{{{ 1, 2 }}}} {{days}}'", "{{ 1, 2 }} -7"),
        ("$${{{{text}}}}$$", "{{text}}"),
        ("""'{"a": {"b": {{days}}}}'""", '{"a": {"b": -7}}'),
        ("'{{{days}}}'", "{-7}"),
        ("'{{ not one }} { {days} } {{}}'", "{{ not one }} { {days} } {{}}"),
        ("'a'\n'{{text}}'", "ait's"),
        ("'{{text}}' -- {{nobody}} '{{nobody}}'\n|| 'x' /* '{{nobody}}' */", "it'sx"),
        ("'x'||'{{text}}'||'y'", "xit'sy"),
        ("DATE'{{day}}'", date(2026, 11, 22)),
    ],
)
def test_fixed_parts_and_values_are_one_literal(expression: str, expected: Any) -> None:
    assert value_of(expression) == expected


def test_braces_written_twice_are_characters_in_a_name_too() -> None:
    subject = template('SELECT 1 AS "{{{{x}}}}"')
    assert template_problems(subject) == []
    assert DUCKDB.execute(render(subject, {}, WINDOW, DUCKDB_SQL)).description[0][0] == "{{x}}"


TEXT = {"text": TYPES["text"]}
SHAPES = [
    template("SELECT 'P{{text}}D' AS x, 1 AS y -- '{{text}}'", types=TEXT),
    template("SELECT $$a{{text}}z$$ AS x WHERE 'x' = '{{text}}' OR 'it''s{{text}}''' < 'z'", types=TEXT),
    template("SELECT DATE '{{text}}' AS x, 'a'\n'{{text}}' AS y, TIMESTAMP '{{text}}'", types=TEXT),
    template("SELECT x FROM t WHERE x LIKE '%{{text}}%' AND x IN ('{{text}}', {{text}})", types=TEXT),
    amc("SELECT NAMED_ROW('k', '{{text}}') AS x, CAST('{{text}}' AS DATE) AS y", types=TEXT),
]


LEFT_OUT = {"query_location", "query_location_length", "value", "literal", "alias"}


def tree(sql: str) -> Any:
    """DuckDB's own tree of the query, without its constants and places."""
    row = DUCKDB.execute("SELECT json_serialize_sql(?)", [sql]).fetchone()
    assert row is not None
    return _bare(json.loads(row[0]))


def _bare(node: Any) -> Any:
    if isinstance(node, list):
        return [_bare(each) for each in node]
    if isinstance(node, dict):
        return {key: _bare(each) for key, each in node.items() if key not in LEFT_OUT}
    return node


@settings(max_examples=500, deadline=None)
@given(NASTY, NASTY)
def test_the_engines_tree_never_changes_but_for_constants(one: str, other: str) -> None:
    for subject in SHAPES:
        sides = [tree(render(subject, {"text": text}, WINDOW, DUCKDB_SQL)) for text in ("plain", one, one + other)]
        assert sides[0]["error"] is False
        assert sides[0] == sides[1] == sides[2], subject.sql


@settings(max_examples=300, deadline=None)
@given(NASTY)
def test_the_engine_gets_the_very_text(text: str) -> None:
    assert value_of("'a''{{text}}' || $${{text}}$$", text=text) == f"a'{text}{text}"


def test_postgresql_reads_a_backslash_as_one() -> None:
    subject = template("SELECT 'a{{t}}' AS x, DATE'{{t}}'", Dialect.POSTGRESQL, t=ParameterType.STRING)
    sql = render(subject, {"t": "\\'"}, WINDOW, POSTGRESQL_SQL)
    assert sql == r"SELECT E'a\\''' AS x, DATE E'\\'''"


def test_an_optional_value_that_nobody_set_has_no_place_inside_quotes() -> None:
    subject = template("SELECT '{{t}}' AS x", t=ParameterType.STRING)
    open_ = subject.model_copy(update={"parameters": (subject.parameters[0].model_copy(update={"required": False}),)})
    with pytest.raises(Invalid, match=r"^t: it has no value"):
        render(open_, {"t": None}, WINDOW, DUCKDB_SQL)


def _window(sql: str, **types: ParameterType) -> Template:
    return amc(f"SELECT COUNT(*) AS n FROM TABLE(EXTEND_TIME_WINDOW({sql})) AS c", types=types)


def test_the_period_of_a_wider_window_may_be_a_value() -> None:
    subject = _window(
        "'conversions', 'P{{days}}D', '{{after}}'", days=ParameterType.INTEGER, after=ParameterType.STRING
    )
    assert template_problems(subject) == []
    sql = render(subject, {"days": 3, "after": "P1W"}, WINDOW, DUCKDB_SQL)
    assert "'2026-01-01 00:00:00' - to_days(3)" in sql
    assert "'2026-02-01 00:00:00' + to_weeks(1)" in sql
    with pytest.raises(Invalid, match="is not a period such as P14D"):
        render(subject, {"days": 3, "after": "P1D') --"}, WINDOW, DUCKDB_SQL)


def test_the_table_of_a_wider_window_is_no_value() -> None:
    subject = _window("'{{t}}', 'P1D', 'P1D'", t=ParameterType.STRING)
    assert codes(amc_problems(subject.sql)) == ["BAD_TIME_WINDOW"]


def test_a_placeholder_in_a_string_is_parsed_as_a_part_of_it() -> None:
    [parsed] = statements("SELECT '{{a}}' AS x", Dialect.DUCKDB)
    assert parsed.sql("duckdb") == "SELECT '{{a}}' AS x"
