"""Keep the leases of what runs here, and give back what a stop leaves unfinished."""

import time
from datetime import timedelta

from executor.process.executor import Executor
from executor.process.held_attempts import Ending
from executor.repository import leases
from queryflow.process.failpoints import failpoint

RENEWALS_PER_LEASE = 4
"""A lease is renewed at a quarter of its length."""
RELEASE_SECONDS = 10.0
"""How long giving back may take."""


async def renew(executor: Executor) -> None:
    """Prolong every lease held here in one statement; break off what was lost or is to be cancelled."""
    held = executor.held_attempts.held
    if not held:
        return
    failpoint("executor.before_renew")
    seconds = executor.settings.lease_seconds
    before = time.monotonic()
    async with executor.transactions.pool.acquire() as connection:
        renewed = await leases.renew(connection, [each.attempt for each in held], timedelta(seconds=seconds))
    for each in held:
        cancelled = renewed.get(each.attempt.id)
        if cancelled is None:
            each.break_off(Ending.LOST)
            continue
        each.deadline = before + seconds
        if cancelled:
            each.break_off(Ending.CANCELLED)


async def drain(executor: Executor) -> None:
    """Let what runs end for a bounded time, its leases kept; then give the rest back, ready for other executors."""
    end = time.monotonic() + executor.settings.drain_seconds
    turn = executor.settings.lease_seconds / RENEWALS_PER_LEASE
    while not await executor.held_attempts.drained(min(turn, max(0.0, end - time.monotonic()))):
        if time.monotonic() >= end:
            break
        await renew(executor)
    for each in executor.held_attempts.held:
        each.break_off(Ending.RELEASED)
    await executor.held_attempts.drained(RELEASE_SECONDS)
