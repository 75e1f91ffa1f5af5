"""A sandbox, an object store and a way to describe work."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest

from executor.engines.port import ConnectionSettings, Work
from queryflow.domain.flow.template import Template
from queryflow.domain.flow.windows import ResolvedWindow
from queryflow.domain.ids import ExecutionId, NodeId
from queryflow.domain.values.parameters import Values
from queryflow.objects.folder import FolderObjects
from queryflow.sandbox.sandbox import Sandbox
from queryflow.sandbox.settings import Limits, SandboxSettings

WINDOW = ResolvedWindow(start=datetime(2026, 11, 1, tzinfo=UTC), end=datetime(2026, 11, 8, tzinfo=UTC), time_zone="UTC")


@pytest.fixture(scope="module")
async def sandbox(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Sandbox]:
    """Running, with small limits."""
    folder = tmp_path_factory.mktemp("home") / "sandbox"
    running = Sandbox(SandboxSettings(folder=folder, limits=Limits(memory_mb=256)))
    await running.start()
    yield running
    await running.stop()


@pytest.fixture
def objects(tmp_path: Path) -> FolderObjects:
    """An empty store."""
    return FolderObjects(tmp_path / "objects")


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """An attempt's own directory."""
    own = tmp_path / "attempt"
    own.mkdir()
    return own


def work(template: Template, directory: Path, *, folder: Path | None = None, values: Values | None = None) -> Work:
    """An attempt of a node that uses the template."""
    return Work(
        execution_id=ExecutionId(UUID(int=1)),
        node_id=NodeId("node"),
        attempt=1,
        fence=1,
        template=template,
        values=values or {},
        window=WINDOW,
        connection=ConnectionSettings("sample", "duckdb", {"folder": str(folder)} if folder else {}),
        directory=directory,
        timeout=timedelta(seconds=60),
    )
