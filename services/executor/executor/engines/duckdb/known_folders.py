"""Folders that were listed already, as long as nothing in them was added, renamed or removed."""

import json
import time
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from executor.engines.duckdb.folder_tables import FolderTables, find_tables
from queryflow.domain.files.declared_tables import TABLES_FILE

MOST_KEPT = 100
_SETTLED_NANOSECONDS = 2_000_000_000
"""A folder that was changed less long ago may change once more without its time telling."""

State = tuple[tuple[int, int, int, int], ...]


@dataclass(slots=True)
class KnownFolders:
    """Lists a folder of ten thousand files once, not for every query. Several threads may ask."""

    clock: Callable[[], int] = time.time_ns
    _kept: OrderedDict[tuple[str, str], tuple[State, FolderTables]] = field(default_factory=OrderedDict)

    def find(self, folder: Path, settings: object) -> FolderTables:
        """The folder's tables as it is now. OSError if it cannot be read."""
        key = (str(folder), json.dumps(settings, sort_keys=True, default=str))
        state = _state(folder)
        known = self._kept.get(key)
        if known is not None and known[0] == state:
            return known[1]
        found = find_tables(folder, settings)
        if not found.has_links and all(self.clock() - each[2] > _SETTLED_NANOSECONDS for each in state):
            self._kept[key] = (state, found)
            if len(self._kept) > MOST_KEPT:
                self._kept.popitem(last=False)
        return found


def _state(folder: Path) -> State:
    """What of the folder changes when a name in it does, and what changes with its declarations."""
    found = [folder.stat()]
    with suppress(FileNotFoundError):
        found.append((folder / TABLES_FILE).stat())
    return tuple((each.st_dev, each.st_ino, each.st_mtime_ns, each.st_size) for each in found)
