"""The made-up advertiser's data set: seeded, streamed to Parquet, in sizes from a demo's to a warehouse's."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from queryflow.domain.errors import TryAgain
from queryflow.sql.amc.amc_schema import amc_schema
from queryflow_cli.samples.dataset import Dataset, read_manifest, replaced, write_manifest
from queryflow_cli.samples.expressions import CONVERSIONS, TOUCHES
from queryflow_cli.samples.tables import DUCKDB_TYPES, SAMPLE_TABLES, SampleTable

if TYPE_CHECKING:
    import duckdb

Told = Callable[[int, int], None]
"""Hears how many of how many are done."""
END_DATE = date(2026, 10, 31)
SEED = 20261031


@dataclass(frozen=True, slots=True)
class Size:
    """How much there is of everything; all tables together have about three rows per touch."""

    touches: int
    users: int
    days: int


SIZES = {
    "demo": Size(touches=50_000, users=9_000, days=60),
    "medium": Size(touches=1_500_000, users=200_000, days=180),
    "large": Size(touches=35_000_000, users=4_000_000, days=395),
}
"""By name, about 10^5, 5 × 10^6 and 10^8 rows."""


NOTHING = SampleTable("(SELECT 1 WHERE FALSE) AS nothing", {})
"""An official table of which nothing is made: its columns are there, and no row."""


def nobody(_done: int, _total: int) -> None:
    """Hears how it goes and does nothing with it."""


def generate(
    folder: Path, *, size: str = "demo", seed: int = SEED, end_date: date = END_DATE, told: Told = nobody
) -> Dataset:
    """Make the data set in a folder, unless the same one is there already; a crash leaves no half-made folder.

    `told` hears how many tables of how many there are.
    """
    present = read_manifest(folder)
    if present and _is(present, size, seed, end_date):
        return present
    with replaced(folder) as making:
        rows = _write_tables(making, SIZES[size], (seed, end_date), told)
        dataset = Dataset("amc", end_date, seed, size, rows)
        write_manifest(making, dataset)
    return dataset


def _is(present: Dataset, size: str, seed: int, end_date: date) -> bool:
    """Whether the data set is that one, and whole: earlier ones had the tables only that have rows."""
    same = (present.name, present.size, present.seed, present.end_date) == ("amc", size, seed, end_date)
    return same and set(present.rows) == set(amc_schema())


def _write_tables(folder: Path, size: Size, chosen: tuple[int, date], told: Told) -> dict[str, int]:
    import duckdb

    rows: dict[str, int] = {}

    with duckdb.connect() as connection:
        _define(connection, size, *chosen)
        try:
            for name in amc_schema():
                told(len(rows), len(amc_schema()))
                rows[name] = _write(connection, folder, name, SAMPLE_TABLES.get(name, NOTHING))
        except duckdb.IOException as error:
            message = f"The sample data cannot be written in {folder.parent}; is the disk full? {error}"
            raise TryAgain(message) from error
    return rows


def _define(connection: "duckdb.DuckDBPyConnection", size: Size, seed: int, end_date: date) -> None:
    connection.execute("SET preserve_insertion_order = false")
    connection.execute(f"CREATE MACRO u(number, salt) AS (hash(number, salt, {seed}) % 1000003) / 1000003.0")
    connection.execute(f"CREATE MACRO users() AS {size.users}")
    connection.execute(f"CREATE MACRO days() AS {size.days}")
    connection.execute(f"CREATE MACRO touches_wanted() AS {size.touches}")
    connection.execute(f"CREATE MACRO last_day() AS TIMESTAMP '{end_date.isoformat()} 00:00:00'")
    connection.execute(f"CREATE VIEW touches AS {TOUCHES}")
    connection.execute(f"CREATE VIEW conversions AS {CONVERSIONS}")


def _write(connection: "duckdb.DuckDBPyConnection", folder: Path, name: str, table: SampleTable) -> int:
    target = str(folder / f"{name}.parquet").replace("'", "''")
    select = f"SELECT {_select_list(name, table)} FROM {table.rows}"
    copied = connection.execute(f"COPY ({select}) TO '{target}' (FORMAT parquet, COMPRESSION zstd)").fetchone()
    return int(copied[0]) if copied else 0


def _select_list(name: str, table: SampleTable) -> str:
    return ", ".join(
        f"CAST({table.columns.get(column, 'NULL')} AS {DUCKDB_TYPES[kind]}) AS {column}"
        for column, kind in amc_schema()[name].items()
    )
