"""What the names of folders say."""

import pytest

from queryflow.domain.files.partitions import partition_of, partition_type


@pytest.mark.parametrize(
    ("folder", "said"),
    [
        ("day=2026-11-22", ("day", "2026-11-22")),
        ("a%3Db=x%2Fy", ("a=b", "x/y")),
        ("formula=a=b", ("formula", "a=b")),
        ("day=__HIVE_DEFAULT_PARTITION__", ("day", None)),
        ("day=", ("day", None)),
        ("=1", None),
        ("2026", None),
        ("day=a%00b", None),
        ("d%00ay=1", None),
    ],
)
def test_a_folder_says_a_column_and_a_value(folder: str, said: tuple[str, str | None] | None) -> None:
    assert partition_of(folder) == said


@pytest.mark.parametrize(
    ("values", "type_"),
    [
        (["1", "22", None], "BIGINT"),
        (["9223372036854775808"], "DECIMAL(38,0)"),
        (["1" * 39], "VARCHAR"),
        (["01", "02"], "VARCHAR"),
        (["+1"], "VARCHAR"),
        (["1e5"], "VARCHAR"),
        (["10", "9.99", "10.50"], "DECIMAL(18,2)"),
        (["10.0", "9.99"], "DECIMAL(18,2)"),
        (["1.2", "1.10"], "VARCHAR"),
        (["12345678901234567890.5"], "DECIMAL(38,1)"),
        (["2026-01-01", "2024-02-29"], "DATE"),
        (["2026-01-01", "2026-02-29"], "VARCHAR"),
        (["2026-01-01", "7"], "VARCHAR"),
        (["2026-01-01 10:00:00"], "TIMESTAMP"),
        (["2026-01-01T10:00:00+02:00"], "TIMESTAMP WITH TIME ZONE"),
        (["10:30"], "TIME"),
        (["true", "FALSE"], "BOOLEAN"),
        (["t", "f"], "VARCHAR"),
        ([None], "VARCHAR"),
        (["nan"], "VARCHAR"),
    ],
)
def test_a_type_is_kept_where_nothing_written_is_lost(values: list[str | None], type_: str) -> None:
    assert partition_type(values) == type_
