"""Why a query failed, by DuckDB's own words."""

import errno
import os

import duckdb
import pytest

from queryflow.domain.states import ErrorKind
from queryflow.sandbox.faults import fault
from queryflow.sandbox.settings import Limits

WIDE = "Type INT128 with value 27670116110564327421 can't be cast because the value is out of range for the destination"


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        ("IO Error: Unexpected end of GZIP stream: in/x.csv.gz", ErrorKind.VALIDATION),
        ("IO Error: Input is not a GZIP stream: in/x.csv.gz", ErrorKind.VALIDATION),
        ("IO Error: Parquet files do not support negative intervals", ErrorKind.VALIDATION),
        ('IO Error: Cannot open file "in/m/0255.parquet": Too many open files', ErrorKind.REJECTED),
        ('IO Error: Could not write file "out/1.parquet": File too large', ErrorKind.REJECTED),
        ('IO Error: No files found that match the pattern "in/x.parquet"', ErrorKind.MISSING),
        ('IO Error: Cannot open file "in/x": No such file or directory', ErrorKind.MISSING),
        ('IO Error: Cannot open file "in/x": Permission denied', ErrorKind.FORBIDDEN),
        (f'IO Error: Could not write file "out/1.parquet": {os.strerror(errno.ENOSPC)}', ErrorKind.TRANSIENT),
        (f'IO Error: Could not read from file "in/x": {os.strerror(errno.EIO)}', ErrorKind.TRANSIENT),
    ],
)
def test_what_is_in_the_file_or_the_query_is_not_tried_again(message: str, kind: ErrorKind) -> None:
    assert fault(duckdb.IOException(message), Limits())[0] is kind


@pytest.mark.parametrize(
    ("error", "advice"),
    [
        (duckdb.ConversionException(f"Conversion Error: {WIDE} type INT64"), "DECIMAL(38, 0)"),
        (duckdb.InvalidInputException(f"Invalid Input Error: {WIDE} type INT64"), "DECIMAL(38, 0)"),
        (duckdb.IOException("IO Error: Parquet files do not support negative intervals"), "VARCHAR"),
        (duckdb.IOException('IO Error: Cannot open file "in/m/0255.parquet": Too many open files'), "512"),
        (duckdb.IOException(f"IO Error: Could not write: {os.strerror(errno.ENOSPC)}"), "make room"),
    ],
)
def test_a_refusal_says_how_to_mend_it(error: duckdb.Error, advice: str) -> None:
    assert advice in fault(error, Limits())[1]
