"""Row filters: a small language, with no way out of it."""

from datetime import date
from typing import Any

import pytest

from queryflow.domain.errors import Invalid
from queryflow.domain.flow.kinds import Kind
from queryflow.domain.values.parameters import ParameterType
from queryflow.sql.writing.predicate import predicate_sql, where_problems
from tests.unit.sql.making import DUCKDB, codes

COLUMNS = ["Name", "sales", "day", "new"]
TYPES = {"least": ParameterType.INTEGER, "names": ParameterType.STRING_LIST, "period": ParameterType.DATE_RANGE}
ROWS = "(VALUES ('a', 1, DATE '2026-01-01', TRUE), ('b%', 2, DATE '2026-02-01', FALSE), (NULL, 3, NULL, NULL))"


def chosen(where: str, **values: Any) -> list[int]:
    """The sales of the rows the filter keeps."""
    condition = predicate_sql(where, COLUMNS, values)
    sql = f'SELECT sales FROM {ROWS} AS t("Name", sales, day, "new") WHERE {condition} ORDER BY sales'
    return [sales for (sales,) in DUCKDB.execute(sql).fetchall()]


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ("name = 'a' OR sales >= 3", [1, 3]),
        ("NOT sales IN (1, 2)", [3]),
        ("sales BETWEEN 2 AND 3 AND name IS NOT NULL", [2]),
        ("name LIKE 'b!%' ESCAPE '!'", [2]),
        ("name NOT LIKE 'a%'", [2]),
        ('"new" IS TRUE', [1]),
        ("new", [1]),
        ("day < DATE '2026-01-15' -- early", [1]),
        ("sales > -1 AND sales <> 2 AND (name = 'a' OR name IS NULL)", [1, 3]),
        ("sales = 1 OR sales = 2 AND name = 'x'", [1]),
        ("(name = 'a' OR sales = 3) AND sales > 1", [3]),
        ("NOT (sales = 1 OR sales = 2) AND TRUE", [3]),
        ("sales = {{least}}", [2]),
        ("Name IN ({{names}})", [1]),
        ("name LIKE '{{text}}%'", [1]),
        ("name IN ('x{{least}}', '{{text}}')", [1]),
        ("name = '{{{{text}}}}'", []),
        ("'{{period.start}}{{{{x}}}}' = '2026-01-20{{{{x}}}}' AND sales = 1", [1]),
        ("name NOT IN ({{none}}) OR name IN ({{none}}, 'a')", [1, 2, 3]),
        ("day >= {{period.start}}", [2]),
        ("day <= TIMESTAMP '2026-01-01T01:00+01:00'", [1]),
        ("sales < 1e308 AND sales < 99999999999999999999 AND sales > 1.5 AND sales <> -2e0", [2, 3]),
    ],
)
def test_a_filter_keeps_what_it_says(where: str, expected: list[int]) -> None:
    period = {"start": date(2026, 1, 20), "end": date(2026, 3, 1)}
    assert chosen(where, least=2, text="a", names=["a", "') OR TRUE --"], none=[], period=period) == expected


@pytest.mark.parametrize(
    ("where", "code"),
    [
        ("sales = 1) OR (TRUE", "WHERE_SYNTAX"),
        ("sales = 1; DROP TABLE source", "WHERE_SYNTAX"),
        ("sales = 1 GROUP BY sales", "WHERE_SYNTAX"),
        ("sales =", "WHERE_SYNTAX"),
        ("name = E'{{least}}'", "WHERE_SYNTAX"),
        ("name = '{{nobody}}'", "UNKNOWN_FLOW_PARAMETER"),
        ("name = '{{names}}'", "WHERE_PARAMETER"),
        ("name = '{{period}}'", "WHERE_PARAMETER"),
        ("day = DATE '{{least}}'", "WHERE_NOT_ALLOWED"),
        ("name = {{1}}", "WHERE_SYNTAX"),
        ("(" * 500 + "new" + ")" * 500, "WHERE_SYNTAX"),
        ("new OR " * 5_000 + "new", "WHERE_SYNTAX"),
        ("sales", None),
        ("5", "WHERE_NOT_ALLOWED"),
        ("sales + 1 = 2", "WHERE_NOT_ALLOWED"),
        ("lower(name) = 'a'", "WHERE_NOT_ALLOWED"),
        ("getenv('HOME') = 'a'", "WHERE_NOT_ALLOWED"),
        ("CUSTOM_PARAMETER('least') = 1", "WHERE_NOT_ALLOWED"),
        ("sales IN (SELECT 1)", "WHERE_NOT_ALLOWED"),
        ("EXISTS (SELECT 1)", "WHERE_NOT_ALLOWED"),
        ("sales IN ()", "WHERE_NOT_ALLOWED"),
        ("source.sales = 1", "WHERE_NOT_ALLOWED"),
        ("name ILIKE 'a'", "WHERE_NOT_ALLOWED"),
        ("name || 'a' = 'b'", "WHERE_NOT_ALLOWED"),
        ("CAST(name AS INTEGER) = 1", "WHERE_NOT_ALLOWED"),
        ("'1'::INTEGER = sales", "WHERE_NOT_ALLOWED"),
        ("day = current_date", "WHERE_NOT_ALLOWED"),
        ("day = DATE 'infinity'", "WHERE_NOT_ALLOWED"),
        ("day = DATE '2026-02-30'", "WHERE_NOT_ALLOWED"),
        ("day = TIMESTAMP 'now'", "WHERE_NOT_ALLOWED"),
        ("sales < 1e400", "WHERE_NOT_ALLOWED"),
        ("sales = 0." + "1" * 39, "WHERE_NOT_ALLOWED"),
        ("name LIKE 'a' ESCAPE '!!'", "WHERE_NOT_ALLOWED"),
        ("{{names}} IN (1)", "WHERE_PARAMETER"),
        ("sales = $1", "WHERE_NOT_ALLOWED"),
        ("COLUMNS(*) = 1", "WHERE_NOT_ALLOWED"),
        ("#1 = 1", "WHERE_NOT_ALLOWED"),
        ("CASE WHEN new THEN TRUE END", "WHERE_NOT_ALLOWED"),
        ("nothing = 1", "UNKNOWN_COLUMN"),
        ("sales = {{nobody}}", "UNKNOWN_FLOW_PARAMETER"),
        ("name = {{names}}", "WHERE_PARAMETER"),
        ("day = {{period}}", "WHERE_PARAMETER"),
        ("sales = {{least.start}}", "WHERE_PARAMETER"),
    ],
)
def test_nothing_else_is_a_filter(where: str, code: str | None) -> None:
    problems = where_problems(where, COLUMNS, TYPES, "connections.c.map.p.where")
    assert set(codes(problems)) == ({code} if code else set())
    assert all(each.path == "connections.c.map.p.where" for each in problems)
    if code not in {None, "UNKNOWN_FLOW_PARAMETER"}:
        with pytest.raises(Invalid):
            predicate_sql(where, COLUMNS, {"least": 1, "names": ["a"], "period": {"start": 1, "end": 2}})


@pytest.mark.parametrize(
    ("where", "declared", "says"),
    [
        ("sales = {{p}}", ParameterType.INTEGER, None),
        ("name IN ({{p}})", ParameterType.STRING_LIST, None),
        ("name = {{p}}", ParameterType.STRING_LIST, "p is a list"),
        ("name = {{p}}", ParameterType.PATTERN, "p is a pattern"),
        ("day > {{p.start}}", ParameterType.DATE_RANGE, None),
        ("day > {{p}}", ParameterType.DATE_RANGE, "A date range"),
        ("day > {{p.start}}", ParameterType.DATE, "A date range"),
    ],
)
def test_a_flow_parameter_stands_where_its_type_can(where: str, declared: ParameterType, says: str | None) -> None:
    problems = where_problems(where, COLUMNS, {"p": declared}, "where")
    assert [(each.code, each.message.startswith(says or "?")) for each in problems] == [
        ("WHERE_PARAMETER", True)
    ] * bool(says)


KINDS = {"Name": Kind.STRING, "sales": Kind.INTEGER, "day": Kind.DATE, "new": Kind.BOOLEAN, "open": Kind.UNKNOWN}


@pytest.mark.parametrize("where", ["sales", "(sales)", "NOT sales", "new AND (name)", "new OR day", "sales LIKE '1_'"])
def test_a_column_of_another_type_is_no_condition(where: str) -> None:
    [problem] = where_problems(where, KINDS, {}, "where")
    assert problem.code == "WHERE_TYPE"
    with pytest.raises(Invalid, match=r" is (an integer|a string|a date); "):
        predicate_sql(where, KINDS, {})


@pytest.mark.parametrize("where", ["new", "NOT (new)", "open OR new", "name LIKE '_%'", "sales = 1 AND new IS NULL"])
def test_a_column_of_the_right_type_is_one(where: str) -> None:
    assert where_problems(where, KINDS, {}, "where") == []


@pytest.mark.parametrize("word", ["OR", "AND"])
def test_a_long_chain_is_one_level(word: str) -> None:
    condition = "sales = 1" if word == "AND" else "sales = 9"
    chain = f" {word} ".join([condition] * 700 + ["sales = 1"])
    assert where_problems(chain, KINDS, {}, "where") == []
    assert chosen(chain) == [1]
    assert chosen(f"NOT ({chain})") == [2, 3]


@pytest.mark.parametrize("opening", ["NOT ", "NOT (", "(", "new AND (new OR "])
@pytest.mark.parametrize("levels", [10, 59, 61, 100, 300, 600])
def test_what_is_nested_works_or_is_refused(opening: str, levels: int) -> None:
    where = (opening * levels)[:9_000] + "new" + ")" * (opening * levels)[:9_000].count("(")
    problems = where_problems(where, KINDS, {}, "where")
    if levels == 10 or not problems:
        assert problems == []
        assert chosen(where) in ([1], [2])
    else:
        assert codes(problems)[0] in {"WHERE_TOO_DEEP", "WHERE_SYNTAX"}
        with pytest.raises(Invalid):
            predicate_sql(where, KINDS, {})


def test_unknown_columns_pass_where_the_source_is_unknown() -> None:
    assert where_problems("whatever = 1", None, {}, "where") == []


def test_a_flow_parameter_without_a_value_is_refused() -> None:
    with pytest.raises(Invalid, match="least"):
        predicate_sql("sales = {{least}}", COLUMNS, {"least": None})
