"""The attempts this process holds a lease for."""

import asyncio
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from enum import Enum
from uuid import UUID

import structlog

from executor.model.attempt import Attempt, Trace
from executor.model.outcome import Outcome
from executor.process.room import Rooms, freed_by, left_beside

log = structlog.get_logger()


class LeaseLost(Exception):
    """The lease may have passed: whatever the attempt would do now, another executor may be doing."""


class Ending(Enum):
    """Why an attempt's work was broken off."""

    CANCELLED = "cancelled"
    LOST = "lost"
    RELEASED = "released"


@dataclass(slots=True)
class HeldAttempt:
    """An attempt with its lease: until when it surely holds, by this machine's monotonic clock."""

    attempt: Attempt
    deadline: float
    claimed: float
    """When it was claimed, by the same clock."""
    work: "asyncio.Task[Outcome] | None" = None
    ending: Ending | None = None
    trace: Trace = field(default_factory=Trace)
    """What is known so far of what the attempt works with, for the case that it fails."""
    let_go: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when the attempt is not this process's any more: its lease was lost, or it is to be given back."""

    @property
    def valid(self) -> bool:
        """Whether the lease surely still holds."""
        return time.monotonic() < self.deadline

    def check(self) -> None:
        """Raise LeaseLost before a side effect that nobody may have twice."""
        if not self.valid or self.ending is Ending.LOST:
            raise LeaseLost(self.attempt.node_id)

    def begin(self, work: "asyncio.Task[Outcome]") -> None:
        """Take the work up, unless it was to be broken off before it began."""
        self.work = work
        if self.ending is not None:
            work.cancel()

    def break_off(self, ending: Ending) -> None:
        """Stop the work, once; the first reason counts."""
        if ending in {Ending.LOST, Ending.RELEASED}:
            self.let_go.set()
        if self.ending is None:
            self.ending = ending
            if self.work is not None:
                self.work.cancel()

    async def pause(self, seconds: float) -> None:
        """Wait that long, or until the attempt is let go."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self.let_go.wait()


class HeldAttempts:
    """All held attempts, and the tasks that carry them to their end."""

    def __init__(self, rooms: Rooms) -> None:
        """None are held yet; the rooms are all that this process has."""
        self._rooms = rooms
        self._held: dict[UUID, HeldAttempt] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self.draining = False

    def __len__(self) -> int:
        return len(self._held)

    @property
    def rooms(self) -> Rooms:
        """How many more attempts may be claimed, by engine; none while it drains."""
        if self.draining:
            return ()
        return left_beside(self._rooms, (held.attempt.engine for held in self._held.values()))

    def freed(self, ended: Iterable[Attempt]) -> Rooms:
        """The room that these attempts leave."""
        return freed_by(self._rooms, (attempt.engine for attempt in ended))

    @property
    def held(self) -> list[HeldAttempt]:
        """Those that are held now."""
        return list(self._held.values())

    def get(self, row: UUID) -> HeldAttempt | None:
        """The attempt of that row, if it is held here."""
        return self._held.get(row)

    def begin(self, held: HeldAttempt, task: "asyncio.Task[None]") -> None:
        """Remember an attempt until its task has ended; an earlier one of the same node has lost its lease."""
        if earlier := self._held.get(held.attempt.id):
            earlier.break_off(Ending.LOST)
        self._held[held.attempt.id] = held
        self._tasks.add(task)
        task.add_done_callback(lambda ended: self._ended(held, ended))

    async def drained(self, seconds: float) -> bool:
        """Wait so long for what runs to end; whether it did."""
        self.draining = True
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=seconds)
        return not self._tasks

    def _ended(self, held: HeldAttempt, task: "asyncio.Task[None]") -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (problem := task.exception()):
            log.error("An attempt was given up; its lease will pass", action="attempt.lost", exc_info=problem)
        if self._held.get(held.attempt.id) is held:
            del self._held[held.attempt.id]
