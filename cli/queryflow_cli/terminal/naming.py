"""How a person calls this program, and what they add so that another command finds the same home."""

import hashlib
import os
import re
import shlex
from pathlib import Path

LONGEST_WORD = 40
CHECKOUT = Path(__file__).resolve().parents[3]


def command_name() -> str:
    """`./queryflow` in a clone of the repository, else `queryflow`, as it is installed."""
    return "./queryflow" if (CHECKOUT / "queryflow").is_file() and (CHECKOUT / "tools").is_dir() else "queryflow"


def own_name(folder: Path) -> str:
    """The name of the engine connection that belongs to this folder and no other: its own name and a mark of its place.

    The same folder has the same name in every run.
    """
    word = re.sub(r"[^a-z0-9]+", "_", folder.name.lower()).strip("_")[:LONGEST_WORD]
    mark = hashlib.sha256(os.fsencode(folder.resolve())).hexdigest()[:8]
    return f"folder_{word}_{mark}" if word else f"folder_{mark}"


def in_home(home: Path) -> str:
    """What to add so that another command finds this home; nothing where it is the usual one."""
    usual = Path(os.environ.get("QUERYFLOW_HOME") or Path.home() / ".queryflow").expanduser().absolute()
    return "" if home == usual else f" --home {shlex.quote(str(home))}"
