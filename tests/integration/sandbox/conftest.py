"""A sandbox for the tests of one module."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from queryflow.sandbox.sandbox import Sandbox
from queryflow.sandbox.settings import Limits, SandboxSettings


@pytest.fixture(scope="module")
async def sandbox(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Sandbox]:
    """Running, with small limits."""
    limits = Limits(memory_mb=256, file_mb=64, disk_mb=64)
    running = Sandbox(SandboxSettings(folder=tmp_path_factory.mktemp("home") / "sandbox", limits=limits))
    await running.start()
    yield running
    await running.stop()


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """Where a job's results are put."""
    return tmp_path
