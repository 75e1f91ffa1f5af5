"""How large the sandbox is and what one worker may use."""

import os
from dataclasses import dataclass, field
from pathlib import Path

MEGABYTE = 1024 * 1024
OPEN_FILES = 512
"""How many files a worker may have open."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one worker may use of the machine."""

    memory_mb: int = 1024
    """DuckDB's own limit; the address space is held to three times this and a gigabyte."""
    threads: int = 1
    file_mb: int = 4096
    """The largest file a worker may write."""
    disk_mb: int = 8192
    """All that a worker may write, spilled memory included."""
    answer_mb: int = 64
    """The largest answer that may come back as values."""
    stalled_seconds: float = 60.0
    """A worker whose threads all wait for each other, and not for a disk, for so long is ended."""

    @property
    def address_space(self) -> int:
        """Bytes of address space."""
        return (3 * self.memory_mb + 1024) * MEGABYTE


def usual_width() -> int:
    """As many jobs at once as there are processors for this process, two at least."""
    return max(2, len(os.sched_getaffinity(0)))


@dataclass(frozen=True, slots=True)
class SandboxSettings:
    """How the sandbox of one service is kept."""

    folder: Path
    """Where the workers's directories are made; on the file system of the inputs, so that these can be linked."""
    width: int = field(default_factory=usual_width)
    """How many jobs run at once."""
    ready: int = 2
    """How many walled workers wait for a job."""
    exposed: bool = False
    """Whether people of other machines send queries: then it starts only where the kernel itself holds them."""
    copies_mb: int = 20_480
    """How much may be kept of inputs that could not be linked."""
    limits: Limits = field(default_factory=Limits)
