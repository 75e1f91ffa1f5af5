"""What a job may use of the machine: time, disk, and how long it may stand still."""

import asyncio
import os
import signal
import time
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest

from queryflow.domain.states import ErrorKind
from queryflow.sandbox.jobs.job import Job, JobFailed, Query
from queryflow.sandbox.sandbox import Sandbox
from queryflow.sandbox.settings import Limits, SandboxSettings
from tests.integration.sandbox.processes import FOREVER, busy, gone
from tests.support.eventually import eventually

SOON = timedelta(seconds=60)
LARGE_TOGETHER = tuple(
    Query("SELECT [random() FOR x IN range(16)] AS x FROM range(300000)", file=f"{number}.parquet")
    for number in range(2)
)
"""Two files of 36 MB, which no compression makes smaller: each may be written."""


async def test_the_deadline_kills(sandbox: Sandbox, directory: Path) -> None:
    began = time.monotonic()
    with pytest.raises(JobFailed) as failed:
        await sandbox.run(Job((Query(FOREVER, rows=1),), directory, timedelta(seconds=0.5)))
    assert failed.value.kind is ErrorKind.TIMEOUT
    assert time.monotonic() - began < 2.5 + 0.5
    await eventually(lambda: not busy())


async def test_a_query_that_stands_still_is_ended_and_one_that_computes_is_not(tmp_path: Path) -> None:
    running = Sandbox(SandboxSettings(folder=tmp_path / "sandbox", ready=1, limits=Limits(stalled_seconds=1)))
    await running.start()
    try:
        with pytest.raises(JobFailed) as late:
            await running.run(Job((Query(FOREVER, rows=1),), tmp_path, timedelta(seconds=4)))
        assert late.value.kind is ErrorKind.TIMEOUT
        await eventually(lambda: not busy())
        standing = asyncio.create_task(running.run(Job((Query(FOREVER, rows=1),), tmp_path, SOON)))
        [process] = await eventually(busy)
        os.kill(process, signal.SIGSTOP)  # as threads that wait for each other forever
        with pytest.raises(JobFailed, match="made no progress for 1 seconds") as failed:
            await standing
        assert failed.value.kind is ErrorKind.TRANSIENT
        await eventually(partial(gone, process))
    finally:
        await running.stop()


async def test_a_job_that_goes_on_is_ended_once_all_its_files_are_too_large(sandbox: Sandbox, directory: Path) -> None:
    with pytest.raises(JobFailed, match="more to disk than the 64 MB") as failed:
        await sandbox.run(Job((*LARGE_TOGETHER, Query(FOREVER, rows=1)), directory, SOON))
    assert failed.value.kind is ErrorKind.REJECTED


async def test_what_was_written_since_the_last_look_counts(
    sandbox: Sandbox, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("queryflow.sandbox.watching._LOOK_SECONDS", 3_600)
    with pytest.raises(JobFailed, match="more to disk than the 64 MB"):
        await sandbox.run(Job(LARGE_TOGETHER, directory, SOON))
    assert list(directory.iterdir()) == []
