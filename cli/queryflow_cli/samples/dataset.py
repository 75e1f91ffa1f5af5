"""A folder of Parquet files with a manifest that says what it holds and up to which day."""

import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path

from queryflow.domain.errors import Conflict, Refused

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


@contextmanager
def replaced(folder: Path) -> Iterator[Path]:
    """A folder to fill, which takes the place of `folder` when the block ends well and is gone when it does not.

    Conflict if there is something in `folder` that is no data set: nobody's files are replaced. Refused if none can be
    made there.
    """
    if folder.exists() and any(folder.iterdir()) and read_manifest(folder) is None:
        raise Conflict(f"{folder} holds something else than sample data; name another folder.", code="FOLDER_IN_USE")
    _remove_interrupted(folder)
    making = folder.with_name(f"{folder.name}.making-{os.getpid()}")
    try:
        making.mkdir(parents=True)
    except OSError as error:
        message = f"{making.parent} cannot hold the data: {error.strerror}; name another folder."
        raise Refused(message, code="FOLDER_NOT_USABLE") from error
    try:
        yield making
        shutil.rmtree(folder, ignore_errors=True)
        making.rename(folder)
    finally:
        shutil.rmtree(making, ignore_errors=True)


def _remove_interrupted(folder: Path) -> None:
    """Remove what a killed process left beside the folder."""
    for left in folder.parent.glob(f"{folder.name}.making-*"):
        process = left.name.rpartition("-")[2]
        if process == str(os.getpid()) or not Path("/proc", process).exists():
            shutil.rmtree(left, ignore_errors=True)


def write_manifest(folder: Path, dataset: Dataset) -> None:
    """Write the manifest; it is written last, so that a folder with one is complete."""
    document = asdict(dataset) | {"end_date": dataset.end_date.isoformat(), "rows": dict(dataset.rows)}
    (folder / MANIFEST).write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")


def read_manifest(folder: Path) -> Dataset | None:
    """The manifest of a complete folder; None where there is none, or somebody else's."""
    try:
        document = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        return Dataset(**document | {"end_date": date.fromisoformat(document["end_date"])})
    except (OSError, ValueError, TypeError, KeyError):
        return None
