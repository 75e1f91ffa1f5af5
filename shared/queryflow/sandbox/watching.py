"""Watches a worker while it works: whether it writes more than it may, and whether it still gets on."""

import asyncio
import os
from dataclasses import dataclass
from pathlib import Path

from queryflow.domain.states import ErrorKind
from queryflow.sandbox import staging
from queryflow.sandbox.forkserver import Worker
from queryflow.sandbox.jobs.job import JobFailed
from queryflow.sandbox.settings import MEGABYTE, Limits

_LOOK_SECONDS = 0.5
_AT_WORK = frozenset("RD")
"""States of a thread that computes, waits for a processor or waits for a disk (man 5 proc)."""


@dataclass(slots=True)
class Watch:
    """A worker that works. The looks are counted, not the time: a machine that slept has not made it stand still."""

    worker: Worker
    limits: Limits
    verdict: JobFailed | None = None
    """Why the worker must end, as soon as it must."""
    _computed: int | None = None
    _still: int = 0

    async def wait(self) -> None:
        """Look again and again, until there is a verdict."""
        while self.verdict is None:
            await asyncio.sleep(_LOOK_SECONDS)
            self.verdict = await asyncio.to_thread(self._look)

    def too_much(self) -> JobFailed | None:
        """The failure of a worker that has written more than it may."""
        if staging.used_bytes(self.worker.folder) <= self.limits.disk_mb * MEGABYTE:
            return None
        return JobFailed(ErrorKind.REJECTED, f"The query writes more to disk than the {self.limits.disk_mb} MB it may.")

    def _look(self) -> JobFailed | None:
        return self.too_much() or self._stalled()

    def _stalled(self) -> JobFailed | None:
        computed = ticks_at_rest(self.worker.process)
        self._still = self._still + 1 if computed is not None and computed == self._computed else 0
        self._computed = computed
        if self._still * _LOOK_SECONDS < self.limits.stalled_seconds:
            return None
        return JobFailed(
            ErrorKind.TRANSIENT,
            f"The query made no progress for {self.limits.stalled_seconds:g} seconds: its process neither computed nor "
            "waited for a disk, so it was ended. Run it again; if that does not help, write the query differently.",
        )


def ticks_at_rest(process: int) -> int | None:
    """The processor time of a process of which no thread is at work; None if one is, or if nobody can know."""
    try:
        threads = [_thread(task / "stat") for task in Path(f"/proc/{process}/task").iterdir()]
    except OSError:  # it has ended, or this machine hides processes
        return None
    if any(state in _AT_WORK for state, _ in threads):
        return None
    return sum(ticks for _, ticks in threads)


def _thread(stat: Path) -> tuple[str, int]:
    """Its state and its processor time, from the fields after the name, which may hold anything."""
    fields = os.fsdecode(stat.read_bytes()).rpartition(")")[2].split()
    return fields[0], int(fields[11]) + int(fields[12])
