"""Tables of text that were read already, as typed Parquet beside the home: bounded in size, the oldest used go first.

An entry is a Parquet file and a description, which is written last and makes it one; a file that cannot be read as a
table is kept as the sentence that says why. Both appear whole or not at all, even if their writer is killed.
"""

import json
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from executor.engines.port import ResultColumn

_DRAFT = ".draft-"
_LEFT_OVER_SECONDS = 86_400


@dataclass(frozen=True, slots=True)
class Description:
    """What a table of text is: its columns and rows, and what a person should know of it; or why it is none."""

    columns: tuple[ResultColumn, ...] = ()
    rows: int = 0
    notices: tuple[str, ...] = ()
    refused: str = ""


@dataclass(frozen=True, slots=True)
class TableCache:
    """A folder of tables that were read; several processes may use one."""

    folder: Path
    most_bytes: int

    def take(self, key: str, into: Path) -> Description | None:
        """What is kept under the key, its Parquet linked to `into` unless it was refused; None if nothing is kept."""
        try:
            description = _read(self._description(key))
            if not description.refused:
                into.unlink(missing_ok=True)
                os.link(self._parquet(key), into)
            os.utime(self._description(key))
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return description

    def keep(self, key: str, description: Description, parquet: Path | None) -> None:
        """Keep the table, or that it is none; its file is linked, or copied where that cannot be."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if parquet is not None:
            draft = self._draft()
            try:
                os.link(parquet, draft)
            except OSError:
                shutil.copyfile(parquet, draft)
            draft.replace(self._parquet(key))
        draft = self._draft()
        draft.write_text(_written(description), encoding="utf-8")
        draft.replace(self._description(key))
        self._make_room(key)

    def _make_room(self, kept: str) -> None:
        """Remove what was not used for longest until the rest is small enough, and what crashes left behind."""
        entries = sorted(_found(self.folder.glob("*.json")), key=lambda entry: entry[1].st_mtime_ns)
        described = {path.stem for path, _ in entries}
        files = {path.stem: facts.st_size for path, facts in _found(self.folder.glob("*.parquet"))}
        total = sum(files.values()) + sum(facts.st_size for _, facts in entries)
        for path, facts in entries:
            if total <= self.most_bytes:
                break
            if path.stem != kept:
                total -= files.get(path.stem, 0) + facts.st_size
                path.unlink(missing_ok=True)
                self._parquet(path.stem).unlink(missing_ok=True)
        self._remove_left_over(described)

    def _remove_left_over(self, described: set[str]) -> None:
        oldest = time.time() - _LEFT_OVER_SECONDS
        for path, facts in _found(self.folder.iterdir()):
            unfinished = path.name.startswith(_DRAFT) or (path.suffix == ".parquet" and path.stem not in described)
            if unfinished and facts.st_ctime < oldest:
                path.unlink(missing_ok=True)

    def _parquet(self, key: str) -> Path:
        return self.folder / f"{key}.parquet"

    def _description(self, key: str) -> Path:
        return self.folder / f"{key}.json"

    def _draft(self) -> Path:
        return self.folder / f"{_DRAFT}{os.urandom(8).hex()}"


def _found(paths: Iterator[Path]) -> Iterator[tuple[Path, os.stat_result]]:
    """The paths that are still there, with their facts."""
    for path in paths:
        with suppress(FileNotFoundError):
            yield path, path.stat()


def _read(path: Path) -> Description:
    document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    columns = tuple(ResultColumn(name, type_) for name, type_ in document["columns"])
    return Description(columns, document["rows"], tuple(document["notices"]), document["refused"])


def _written(description: Description) -> str:
    columns = [[each.name, each.type] for each in description.columns]
    return json.dumps(
        {
            "columns": columns,
            "rows": description.rows,
            "notices": description.notices,
            "refused": description.refused,
        },
        ensure_ascii=False,
    )
