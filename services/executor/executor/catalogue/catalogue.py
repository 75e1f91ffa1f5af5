"""Look at the tables of engine connections, and keep what is found."""

import asyncio
import shutil
import tempfile
from datetime import timedelta
from pathlib import Path

import structlog

from executor.engines.port import ConnectionSettings
from executor.process.executor import Executor
from executor.repository import catalogues
from executor.repository.catalogues import Wanted
from queryflow.domain.files.catalogue import Catalogue

log = structlog.get_logger()


def begin_catalogue(executor: Executor, name: str) -> None:
    """Look at the engine connection's tables in a task of its own; a repeat finds nothing that is wanted."""
    executor.cataloguing.begin(name, _look(executor, name))


async def begin_overdue(executor: Executor) -> int:
    """Begin with those whose message was lost, or whose look was broken off; the number of them."""
    age = timedelta(seconds=executor.settings.sweep_seconds)
    async with executor.transactions.pool.acquire() as connection:
        names = await catalogues.overdue(connection, list(executor.equipment.describers), age)
    for name in names:
        begin_catalogue(executor, name)
    return len(names)


async def _look(executor: Executor, name: str) -> None:
    """Look until what is kept answers the last request."""
    describers = executor.equipment.describers
    while (wanted := await _wanted(executor, name)) is not None and wanted.settings.engine in describers:
        found = await _describe(executor, wanted.settings)
        async with executor.transactions.pool.acquire() as connection:
            await catalogues.write(connection, name, wanted.number, found.model_dump(mode="json"))
        log.info("An engine connection was described", action="catalogue.described", connection=name)


async def _wanted(executor: Executor, name: str) -> Wanted | None:
    async with executor.transactions.pool.acquire() as connection:
        return await catalogues.wanted(connection, name)


async def _describe(executor: Executor, settings: ConnectionSettings) -> Catalogue:
    directory = await asyncio.to_thread(_make_directory, executor.attempts)
    describer = executor.equipment.describers[settings.engine]
    try:
        return await describer.describe(settings, directory)
    finally:
        await asyncio.to_thread(shutil.rmtree, directory, ignore_errors=True)


def _make_directory(attempts: Path) -> Path:
    attempts.mkdir(mode=0o700, parents=True, exist_ok=True)
    return Path(tempfile.mkdtemp(prefix="catalogue-", dir=attempts))
