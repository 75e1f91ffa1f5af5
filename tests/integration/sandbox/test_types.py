"""Every type of DuckDB, from a query by way of the stored file to the value that is shown or bound."""

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from math import inf
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from queryflow.domain.states import ErrorKind
from queryflow.sandbox.jobs.job import Job, JobFailed, Query
from queryflow.sandbox.sandbox import Sandbox

BIG = 9007199254740993
"""An integer that no double holds."""
TRUE: dict[str, tuple[str, Any]] = {
    "true": ("BOOLEAN", True),
    "(-128)::TINYINT": ("TINYINT", -128),
    "18446744073709551615::UBIGINT": ("UBIGINT", 2**64 - 1),
    f"{BIG}::HUGEINT": ("BIGINT", BIG),
    f"{BIG}::UHUGEINT": ("UBIGINT", BIG),
    f"[[{BIG}::HUGEINT], NULL]": ("BIGINT[][]", [[BIG], None]),
    f"array_value({BIG}::HUGEINT, 2)": ("BIGINT[]", [BIG, 2]),
    f"row({BIG}::HUGEINT, 'x')": ("STRUCT(element1 BIGINT, element2 VARCHAR)", {"element1": BIG, "element2": "x"}),
    f"""{{'a "b': [{BIG}::HUGEINT]}}""": ('STRUCT("a ""b" BIGINT[])', {'a "b': [BIG]}),
    f"MAP {{{BIG}::HUGEINT: {BIG}::UHUGEINT}}": ("MAP(BIGINT, UBIGINT)", {BIG: BIG}),
    "repeat('9', 45)::BIGNUM": ("VARCHAR", "9" * 45),
    "12345678901234567890123456.0123456789::DECIMAL(38,10)": (
        "DECIMAL(38,10)",
        Decimal("12345678901234567890123456.0123456789"),
    ),
    "'inf'::DOUBLE": ("DOUBLE", inf),
    "'10101'::BIT": ("VARCHAR", "10101"),
    r"'\xAA\x00'::BLOB": ("BLOB", b"\xaa\x00"),
    "'eeccb8c5-9943-b2bb-bb5e-222f4e14b687'::UUID": ("UUID", UUID("eeccb8c5-9943-b2bb-bb5e-222f4e14b687")),
    "'b'::ENUM('a', 'b')": ("VARCHAR", "b"),
    "'ü😀'": ("VARCHAR", "ü😀"),
    "NULL": ("INTEGER", None),
    "{'a': [NULL]}": ("STRUCT(a INTEGER[])", {"a": [None]}),
    """'{"a": 1}'::JSON""": ("JSON", '{"a": 1}'),
    f"{{'a': {BIG}::HUGEINT, 'b': DATE 'infinity'}}::VARIANT": ("VARIANT", f'{{"a":{BIG},"b":"infinity"}}'),
    "TIMESTAMPTZ '2026-11-22 01:02:03+02'::VARIANT": ("VARIANT", '"2026-11-21 23:02:03+00"'),
    "'POINT(1 2)'::GEOMETRY": ("GEOMETRY('OGC:CRS84')", "POINT (1 2)"),
    "INTERVAL '14 months 3 days 01:02:03.5'": ("INTERVAL", "1 year 2 months 3 days 01:02:03.5"),
    "TIME '01:02:03.123456'": ("TIME", time(1, 2, 3, 123456)),
    "TIME '24:00:00'": ("TIME", "24:00:00"),
    "TIME_NS '01:02:03.123456789'": ("TIME_NS", "01:02:03.123456789"),
    "'01:02:03+02'::TIMETZ": ("TIME WITH TIME ZONE", time(23, 2, 3, tzinfo=UTC)),
    "DATE '9999-12-31'": ("DATE", date(9999, 12, 31)),
    "DATE '10000-01-01'": ("DATE", "10000-01-01"),
    "DATE 'infinity'": ("DATE", inf),
    "[DATE '-infinity', NULL]": ("DATE[]", [-inf, None]),
    "MAP {DATE 'infinity': 1, DATE '9999-12-31': 2}": ("MAP(DATE, INTEGER)", {inf: 1, date(9999, 12, 31): 2}),
    "MAP {[DATE 'infinity']: 1}": ("MAP(DATE[], INTEGER)", {"key": [[inf]], "value": [1]}),
    "TIMESTAMP '-infinity'": ("TIMESTAMP", -inf),
    "TIMESTAMP_S '2026-11-22 01:02:03'": ("TIMESTAMP", datetime(2026, 11, 22, 1, 2, 3)),  # noqa: DTZ001 - has no zone
    "TIMESTAMP_NS '2026-11-22 01:02:03.123456789'": ("TIMESTAMP_NS", "2026-11-22T01:02:03.123456789"),
    "TIMESTAMP_NS '2026-11-22 01:02:03.5'": ("TIMESTAMP_NS", datetime(2026, 11, 22, 1, 2, 3, 500_000)),  # noqa: DTZ001 - has no zone
    "TIMESTAMPTZ 'infinity'": ("TIMESTAMP WITH TIME ZONE", inf),
    "[{'since': TIMESTAMPTZ '2026-11-22 01:02:03+02'}]": (
        "STRUCT(since TIMESTAMP WITH TIME ZONE)[]",
        [{"since": datetime(2026, 11, 21, 23, 2, 3, tzinfo=UTC)}],
    ),
}
REFUSED = {
    "170141183460469231731687303715884105727::HUGEINT": "DECIMAL(38, 0)",
    "[340282366920938463463374607431768211455::UHUGEINT]": "DECIMAL(38, 0)",
    "170141183460469231731687303715884105727::HUGEINT::VARIANT": "DECIMAL(38, 0)",
    "union_value(n := 2::HUGEINT)": 'CAST("x" AS VARCHAR)',
    "[union_value(n := 2)]": 'CAST("x" AS VARCHAR)',
    "{'a': INTERVAL '1 day'}": 'CAST("x" AS VARCHAR)',
    "INTERVAL '-1 day'": "VARCHAR",
    "INTERVAL '1 microsecond'": "VARCHAR",
}


async def test_every_type_comes_out_true(sandbox: Sandbox, directory: Path) -> None:
    """All at once, in one row: as it was stored, and as a page of the stored file has it."""
    items = ", ".join(f'{sql} AS "x{number}"' for number, sql in enumerate(TRUE))
    [made] = await sandbox.run(_job(directory, f"SELECT {items}"))
    page = Query("SELECT * FROM 'in/result.parquet' LIMIT 1 OFFSET 0", rows=1)
    inputs = {"result.parquet": directory / "result.parquet"}
    [read] = await sandbox.run(Job((page,), directory, timedelta(seconds=60), inputs))
    assert made.rows == read.rows
    assert made.columns == read.columns
    found = zip(TRUE, read.columns, read.rows[0], strict=True)
    assert {sql: (type_, value) for sql, (_, type_), value in found} == TRUE


@pytest.mark.parametrize(("sql", "advice"), REFUSED.items())
async def test_what_cannot_be_held_is_refused_with_a_cast_to_mend_it(
    sandbox: Sandbox, directory: Path, sql: str, advice: str
) -> None:
    with pytest.raises(JobFailed) as failed:
        await sandbox.run(_job(directory, f"SELECT {sql} AS x"))
    assert failed.value.kind is ErrorKind.VALIDATION
    assert advice in failed.value.message


def _job(directory: Path, sql: str) -> Job:
    return Job((Query(sql, file="result.parquet", rows=1),), directory, timedelta(seconds=60))
