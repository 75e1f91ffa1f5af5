"""Literals come back from a real engine as the values they were."""

import math
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from queryflow.domain.errors import Invalid
from queryflow.domain.values.parameters import ParameterType
from queryflow.sql.literals import PATTERN_ESCAPE, literal, literal_of, pattern_text, quote_name
from queryflow.sql.notation import DUCKDB_SQL, POSTGRESQL_SQL
from tests.unit.sql.making import DUCKDB

NASTY = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")) | st.sampled_from(
    ["'", "''", "\\", "\\'", "'; DROP TABLE t --", "/*", "*/", "{{x}}", "$$", "%_!", "\u2028", "E'\\''", '"', "\r\n"]
)
VALUES = {
    ParameterType.STRING: NASTY,
    ParameterType.INTEGER: st.integers(-(2**63), 2**63 - 1),
    ParameterType.NUMBER: st.floats(allow_nan=False, allow_infinity=False)
    | st.decimals(-(10**20), 10**20, allow_nan=False, places=6),
    ParameterType.BOOLEAN: st.booleans(),
    ParameterType.DATE: st.dates(),
    ParameterType.STRING_LIST: st.lists(NASTY | st.none(), max_size=4),
    ParameterType.INTEGER_LIST: st.lists(st.integers(-(2**63), 2**63 - 1), max_size=4),
    ParameterType.NUMBER_LIST: st.lists(st.integers(-(2**63), 2**63 - 1) | st.none(), max_size=4)
    | st.lists(st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(2**53), 2**53), max_size=4)
    | st.lists(st.decimals(-(10**20), 10**20, allow_nan=False, places=6) | st.integers(-9, 9), max_size=4),
    ParameterType.DATE_LIST: st.lists(st.dates(), max_size=3),
}


def back(sql: str) -> Any:
    """What DuckDB says the literal is; operators and words stand right beside it."""
    row = DUCKDB.execute(f"SELECT {sql} AS value, 0 AS other").fetchone()
    assert row is not None
    return row[0]


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(sorted(VALUES)).flatmap(lambda kind: st.tuples(st.just(kind), VALUES[kind])))
def test_what_goes_in_comes_back(typed: tuple[ParameterType, Any]) -> None:
    kind, value = typed
    assert back(literal(value, kind, DUCKDB_SQL)) == value


@settings(max_examples=100, deadline=None)
@given(NASTY, st.sampled_from(["exact", "contains", "prefix", "suffix"]), NASTY)
def test_patterns_match_what_their_mode_says_and_no_more(wanted: str, mode: str, whole: str) -> None:
    matches = {
        "exact": whole == wanted,
        "contains": wanted in whole,
        "prefix": whole.startswith(wanted),
        "suffix": whole.endswith(wanted),
    }
    sides = [literal(each, ParameterType.STRING, DUCKDB_SQL) for each in (whole, pattern_text(wanted, mode))]
    assert back(f"{sides[0]} LIKE {sides[1]} ESCAPE '{PATTERN_ESCAPE}'") is matches[mode]


def test_what_like_reads_in_its_own_way_is_escaped_in_a_pattern() -> None:
    assert pattern_text("a_b%c!d", "contains") == "%a!_b!%c!!d%"
    assert (
        back(f"'axb' LIKE {literal(pattern_text('a_b', 'exact'), ParameterType.STRING, DUCKDB_SQL)} ESCAPE '!'")
        is False
    )


def test_instants_are_written_in_utc() -> None:
    berlin = datetime(2026, 7, 1, 2, 30, 0, 5, tzinfo=timezone(timedelta(hours=2)))
    assert back(literal(berlin, ParameterType.TIMESTAMP, DUCKDB_SQL)) == datetime.fromisoformat(
        "2026-07-01T00:30:00.000005"
    )
    assert literal(datetime(2026, 7, 1, tzinfo=UTC), ParameterType.TIMESTAMP, POSTGRESQL_SQL) == (
        "TIMESTAMP '2026-07-01 00:00:00'"
    )


@pytest.mark.parametrize("kind", list(ParameterType))
def test_nothing_is_null_of_the_right_type(kind: ParameterType) -> None:
    wanted = DUCKDB.execute(f"SELECT typeof({literal(None, kind, DUCKDB_SQL)})").fetchone()
    assert wanted is not None
    assert wanted[0] != '"NULL"'
    assert back(literal(None, kind, DUCKDB_SQL)) is None


def test_an_empty_list_keeps_its_type() -> None:
    assert back(f"typeof({literal([], ParameterType.ASIN_LIST, DUCKDB_SQL)})") == "VARCHAR[]"


def test_a_negative_number_begins_no_comment() -> None:
    assert back(f"7 -{literal(-5, ParameterType.INTEGER, DUCKDB_SQL)}") == 12
    assert back(f"7 -{literal(-0.5, ParameterType.NUMBER, DUCKDB_SQL)}") == 7.5


def test_postgresql_reads_backslashes_the_same_under_every_setting() -> None:
    assert literal("a\\'b", ParameterType.STRING, POSTGRESQL_SQL) == r"E'a\\''b'"
    assert literal(["a"], ParameterType.STRING_LIST, POSTGRESQL_SQL) == "CAST(ARRAY['a'] AS text[])"


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ("a\0b", ParameterType.STRING),
        ("\ud800", ParameterType.STRING),
        (5, ParameterType.STRING),
        (True, ParameterType.INTEGER),
        (1.0, ParameterType.INTEGER),
        (2**63, ParameterType.INTEGER),
        (2**63, ParameterType.NUMBER),
        (math.nan, ParameterType.NUMBER),
        (Decimal("Infinity"), ParameterType.NUMBER),
        (Decimal("1e39"), ParameterType.NUMBER),
        (Decimal("0." + "1" * 38), ParameterType.NUMBER),
        (Decimal("1" * 39), ParameterType.NUMBER),
        ("1", ParameterType.BOOLEAN),
        ("2026-01-01", ParameterType.DATE),
        (datetime(2026, 1, 1, tzinfo=UTC), ParameterType.DATE),
        (date(2026, 1, 1), ParameterType.TIMESTAMP),
        ([2**53 + 1, 0.5], ParameterType.NUMBER_LIST),
        ([Decimal("0.1"), 0.5], ParameterType.NUMBER_LIST),
        ([Decimal("1e30"), Decimal("1e-30")], ParameterType.NUMBER_LIST),
        ("abc", ParameterType.STRING_LIST),
        ([1], ParameterType.STRING_LIST),
    ],
)
def test_what_a_type_cannot_hold_is_refused(value: Any, kind: ParameterType) -> None:
    with pytest.raises(Invalid):
        literal(value, kind, DUCKDB_SQL)


@pytest.mark.parametrize(
    ("value", "kind", "word"),
    [
        (0.1, ParameterType.NUMBER, "DOUBLE"),
        (1e300, ParameterType.NUMBER, "DOUBLE"),
        (-0.0, ParameterType.THRESHOLD, "DOUBLE"),
        (2**53 + 1, ParameterType.NUMBER, "BIGINT"),
        (Decimal("-" + "1" * 20 + "." + "1" * 18), ParameterType.NUMBER, "DECIMAL(38,18)"),
        (Decimal(10**20), ParameterType.NUMBER, "DECIMAL(21,0)"),
        (Decimal(-5), ParameterType.NUMBER, "DECIMAL(1,0)"),
        (Decimal("0.00"), ParameterType.NUMBER, "DECIMAL(3,2)"),
        (1e20, ParameterType.NUMBER, "DOUBLE"),
        ([2**53 + 1, None], ParameterType.NUMBER_LIST, "BIGINT[]"),
        ([Decimal(2**64), 1], ParameterType.NUMBER_LIST, "DECIMAL(20,0)[]"),
        ([Decimal("1.25"), 1000], ParameterType.NUMBER_LIST, "DECIMAL(6,2)[]"),
        ([0.5, 1], ParameterType.NUMBER_LIST, "DOUBLE[]"),
        ([], ParameterType.NUMBER_LIST, "DOUBLE[]"),
    ],
)
def test_numbers_have_the_type_that_holds_every_digit(value: Any, kind: ParameterType, word: str) -> None:
    assert back(f"typeof({literal(value, kind, DUCKDB_SQL)})") == word
    assert back(literal(value, kind, DUCKDB_SQL)) == value


def test_undeclared_values_are_written_by_their_own_type() -> None:
    values = [None, True, 5, 0.5, Decimal("1.25"), "it's", date(2026, 1, 1)]
    assert [back(literal_of(each, DUCKDB_SQL)) for each in values] == values


def test_names_are_quoted() -> None:
    assert back(f"(SELECT {quote_name('a; b')} FROM (SELECT 5 AS {quote_name('a; b')}))") == 5
    with pytest.raises(Invalid):
        quote_name("a\0")
