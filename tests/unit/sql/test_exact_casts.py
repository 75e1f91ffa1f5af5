"""Casts keep the value or refuse it, on a real DuckDB, as parameters read the same texts."""

from datetime import UTC, date, datetime
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from queryflow.domain.flow.flow import Cast
from queryflow.domain.flow.kinds import Kind
from queryflow.domain.values.coercion import WrongValue, coerce
from queryflow.domain.values.parameters import ParameterType
from queryflow.sql.writing.exact_casts import Operand, exact_cast, fitted
from tests.unit.sql.making import DUCKDB


def cast(type_: str, written: str, wanted: Cast) -> Any:
    """What the cast makes of a value of that type, written as DuckDB's text of it."""
    query = f"SELECT {exact_cast(Operand('v', type_, 'v'), wanted)} FROM (SELECT CAST(? AS {type_}) AS v)"
    return DUCKDB.execute(query, [written]).fetchone()[0]  # type: ignore[index] # one row, always


@pytest.mark.parametrize(
    ("type_", "written", "expected"),
    [
        ("VARCHAR", "2026-03-29T02:30:00-05:00", "2026-03-29T07:30:00"),
        ("VARCHAR", "2026-03-29 02:30+05:30", "2026-03-28T21:00:00"),
        ("VARCHAR", "2026-03-29 07:30:00+00", "2026-03-29T07:30:00"),
        ("VARCHAR", " 2026-03-29T02:30:00.25Z ", "2026-03-29T02:30:00.250000"),
        ("VARCHAR", "2026-03-29", "2026-03-29T00:00:00"),
        ("VARCHAR", "2026-03-29 02:30:00.123456000", "2026-03-29T02:30:00.123456"),
        ("TIMESTAMP WITH TIME ZONE", "2026-03-29 02:30:00-05", "2026-03-29T07:30:00"),
        ("TIMESTAMP_NS", "2026-03-29 02:30:00.123456000", "2026-03-29T02:30:00.123456"),
        ("TIMESTAMP_MS", "2026-03-29 02:30:00.123", "2026-03-29T02:30:00.123000"),
        ("TIMESTAMP_S", "2026-03-29 02:30:00", "2026-03-29T02:30:00"),
        ("DATE", "2026-03-29", "2026-03-29T00:00:00"),
        ("VARCHAR", "0001-01-01T00:00:00Z", "0001-01-01T00:00:00"),
        ("VARCHAR", "9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999999"),
    ],
)
def test_a_timestamp_is_the_same_instant(type_: str, written: str, expected: str) -> None:
    assert cast(type_, written, Cast.TIMESTAMP) == datetime.fromisoformat(expected)


@pytest.mark.parametrize(
    ("type_", "written"),
    [
        *(
            ("VARCHAR", text)
            for text in (
                "2026-03-29T02:30:00.123456789Z",
                "2026-03-29T24:00:00",
                "2026-03-29T02:30:60Z",
                "2026-02-30T00:00:00",
                "2026-03-29T02:30:00+24:00",
                "2026-03-29T02:30:00 Europe/Berlin",
                "0044-03-15 (BC) 00:00:00",
                "0000-01-01",
                "0001-01-01T00:00:00+01:00",
                "9999-12-31T23:59:59-01:00",
                "10000-01-01",
                "29.03.2026",
                "epoch",
                "infinity",
                "-infinity",
                "now",
                "",
                "1774751400",
            )
        ),
        ("TIMESTAMP", "infinity"),
        ("TIMESTAMP", "0044-03-15 (BC) 00:00:00"),
        ("TIMESTAMP", "10000-01-01 00:00:00"),
        ("TIMESTAMP WITH TIME ZONE", "-infinity"),
        ("TIMESTAMP_NS", "2026-03-29 02:30:00.123456789"),
        ("TIMESTAMP_NS", "infinity"),
        ("DATE", "infinity"),
        ("BIGINT", "1774751400"),
        ("DOUBLE", "1.5"),
        ("BOOLEAN", "true"),
        ("TIME", "02:30:00"),
    ],
)
def test_what_is_no_exact_instant_is_refused_by_name(type_: str, written: str) -> None:
    with pytest.raises(duckdb.Error, match=r"Cannot cast .* of v to timestamp"):
        cast(type_, written, Cast.TIMESTAMP)


@pytest.mark.parametrize(
    ("type_", "written", "expected"),
    [
        ("VARCHAR", "2026-03-29", date(2026, 3, 29)),
        ("TIMESTAMP", "2026-03-29 00:00:00", date(2026, 3, 29)),
        ("TIMESTAMP WITH TIME ZONE", "2026-03-29 02:00:00+02", date(2026, 3, 29)),
        ("TIMESTAMP", "2026-03-29 00:00:01", None),
        ("TIMESTAMP_NS", "2026-03-29 00:00:00.000000001", None),
        ("VARCHAR", "2026-03-29 10:00:00", None),
        ("VARCHAR", "2026-3-9", None),
        ("VARCHAR", "2026-02-29", None),
        ("VARCHAR", "epoch", None),
        ("DATE", "-infinity", None),
        ("DATE", "10000-01-01", None),
        ("BIGINT", "20260329", None),
    ],
)
def test_a_date_is_the_same_day(type_: str, written: str, expected: date | None) -> None:
    if expected is not None:
        assert cast(type_, written, Cast.DATE) == expected
        return
    with pytest.raises(duckdb.Error, match=r"Cannot cast .* of v to date"):
        cast(type_, written, Cast.DATE)


@pytest.mark.parametrize(
    ("type_", "written", "wanted", "expected"),
    [
        ("BIGINT", "9007199254740993", Cast.NUMBER, 2**53 + 1),
        ("HUGEINT", "100000000000000000001", Cast.NUMBER, 10**20 + 1),
        ("DECIMAL(38, 0)", "100000000000000000001", Cast.NUMBER, 10**20 + 1),
        ("VARCHAR", "0.1", Cast.NUMBER, 0.1),
        ("VARCHAR", "-1.50e3", Cast.NUMBER, -1500.0),
        ("VARCHAR", "0.30000000000000004", Cast.NUMBER, 0.1 + 0.2),
        ("VARCHAR", "1e20", Cast.NUMBER, 1e20),
        ("VARCHAR", "-0.0", Cast.NUMBER, 0.0),
        ("VARCHAR", "5e-324", Cast.NUMBER, 5e-324),
        ("FLOAT", "0.5", Cast.NUMBER, 0.5),
        ("VARCHAR", "9007199254740993", Cast.NUMBER, None),
        ("VARCHAR", "12345678901234567890", Cast.NUMBER, None),
        ("VARCHAR", "1e400", Cast.NUMBER, None),
        ("VARCHAR", "1e-400", Cast.NUMBER, None),
        ("VARCHAR", "nan", Cast.NUMBER, None),
        ("VARCHAR", "1_000", Cast.NUMBER, None),
        ("VARCHAR", "1,5", Cast.NUMBER, None),
        ("DOUBLE", "nan", Cast.NUMBER, None),
        ("DOUBLE", "infinity", Cast.NUMBER, None),
        ("UHUGEINT", "340282366920938463463374607431768211455", Cast.NUMBER, None),
        ("UBIGINT", "18446744073709551615", Cast.INTEGER, None),
        ("DOUBLE", "9.3e18", Cast.INTEGER, None),
        ("DOUBLE", "nan", Cast.INTEGER, None),
        ("VARCHAR", "1_000", Cast.INTEGER, None),
        ("TIMESTAMP", "2026-01-01 00:00:00", Cast.INTEGER, None),
        ("BOOLEAN", "true", Cast.INTEGER, 1),
        ("BIGINT", "1", Cast.BOOLEAN, True),
        ("BIGINT", "5", Cast.BOOLEAN, None),
        ("DOUBLE", "0.5", Cast.BOOLEAN, None),
        ("VARCHAR", " TRUE ", Cast.BOOLEAN, True),
        ("VARCHAR", "no", Cast.BOOLEAN, False),
        ("VARCHAR", "2", Cast.BOOLEAN, None),
        ("DOUBLE", "1e20", Cast.STRING, "1e+20"),
        ("UHUGEINT", "340282366920938463463374607431768211455", Cast.STRING, str(2**128 - 1)),
        ("TIMESTAMP_NS", "2026-03-29 02:30:00.123456789", Cast.STRING, "2026-03-29 02:30:00.123456789"),
        ("DATE", "infinity", Cast.STRING, "infinity"),
    ],
)
def test_no_digit_is_lost(type_: str, written: str, wanted: Cast, expected: Any) -> None:
    if expected is not None:
        found = cast(type_, written, wanted)
        assert (found, isinstance(found, bool)) == (expected, isinstance(expected, bool))
        return
    with pytest.raises(duckdb.Error, match=f"Cannot cast .* of v to {wanted}"):
        cast(type_, written, wanted)


def test_null_stays_null_and_a_long_value_is_named_in_short() -> None:
    for wanted in Cast:
        assert cast("VARCHAR", None, wanted) is None  # type: ignore[arg-type] # a null of that type
    with pytest.raises(duckdb.Error) as failed:
        cast("VARCHAR", "x" * 10_000, Cast.DATE)
    assert len(str(failed.value)) < 400


TIMES = st.one_of(
    st.from_regex(r"\A[0-9]{4}-[01][0-9]-[0-3][0-9]([T ][0-2][0-9]:[0-6][0-9](:[0-6][0-9](\.[0-9]{1,8})?)?)?\Z"),
    st.builds(
        lambda moment, hours, separator: (
            moment.isoformat(separator) + f"{'-' if hours < 0 else '+'}{abs(hours) // 2:02}:{30 * (abs(hours) % 2):02}"
        ),
        st.datetimes(),
        st.integers(-47, 47),
        st.sampled_from("T "),
    ),
    st.text("0123456789-+:TZ. ", max_size=30),
)


@settings(max_examples=300, deadline=None)
@given(TIMES)
def test_a_column_of_texts_is_read_as_parameters_read_them(written: str) -> None:
    trimmed = written.strip(" ")
    for wanted, type_ in ((Cast.TIMESTAMP, ParameterType.TIMESTAMP), (Cast.DATE, ParameterType.DATE)):
        try:
            expected = coerce(type_, trimmed)
        except WrongValue:
            with pytest.raises(duckdb.Error, match="Cannot cast"):
                cast("VARCHAR", written, wanted)
        else:
            found = cast("VARCHAR", written, wanted)
            assert (found.replace(tzinfo=UTC) if wanted is Cast.TIMESTAMP else found) == expected


@settings(max_examples=200, deadline=None)
@given(st.floats(allow_nan=False, allow_infinity=False) | st.integers().map(float))
def test_every_double_written_out_comes_back(number: float) -> None:
    assert cast("VARCHAR", repr(number), Cast.NUMBER) == number


@settings(max_examples=100, deadline=None)
@given(
    st.decimals(allow_nan=False, allow_infinity=False, places=6, min_value=-(10**9), max_value=10**9) | st.integers()
)
def test_a_text_of_a_number_is_that_number_or_refused(number: Any) -> None:
    try:
        found = cast("VARCHAR", str(number), Cast.NUMBER)
    except duckdb.Error:
        assert len(str(number).strip("-0").replace(".", "")) > 15
    else:
        assert f"{found:.6f}" == f"{number:.6f}"


def test_what_is_taken_without_a_cast_is_held_or_refused() -> None:
    with pytest.raises(duckdb.Error, match=r"v has NaN|v has nan"):
        DUCKDB.execute(
            f"SELECT {fitted(Operand('v', 'DOUBLE', 'v'), Kind.NUMBER)} FROM (SELECT 'nan'::DOUBLE AS v)"
        ).fetchall()
    plain = Operand('"v"', "VARCHAR", "v")
    assert fitted(plain, Kind.STRING) == '"v"'
    day = Operand("v", "DATE", "v")
    query = f"SELECT {fitted(day, Kind.TIMESTAMP)} FROM (SELECT DATE '2026-03-29' AS v)"
    assert DUCKDB.execute(query).fetchall() == [(datetime.fromisoformat("2026-03-29T00:00:00"),)]
