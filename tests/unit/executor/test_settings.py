"""What an executor is told when it starts."""

from pathlib import Path

from executor.process.settings import ExecutorSettings
from queryflow.sandbox.settings import SandboxSettings


def test_as_many_nodes_run_at_once_as_the_machine_has_places_for() -> None:
    settings = ExecutorSettings(database_url="postgresql://unused")
    assert settings.run_at_once == SandboxSettings(Path("unused")).width
