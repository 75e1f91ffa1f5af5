"""What the parent hears of a worker."""

import asyncio
from pathlib import Path
from unittest.mock import Mock

from queryflow.sandbox.forkserver import Worker


async def test_a_child_that_ended_before_it_was_told_its_job_says_nothing() -> None:
    reader = asyncio.StreamReader()
    reader.set_exception(BrokenPipeError())
    ended = asyncio.get_running_loop().create_future()
    assert await Worker(1, 2, Path("unused"), reader, Mock(), ended).hear() is None
