"""Removes what crashes left on this machine's disk: folders of attempts that nobody runs any more."""

import asyncio
import re
import shutil
import time
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path
from uuid import UUID

from executor.process.executor import Executor
from executor.repository import leases

LEFTOVER_AGE = timedelta(days=1)
"""What is younger may be somebody's work in progress."""
_ATTEMPT = re.compile(r"([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})-\d+-(\d+)")


async def remove_leftovers(executor: Executor) -> None:
    """Remove old folders of attempts that do not run, and what the object store left unfinished.

    An attempt may run for days, here or in another executor of the same home: its row says whether it does.
    """
    old = await asyncio.to_thread(_untouched, executor.attempts, time.time() - LEFTOVER_AGE.total_seconds())
    held = {folder: (UUID(found[1]), int(found[2])) for folder in old if (found := _ATTEMPT.fullmatch(folder.name))}
    async with executor.transactions.pool.acquire() as connection:
        running = await leases.running(connection, held.values())
    await asyncio.to_thread(_remove, [folder for folder in old if held.get(folder) not in running])
    await executor.equipment.objects.remove_leftovers(LEFTOVER_AGE)


def _untouched(attempts: Path, since: float) -> list[Path]:
    """The folders in which nothing has changed since then."""
    if not attempts.is_dir():
        return []
    return [folder for folder in attempts.iterdir() if folder.is_dir() and folder.stat().st_mtime < since]


def _remove(folders: Iterable[Path]) -> None:
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)
