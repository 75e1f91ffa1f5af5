"""Types that hold what two types hold."""

import pytest

from queryflow.domain.files.united_types import needs_check, united_type


@pytest.mark.parametrize(
    ("one", "other", "united"),
    [
        ("INTEGER", "INTEGER", "INTEGER"),
        ("INTEGER", "BIGINT", "BIGINT"),
        ("TINYINT", "UTINYINT", "SMALLINT"),
        ("BIGINT", "UBIGINT", "DECIMAL(20,0)"),
        ("INTEGER", "DECIMAL(9,2)", "DECIMAL(12,2)"),
        ("DECIMAL(9,2)", "DECIMAL(9,4)", "DECIMAL(11,4)"),
        ("DECIMAL(38,0)", "DECIMAL(9,2)", None),
        ("FLOAT", "DOUBLE", "DOUBLE"),
        ("BIGINT", "DOUBLE", "DOUBLE"),
        ("INTEGER", "FLOAT", "DOUBLE"),
        ("DECIMAL(9,2)", "DOUBLE", None),
        ("VARCHAR", "INTEGER", None),
        ("VARCHAR", "DATE", None),
        ("DATE", "TIMESTAMP", "TIMESTAMP"),
        ("TIMESTAMP", "TIMESTAMP WITH TIME ZONE", None),
        ("TIMESTAMP_MS", "TIMESTAMP", "TIMESTAMP"),
        ('"NULL"', "VARCHAR", "VARCHAR"),
        ("INTEGER[]", "BIGINT[]", "BIGINT[]"),
        ("INTEGER[]", "VARCHAR[]", None),
        ("STRUCT(a INTEGER)", "STRUCT(a BIGINT)", None),
        ("BOOLEAN", "INTEGER", None),
    ],
)
def test_no_value_is_lost(one: str, other: str, united: str | None) -> None:
    assert united_type(one, other) == united
    assert united_type(other, one) == united


def test_only_large_whole_numbers_must_be_looked_at() -> None:
    assert needs_check("BIGINT", "DOUBLE")
    assert not needs_check("INTEGER", "DOUBLE")
    assert not needs_check("BIGINT", "DECIMAL(20,0)")
