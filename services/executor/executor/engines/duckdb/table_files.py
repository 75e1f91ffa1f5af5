"""The files in a folder as tables are made of them: what a name says, and which links are followed."""

import os
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from queryflow.domain.files.partitions import partition_of
from queryflow.domain.storable import is_storable


class Form(StrEnum):
    """What the files of a table are written in."""

    PARQUET = "parquet"
    CSV = "csv"
    JSON = "json"


_WORDS = {"parquet": Form.PARQUET, "csv": Form.CSV, "tsv": Form.CSV}
_WORDS |= dict.fromkeys(("jsonl", "ndjson", "json"), Form.JSON)
_PACKED = ("gz", "zst")
NO_TABLE = f"its name ends in none of {', '.join(f'.{word}' for word in _WORDS)} (text also packed: .gz, .zst)"
DEEPEST = 20
"""Levels of folders that are looked into."""


@dataclass(frozen=True, slots=True)
class TableFile:
    """A file of a table."""

    path: Path
    shown: str
    """Its name for people, as seen from the folder of the tables."""
    constants: Mapping[str, str | None] = field(default_factory=dict)
    """Columns that all its rows have, as folders named `day=2026-11-22` say them; None is NULL."""


@dataclass(frozen=True, slots=True)
class NoTable:
    """A file or folder that is no table."""

    shown: str
    reason: str
    is_link: bool = False


@dataclass(frozen=True, slots=True)
class Entry:
    """What stands in a folder."""

    path: Path
    name: str
    """Its own name, its accents composed."""
    shown: str
    is_folder: bool
    is_link: bool = False


def entries_of(folder: Path, above: str = "") -> Iterator[Entry | NoTable]:
    """What stands in the folder, in order of names, without what is hidden. OSError if it cannot be read."""
    with os.scandir(folder) as found:
        items = sorted((item for item in found if not item.name.startswith(".")), key=lambda item: item.name)
    for item in items:
        if not is_storable(item.name):
            yield NoTable(f"{above}{item.name.encode(errors='replace').decode()}", "no SQL can name it")
            continue
        name = unicodedata.normalize("NFC", item.name)
        shown = above + name
        if item.is_symlink() and (reason := _smuggled(Path(item.path))):
            yield NoTable(shown, reason, is_link=True)
        elif item.is_dir() or item.is_file():
            yield Entry(Path(item.path), name, shown, item.is_dir(), item.is_symlink())
        else:
            yield NoTable(shown, "it is neither a file nor a folder")


def split(name: str) -> tuple[str, Form] | None:
    """The table's name and form that a file's name says; None if it says none."""
    table, _, word = name.rpartition(".")
    packed = word.lower() in _PACKED
    if packed:
        table, _, word = table.rpartition(".")
    form = _WORDS.get(word.lower())
    if not table or form is None or (packed and form is Form.PARQUET):
        return None
    return table, form


def files_below(folder: Entry) -> Iterator[TableFile | NoTable]:
    """The data files of a folder, down through folders named `column=value`. OSError if one cannot be read.

    What begins with `_` is Spark's and others' own. Other folders are told as no part of the table.
    """
    yield from _below(folder, {}, 0)


def _below(folder: Entry, constants: Mapping[str, str | None], depth: int) -> Iterator[TableFile | NoTable]:
    for entry in entries_of(folder.path, f"{folder.shown}/"):
        if isinstance(entry, NoTable):
            yield entry
        elif entry.name.startswith("_") and entry.name != "_delta_log":
            continue
        elif entry.is_folder:
            said = partition_of(entry.name)
            if said is None or depth == DEEPEST or said[0] in constants:
                yield NoTable(
                    f"{entry.shown}/", "a folder in a table's folder is named as a column's value: day=2026-11-22"
                )
            else:
                yield from _below(entry, {**constants, said[0]: said[1]}, depth + 1)
        elif split(entry.name) is None:
            yield NoTable(entry.shown, NO_TABLE)
        else:
            yield TableFile(entry.path, entry.shown, constants)


def _smuggled(link: Path) -> str | None:
    """Why a link is not followed: somebody may have put it here to have us read what they may not read themselves.

    A link to one's own file is followed, and so is one that the user made who runs us: that was on purpose.
    """
    try:
        owner = link.stat().st_uid
    except OSError:
        return "the link leads nowhere"
    if link.lstat().st_uid in (os.geteuid(), owner):
        return None
    return "the link was made by another user than the owner of what it leads to"
