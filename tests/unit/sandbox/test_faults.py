import duckdb
import pytest

from queryflow.domain.states import ErrorKind
from queryflow.sandbox.faults import fault
from queryflow.sandbox.settings import Limits


@pytest.mark.parametrize(
    ("said", "kind", "sentence"),
    [
        (
            "Could not write all bytes: No space left on device",
            ErrorKind.TRANSIENT,
            "The disk where queries run is full",
        ),
        ("Could not write all bytes: File too large", ErrorKind.REJECTED, "writes more than it may: 7 MB a file"),
        ("failed to offload data block, max_temp_directory_size", ErrorKind.REJECTED, "9 MB in all"),
        ('Cannot open file "in/x.csv": Permission denied', ErrorKind.FORBIDDEN, "Cannot open file"),
        ("Disk read failed", ErrorKind.TRANSIENT, "Disk read failed"),
    ],
)
def test_what_a_full_disk_is_and_what_a_greedy_query(said: str, kind: ErrorKind, sentence: str) -> None:
    found, message = fault(duckdb.IOException(said), Limits(file_mb=7, disk_mb=9))
    assert found is kind
    assert sentence in message
