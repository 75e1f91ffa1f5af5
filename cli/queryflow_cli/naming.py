"""How a person calls this program, and what they add so that another command finds the same home."""

import os
import shlex
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]


def command_name() -> str:
    """`./queryflow` in a clone of the repository, else `queryflow`, as it is installed."""
    return "./queryflow" if (CHECKOUT / "queryflow").is_file() and (CHECKOUT / "tools").is_dir() else "queryflow"


def in_home(home: Path) -> str:
    """What to add so that another command finds this home; nothing where it is the usual one."""
    usual = Path(os.environ.get("QUERYFLOW_HOME") or Path.home() / ".queryflow").expanduser().absolute()
    return "" if home == usual else f" --home {shlex.quote(str(home))}"
