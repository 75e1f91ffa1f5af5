"""The processes of a sandbox as the machine shows them."""

import os
from pathlib import Path

FOREVER = "SELECT count(*) FROM range(10000000000) a, range(1000) b WHERE a.range % 7 = b.range % 11"
"""A query that computes until it is ended."""


def running() -> dict[int, tuple[int, float]]:
    """Process → its parent and the seconds it has computed, of this machine."""
    table = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        table[int(stat.parent.name)] = (int(fields[1]), int(fields[11]) / os.sysconf("SC_CLK_TCK"))
    return table


def busy() -> list[int]:
    """The workers of this test's fork servers that have computed for longer than raising their walls takes."""
    found = running()
    servers = {process for process, (parent, _) in found.items() if parent == os.getpid()}
    return [process for process, (parent, seconds) in found.items() if parent in servers and seconds > 0.15]


def parent(process: int) -> int:
    """The process that started it."""
    return running()[process][0]


def servers(folder: Path) -> list[int]:
    """The fork servers of this process whose workers live below the folder."""
    own = [process for process, (parent, _) in running().items() if parent == os.getpid()]
    return [process for process in own if f"{folder}/run-" in _command(process)]


def _command(process: int) -> str:
    try:
        return Path(f"/proc/{process}/cmdline").read_text()
    except OSError:
        return ""


def gone(process: int) -> bool:
    """Whether it has ended."""
    return process not in running()
