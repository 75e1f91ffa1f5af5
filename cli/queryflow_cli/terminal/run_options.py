"""What a person asked of the command line, read from its arguments and not yet begun."""

import re
from dataclasses import dataclass
from pathlib import Path

_SAVED_FLOW = re.compile(r"comp_[a-z0-9_]+|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass(frozen=True, slots=True)
class SessionOptions:
    """Where to look for a system, and what it should have."""

    home: Path | None = None
    ephemeral: bool = False
    data: Path | None = None
    """A folder that the command's queries run on, through an engine connection of its own."""
    server: str | None = None
    """The address of a system that runs elsewhere; then the home does not matter."""


@dataclass(frozen=True, slots=True)
class FlowRequest:
    """Which flow to run, with which values."""

    name: str
    """A saved flow's id, or the path of a flow file, which is saved first."""
    assignments: tuple[str, ...] = ()
    """`name=value`, as typed."""
    version: str | None = None
    """Which version of a saved flow; None leaves the choice to the system."""

    @property
    def is_saved(self) -> bool:
        """Whether the name is an id (`comp_…` or a UUID); anything else is a file."""
        return _SAVED_FLOW.fullmatch(self.name) is not None


@dataclass(frozen=True, slots=True)
class Shown:
    """How an execution is shown."""

    as_json: bool = False
    queries: bool = False
    rows_only: bool = False
    """Of a single query: its rows without the table of nodes."""
    as_csv: bool = False
