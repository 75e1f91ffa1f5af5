"""What the tests of SQL share."""

from collections.abc import Iterator

import pytest

from tests.unit.sql.making import DUCKDB


@pytest.fixture(scope="session", autouse=True)
def _closed_connection() -> Iterator[None]:
    """Close the shared DuckDB at the end, or its library complains about what was left."""
    yield
    DUCKDB.close()
