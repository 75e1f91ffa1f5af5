"""A folder of Parquet files with a manifest that says what it holds and up to which day."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path

MANIFEST = "dataset.json"


@dataclass(frozen=True, slots=True)
class Dataset:
    """What a folder of sample data holds."""

    name: str
    end_date: date
    """The last day it covers: the `as_of` of the engine connection that reads it."""
    seed: int
    size: str
    rows: Mapping[str, int]
    """Rows by table."""


def write_manifest(folder: Path, dataset: Dataset) -> None:
    """Write the manifest; it is written last, so that a folder with one is complete."""
    document = asdict(dataset) | {"end_date": dataset.end_date.isoformat(), "rows": dict(dataset.rows)}
    (folder / MANIFEST).write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")


def read_manifest(folder: Path) -> Dataset | None:
    """The manifest of a complete folder; None where there is none."""
    try:
        document = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    return Dataset(**document | {"end_date": date.fromisoformat(document["end_date"])})
