"""The clock of the scheduler: looks at definitions and timers again and again. There is no leader.

The scheduler that locks a timer fires it; the others skip it. Only the database's clock decides what is due.
"""

from scheduler.due.timers import fire_due, follow_definitions
from scheduler.history.history import settle
from scheduler.process.scheduler import Scheduler


async def settle_open(scheduler: Scheduler) -> None:
    """End the due times whose end nobody told, in short transactions."""
    after, more = None, True
    while more:
        async with scheduler.transaction() as transaction:
            after = await settle(transaction, scheduler.settings, after)
        more = after is not None


async def tick(scheduler: Scheduler) -> None:
    """Follow changed definitions, then fire everything that is due, in short transactions."""
    more = True
    while more:
        async with scheduler.transaction() as transaction:
            more = await follow_definitions(transaction)
    more = True
    while more:
        async with scheduler.transaction() as transaction:
            more = await fire_due(transaction, scheduler.settings)
