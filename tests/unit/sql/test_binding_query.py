"""Bindings as queries, against a plain model of their meaning, on a real DuckDB."""

from functools import cmp_to_key
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from queryflow.domain.errors import Invalid
from queryflow.domain.flow.flow import Binding, Cast, Nulls, Reduce
from queryflow.domain.flow.semantics import Semantics, is_distinct
from queryflow.domain.ids import ColumnName, ParameterName
from queryflow.domain.values.parameters import Parameter, ParameterType
from queryflow.sql.writing.binding_query import Given, binding_query, order_of, order_problems
from tests.unit.sql.making import DUCKDB

COLUMNS = (("Campaign", "VARCHAR"), ("sales", "INTEGER"), ("rank", "INTEGER"))
ROWS = st.lists(
    st.tuples(
        st.none() | st.sampled_from(["a", "b", "B", "0012", "it's"]),
        st.none() | st.integers(-2, 2),
        st.none() | st.integers(0, 3),
    ),
    max_size=12,
)
BINDINGS = st.builds(
    Binding,
    column=st.just(ColumnName("campaign")),
    where=st.none() | st.just("sales >= {{least}} OR sales IS NULL"),
    order_by=st.lists(st.sampled_from(["sales desc", "sales", "rank asc", "RANK DESC"]), max_size=2).map(tuple),
    take=st.none() | st.integers(1, 4),
    distinct=st.none() | st.booleans(),
    nulls=st.sampled_from([Nulls.DROP, Nulls.KEEP]),
    max_items=st.none() | st.integers(1, 4),
)
LIST = Parameter(name=ParameterName("campaigns"), type=ParameterType.STRING_LIST)


def answer(
    binding: Binding, parameter: Parameter, rows: list[tuple[Any, ...]], columns: Any = COLUMNS, **values: Any
) -> list[Any]:
    """What DuckDB says to the binding's query over these rows."""
    declared = ", ".join(f'"{name}" {kind}' for name, kind in columns)
    DUCKDB.execute(f"CREATE OR REPLACE TABLE source ({declared})")
    for row in rows:
        DUCKDB.execute(f"INSERT INTO source VALUES ({', '.join('?' * len(columns))})", row)
    return [value for (value,) in DUCKDB.execute(binding_query(binding, parameter, Given(columns, values))).fetchall()]


def scalar(kind: ParameterType) -> Parameter:
    return Parameter(name=ParameterName("one"), type=kind)


def bind(column: str = "campaign", **options: Any) -> Binding:
    return Binding(column=ColumnName(column), **options)


def model(binding: Binding, rows: list[tuple[Any, ...]], least: int) -> list[Any]:
    """The meaning of a binding, one step of its order of work a line."""
    if binding.where is not None:
        rows = [row for row in rows if row[1] is None or row[1] >= least]
    if binding.nulls is Nulls.DROP:
        rows = [row for row in rows if row[0] is not None]
    keys = [("sales", "rank").index(each.split()[0].lower()) + 1 for each in binding.order_by]
    descending = [each.lower().endswith("desc") for each in binding.order_by]

    def compare(left: tuple[Any, ...], right: tuple[Any, ...]) -> int:
        for index, falling in [*zip(keys, descending, strict=True), (0, False)]:
            if left[index] != right[index]:
                if left[index] is None or right[index] is None:
                    return 1 if left[index] is None else -1
                return (1 if left[index] > right[index] else -1) * (-1 if falling else 1)
        return 0

    values = [row[0] for row in sorted(rows, key=cmp_to_key(compare))]
    values = list(dict.fromkeys(values)) if is_distinct(binding, Semantics.CAST_FIRST) else values
    values = values[: binding.take]
    return values if binding.max_items is None else values[: binding.max_items + 1]


@settings(max_examples=120, deadline=None)
@given(rows=ROWS, binding=BINDINGS, least=st.integers(-2, 2))
def test_every_binding_means_what_its_steps_say(rows: list[tuple[Any, ...]], binding: Binding, least: int) -> None:
    assert answer(binding, LIST, rows, least=least) == model(binding, rows, least)


ROWS_OF_SALES = [("a", 5, 1), ("b", 5, 2), ("a", 1, 3), (None, 7, 4)]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"reduce": Reduce.FIRST, "order_by": ("rank desc",)}, [7]),
        ({"reduce": Reduce.ONLY, "where": "campaign = 'b'"}, [5]),
        ({"reduce": Reduce.ONLY}, [1, 5]),
        ({}, [1, 5]),
        ({"reduce": Reduce.MIN}, [1]),
        ({"reduce": Reduce.MAX}, [7]),
        ({"reduce": Reduce.SUM}, [18]),
        ({"reduce": Reduce.SUM, "distinct": False}, [18]),
        ({"reduce": Reduce.SUM, "distinct": True}, [13]),
        ({"reduce": Reduce.COUNT}, [4]),
        ({"reduce": Reduce.COUNT, "distinct": True}, [3]),
        ({"reduce": Reduce.COUNT, "take": 3}, [3]),
        ({"reduce": Reduce.FIRST, "max_items": 3}, [1]),
        ({"reduce": Reduce.COUNT, "where": "campaign = 'z'"}, []),
        ({"reduce": Reduce.SUM, "where": "campaign = 'z'"}, []),
        ({"reduce": Reduce.SUM, "take": 1, "order_by": ("rank desc",)}, [7]),
        ({"reduce": Reduce.MAX, "cast": Cast.STRING}, ["7"]),
    ],
)
def test_many_rows_become_one_value(options: dict[str, Any], expected: list[Any]) -> None:
    wanted = ParameterType.STRING if options.get("cast") is Cast.STRING else ParameterType.INTEGER
    assert answer(bind("sales", **options), scalar(wanted), ROWS_OF_SALES) == expected


def test_avg_uses_every_row_unless_distinct_is_said() -> None:
    number = scalar(ParameterType.NUMBER)
    assert answer(bind("sales", reduce=Reduce.AVG), number, ROWS_OF_SALES) == [4.5]
    assert answer(bind("sales", reduce=Reduce.AVG, distinct=True), number, ROWS_OF_SALES) == [13 / 3]


TEXTS = [("9",), ("10",), ("100",), (None,), ("010",), (" 9 ",)]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"reduce": Reduce.MAX}, [100]),
        ({"reduce": Reduce.MIN}, [9]),
        ({"reduce": Reduce.SUM}, [138]),
        ({"reduce": Reduce.SUM, "distinct": True}, [119]),
        ({"reduce": Reduce.COUNT, "distinct": True}, [3]),
        ({"reduce": Reduce.FIRST}, [9]),
        ({"reduce": Reduce.FIRST, "order_by": ("s desc",)}, [100]),
        ({"reduce": Reduce.ONLY, "where": "s IN ('10', '010')"}, [10]),
        ({"take": 1, "order_by": ("S DESC",)}, [100]),
    ],
)
def test_the_cast_comes_before_all_that_compares(options: dict[str, Any], expected: list[Any]) -> None:
    binding = bind("s", cast=Cast.INTEGER, **options)
    assert answer(binding, scalar(ParameterType.INTEGER), TEXTS, (("s", "VARCHAR"),)) == expected


def test_values_that_the_cast_makes_equal_count_once() -> None:
    integers = Parameter(name=ParameterName("ids"), type=ParameterType.INTEGER_LIST)
    rows = [("1",), ("01",), ("001",), ("2",)]
    assert answer(bind("s", cast=Cast.INTEGER, take=3), integers, rows, (("s", "VARCHAR"),)) == [1, 2]
    assert answer(bind("s", cast=Cast.INTEGER, max_items=2), integers, rows, (("s", "VARCHAR"),)) == [1, 2]
    assert answer(bind("s", cast=Cast.INTEGER, distinct=False), integers, rows, (("s", "VARCHAR"),)) == [1, 1, 1, 2]


def test_the_filter_comes_before_the_cast_and_saves_it_from_what_cannot_be_cast() -> None:
    binding = bind("s", where="s <> 'none' AND rank = 1", cast=Cast.INTEGER, reduce=Reduce.MAX)
    rows = [("none", 1), ("7", 1), ("many", 2), (None, 1)] * 1_000
    assert answer(binding, scalar(ParameterType.INTEGER), rows[:40], (("s", "VARCHAR"), ("rank", "INTEGER"))) == [7]
    many = "SELECT * FROM (VALUES ('none', 1), ('7', 1), ('many', 2), (NULL, 1)) t(s, rank), range(10000)"
    DUCKDB.execute(f"CREATE OR REPLACE TABLE source AS {many}")
    query = binding_query(binding, scalar(ParameterType.INTEGER), Given((("s", "VARCHAR"), ("rank", "INTEGER"))))
    assert DUCKDB.execute(query).fetchall() == [(7,)]


@pytest.mark.parametrize(
    ("options", "cast_first", "cast_last"),
    [
        ({"reduce": Reduce.MAX, "cast": Cast.INTEGER}, [100], [9]),
        ({"reduce": Reduce.COUNT}, [6], [5]),
        ({"take": 3, "cast": Cast.INTEGER, "order_by": ("n",)}, [100, 10, 9], [100, 10, 10]),
    ],
)
def test_an_old_version_keeps_its_order_of_work(
    options: dict[str, Any], cast_first: list[int], cast_last: list[int]
) -> None:
    columns = (("s", "VARCHAR"), ("n", "INTEGER"))
    rows = [("100", 1), ("10", 2), ("010", 3), ("9", 4), ("9", 5), ("8", 6)]
    kind = ParameterType.INTEGER if "reduce" in options else ParameterType.INTEGER_LIST
    answer(bind("s"), LIST, rows, columns)
    for semantics, expected in ((Semantics.CAST_FIRST, cast_first), (Semantics.CAST_LAST, cast_last)):
        query = binding_query(bind("s", **options), scalar(kind), Given(columns, semantics=semantics))
        assert [value for (value,) in DUCKDB.execute(query).fetchall()] == expected


def test_nulls_fail_only_where_they_pass_the_filter() -> None:
    failing = bind(nulls=Nulls.FAIL)
    with pytest.raises(duckdb.Error, match="null value"):
        answer(failing, LIST, ROWS_OF_SALES)
    assert answer(bind(nulls=Nulls.FAIL, where="rank < 4"), LIST, ROWS_OF_SALES) == ["a", "b"]
    with pytest.raises(duckdb.Error, match="null value"):
        answer(bind("campaign", nulls=Nulls.FAIL, reduce=Reduce.COUNT), scalar(ParameterType.INTEGER), ROWS_OF_SALES)


def test_more_than_max_items_behind_a_reduce_fails() -> None:
    for reduce, kept in ((Reduce.SUM, 11), (Reduce.FIRST, 1), (Reduce.MAX, 5), (Reduce.COUNT, 3)):
        binding = bind("sales", reduce=reduce, max_items=3)
        with pytest.raises(duckdb.Error, match=r"more than max_items \(3\)"):
            answer(binding.model_copy(update={"distinct": False}), scalar(ParameterType.INTEGER), ROWS_OF_SALES)
        assert answer(binding, scalar(ParameterType.INTEGER), ROWS_OF_SALES[:3]) == [kept]


@pytest.mark.parametrize(
    ("kind", "value", "cast", "expected"),
    [
        ("VARCHAR", "0000000123", Cast.INTEGER, 123),
        ("VARCHAR", " -9223372036854775808 ", Cast.INTEGER, -(2**63)),
        ("DOUBLE", 5.0, Cast.INTEGER, 5),
        ("BIGINT", 2**62 + 1, Cast.STRING, str(2**62 + 1)),
        ("VARCHAR", "1.5", Cast.NUMBER, 1.5),
        ("VARCHAR", "1.5", Cast.INTEGER, None),
        ("VARCHAR", "9223372036854775808", Cast.INTEGER, None),
        ("DOUBLE", 5.5, Cast.INTEGER, None),
        ("DECIMAL(4,2)", 5.25, Cast.INTEGER, None),
        ("VARCHAR", "abc", Cast.DATE, None),
        ("VARCHAR", "maybe", Cast.BOOLEAN, None),
    ],
)
def test_casts_are_exact_or_fail(kind: str, value: Any, cast: Cast, expected: Any) -> None:
    binding, parameter = bind("v", cast=cast), scalar(ParameterType(cast.value))
    if expected is None:
        with pytest.raises(duckdb.Error, match="Cannot cast"):
            answer(binding, parameter, [(value,)], (("v", kind),))
    else:
        assert answer(binding, parameter, [(value,)], (("v", kind),)) == [expected]


def test_zeros_in_front_and_64_bits_survive() -> None:
    assert answer(bind("v"), LIST, [("0012",), ("12",)], (("v", "VARCHAR"),)) == ["0012", "12"]
    integers = Parameter(name=ParameterName("ids"), type=ParameterType.INTEGER_LIST)
    assert answer(bind("v"), integers, [(2**63 - 1,), (2**53 + 1,)], (("v", "BIGINT"),)) == [2**53 + 1, 2**63 - 1]
    assert answer(bind("v"), integers, [(2**53 + 1,)], (("v", "HUGEINT"),)) == [2**53 + 1]
    with pytest.raises(duckdb.Error, match="v has 18446744073709551616, which no integer of a parameter can be"):
        answer(bind("v"), integers, [(2**64,)], (("v", "HUGEINT"),))


def test_a_column_called_place_or_value_confuses_nothing() -> None:
    columns = (("value", "INTEGER"), ("place", "INTEGER"))
    integers = Parameter(name=ParameterName("ids"), type=ParameterType.INTEGER_LIST)
    assert answer(bind("place", order_by=("value desc",)), integers, [(1, 10), (2, 20)], columns) == [20, 10]


@pytest.mark.parametrize(
    "options",
    [
        {"column": "nothing"},
        {"order_by": ("nothing desc",)},
        {"order_by": ("sales desc; drop table source",)},
        {"where": "nothing = 1"},
        {"where": "sales >= {{unset}}"},
        {"reduce": Reduce.SUM},
        {},
        {"column": "sales", "cast": Cast.STRING},
    ],
)
def test_what_cannot_be_is_refused_before_any_query(options: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        binding_query(bind(**options), scalar(ParameterType.INTEGER), Given(COLUMNS))


def test_orders_are_read_strictly() -> None:
    assert order_of(' "total ""net"" sales" DESC', None) is not None
    assert order_of("total sales desc", ["Total Sales"]) is not None
    assert order_of("sales desc nulls first", None) is None
    assert [each.path for each in order_problems(["sales", "a b c", "lower(x)"], None, "map.p.order_by")] == [
        "map.p.order_by.1",
        "map.p.order_by.2",
    ]
