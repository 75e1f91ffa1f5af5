"""Open an executor: its pool, its outbox, what it shares, and the loops that keep it going."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial

from executor.advance.finish import finish, finish_alone
from executor.attempt.cancel import break_off_cancelled
from executor.attempt.leasing import RENEWALS_PER_LEASE, drain, renew
from executor.model.outcome import Finished
from executor.poller import admit_next, give_places, ready_due
from executor.process.admission import Admission
from executor.process.cataloguing import Cataloguing
from executor.process.executor import Equipment, Executor
from executor.process.group_commit import GroupCommit
from executor.process.held_attempts import HeldAttempts
from executor.process.room import rooms_of
from executor.process.settings import ExecutorSettings
from executor.process.unit_of_work import Transactions
from executor.process.versions import Versions
from executor.repair.sweeper import sweep, tidy
from queryflow.bus.port import Bus
from queryflow.db.outbox import Outbox
from queryflow.db.pool import open_pool
from queryflow.process.loops import forever
from queryflow.service.heartbeat import beat

POOL_SIZE = 8
TIDY_SECONDS = 86_400.0

Loop = Callable[[], Awaitable[None]]
POLLS = (
    ("executor.cancels", break_off_cancelled),
    ("executor.due", ready_due),
    ("executor.places", give_places),
)
"""One that fails is slowed down; the others are not."""


@dataclass(frozen=True, slots=True)
class Opened:
    """An executor and the loops that run while it lives."""

    executor: Executor
    loops: Sequence[Loop]


@asynccontextmanager
async def open_executor(settings: ExecutorSettings, bus: Bus, equipment: Equipment) -> AsyncIterator[Opened]:
    """An executor on its database; at the end what still runs is drained or given back, then the pool is closed."""
    pool = await open_pool(settings.database_url, role=settings.role, maximum=POOL_SIZE)
    outbox = Outbox(settings.service, pool, bus, settings)

    async def together(finished: Sequence[Finished]) -> None:
        await finish(executor, finished)

    async def alone(finished: Finished) -> None:
        await finish_alone(executor, finished)

    executor = Executor(
        settings=settings,
        transactions=Transactions(pool, outbox),
        versions=Versions(),
        admission=Admission(settings.open_nodes_limit),
        held_attempts=HeldAttempts(rooms_of(equipment.kinds, settings.run_at_once)),
        group_commit=GroupCommit(together, alone),
        equipment=equipment,
        cataloguing=Cataloguing(),
        attempts=settings.home / "attempts",
    )
    try:
        yield Opened(executor, _loops(executor, outbox))
    finally:
        await executor.cataloguing.stop()
        await drain(executor)
        await pool.close()


def _loops(executor: Executor, outbox: Outbox) -> tuple[Loop, ...]:
    settings = executor.settings

    async def admit() -> None:
        await executor.admission.wait(settings.poll_seconds)
        await admit_next(executor)

    return (
        outbox.run,
        partial(beat, executor.transactions.pool, settings.service, settings.instance),
        *(partial(forever, name, partial(call, executor), every_seconds=settings.poll_seconds) for name, call in POLLS),
        partial(forever, "executor.admit", admit, every_seconds=0.0),
        partial(
            forever,
            "executor.renew",
            partial(renew, executor),
            every_seconds=settings.lease_seconds / RENEWALS_PER_LEASE,
        ),
        partial(forever, "executor.sweep", partial(sweep, executor), every_seconds=settings.sweep_seconds),
        partial(forever, "executor.tidy", partial(tidy, executor), every_seconds=TIDY_SECONDS),
    )
