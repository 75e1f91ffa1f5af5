"""Which folders engine connections over HTTP may read: those below the roots that the operator named."""

import stat
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from queryflow.domain.errors import Invalid, NotAllowed, Problem

PATH = "settings.folder"
LONGEST_PATH = 4_096
NOT_OFFERED = (
    "This folder is not offered here. The operator names the folders that may be read in "
    "QUERYFLOW_COMPOSER_DATA_ROOTS; without it, that is the folder in which `up` was started."
)


class FolderNotOffered(NotAllowed):
    """The folder does not lie below a root, or is not there: which of the two is not told."""

    code = "FOLDER_NOT_OFFERED"


@dataclass(frozen=True, slots=True)
class OfferedFolders:
    """The roots, by default none; `shown` says whether a caller may see the places of other folders too."""

    roots: tuple[Path, ...] = field(default=())
    shown: bool = False

    def find(self, named: str) -> Path:
        """The folder's real place, links and `..` resolved; raises FolderNotOffered, or Invalid for what is no path."""
        path = Path(named)
        if len(named) > LONGEST_PATH or not path.is_absolute():
            message = "The folder must be an absolute path, such as /data/sales."
            raise Invalid(message, [Problem("WRONG_VALUE", PATH, message)])
        real = _real(path)
        if real is None or not _below(real, self.roots):
            raise FolderNotOffered(NOT_OFFERED)
        return real

    def show(self, folder: str) -> str | None:
        """The folder as people may see it; None where its place is not theirs to know."""
        return folder if self.shown or _below(Path(folder), self.roots) else None


def _real(path: Path) -> Path | None:
    """The real place of a folder that is there."""
    try:
        real = path.resolve(strict=True)
        return real if stat.S_ISDIR(real.stat().st_mode) else None
    except (OSError, RuntimeError, ValueError):
        return None


def _below(folder: Path, roots: Iterable[Path]) -> bool:
    return any(folder.is_relative_to(root) for root in map(_real, roots) if root is not None)
