"""Values survive parent → binding → child, whatever their type: on real Parquet, in the real sandbox, in real SQL."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from executor.attempt.resolving import BindingRequest, BoundInput, resolve_inputs
from executor.attempt.results import store_result
from executor.engines.port import Produced, ResultColumn
from queryflow.domain.flow.flow import Binding
from queryflow.domain.flow.values import check_value
from queryflow.domain.values.parameters import Parameter, ParameterType
from queryflow.objects.folder import FolderObjects
from queryflow.sandbox.sandbox import Sandbox
from queryflow.sql.literals import literal
from queryflow.sql.notation import DUCKDB_SQL

TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=30) | st.sampled_from(
    [
        "",
        "00123",
        "it's",
        '"',
        "\\",
        "--",
        "/*",
        "{{x}}",
        "$$",
        "e\u0301",
        "é",
        "\u202e",
        "NULL",
        "1e5",
        " padded ",
        "\n",
    ]
)
ZONED = st.datetimes(datetime(2, 1, 1), datetime(9998, 12, 31)).flatmap(  # noqa: DTZ001 - the zone comes with the hours
    lambda moment: st.integers(-28, 28).map(
        lambda halves: moment.replace(tzinfo=timezone(timedelta(minutes=30 * halves)))
    )
)
COLUMNS: dict[str, tuple[str, st.SearchStrategy[Any], ParameterType]] = {
    "texts": ("VARCHAR", TEXTS, ParameterType.STRING_LIST),
    "integers": ("BIGINT", st.integers(-(2**63), 2**63 - 1), ParameterType.INTEGER_LIST),
    "wide": ("UBIGINT", st.integers(0, 2**64 - 1), ParameterType.NUMBER_LIST),
    "decimals": (
        "DECIMAL(38, 6)",
        st.decimals(-(10**31), 10**31, allow_nan=False, places=6),
        ParameterType.NUMBER_LIST,
    ),
    "whole": ("DECIMAL(38, 0)", st.integers(-(10**37), 10**37).map(Decimal), ParameterType.NUMBER_LIST),
    "doubles": ("DOUBLE", st.floats(allow_nan=False, allow_infinity=False), ParameterType.NUMBER_LIST),
    "dates": ("DATE", st.dates(), ParameterType.DATE_LIST),
    "zoned": ("TIMESTAMP WITH TIME ZONE", ZONED, ParameterType.TIMESTAMP),
}


async def survived(
    sandbox: Sandbox, objects: FolderObjects, directory: Path, column: str, values: Sequence[Any]
) -> list[Any]:
    """What the child's SQL sees of the parent's rows, in their order."""
    type_, _, parameter_type = COLUMNS[column]
    file = directory / "parent.parquet"
    with duckdb.connect() as parent:
        parent.execute(f"CREATE TABLE t (place INTEGER, v {type_})")
        parent.executemany("INSERT INTO t VALUES (?, ?)", [[place, value] for place, value in enumerate(values)])
        parent.execute("COPY t TO ? (FORMAT parquet)", [str(file)])
    columns = (ResultColumn("place", "INTEGER"), ResultColumn("v", type_))
    source = await store_result(objects, Produced(file, len(values), columns, ""), "results/1/2/1-1.parquet")
    options: dict[str, Any] = {"order_by": ("place",), "distinct": False, "nulls": "keep"}
    binding = Binding(column="v", **options, **({} if parameter_type.is_list else {"take": 1}))
    parameter = Parameter(name="p", type=parameter_type)
    body = BindingRequest((BoundInput(parameter, binding, source),), {}, directory, timedelta(seconds=60))
    found = (await resolve_inputs(sandbox, objects, body)).values["p"]
    if found is not None and not (isinstance(found, list) and None in found):
        found, problems = check_value(parameter, found, "p")
        assert problems == []
    with duckdb.connect() as child:
        [(seen,)] = child.execute(f"SELECT {literal(found, parameter_type, DUCKDB_SQL)}").fetchall()
    return list(seen) if isinstance(seen, list) else [seen]


@pytest.mark.parametrize("column", COLUMNS)
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
async def test_what_a_parent_found_is_what_its_child_sees(
    sandbox: Sandbox, objects: FolderObjects, directory: Path, column: str, data: st.DataObject
) -> None:
    _, strategy, parameter_type = COLUMNS[column]
    most = 6 if parameter_type.is_list else 1
    values = data.draw(st.lists(strategy | st.none(), min_size=1, max_size=most))
    seen = await survived(sandbox, objects, directory, column, values)
    expected = [
        value.astimezone(UTC).replace(tzinfo=None) if isinstance(value, datetime) else value for value in values
    ]
    assert seen == expected
    kept = [type(each) for each in seen if each is not None]
    assert kept == [_type_of(column, each) for each in expected if each is not None]


def _type_of(column: str, value: Any) -> type:
    """Python's word for what the child's SQL has: an integer beyond 64 bits is a decimal there."""
    return Decimal if column == "wide" else type(value)
